//! sprig's functions on lists (source followed: `list.go` of sprig v3.3.0).

use super::convert::{int64, items};
use super::equal::deep_equal;
use crate::template::{Call, Function, FunctionError, List, Type, Value};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;

/// The functions of this module. `push` and `mustPush` are other names of `append` and `mustAppend`.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("list", &[], list).variadic(A),
    Function::new("tuple", &[], list).variadic(A),
    Function::new("append", &[A, A], append),
    Function::new("push", &[A, A], append),
    Function::new("mustAppend", &[A, A], append),
    Function::new("mustPush", &[A, A], append),
    Function::new("prepend", &[A, A], prepend),
    Function::new("mustPrepend", &[A, A], prepend),
    Function::new("first", &[A], first),
    Function::new("mustFirst", &[A], first),
    Function::new("last", &[A], last),
    Function::new("mustLast", &[A], last),
    Function::new("rest", &[A], rest),
    Function::new("mustRest", &[A], rest),
    Function::new("initial", &[A], initial),
    Function::new("mustInitial", &[A], initial),
    Function::new("reverse", &[A], reverse),
    Function::new("mustReverse", &[A], reverse),
    Function::new("compact", &[A], compact),
    Function::new("mustCompact", &[A], compact),
    Function::new("uniq", &[A], uniq),
    Function::new("mustUniq", &[A], uniq),
    Function::new("without", &[A], without).variadic(A),
    Function::new("mustWithout", &[A], without).variadic(A),
    Function::new("has", &[A, A], has),
    Function::new("mustHas", &[A, A], has),
    Function::new("slice", &[A], slice).variadic(A),
    Function::new("mustSlice", &[A], slice).variadic(A),
    Function::new("chunk", &[Type::Int, A], chunk),
    Function::new("mustChunk", &[Type::Int, A], chunk),
    Function::new("concat", &[], concat).variadic(A),
];

/// What Go panics with when it asks nil for its type.
pub(super) fn nil_pointer() -> FunctionError {
    FunctionError::new("runtime error: invalid memory address or nil pointer dereference")
}

/// The items of a slice; for anything else the error that starts with `refusal`.
fn slice_items(call: &mut Call<'_>, value: &Value, refusal: &str) -> Result<Vec<Value>, FunctionError> {
    if let Some(items) = items(call, value)? {
        call.charge(items.len() as u64)?;
        return Ok(items);
    }
    let kind = value.type_of().ok_or_else(nil_pointer)?.kind();
    Err(FunctionError::new(format!("{refusal} {kind}")))
}

fn list(call: &mut Call<'_>) -> Answer {
    Ok(Value::list(call.arguments().to_vec()))
}

fn append(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot push on type")?;
    items.push(call.value(1).clone());
    Ok(Value::list(items))
}

fn prepend(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot prepend on type")?;
    items.insert(0, call.value(1).clone());
    Ok(Value::list(items))
}

fn first(call: &mut Call<'_>) -> Answer {
    let items = slice_items(call, call.value(0), "Cannot find first on type")?;
    Ok(items.into_iter().next().unwrap_or(Value::Nil))
}

fn last(call: &mut Call<'_>) -> Answer {
    let items = slice_items(call, call.value(0), "Cannot find last on type")?;
    Ok(items.into_iter().next_back().unwrap_or(Value::Nil))
}

fn rest(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot find rest on type")?;
    if items.is_empty() {
        return Ok(Value::List(List::nil(&A)));
    }
    items.remove(0);
    Ok(Value::list(items))
}

fn initial(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot find initial on type")?;
    Ok(if items.pop().is_none() { Value::List(List::nil(&A)) } else { Value::list(items) })
}

fn reverse(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot find reverse on type")?;
    items.reverse();
    Ok(Value::list(items))
}

fn compact(call: &mut Call<'_>) -> Answer {
    let mut items = slice_items(call, call.value(0), "Cannot compact on type")?;
    items.retain(Value::is_true);
    Ok(Value::list(items))
}

fn is_among(call: &mut Call<'_>, items: &[Value], wanted: &Value) -> Result<bool, FunctionError> {
    for item in items {
        if deep_equal(call, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(call: &mut Call<'_>) -> Answer {
    let items = slice_items(call, call.value(0), "Cannot find uniq on type")?;
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !is_among(call, &kept, &item)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn without(call: &mut Call<'_>) -> Answer {
    let items = slice_items(call, call.value(0), "Cannot find without on type")?;
    let omitted = call.rest(1);
    let mut kept = Vec::new();
    for item in items {
        if !is_among(call, omitted, &item)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn has(call: &mut Call<'_>) -> Answer {
    if call.value(1).is_nil() {
        return Ok(false.into());
    }
    let items = slice_items(call, call.value(1), "Cannot find has on type")?;
    Ok(is_among(call, &items, call.value(0))?.into())
}

fn slice(call: &mut Call<'_>) -> Answer {
    let value = call.value(0);
    let items = slice_items(call, value, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = call.rest(1).first().map_or(0, int64);
    let end = call.rest(2).first().map_or(i64::try_from(items.len()).unwrap_or(i64::MAX), int64);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let cut = range.and_then(|(start, end)| items.get(start..end));
    let cut = cut.ok_or_else(|| FunctionError::new("reflect.Value.Slice: slice index out of bounds"))?;
    Ok(match value {
        Value::Bytes(bytes) => {
            let start = usize::try_from(start).unwrap_or_default();
            Value::Bytes(bytes.as_bytes().get(start..start + cut.len()).unwrap_or_default().into())
        }
        Value::List(list) => Value::List(List::new(list.element(), cut.to_vec())),
        _ => Value::list(cut.to_vec()),
    })
}

fn chunk(call: &mut Call<'_>) -> Answer {
    let size = call.int(0)?;
    let items = slice_items(call, call.value(1), "Cannot chunk type")?;
    let size = usize::try_from(size).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| FunctionError::new("runtime error: makeslice: len out of range"))?;
    call.reserve((items.len() / size + 1).saturating_mul(4 * size_of::<Value>()))?;
    let chunks = items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    Ok(Value::List(List::new(&Type::ANYS, chunks)))
}

fn concat(call: &mut Call<'_>) -> Answer {
    let mut all = Vec::new();
    for value in call.arguments() {
        let Some(items) = items(call, value)? else {
            let kind = value.type_of().ok_or_else(nil_pointer)?.kind();
            return Err(FunctionError::new(format!("Cannot concat type {kind} as list")));
        };
        call.charge(items.len() as u64)?;
        all.extend(items);
    }
    Ok(if all.is_empty() { Value::List(List::nil(&A)) } else { Value::list(all) })
}
