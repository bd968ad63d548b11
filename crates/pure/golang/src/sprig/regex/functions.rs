//! sprig's functions on regular expressions (source followed: `regex.go` of sprig v3.3.0).

use super::expand::expand;
use super::{Pattern, translate};
use crate::strconv;
use crate::template::{Call, Function, FunctionError, List, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const I: Type = Type::Int;
const S: Type = Type::String;

/// The functions of this module.
pub(in super::super) static FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[S, S], |call| match compile(call, Failure::Plain) {
        Err(FunctionError::Failed { .. }) => Ok(false.into()),
        pattern => matches(call, &pattern?),
    }),
    Function::new("mustRegexMatch", &[S, S], |call| {
        let pattern = compile(call, Failure::Plain)?;
        matches(call, &pattern)
    }),
    Function::new("regexFind", &[S, S], |call| find(call, Failure::Must)),
    Function::new("mustRegexFind", &[S, S], |call| find(call, Failure::Plain)),
    Function::new("regexFindAll", &[S, S, I], |call| find_all(call, Failure::Must)),
    Function::new("mustRegexFindAll", &[S, S, I], |call| find_all(call, Failure::Plain)),
    Function::new("regexReplaceAll", &[S, S, S], |call| replace(call, Failure::Must, false)),
    Function::new("mustRegexReplaceAll", &[S, S, S], |call| replace(call, Failure::Plain, false)),
    Function::new("regexReplaceAllLiteral", &[S, S, S], |call| replace(call, Failure::Must, true)),
    Function::new("mustRegexReplaceAllLiteral", &[S, S, S], |call| replace(call, Failure::Plain, true)),
    Function::new("regexSplit", &[S, S, I], |call| split(call, Failure::Must)),
    Function::new("mustRegexSplit", &[S, S, I], |call| split(call, Failure::Plain)),
    Function::new("regexQuoteMeta", &[S], quote_meta),
];

/// How Go tells of a pattern that does not compile.
#[derive(Clone, Copy, PartialEq)]
enum Failure {
    /// `regexp.Compile`.
    Plain,
    /// `regexp.MustCompile`, which panics.
    Must,
}

/// The pattern of the first argument, and the price of running it over the second.
fn compile(call: &mut Call<'_>, failure: Failure) -> Result<Pattern, FunctionError> {
    let source = call.text(0)?.as_bytes();
    let length = call.text(1)?.len() as u64;
    call.charge(20 + source.len() as u64)?;
    let failed = |why: String| {
        let text = match failure {
            Failure::Plain => why,
            Failure::Must => format!("regexp: Compile({}): {why}", quoted(source)),
        };
        FunctionError::with_data_or(text, "the regular expression is not valid")
    };
    let translated = translate(source).map_err(failed)?;
    let weight = translated.weight;
    call.charge(weight.saturating_mul(8).saturating_add(100))?;
    let pattern = translated.compile(source).map_err(failed)?;
    // At worst each byte is looked at once for each atom.
    call.charge(length.saturating_mul(4 + weight) / 256)?;
    Ok(pattern)
}

fn quoted(source: &[u8]) -> String {
    match str::from_utf8(source) {
        Ok(source) if strconv::can_backquote(source) => format!("`{source}`"),
        _ => strconv::quote_bytes(source, false),
    }
}

/// Each match may look at the whole rest of the text before it is found.
fn pay_for_match(call: &mut Call<'_>, rest: usize) -> Result<(), FunctionError> {
    call.reserve(2 * size_of::<Value>())?;
    call.charge(1 + rest as u64 / 256)
}

fn matches(call: &mut Call<'_>, pattern: &Pattern) -> Answer {
    Ok(pattern.is_match(call.text(1)?.as_bytes()).into())
}

fn find(call: &mut Call<'_>, failure: Failure) -> Answer {
    let pattern = compile(call, failure)?;
    let text = call.text(1)?.as_bytes();
    let found = pattern.find(text).and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
    Ok(Text::from(found).into())
}

/// At most `limit` matches; all when it is negative.
fn matches_of(
    call: &mut Call<'_>,
    pattern: &Pattern,
    text: &[u8],
    limit: i64,
) -> Result<Vec<(usize, usize)>, FunctionError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for (start, end) in pattern.find_all(text).take(limit) {
        pay_for_match(call, text.len() - end)?;
        found.push((start, end));
    }
    Ok(found)
}

fn find_all(call: &mut Call<'_>, failure: Failure) -> Answer {
    let pattern = compile(call, failure)?;
    let text = call.text(1)?.as_bytes();
    let found = matches_of(call, &pattern, text, call.int(2)?)?;
    if found.is_empty() {
        return Ok(Value::List(List::nil(&S)));
    }
    Ok(Value::strings(found.into_iter().map(|(start, end)| text.get(start..end).unwrap_or_default())))
}

fn replace(call: &mut Call<'_>, failure: Failure, literal: bool) -> Answer {
    let pattern = compile(call, failure)?;
    let (text, replacement) = (call.text(1)?.as_bytes(), call.text(2)?.as_bytes());
    let references = replacement.iter().filter(|byte| **byte == b'$').count() as u64;
    let mut out = Vec::new();
    let (mut last, mut paid) = (0, 0);
    for found in pattern.captures(text) {
        let Some(whole) = found.get(0) else { continue };
        pay_for_match(call, text.len() - whole.end())?;
        out.extend_from_slice(text.get(last..whole.start()).unwrap_or_default());
        last = whole.end();
        if literal {
            out.extend_from_slice(replacement);
        } else {
            // Every reference may stand for the whole match.
            call.charge(
                (1 + whole.len() as u64 / 64).saturating_mul(references) + replacement.len() as u64 / 64,
            )?;
            expand(&mut out, replacement, pattern.names(), &found);
        }
        call.reserve(out.len() - paid)?;
        paid = out.len();
    }
    out.extend_from_slice(text.get(last..).unwrap_or_default());
    Ok(Text::from(out).into())
}

fn split(call: &mut Call<'_>, failure: Failure) -> Answer {
    let pattern = compile(call, failure)?;
    let (source, text, limit) = (call.text(0)?, call.text(1)?.as_bytes(), call.int(2)?);
    if limit == 0 {
        return Ok(Value::List(List::nil(&S)));
    }
    if !source.is_empty() && text.is_empty() {
        return Ok(Value::strings([""]));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for (start, stop) in matches_of(call, &pattern, text, limit)? {
        if parts.len() + 1 >= most {
            break;
        }
        end = start;
        if stop != 0 {
            parts.push(text.get(begin..end).unwrap_or_default());
        }
        begin = stop;
    }
    if end != text.len() {
        parts.push(text.get(begin..).unwrap_or_default());
    }
    Ok(Value::strings(parts))
}

fn quote_meta(call: &mut Call<'_>) -> Answer {
    let text = call.text(0)?.as_bytes();
    call.reserve(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Ok(Text::from(out).into())
}
