//! `index`, `slice` and `len`.

use crate::template::call::{Call, FunctionError};
use crate::template::collection::List;
use crate::template::text::Text;
use crate::template::types::Type;
use crate::template::value::Value;

pub(super) fn index(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let mut item = call.value(0).clone();
    if item.is_nil() {
        return Err(FunctionError::new("index of untyped nil"));
    }
    for index in call.rest(1) {
        item = element(&item, index)?;
    }
    Ok(item)
}

fn element(item: &Value, index: &Value) -> Result<Value, FunctionError> {
    match item {
        Value::String(text) => byte(text, index, "string"),
        Value::Bytes(bytes) => byte(bytes, index, "slice"),
        Value::List(list) => {
            let at = position(index, list.items().len())?;
            list.items().get(at).cloned().ok_or_else(|| beyond("slice"))
        }
        Value::Dict(dict) => Ok(dict.get(key(index)?.as_bytes()).unwrap_or(Value::Nil)),
        Value::StringMap(map) => {
            Ok(Value::String(map.entries().get(key(index)?.as_bytes()).cloned().unwrap_or_default()))
        }
        Value::Missing | Value::Nil => Err(FunctionError::new("index of nil pointer")),
        other => Err(FunctionError::new(format!("can't index item of type {}", type_name(other)))),
    }
}

fn byte(text: &Text, index: &Value, kind: &str) -> Result<Value, FunctionError> {
    let at = position(index, text.len())?;
    text.as_bytes().get(at).copied().map(Value::Uint8).ok_or_else(|| beyond(kind))
}

/// Go lets an index equal to the length pass its own check, and reflection refuses it.
fn beyond(kind: &str) -> FunctionError {
    FunctionError::new(format!("reflect: {kind} index out of range"))
}

fn type_name(value: &Value) -> String {
    value.type_of().map(|kind| kind.to_string()).unwrap_or_default()
}

fn key(index: &Value) -> Result<&Text, FunctionError> {
    match index {
        Value::String(text) => Ok(text),
        Value::Missing | Value::Nil => {
            Err(FunctionError::new(format!("value is nil; should be of type {}", Type::String)))
        }
        other => Err(FunctionError::new(format!(
            "value has type {}; should be {}",
            type_name(other),
            Type::String
        ))),
    }
}

/// An index that is at most `limit`.
fn position(index: &Value, limit: usize) -> Result<usize, FunctionError> {
    let number = match index {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number,
        Value::Int32(number) => i64::from(*number),
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => number.cast_signed(),
        Value::Missing | Value::Nil => return Err(FunctionError::new("cannot index slice/array with nil")),
        other => {
            return Err(FunctionError::new(format!(
                "cannot index slice/array with type {}",
                type_name(other)
            )));
        }
    };
    usize::try_from(number).ok().filter(|position| *position <= limit).ok_or_else(|| {
        FunctionError::with_data_or(format!("index out of range: {number}"), "index out of range")
    })
}

pub(super) fn slice(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let (item, indexes) = (call.value(0), call.rest(1));
    if item.is_nil() {
        return Err(FunctionError::new("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(FunctionError::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match item {
        Value::String(_) if indexes.len() == 3 => {
            return Err(FunctionError::new("cannot 3-index slice a string"));
        }
        Value::String(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len(),
        other => return Err(FunctionError::new(format!("can't slice item of type {}", type_name(other)))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        // Unlike index, slice does not look through an interface.
        if matches!(index, Value::Nil) {
            return Err(FunctionError::new(format!("cannot index slice/array with type {}", Type::Any)));
        }
        *bound = position(index, length)?;
    }
    let [start, end, capacity] = bounds;
    in_order(start, end)?;
    in_order(end, capacity)?;
    let part = |text: &Text| Text::from(text.as_bytes().get(start..end).unwrap_or_default());
    Ok(match item {
        Value::Bytes(bytes) => Value::Bytes(part(bytes)),
        Value::List(list) => {
            Value::List(List::new(list.element(), list.items().get(start..end).unwrap_or_default().to_vec()))
        }
        Value::String(text) => Value::String(part(text)),
        _ => Value::Nil,
    })
}

fn in_order(low: usize, high: usize) -> Result<(), FunctionError> {
    if low <= high {
        return Ok(());
    }
    Err(FunctionError::with_data_or(format!("invalid slice index: {low} > {high}"), "invalid slice index"))
}

pub(super) fn len(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let length = match call.value(0) {
        Value::String(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Dict(dict) => dict.len(),
        Value::StringMap(map) => map.entries().len(),
        Value::Missing => {
            return Err(FunctionError::new("reflect: call of reflect.Value.Type on zero Value"));
        }
        Value::Nil => return Err(FunctionError::new("len of nil pointer")),
        other => return Err(FunctionError::new(format!("len of type {}", type_name(other)))),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}
