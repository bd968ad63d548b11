//! What a function sees while it runs, and how it fails.

use std::borrow::Cow;
use std::fmt;

use super::budget::{Budget, Limit};
use super::collection::{Dict, List};
use super::print;
use super::text::Text;
use super::value::{Object, Value};
use crate::fmt::print_formatted;
use crate::sink::Sink;

/// One call of a function: its arguments, and the means to pay for what it does.
pub struct Call<'a> {
    pub(super) name: &'static str,
    pub(super) arguments: &'a [Value],
    pub(super) receiver: Option<&'a dyn Object>,
    pub(super) budget: &'a mut Budget,
    pub(super) now: jiff::Timestamp,
    pub(super) random: &'a mut dyn FnMut(&mut [u8]),
}

impl<'a> Call<'a> {
    /// The name under which the function was defined.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All arguments.
    pub fn arguments(&self) -> &'a [Value] {
        self.arguments
    }

    /// The arguments from `index` on, without panic beyond the end.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.arguments.get(index..).unwrap_or_default()
    }

    /// An argument; nil beyond the end.
    pub fn value(&self, index: usize) -> &'a Value {
        self.arguments.get(index).unwrap_or(&Value::Nil)
    }

    /// An argument whose parameter is a `string`.
    pub fn text(&self, index: usize) -> Result<&'a Text, FunctionError> {
        match self.value(index) {
            Value::String(text) => Ok(text),
            other => Err(mismatch(other)),
        }
    }

    /// As [`Call::text`], with U+FFFD for what is not UTF-8.
    pub fn str(&self, index: usize) -> Result<Cow<'a, str>, FunctionError> {
        Ok(self.text(index)?.to_str_lossy())
    }

    /// An argument whose parameter is an `int`, `int64` or `int32`.
    pub fn int(&self, index: usize) -> Result<i64, FunctionError> {
        match self.value(index) {
            Value::Int(number) | Value::Int64(number) => Ok(*number),
            Value::Int32(number) => Ok(i64::from(*number)),
            other => Err(mismatch(other)),
        }
    }

    /// An argument whose parameter is a `float64`.
    pub fn float(&self, index: usize) -> Result<f64, FunctionError> {
        match self.value(index) {
            Value::Float64(number) => Ok(*number),
            other => Err(mismatch(other)),
        }
    }

    /// An argument whose parameter is a `bool`.
    pub fn bool(&self, index: usize) -> Result<bool, FunctionError> {
        match self.value(index) {
            Value::Bool(value) => Ok(*value),
            other => Err(mismatch(other)),
        }
    }

    /// An argument whose parameter is a `map[string]interface {}`; nil gives a nil map.
    pub fn dict(&self, index: usize) -> Result<Dict, FunctionError> {
        match self.value(index) {
            Value::Dict(dict) => Ok(dict.clone()),
            Value::Nil | Value::Missing => Ok(Dict::nil()),
            other => Err(mismatch(other)),
        }
    }

    /// An argument whose parameter is a slice.
    pub fn list(&self, index: usize) -> Result<&'a List, FunctionError> {
        match self.value(index) {
            Value::List(list) => Ok(list),
            other => Err(mismatch(other)),
        }
    }

    /// The object whose method this is.
    pub fn receiver(&self) -> Option<&'a dyn Object> {
        self.receiver
    }

    /// The time of this execution.
    pub fn now(&self) -> jiff::Timestamp {
        self.now
    }

    /// Fills `buffer` with random bytes.
    pub fn random(&mut self, buffer: &mut [u8]) {
        (self.random)(buffer);
    }

    /// Pays `steps` for work beyond the arguments' size. The engine itself charges a step a call and a step
    /// for 64 bytes of the arguments (of lists and maps: their references, not what those point at).
    pub fn charge(&mut self, steps: u64) -> Result<(), FunctionError> {
        Ok(self.budget.charge(steps)?)
    }

    /// Pays for `bytes` before they are made. Every function whose result or intermediate values can be larger
    /// than its arguments does so; results are charged by the engine once more.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), FunctionError> {
        Ok(self.budget.reserve(bytes)?)
    }

    /// How many bytes could still be reserved.
    pub fn memory_left(&self) -> usize {
        self.budget.memory_left()
    }

    /// `arguments` as Go's `fmt.Sprint` writes them.
    pub fn sprint(&mut self, arguments: &[Value]) -> Result<Vec<u8>, FunctionError> {
        self.printed(|out| print::sprint(out, arguments))
    }

    /// `arguments` as Go's `fmt.Sprintln` writes them.
    pub fn sprintln(&mut self, arguments: &[Value]) -> Result<Vec<u8>, FunctionError> {
        self.printed(|out| print::sprintln(out, arguments))
    }

    /// `format` with its verbs replaced as Go's `fmt.Sprintf` does it.
    pub fn sprintf(&mut self, format: &[u8], arguments: &[Value]) -> Result<Vec<u8>, FunctionError> {
        self.printed(|out| print_formatted(out, format, arguments))
    }

    fn printed(&mut self, print: impl FnOnce(&mut Sink)) -> Result<Vec<u8>, FunctionError> {
        let mut out = Sink::new(self.budget.memory_left());
        print(&mut out);
        if out.is_too_deep() {
            return Err(Limit::Depth.into());
        }
        if out.is_overflown() {
            return Err(Limit::Memory.into());
        }
        let bytes = out.into_bytes();
        self.reserve(bytes.len())?;
        Ok(bytes)
    }

    /// Runs `work` one level down. Everything that walks lists and maps goes through here for each level, as
    /// a map can hold itself, and charges a step for each element, as one list can stand in many places.
    pub fn deeper<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, FunctionError>,
    ) -> Result<T, FunctionError> {
        self.budget.enter()?;
        let result = work(self);
        self.budget.leave();
        result
    }

    /// Writes an entry into a map, in place.
    ///
    /// # Errors
    /// Go's panic text when the map is nil.
    pub fn insert(&mut self, dict: &Dict, key: Text, value: Value) -> Result<(), FunctionError> {
        if dict.is_nil() {
            return Err(FunctionError::new("assignment to entry in nil map"));
        }
        self.budget.changes(dict)?;
        self.budget.reserve(key.len() + 2 * size_of::<Value>())?;
        dict.insert(key, value);
        Ok(())
    }

    /// Takes an entry out of a map, in place.
    pub fn remove(&mut self, dict: &Dict, key: &[u8]) {
        dict.remove(key);
    }
}

fn mismatch(value: &Value) -> FunctionError {
    let name = value.type_of().map_or_else(|| "nil".to_owned(), |kind| kind.to_string());
    FunctionError::new(format!("argument of type {name} does not fit"))
}

/// Why a function failed.
#[derive(Clone, PartialEq, Eq)]
pub enum FunctionError {
    /// It failed as the Go function fails.
    Failed {
        /// The text of the Go error; may hold data.
        detail: String,
        /// The same without data, when there is something to say without.
        public: Option<Cow<'static, str>>,
    },
    /// It ran into a limit.
    Limit(Limit),
}

impl FunctionError {
    /// A text that holds nothing from the arguments but type names.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self::Failed { detail: text.clone().into_owned(), public: Some(text) }
    }

    /// A text with data in it, which only [`super::ExecuteError::detailed`] shows.
    pub fn with_data(detail: impl Into<String>) -> Self {
        Self::Failed { detail: detail.into(), public: None }
    }

    /// A text with data in it, and what may be said everywhere.
    pub fn with_data_or(detail: impl Into<String>, public: impl Into<Cow<'static, str>>) -> Self {
        Self::Failed { detail: detail.into(), public: Some(public.into()) }
    }
}

impl fmt::Debug for FunctionError {
    /// Without data.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { public, .. } => write!(formatter, "Failed({})", public.as_deref().unwrap_or("…")),
            Self::Limit(limit) => write!(formatter, "Limit({limit:?})"),
        }
    }
}

impl From<Limit> for FunctionError {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}
