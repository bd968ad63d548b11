//! One step of a path.

use std::fmt;

use sealward_document::{Node, Value};

use super::FieldsError;

/// One step of a path of a FieldsV1 set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// `f:`: a field of a mapping.
    Field(String),
    /// `k:`: the items of a list that have these values; each is JSON text, sorted by field.
    Key(Vec<(String, String)>),
    /// `v:`: the item of a set that is this value, as JSON text.
    Value(String),
    /// `i:`: an item by its index.
    Index(usize),
}

impl Element {
    /// A field of a mapping.
    pub fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    /// From a key of a FieldsV1 set.
    pub(super) fn parse(key: &str) -> Result<Self, FieldsError> {
        let unknown = || FieldsError::Element { key: key.to_owned() };
        let (kind, text) = key.split_once(':').ok_or_else(unknown)?;
        let json = || serde_json::from_str::<serde_json::Value>(text).map_err(|_| unknown());
        match kind {
            "f" => Ok(Self::Field(text.to_owned())),
            "i" => text.parse().map(Self::Index).map_err(|_| unknown()),
            "v" => Ok(Self::Value(canonical(&json()?))),
            "k" => match json()? {
                serde_json::Value::Object(fields) if !fields.is_empty() => {
                    let mut fields: Vec<(String, String)> =
                        fields.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
                    fields.sort();
                    Ok(Self::Key(fields))
                }
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }

    /// As a key of a FieldsV1 set.
    pub(super) fn serialized(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Index(index) => format!("i:{index}"),
            Self::Value(json) => format!("v:{json}"),
            Self::Key(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, json)| format!("{}:{json}", quoted(name))).collect();
                format!("k:{{{}}}", fields.join(","))
            }
        }
    }

    /// Whether an item of a list is the one meant.
    pub(super) fn selects(&self, index: usize, item: &Node) -> bool {
        match self {
            Self::Field(_) => false,
            Self::Index(meant) => *meant == index,
            Self::Value(json) => canonical(&item.expose_json()) == *json,
            Self::Key(fields) => fields.iter().all(|(name, json)| match item.get(name) {
                Some(node) => is_scalar(node) && canonical(&node.expose_json()) == *json,
                None => json == "null",
            }),
        }
    }
}

fn is_scalar(node: &Node) -> bool {
    !matches!(node.value, Value::List(_) | Value::Map(_))
}

/// JSON text that is equal for equal values: keys sorted, whole floats as integers.
fn canonical(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", quoted(name), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        serde_json::Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        _ => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Display for Element {
    /// `.replicas`, `["a.b/c"]`, `[name="app"]`, `[="x"]`, `[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |name: &str| {
            name.chars()
                .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '$'))
                && !name.is_empty()
        };
        match self {
            Self::Field(name) if word(name) => write!(f, ".{name}"),
            Self::Field(name) => write!(f, "[{}]", quoted(name)),
            Self::Key(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, json)| format!("{name}={json}")).collect();
                write!(f, "[{}]", fields.join(","))
            }
            Self::Value(json) => write!(f, "[={json}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as people write it: `spec.template.spec.containers[name="app"].image`.
pub fn path_text(path: &[Element]) -> String {
    let text: String = path.iter().map(Element::to_string).collect();
    text.strip_prefix('.').map(str::to_owned).unwrap_or(text)
}
