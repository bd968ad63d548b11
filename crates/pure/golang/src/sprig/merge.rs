//! Merging maps (source followed: `merge.go` of dario.cat/mergo v1.0.1, as sprig calls it).

use crate::template::{Call, Dict, FunctionError, Value};

/// `merge` and `mergeOverwrite`: the maps behind the first one are merged into it, in place.
pub(super) fn merge(call: &mut Call<'_>, overwrite: bool) -> Result<Value, FunctionError> {
    let mut target = call.dict(0)?;
    for index in 1..call.arguments().len() {
        let source = call.dict(index)?;
        if target.is_nil() && !source.is_nil() {
            target = Dict::new(std::collections::BTreeMap::new());
        }
        merge_into(call, &target, &source, overwrite)?;
    }
    Ok(Value::Dict(target))
}

fn merge_into(
    call: &mut Call<'_>,
    target: &Dict,
    source: &Dict,
    overwrite: bool,
) -> Result<(), FunctionError> {
    if target.is_same(source) {
        return Ok(());
    }
    call.reserve(source.len().saturating_mul(2 * size_of::<Value>()))?;
    for (key, value) in source.entries() {
        call.charge(1)?;
        let present = target.get(key.as_bytes());
        if value.is_nil() {
            if overwrite {
                call.insert(target, key, value)?;
            }
            continue;
        }
        match (&present, &value) {
            (Some(Value::Dict(inner)), Value::Dict(from)) => {
                let (inner, from) = (inner.clone(), from.clone());
                call.deeper(|call| merge_into(call, &inner, &from, overwrite))?;
            }
            (Some(Value::Dict(inner)), Value::StringMap(from)) => {
                let inner = inner.clone();
                let from =
                    from.entries().iter().map(|(key, text)| (key.clone(), Value::String(text.clone())));
                let from = Dict::new(from.collect());
                call.deeper(|call| merge_into(call, &inner, &from, overwrite))?;
            }
            (Some(Value::StringMap(inner)), Value::StringMap(_) | Value::Dict(_))
                if !inner.entries().is_empty() =>
            {
                return Err(FunctionError::new("merging into a map[string]string is not supported"));
            }
            _ => {}
        }
        if present.as_ref().is_some_and(Value::is_true) && !replaces(present.as_ref(), &value, overwrite) {
            continue;
        }
        call.insert(target, key, value)?;
    }
    Ok(())
}

/// Whether a value takes the place of one that is there and not empty.
fn replaces(present: Option<&Value>, value: &Value, overwrite: bool) -> bool {
    let is_map = |value: &Value| matches!(value, Value::Dict(_) | Value::StringMap(_));
    overwrite && !(is_map(value) && present.is_some_and(is_map))
}
