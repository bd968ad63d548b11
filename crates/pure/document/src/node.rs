//! The tree: values with the place where each was written.

use std::collections::HashMap;
use std::fmt;

use sealward_diagnostic::Origin;
use secrecy::{ExposeSecret, SecretString};

/// The bytes of the source that a node stands in, `start..end`; empty for nodes that no source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it was written. Nodes that a program made carry the origin of what caused them.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
    /// Its bytes in that source.
    pub span: Span,
}

/// A JSON-like value; maps keep the order in which they were written.
#[derive(Clone)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a float, as JSON carries it.
    Number(serde_json::Number),
    /// Text.
    String(String),
    /// Text that must not be seen: a value of a Secret, or one that was decrypted.
    Secret(SecretString),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping with text keys.
    Map(Map),
}

/// A mapping in the order in which it was written; keys are unique.
#[derive(Debug, Clone, Default)]
pub struct Map {
    fields: Vec<Field>,
}

/// A key, where it was written, and its node.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub origin: Origin,
    /// What it holds.
    pub node: Node,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::String(value) => value.fmt(f),
            Self::Secret(_) => f.write_str("[redacted]"),
            Self::List(nodes) => f.debug_list().entries(nodes.iter().map(|node| &node.value)).finish(),
            Self::Map(map) => {
                f.debug_map().entries(map.iter().map(|field| (&field.key, &field.node.value))).finish()
            }
        }
    }
}

impl PartialEq for Value {
    /// Equality of content: maps without regard to order, secrets by their text.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Secret(a), Self::Secret(b)) => a.expose_secret() == b.expose_secret(),
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value == b.value)
            }
            (Self::Map(a), Self::Map(b)) => same_fields(a, b),
            (
                Self::Null
                | Self::Bool(_)
                | Self::Number(_)
                | Self::String(_)
                | Self::Secret(_)
                | Self::List(_)
                | Self::Map(_),
                _,
            ) => false,
        }
    }
}

/// Maps are mostly in the same order; only if not are keys looked up, by a table when there are many.
fn same_fields(a: &Map, b: &Map) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.iter().zip(b).all(|(a, b)| a.key == b.key) {
        return a.iter().zip(b).all(|(a, b)| a.node.value == b.node.value);
    }
    let table: HashMap<&str, &Value> =
        b.iter().map(|field| (field.key.as_str(), &field.node.value)).collect();
    a.iter().all(|field| table.get(field.key.as_str()).is_some_and(|value| **value == field.node.value))
}

impl PartialEq for Node {
    /// Equality of content; where it was written does not count.
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// A node that no source holds, caused by what stands at `origin`.
    pub fn made(value: Value, origin: Origin) -> Self {
        Self { value, origin, span: Span::default() }
    }

    /// A text node that no source holds.
    pub fn text(text: impl Into<String>, origin: Origin) -> Self {
        Self::made(Value::String(text.into()), origin)
    }

    /// A JSON value as a node, every part of it at `origin`.
    pub fn from_json(json: &serde_json::Value, origin: &Origin) -> Self {
        use serde_json::Value as Json;
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(value) => Value::Number(value.clone()),
            Json::String(value) => Value::String(value.clone()),
            Json::Array(items) => {
                Value::List(items.iter().map(|item| Self::from_json(item, origin)).collect())
            }
            Json::Object(fields) => Value::Map(
                fields.iter().map(|(key, item)| (key.clone(), Self::from_json(item, origin))).collect(),
            ),
        };
        Self::made(value, origin.clone())
    }

    /// This node as JSON, with every secret leaf replaced by `mask(text)`.
    pub fn to_json_with(&self, mask: &dyn Fn(&SecretString) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(value) => Json::Number(value.clone()),
            Value::String(value) => Json::String(value.clone()),
            Value::Secret(value) => mask(value),
            Value::List(items) => Json::Array(items.iter().map(|item| item.to_json_with(mask)).collect()),
            Value::Map(map) => Json::Object(
                map.iter().map(|field| (field.key.clone(), field.node.to_json_with(mask))).collect(),
            ),
        }
    }

    /// This node as JSON with every secret leaf as the text `[redacted]`.
    pub fn to_json_redacted(&self) -> serde_json::Value {
        self.to_json_with(&|_| serde_json::Value::String("[redacted]".into()))
    }

    /// This node as JSON with the plaintext of every secret leaf. Only a request body to the API
    /// server and the CLI's own output may hold what this returns.
    pub fn expose_json(&self) -> serde_json::Value {
        self.to_json_with(&|text| serde_json::Value::String(text.expose_secret().to_owned()))
    }

    /// The child at `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// The node that `path` leads to through maps.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map to change, if it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The sequence, if it is one.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The sequence to change, if it is one.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is text that is no secret.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The child map at `key`, made (at this node's origin) when it is missing or null.
    /// `None` when this is no map, or `key` holds something that is no map.
    pub fn child_map(&mut self, key: &str) -> Option<&mut Map> {
        let origin = self.origin.clone();
        let map = self.as_map_mut()?;
        if map.get(key).is_none_or(Self::is_null) {
            map.insert(key, Self::made(Value::Map(Map::default()), origin));
        }
        map.get_mut(key)?.as_map_mut()
    }
}

impl Map {
    /// Of fields whose keys are known to differ.
    pub(crate) fn of_unique(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields as written.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.fields.iter()
    }

    /// The fields as written, to change what they hold.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Field> {
        self.fields.iter_mut()
    }

    /// The field of `key`.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// What `key` holds.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.field(key).map(|field| &field.node)
    }

    /// What `key` holds, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.fields.iter_mut().find(|field| field.key == key).map(|field| &mut field.node)
    }

    /// Puts `node` at `key`, in the old one's place or at the end; returns the old one.
    pub fn insert(&mut self, key: impl Into<String>, node: Node) -> Option<Node> {
        let key = key.into();
        match self.get_mut(&key) {
            Some(place) => Some(std::mem::replace(place, node)),
            None => {
                self.fields.push(Field { key, origin: node.origin.clone(), node });
                None
            }
        }
    }

    /// Adds `field`; a field of that key is replaced in its place.
    pub fn push(&mut self, field: Field) {
        match self.fields.iter_mut().find(|known| known.key == field.key) {
            Some(place) => *place = field,
            None => self.fields.push(field),
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let index = self.fields.iter().position(|field| field.key == key)?;
        Some(self.fields.remove(index).node)
    }

    /// Keeps the fields that `keep` says yes to.
    pub fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.fields.retain(keep);
    }
}

impl FromIterator<(String, Node)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(fields: I) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut unique: Vec<Field> = Vec::new();
        for (key, node) in fields {
            match places.get(&key).and_then(|place| unique.get_mut(*place)) {
                Some(known) => known.node = node,
                None => {
                    places.insert(key.clone(), unique.len());
                    unique.push(Field { key, origin: node.origin.clone(), node });
                }
            }
        }
        Self::of_unique(unique)
    }
}

impl IntoIterator for Map {
    type Item = Field;
    type IntoIter = std::vec::IntoIter<Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
