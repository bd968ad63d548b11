//! The dynamic values of a template: what Go holds in an `interface {}`.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::collection::{Dict, List, StringMap};
use super::function::Function;
use super::text::Text;
use super::types::Type;

/// A Go value. Its variant is its dynamic type, which `%T`, comparisons and type errors depend on.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value at all (Go's zero `reflect.Value`): a map's missing key. An action prints `<no value>`.
    Missing,
    /// A nil `interface {}`: what a list or map can hold, and `nil` as an argument. `printf` prints `<nil>`.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `int64`.
    Int64(i64),
    /// `int32`, which is also `rune`.
    Int32(i32),
    /// `uint8`, which is also `byte`.
    Uint8(u8),
    /// `uint64`.
    Uint64(u64),
    /// `float64`.
    Float64(f64),
    /// `time.Duration`, in nanoseconds.
    Duration(i64),
    /// `string`.
    String(Text),
    /// `[]uint8`.
    Bytes(Text),
    /// A slice.
    List(List),
    /// `map[string]interface {}`.
    Dict(Dict),
    /// `map[string]string`.
    StringMap(StringMap),
    /// A struct, or a pointer to one, with fields and methods.
    Object(Rc<dyn Object>),
}

/// A Go struct (or a pointer to one) that functions hand out: `time.Time`, `*semver.Version`.
pub trait Object: fmt::Debug + Any {
    /// The name of its type, as `%T` prints it; starts with `*` for a pointer.
    fn type_name(&self) -> &'static str;

    /// What its `String` (or `Error`) method says, when it has one: `%v` and `%s` print it. `None` when it has none.
    fn string(&self) -> Option<String>;

    /// Its exported fields in order; what `%v` prints in braces when there is no `String` method.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// The method of this name; it finds the object by [`super::Call::receiver`].
    fn method(&self, name: &str) -> Option<&'static Function> {
        let _ = name;
        None
    }

    /// Go's `==`; `None` when such values cannot be compared.
    fn equals(&self, other: &dyn Object) -> Option<bool>;

    /// For functions that want the concrete type back.
    fn as_any(&self) -> &dyn Any;
}

impl Value {
    /// A `map[string]string` of these entries.
    pub fn map_of_strings<K: Into<Text>, V: Into<Text>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::StringMap(entries.into_iter().collect())
    }

    /// A `map[string]interface {}` of these entries.
    pub fn dict<K: Into<Text>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Dict(Dict::new(
            entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<BTreeMap<_, _>>(),
        ))
    }

    /// An `[]interface {}`.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::new(&Type::Any, items))
    }

    /// A `[]string`.
    pub fn strings<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().map(|item| Self::String(item.into())).collect();
        Self::List(List::new(&Type::String, items))
    }

    /// Its dynamic type; `None` for nil and for no value.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Missing | Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Int64(_) => Type::Int64,
            Self::Int32(_) => Type::Int32,
            Self::Uint8(_) => Type::Uint8,
            Self::Uint64(_) => Type::Uint64,
            Self::Float64(_) => Type::Float64,
            Self::Duration(_) => Type::Duration,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::List(list) => Type::List(list.element()),
            Self::Dict(_) => Type::Dict,
            Self::StringMap(_) => Type::StringMap,
            Self::Object(object) => Type::Object(object.type_name()),
        })
    }

    /// Whether it is nil or no value at all.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Missing | Self::Nil)
    }

    /// Go's truth, as `if` and `and` use it: not the zero value of its type, and not empty.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => *value != 0,
            Self::Int32(value) => *value != 0,
            Self::Uint8(value) => *value != 0,
            Self::Uint64(value) => *value != 0,
            Self::Float64(value) => *value != 0.0,
            Self::String(text) | Self::Bytes(text) => !text.is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Dict(dict) => !dict.is_empty(),
            Self::StringMap(map) => !map.entries().is_empty(),
            Self::Object(_) => true,
        }
    }

    /// How deep it nests: 0 for a leaf. A map that was changed after it was put into another is counted as
    /// it was then.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth(),
            Self::Dict(dict) => dict.depth(),
            Self::StringMap(_) => 1,
            Self::Missing
            | Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Int64(_)
            | Self::Int32(_)
            | Self::Uint8(_)
            | Self::Uint64(_)
            | Self::Float64(_)
            | Self::Duration(_)
            | Self::String(_)
            | Self::Bytes(_)
            | Self::Object(_) => 0,
        }
    }

    /// About how many bytes it takes on the heap by itself, its elements counted as references.
    pub(super) fn size(&self) -> usize {
        const REFERENCE: usize = size_of::<Value>();
        match self {
            Self::String(text) | Self::Bytes(text) => text.len(),
            Self::List(list) => REFERENCE * (1 + list.items().len()),
            Self::Dict(dict) => 2 * REFERENCE * (1 + dict.len()),
            Self::StringMap(map) => 2 * REFERENCE * (1 + map.entries().len()),
            Self::Missing
            | Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Int64(_)
            | Self::Int32(_)
            | Self::Uint8(_)
            | Self::Uint64(_)
            | Self::Float64(_)
            | Self::Duration(_)
            | Self::Object(_) => 0,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}
