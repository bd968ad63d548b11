//! What a template can call: functions with their Go signatures, and the names that are refused.

use std::collections::BTreeMap;

use super::call::{Call, FunctionError};
use super::types::Type;
use super::value::Value;

/// The body of a function. Its arguments have been checked against the signature.
pub type Body = fn(&mut Call<'_>) -> Result<Value, FunctionError>;

/// A function with its Go signature. The engine checks the number and the types of the arguments against it,
/// with Go's error texts, before the body runs.
///
/// ```
/// use sealward_golang::template::{Call, Function, FunctionError, Type, Value};
///
/// fn repeat(call: &mut Call<'_>) -> Result<Value, FunctionError> {
///     let (count, text) = (call.int(0)?, call.text(1)?);
///     let count = usize::try_from(count).unwrap_or_default();
///     call.reserve(text.len().saturating_mul(count))?;
///     Ok(Value::String(text.as_bytes().repeat(count).into()))
/// }
/// static REPEAT: Function = Function::new("repeat", &[Type::Int, Type::String], repeat);
/// assert!(REPEAT.is_deterministic());
/// ```
#[derive(Debug)]
pub struct Function {
    name: &'static str,
    fixed: &'static [Type],
    rest: Option<Type>,
    deterministic: bool,
    body: Body,
}

impl Function {
    /// A function that takes exactly these parameters.
    pub const fn new(name: &'static str, parameters: &'static [Type], body: Body) -> Self {
        Self { name, fixed: parameters, rest: None, deterministic: true, body }
    }

    /// The same with any number of further arguments of one type (`...T`).
    pub const fn variadic(self, rest: Type) -> Self {
        Self { rest: Some(rest), ..self }
    }

    /// The same, marked as giving something else each time: it looks at the clock or at randomness.
    pub const fn nondeterministic(self) -> Self {
        Self { deterministic: false, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The types of its fixed parameters.
    pub fn parameters(&self) -> &'static [Type] {
        self.fixed
    }

    /// The type of its further arguments, when it takes any number of them.
    pub fn rest(&self) -> Option<Type> {
        self.rest
    }

    /// Whether the same arguments always give the same result.
    pub fn is_deterministic(&self) -> bool {
        self.deterministic
    }

    pub(super) fn body(&self) -> Body {
        self.body
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Entry {
    /// A function.
    Function(&'static Function),
    /// A name that other engines know and this one refuses, and why.
    Refused(&'static str),
}

/// The functions that a template may call besides Go's built-in ones.
#[derive(Debug, Default)]
pub struct Functions(BTreeMap<&'static str, Entry>);

impl Functions {
    /// None but Go's built-in ones.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// The same with these functions, under their names.
    pub fn with(mut self, functions: &'static [Function]) -> Self {
        self.0.extend(functions.iter().map(|function| (function.name, Entry::Function(function))));
        self
    }

    /// The same with a name that parsing refuses, saying why.
    pub fn with_refused(mut self, name: &'static str, why: &'static str) -> Self {
        self.0.insert(name, Entry::Refused(why));
        self
    }

    /// What `name` stands for; `None` when nobody knows it.
    pub fn find(&self, name: &str) -> Option<Entry> {
        self.0.get(name).copied()
    }

    /// The same with the name as it lives in the table.
    pub(super) fn find_named(&self, name: &str) -> Option<(&'static str, Entry)> {
        self.0.get_key_value(name).map(|(name, entry)| (*name, *entry))
    }

    /// All names, sorted, with what they stand for.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, Entry)> {
        self.0.iter().map(|(name, entry)| (*name, *entry))
    }
}
