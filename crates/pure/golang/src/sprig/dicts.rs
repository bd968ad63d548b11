//! sprig's functions on maps (source followed: `dict.go` of sprig v3.3.0). Where Go walks a map in any order,
//! keys are sorted here.

use super::convert;
use super::merge::merge;
use crate::template::{Call, Dict, Function, FunctionError, List, Type, Value};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;
const D: Type = Type::Dict;
const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("dict", &[], dict).variadic(A),
    Function::new("get", &[D, S], |call| {
        Ok(call.dict(0)?.get(call.text(1)?.as_bytes()).unwrap_or_else(|| "".into()))
    }),
    Function::new("set", &[D, S, A], |call| {
        let dict = call.dict(0)?;
        call.insert(&dict, call.text(1)?.clone(), call.value(2).clone())?;
        Ok(Value::Dict(dict))
    }),
    Function::new("unset", &[D, S], |call| {
        let dict = call.dict(0)?;
        call.remove(&dict, call.text(1)?.as_bytes());
        Ok(Value::Dict(dict))
    }),
    Function::new("hasKey", &[D, S], |call| Ok(call.dict(0)?.has(call.text(1)?.as_bytes()).into())),
    Function::new("pluck", &[S], pluck).variadic(D),
    Function::new("keys", &[], keys).variadic(D),
    Function::new("values", &[D], |call| {
        let dict = call.dict(0)?;
        Ok(Value::list(entries(call, &dict)?.into_iter().map(|(_, value)| value).collect()))
    }),
    Function::new("pick", &[D], |call| pick(call, true)).variadic(S),
    Function::new("omit", &[D], |call| pick(call, false)).variadic(S),
    Function::new("dig", &[], dig).variadic(A),
    Function::new("merge", &[D], |call| merge(call, false)).variadic(D),
    Function::new("mustMerge", &[D], |call| merge(call, false)).variadic(D),
    Function::new("mergeOverwrite", &[D], |call| merge(call, true)).variadic(D),
    Function::new("mustMergeOverwrite", &[D], |call| merge(call, true)).variadic(D),
    Function::new("deepCopy", &[A], deep_copy),
    Function::new("mustDeepCopy", &[A], deep_copy),
];

type Entries = Vec<(crate::template::Text, Value)>;

/// The entries of a map, paid for.
fn entries(call: &mut Call<'_>, dict: &Dict) -> Result<Entries, FunctionError> {
    call.reserve(dict.len().saturating_mul(2 * size_of::<Value>()))?;
    call.charge(dict.len() as u64)?;
    Ok(dict.entries())
}

fn dict(call: &mut Call<'_>) -> Answer {
    let arguments = call.arguments();
    call.reserve(arguments.len().saturating_mul(2 * size_of::<Value>()))?;
    let mut entries = Vec::new();
    for pair in arguments.chunks(2) {
        let key = convert::text(call, pair.first().unwrap_or(&Value::Nil))?;
        entries.push((key, pair.get(1).cloned().unwrap_or_else(|| "".into())));
    }
    Ok(Value::dict(entries))
}

/// The maps among the arguments; nil counts as an empty one.
fn dicts(call: &Call<'_>, from: usize) -> Result<Vec<Dict>, FunctionError> {
    (from..call.arguments().len()).map(|index| call.dict(index)).collect()
}

fn pluck(call: &mut Call<'_>) -> Answer {
    let key = call.text(0)?.as_bytes();
    let found = dicts(call, 1)?.iter().filter_map(|dict| dict.get(key)).collect();
    Ok(Value::list(found))
}

fn keys(call: &mut Call<'_>) -> Answer {
    let mut keys = Vec::new();
    for dict in dicts(call, 0)? {
        keys.extend(entries(call, &dict)?.into_iter().map(|(key, _)| key));
    }
    Ok(Value::strings(keys))
}

fn pick(call: &mut Call<'_>, wanted: bool) -> Answer {
    let dict = call.dict(0)?;
    let names: std::collections::BTreeSet<_> =
        (1..call.arguments().len()).map(|index| call.text(index).cloned()).collect::<Result<_, _>>()?;
    let entries = entries(call, &dict)?;
    Ok(Value::dict(entries.into_iter().filter(|(key, _)| names.contains(key) == wanted)))
}

/// What Go's type assertion panics with.
fn conversion(value: &Value, wanted: &str) -> FunctionError {
    let found = value.type_of().map_or_else(|| "nil".to_owned(), |found| found.to_string());
    FunctionError::new(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}

fn dig(call: &mut Call<'_>) -> Answer {
    let [path @ .., default, dict] = call.arguments() else {
        return Err(FunctionError::new("dig needs at least three arguments"));
    };
    if path.is_empty() {
        return Err(FunctionError::new("dig needs at least three arguments"));
    }
    let not_dict = |value: &Value| conversion(value, "map[string]interface {}");
    let Value::Dict(dict) = dict else { return Err(not_dict(dict)) };
    let keys = path.iter().map(|key| match key {
        Value::String(key) => Ok(key),
        other => Err(conversion(other, "string")),
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let mut dict = dict.clone();
    for (index, key) in keys.iter().enumerate() {
        call.charge(1)?;
        let Some(value) = dict.get(key.as_bytes()) else { return Ok(default.clone()) };
        if index + 1 == keys.len() {
            return Ok(value);
        }
        let Value::Dict(next) = &value else { return Err(not_dict(&value)) };
        dict = next.clone();
    }
    Ok(default.clone())
}

fn deep_copy(call: &mut Call<'_>) -> Answer {
    if call.value(0).is_nil() {
        return Err(FunctionError::new("reflect: call of reflect.Value.Type on zero Value"));
    }
    copy(call, call.value(0))
}

/// A copy that shares no map with the original (mitchellh/copystructure).
fn copy(call: &mut Call<'_>, value: &Value) -> Answer {
    call.charge(1)?;
    match value {
        Value::List(list) if !list.is_nil() => {
            call.reserve(size_of_val(list.items()))?;
            let items = list.items();
            let items =
                call.deeper(|call| items.iter().map(|item| copy(call, item)).collect::<Result<Vec<_>, _>>())?;
            Ok(Value::List(List::new(list.element(), items)))
        }
        Value::Dict(dict) if !dict.is_nil() => {
            let entries = entries(call, dict)?;
            let entries = call.deeper(|call| {
                entries
                    .into_iter()
                    .map(|(key, value)| Ok((key, copy(call, &value)?)))
                    .collect::<Result<Vec<_>, FunctionError>>()
            })?;
            Ok(Value::dict(entries))
        }
        other => Ok(other.clone()),
    }
}
