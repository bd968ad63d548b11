//! Go's built-in functions (source followed: `text/template/funcs.go`).

mod access;
mod comparison;
mod escape;

use super::call::{Call, FunctionError};
use super::function::Function;
use super::tree::{Callee, Form};
use super::types::Type;
use super::value::Value;

/// The built-in function of this name.
pub(super) fn find(name: &str) -> Option<Callee> {
    let function = FUNCTIONS.iter().find(|function| function.name() == name)?;
    let form = match name {
        "and" => Form::And,
        "or" => Form::Or,
        "call" => Form::Call,
        _ => Form::Plain,
    };
    Some(Callee { name: function.name(), function, form })
}

impl Callee {
    /// A function that is called as any other.
    pub(super) fn plain(name: &'static str, function: &'static Function) -> Self {
        Self { name, function, form: Form::Plain }
    }
}

static FUNCTIONS: &[Function] = &[
    Function::new("and", &[Type::Reflected], unreached).variadic(Type::Reflected),
    Function::new("or", &[Type::Reflected], unreached).variadic(Type::Reflected),
    Function::new("call", &[Type::Reflected], unreached).variadic(Type::Reflected),
    Function::new("not", &[Type::Reflected], not),
    Function::new("html", &[], escape::html).variadic(Type::Any),
    Function::new("js", &[], escape::js).variadic(Type::Any),
    Function::new("urlquery", &[], escape::urlquery).variadic(Type::Any),
    Function::new("index", &[Type::Reflected], access::index).variadic(Type::Reflected),
    Function::new("slice", &[Type::Reflected], access::slice).variadic(Type::Reflected),
    Function::new("len", &[Type::Reflected], access::len),
    Function::new("print", &[], print).variadic(Type::Any),
    Function::new("printf", &[Type::String], printf).variadic(Type::Any),
    Function::new("println", &[], println).variadic(Type::Any),
    Function::new("eq", &[Type::Reflected], comparison::eq).variadic(Type::Reflected),
    Function::new("ne", &[Type::Reflected, Type::Reflected], comparison::ne),
    Function::new("lt", &[Type::Reflected, Type::Reflected], comparison::lt),
    Function::new("le", &[Type::Reflected, Type::Reflected], comparison::le),
    Function::new("gt", &[Type::Reflected, Type::Reflected], comparison::gt),
    Function::new("ge", &[Type::Reflected, Type::Reflected], comparison::ge),
];

/// `and`, `or` and `call` are carried out where they are called.
fn unreached(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Err(FunctionError::new(format!("{} is not called this way", call.name())))
}

fn not(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(!call.value(0).is_true()))
}

fn print(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::String(call.sprint(call.arguments())?.into()))
}

fn println(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::String(call.sprintln(call.arguments())?.into()))
}

fn printf(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::String(call.sprintf(call.text(0)?.as_bytes(), call.rest(1))?.into()))
}
