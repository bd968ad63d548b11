//! `reflect.DeepEqual`.

use super::semver::functions::version_of;
use crate::template::{Call, FunctionError, Value};

/// Whether both have the same type and, all the way down, the same content.
pub(super) fn deep_equal(call: &mut Call<'_>, left: &Value, right: &Value) -> Result<bool, FunctionError> {
    call.charge(1)?;
    if left.is_nil() || right.is_nil() {
        return Ok(left.is_nil() && right.is_nil());
    }
    if left.type_of() != right.type_of() {
        return Ok(false);
    }
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right))
        | (Value::Int64(left), Value::Int64(right))
        | (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Int32(left), Value::Int32(right)) => left == right,
        (Value::Uint8(left), Value::Uint8(right)) => left == right,
        (Value::Uint64(left), Value::Uint64(right)) => left == right,
        (Value::Float64(left), Value::Float64(right)) => left == right,
        (Value::String(left), Value::String(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            left == right
        }
        (Value::List(left), Value::List(right)) => {
            if left.is_nil() != right.is_nil() || left.items().len() != right.items().len() {
                return Ok(false);
            }
            if left.items().as_ptr() == right.items().as_ptr() {
                return Ok(true);
            }
            let pairs: Vec<_> = left.items().iter().zip(right.items()).collect();
            return call.deeper(|call| all_equal(call, pairs.into_iter()));
        }
        (Value::Dict(left), Value::Dict(right)) => {
            if left.is_nil() != right.is_nil() || left.len() != right.len() {
                return Ok(false);
            }
            if left.is_same(right) {
                return Ok(true);
            }
            let (left, right) = (left.entries(), right.entries());
            if left.iter().zip(&right).any(|(left, right)| left.0 != right.0) {
                return Ok(false);
            }
            let pairs = left.iter().zip(&right).map(|(left, right)| (&left.1, &right.1));
            return call.deeper(|call| all_equal(call, pairs));
        }
        (Value::StringMap(left), Value::StringMap(right)) => left.entries() == right.entries(),
        (Value::Object(left), Value::Object(right)) => {
            match (version_of(left.as_ref()), version_of(right.as_ref())) {
                (Some(left), Some(right)) => left == right,
                _ => left.equals(right.as_ref()).unwrap_or_default(),
            }
        }
        _ => false,
    })
}

fn all_equal<'a>(
    call: &mut Call<'_>,
    pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
) -> Result<bool, FunctionError> {
    for (left, right) in pairs {
        if !deep_equal(call, left, right)? {
            return Ok(false);
        }
    }
    Ok(true)
}
