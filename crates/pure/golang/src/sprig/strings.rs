//! sprig's functions on strings (source followed: `strings.go` and `functions.go` of sprig v3.3.0).

use super::convert;
use super::text::{cases, runes, words};
use crate::template::{Call, Function, FunctionError, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const S: Type = Type::String;
const I: Type = Type::Int;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_| Ok("Hello!".into())),
    Function::new("trim", &[S], |call| bytes(words::trim_space(call.text(0)?.as_bytes()))),
    Function::new("upper", &[S], |call| map(call, runes::upper)),
    Function::new("lower", &[S], |call| map(call, runes::lower)),
    Function::new("title", &[S], |call| map(call, cases::title)),
    Function::new("untitle", &[S], |call| map(call, cases::untitle)),
    Function::new("swapcase", &[S], |call| map(call, cases::swap_case)),
    Function::new("camelcase", &[S], |call| map(call, cases::pascal_case)),
    Function::new("snakecase", &[S], |call| map(call, |text| cases::lower_with(text, '_'))),
    Function::new("kebabcase", &[S], |call| map(call, |text| cases::lower_with(text, '-'))),
    Function::new("nospace", &[S], |call| map(call, words::delete_white_space)),
    Function::new("initials", &[S], |call| map(call, words::initials)),
    Function::new("trimAll", &[S, S], trim_all),
    Function::new("trimall", &[S, S], trim_all),
    Function::new("trimSuffix", &[S, S], |call| {
        let (suffix, text) = pair(call)?;
        bytes(text.strip_suffix(suffix).unwrap_or(text))
    }),
    Function::new("trimPrefix", &[S, S], |call| {
        let (prefix, text) = pair(call)?;
        bytes(text.strip_prefix(prefix).unwrap_or(text))
    }),
    Function::new("contains", &[S, S], |call| {
        let (part, text) = pair(call)?;
        Ok(words::find(text, part).is_some().into())
    }),
    Function::new("hasPrefix", &[S, S], |call| {
        pair(call).map(|(prefix, text)| text.starts_with(prefix).into())
    }),
    Function::new("hasSuffix", &[S, S], |call| {
        pair(call).map(|(suffix, text)| text.ends_with(suffix).into())
    }),
    Function::new("repeat", &[I, S], repeat),
    Function::new("replace", &[S, S, S], replace),
    Function::new("trunc", &[I, S], trunc),
    Function::new("substr", &[I, I, S], substr),
    Function::new("abbrev", &[I, S], |call| {
        let (width, text) = (call.int(0)?, call.text(1)?);
        if width < 4 { Ok(text.clone().into()) } else { owned(words::abbreviate(text.as_bytes(), 0, width)) }
    }),
    Function::new("abbrevboth", &[I, I, S], |call| {
        let (left, right, text) = (call.int(0)?, call.int(1)?, call.text(2)?);
        if right < 4 || (left > 0 && right < 7) {
            return Ok(text.clone().into());
        }
        owned(words::abbreviate(text.as_bytes(), left, right))
    }),
    Function::new("wrap", &[I, S], |call| wrap(call, b"", 1, false)),
    Function::new("wrapWith", &[I, S, S], |call| {
        let separator = call.text(1)?;
        wrap(call, separator.as_bytes(), 2, true)
    }),
    Function::new("indent", &[I, S], |call| indent(call, b"")),
    Function::new("nindent", &[I, S], |call| indent(call, b"\n")),
    Function::new("plural", &[S, S, I], |call| {
        let index = if call.int(2)? == 1 { 0 } else { 1 };
        Ok(call.text(index)?.clone().into())
    }),
    Function::new("quote", &[], |call| quoted(call, b"%q", convert::text)).variadic(Type::Any),
    Function::new("squote", &[], |call| quoted(call, b"'%v'", |_, value| Ok(value.clone())))
        .variadic(Type::Any),
    Function::new("cat", &[], |call| quoted(call, b"%v", |_, value| Ok(value.clone()))).variadic(Type::Any),
    Function::new("split", &[S, S], |call| split(call, 1, -1)),
    Function::new("splitn", &[S, I, S], |call| {
        let limit = call.int(1)?;
        split(call, 2, limit)
    }),
    Function::new("splitList", &[S, S], |call| {
        let (separator, text) = pair(call)?;
        Ok(Value::strings(parts(call, text, separator, -1)?))
    }),
    Function::new("join", &[S, Type::Any], join),
    Function::new("toString", &[Type::Any], |call| Ok(convert::text(call, call.value(0))?.into())),
    Function::new("toStrings", &[Type::Any], |call| Ok(Value::strings(convert::texts(call, call.value(0))?))),
    Function::new("sortAlpha", &[Type::Any], sort_alpha),
];

fn bytes(text: &[u8]) -> Answer {
    Ok(Text::from(text).into())
}

fn owned(text: Vec<u8>) -> Answer {
    Ok(Text::from(text).into())
}

fn pair<'a>(call: &Call<'a>) -> Result<(&'a [u8], &'a [u8]), FunctionError> {
    Ok((call.text(0)?.as_bytes(), call.text(1)?.as_bytes()))
}

fn map(call: &mut Call<'_>, mapping: impl FnOnce(&[u8]) -> Vec<u8>) -> Answer {
    let text = call.text(0)?.as_bytes();
    // Rune by rune is slower than byte by byte, and a byte that is not UTF-8 becomes three.
    call.charge(text.len() as u64 / 16)?;
    call.reserve(text.len().saturating_mul(3))?;
    owned(mapping(text))
}

fn trim_all(call: &mut Call<'_>) -> Answer {
    let (cutset, text) = pair(call)?;
    call.charge((text.len() as u64 / 64).saturating_mul(cutset.len() as u64))?;
    bytes(words::trim(text, cutset))
}

/// What Go's slicing panics with.
pub(super) fn out_of_range(bounds: &str) -> FunctionError {
    FunctionError::with_data_or(
        format!("runtime error: slice bounds out of range {bounds}"),
        "runtime error: slice bounds out of range",
    )
}

fn negative_repeat() -> FunctionError {
    FunctionError::new("strings: negative Repeat count")
}

fn repeat(call: &mut Call<'_>) -> Answer {
    let (count, text) = (call.int(0)?, call.text(1)?.as_bytes());
    let count = usize::try_from(count).map_err(|_| negative_repeat())?;
    call.reserve(text.len().saturating_mul(count))?;
    owned(if text.is_empty() { Vec::new() } else { text.repeat(count) })
}

fn replace(call: &mut Call<'_>) -> Answer {
    let (old, new, text) = (call.text(0)?.as_bytes(), call.text(1)?.as_bytes(), call.text(2)?.as_bytes());
    call.reserve(words::replaced_length(text, old, new))?;
    owned(words::replace(text, old, new))
}

fn trunc(call: &mut Call<'_>) -> Answer {
    let (count, text) = (call.int(0)?, call.text(1)?.as_bytes());
    let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 && text.len() > length {
        return bytes(text.get(text.len() - length..).unwrap_or_default());
    }
    bytes(if count < 0 { text } else { text.get(..length).unwrap_or(text) })
}

fn substr(call: &mut Call<'_>) -> Answer {
    let (start, end, text) = (call.int(0)?, call.int(1)?, call.text(2)?.as_bytes());
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (from, to) = match (start, end) {
        (..0, ..0) => return Err(out_of_range(&format!("[:{end}]"))),
        (..0, _) if end > length => return Err(out_of_range(&format!("[:{end}] with length {length}"))),
        (..0, _) => (0, end),
        (_, _) if end < 0 || end > length => (start, length),
        _ => (start, end),
    };
    if from > to {
        return Err(out_of_range(&format!("[{from}:{to}]")));
    }
    let (from, to) = (usize::try_from(from).unwrap_or_default(), usize::try_from(to).unwrap_or_default());
    bytes(text.get(from..to).unwrap_or_default())
}

fn wrap(call: &mut Call<'_>, separator: &[u8], index: usize, long_words: bool) -> Answer {
    let (width, text) = (call.int(0)?, call.text(index)?.as_bytes());
    let lines = text.len() / usize::try_from(width).unwrap_or(0).max(1) + 1;
    call.reserve(text.len().saturating_add(lines.saturating_mul(separator.len().max(1))))?;
    owned(words::wrap(text, width, separator, long_words))
}

fn indent(call: &mut Call<'_>, before: &[u8]) -> Answer {
    let (spaces, text) = (call.int(0)?, call.text(1)?.as_bytes());
    let spaces = usize::try_from(spaces).map_err(|_| negative_repeat())?;
    let lines = 1 + text.iter().filter(|byte| **byte == b'\n').count();
    call.reserve(text.len().saturating_add(lines.saturating_mul(spaces.saturating_add(1))))?;
    let padding = b" ".repeat(spaces);
    let mut out = [before, &padding].concat();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
            out.extend_from_slice(&padding);
        }
        out.extend_from_slice(line);
    }
    owned(out)
}

/// The arguments but nil, each printed by `format`, with spaces between.
fn quoted<V: Into<Value>>(
    call: &mut Call<'_>,
    format: &[u8],
    read: impl Fn(&mut Call<'_>, &Value) -> Result<V, FunctionError>,
) -> Answer {
    let mut out = Vec::new();
    for (index, value) in call.arguments().iter().filter(|value| !value.is_nil()).enumerate() {
        let value = read(call, value)?.into();
        if index > 0 {
            out.push(b' ');
        }
        out.extend(call.sprintf(format, &[value])?);
    }
    owned(out)
}

fn parts(call: &mut Call<'_>, text: &[u8], separator: &[u8], limit: i64) -> Result<Vec<Text>, FunctionError> {
    let parts = words::split(text, separator, limit);
    call.reserve(text.len().saturating_add(parts.len().saturating_mul(4 * size_of::<Value>())))?;
    Ok(parts.into_iter().map(Text::from).collect())
}

fn split(call: &mut Call<'_>, index: usize, limit: i64) -> Answer {
    let (separator, text) = (call.text(0)?.as_bytes(), call.text(index)?.as_bytes());
    let parts = parts(call, text, separator, limit)?;
    Ok(Value::map_of_strings(parts.into_iter().enumerate().map(|(index, part)| (format!("_{index}"), part))))
}

fn join(call: &mut Call<'_>) -> Answer {
    let separator = call.text(0)?.as_bytes();
    let parts = convert::texts(call, call.value(1))?;
    let length: usize = parts.iter().map(Text::len).sum();
    call.reserve(length.saturating_add(parts.len().saturating_mul(separator.len())))?;
    owned(parts.iter().map(Text::as_bytes).collect::<Vec<_>>().join(separator))
}

fn sort_alpha(call: &mut Call<'_>) -> Answer {
    let value = call.value(0);
    if !matches!(value, Value::List(_) | Value::Bytes(_)) {
        return Ok(Value::strings([convert::text(call, value)?]));
    }
    let mut texts = convert::texts(call, value)?;
    call.charge(texts.len() as u64 * 8)?;
    texts.sort();
    Ok(Value::strings(texts))
}
