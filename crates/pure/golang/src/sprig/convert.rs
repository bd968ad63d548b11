//! How sprig reads a value as text (`strval`, `strslice`) and as a number (spf13/cast v1.7.0).

use crate::strconv;
use crate::template::{Call, FunctionError, Text, Value};

/// `strval`: strings and bytes as they are, what has a `String` method by that, everything else as `%v`.
pub(super) fn text(call: &mut Call<'_>, value: &Value) -> Result<Text, FunctionError> {
    match value {
        Value::String(text) | Value::Bytes(text) => Ok(text.clone()),
        other => Ok(call.sprintf(b"%v", std::slice::from_ref(other))?.into()),
    }
}

/// The items of a slice, `[]byte` included; `None` for anything else.
pub(super) fn items(call: &mut Call<'_>, value: &Value) -> Result<Option<Vec<Value>>, FunctionError> {
    match value {
        Value::List(list) => {
            call.reserve(size_of_val(list.items()))?;
            Ok(Some(list.items().to_vec()))
        }
        Value::Bytes(bytes) => {
            call.reserve(bytes.len().saturating_mul(size_of::<Value>()))?;
            Ok(Some(bytes.as_bytes().iter().map(|byte| Value::Uint8(*byte)).collect()))
        }
        _ => Ok(None),
    }
}

/// `strslice`: the items of a slice as text, without its nils; one text for anything else.
pub(super) fn texts(call: &mut Call<'_>, value: &Value) -> Result<Vec<Text>, FunctionError> {
    match items(call, value)? {
        Some(items) => {
            call.charge(items.len() as u64)?;
            items.iter().filter(|item| !item.is_nil()).map(|item| text(call, item)).collect()
        }
        None if value.is_nil() => Ok(Vec::new()),
        None => Ok(vec![text(call, value)?]),
    }
}

/// `cast.ToInt64` and, as both have 64 bits, `cast.ToInt`: 0 for what is no number.
pub(super) fn int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Int32(number) => i64::from(*number),
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => number.cast_signed(),
        Value::Float64(number) => truncated(*number),
        Value::Bool(value) => i64::from(*value),
        Value::String(text) => text
            .as_str()
            .and_then(|text| strconv::parse_int(without_zero_fraction(text), 0).ok())
            .unwrap_or_default(),
        _ => 0,
    }
}

/// `cast.ToFloat64`: 0 for what is no number.
#[expect(clippy::cast_precision_loss, reason = "as Go does")]
pub(super) fn float64(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Int32(number) => f64::from(*number),
        Value::Uint8(number) => f64::from(*number),
        Value::Uint64(number) => *number as f64,
        Value::Float64(number) => *number,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(text) => {
            text.as_str().and_then(|text| strconv::parse_float(text).ok()).unwrap_or_default()
        }
        _ => 0.0,
    }
}

/// Go's conversion on amd64: what does not fit becomes the smallest number.
#[expect(clippy::cast_possible_truncation, reason = "checked right before")]
fn truncated(number: f64) -> i64 {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&number) { number as i64 } else { i64::MIN }
}

/// `8.000` is `8`: cast reads whole numbers that are written as fractions.
fn without_zero_fraction(text: &str) -> &str {
    match text.trim_end_matches('0').strip_suffix('.') {
        Some(whole) if text.ends_with('0') => whole,
        _ => text,
    }
}
