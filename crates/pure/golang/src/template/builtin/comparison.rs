//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use std::cmp::Ordering;

use crate::fmt::print_formatted;
use crate::sink::Sink;
use crate::template::call::{Call, FunctionError};
use crate::template::value::Value;

/// What Go compares: kinds, not types.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'a [u8]),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    Some(match value {
        Value::Bool(value) => Basic::Bool(*value),
        Value::Int(value) | Value::Int64(value) | Value::Duration(value) => Basic::Int(*value),
        Value::Int32(value) => Basic::Int(i64::from(*value)),
        Value::Uint8(value) => Basic::Uint(u64::from(*value)),
        Value::Uint64(value) => Basic::Uint(*value),
        Value::Float64(value) => Basic::Float(*value),
        Value::String(text) => Basic::Text(text.as_bytes()),
        Value::Missing
        | Value::Nil
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Dict(_)
        | Value::StringMap(_)
        | Value::Object(_) => return None,
    })
}

pub(super) fn eq(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    if call.rest(1).is_empty() {
        return Err(FunctionError::new("missing argument for comparison"));
    }
    for other in call.rest(1) {
        if equal(call.value(0), other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(!equal(call.value(0), call.value(1))?))
}

pub(super) fn lt(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(less(call.value(0), call.value(1))?))
}

pub(super) fn le(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(less_or_equal(call.value(0), call.value(1))?))
}

pub(super) fn gt(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(!less_or_equal(call.value(0), call.value(1))?))
}

pub(super) fn ge(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(!less(call.value(0), call.value(1))?))
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    Ok(less(left, right)? || equal(left, right)?)
}

fn incompatible(left: &Value, right: &Value) -> FunctionError {
    let name = |value: &Value| value.type_of().map(|kind| kind.to_string()).unwrap_or_default();
    FunctionError::new(format!("incompatible types for comparison: {} and {}", name(left), name(right)))
}

fn equal(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    Ok(match (basic(left), basic(right)) {
        (Some(Basic::Bool(left)), Some(Basic::Bool(right))) => left == right,
        (Some(Basic::Int(left)), Some(Basic::Int(right))) => left == right,
        (Some(Basic::Uint(left)), Some(Basic::Uint(right))) => left == right,
        (Some(Basic::Int(int)), Some(Basic::Uint(uint)))
        | (Some(Basic::Uint(uint)), Some(Basic::Int(int))) => u64::try_from(int) == Ok(uint),
        (Some(Basic::Float(left)), Some(Basic::Float(right))) => left == right,
        (Some(Basic::Text(left)), Some(Basic::Text(right))) => left == right,
        (None, None) => equal_others(left, right)?,
        // One of them is nil, which is equal to no basic value.
        _ if left.is_nil() || right.is_nil() => false,
        _ => return Err(incompatible(left, right)),
    })
}

/// Nil, lists, maps and structs.
fn equal_others(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    let kind = |value: &Value| value.type_of().map(|kind| kind.kind());
    let (left_kind, right_kind) = (kind(left), kind(right));
    if left_kind != right_kind && left_kind.is_some() && right_kind.is_some() {
        return Err(not_comparable("non-comparable types %s: %v, %s: %v", &[left, right], true));
    }
    if is_nil(left) || is_nil(right) {
        return Ok(is_nil(left) == is_nil(right));
    }
    match (left, right) {
        (Value::Object(left), Value::Object(right)) if left.type_name() != right.type_name() => Ok(false),
        (Value::Object(one), Value::Object(other)) => one
            .equals(other.as_ref())
            .ok_or_else(|| not_comparable("non-comparable type %s: %v", &[right], false)),
        _ => Err(not_comparable("non-comparable type %s: %v", &[right], false)),
    }
}

/// Nil itself, or the nil of a list's or map's type.
fn is_nil(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_nil(),
        Value::Dict(dict) => dict.is_nil(),
        other => other.is_nil(),
    }
}

/// Go prints the values into this error.
fn not_comparable(format: &str, values: &[&Value], both: bool) -> FunctionError {
    const ENOUGH: usize = 4096;
    let name = |value: &Value| Value::from(value.type_of().map(|kind| kind.to_string()).unwrap_or_default());
    let mut arguments = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let (value, name) = ((*value).clone(), name(value));
        // Of the second value, Go prints the type first.
        arguments.extend(if index == 0 { [value, name] } else { [name, value] });
    }
    let mut out = Sink::new(ENOUGH);
    print_formatted(&mut out, format.as_bytes(), &arguments);
    let public = if both { "non-comparable types" } else { "non-comparable type" };
    FunctionError::with_data_or(String::from_utf8_lossy(&out.into_bytes()).into_owned(), public)
}

fn less(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    let refused = || FunctionError::new("invalid type for comparison");
    let (one, other) = (basic(left).ok_or_else(refused)?, basic(right).ok_or_else(refused)?);
    Ok(match (one, other) {
        (Basic::Bool(_), Basic::Bool(_)) => return Err(refused()),
        (Basic::Int(left), Basic::Int(right)) => left < right,
        (Basic::Uint(left), Basic::Uint(right)) => left < right,
        (Basic::Int(left), Basic::Uint(right)) => i128::from(left) < i128::from(right),
        (Basic::Uint(left), Basic::Int(right)) => i128::from(left) < i128::from(right),
        (Basic::Float(left), Basic::Float(right)) => left.partial_cmp(&right) == Some(Ordering::Less),
        (Basic::Text(left), Basic::Text(right)) => left < right,
        _ => return Err(incompatible(left, right)),
    })
}
