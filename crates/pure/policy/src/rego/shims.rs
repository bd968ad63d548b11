//! Built-ins of ours, in place of those that regorus lacks or that differ from OPA's.

use regex::Regex;
use regorus::{Engine, Value};
use sealward_golang::fmt::{Argument, sprintf};
use sealward_golang::strconv::quote;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Shim = fn(&[Value]) -> Result<Value, Failure>;

/// Name, number of arguments, implementation.
const SHIMS: [(&str, u8, Shim); 13] = [
    ("sprintf", 2, formatted),
    ("re_match", 2, matched),
    ("any", 1, any),
    ("all", 1, all),
    ("set_diff", 2, difference),
    ("cast_array", 1, cast_array),
    ("cast_set", 1, cast_set),
    ("cast_string", 1, |values| Ok(only(values, |value| matches!(value, Value::String(_))))),
    ("cast_boolean", 1, |values| Ok(only(values, |value| matches!(value, Value::Bool(_))))),
    ("cast_null", 1, |values| Ok(only(values, |value| matches!(value, Value::Null)))),
    ("cast_object", 1, |values| Ok(only(values, |value| matches!(value, Value::Object(_))))),
    ("numbers.range", 2, range),
    ("numbers.range_step", 3, range),
];

/// The only clock: an argument of the evaluation.
pub(crate) const NOW: &str = "time.now_ns";

/// Longest list that `numbers.range` makes; the time limit cannot interrupt it.
const MAX_RANGE: usize = 100_000;

/// How many arguments the shim of this name takes, if there is one.
pub(crate) fn arity(name: &str) -> Option<usize> {
    if name == NOW {
        return Some(0);
    }
    SHIMS.iter().find(|(known, ..)| *known == name).map(|(_, arity, _)| usize::from(*arity))
}

/// Why a built-in of OPA is refused when a module is loaded.
pub(crate) fn refusal(name: &str) -> Option<&'static str> {
    let network = "a verdict must not depend on the network";
    let random = "a verdict must not depend on chance";
    let process = "a verdict must not depend on the process that gives it";
    let missing = "this evaluator does not have it";
    match name {
        "http.send" | "net.lookup_ip_addr" | "external_data" => Some(network),
        "rand.intn" | "uuid.rfc4122" => Some(random),
        "opa.runtime" => Some(process),
        "strings.render_template"
        | "regex.globs_match"
        | "net.cidr_merge"
        | "net.cidr_intersects"
        | "net.cidr_contains_matches"
        | "numbers.range_step_by" => (!regorus::unstable::BUILTINS.contains_key(name)).then_some(missing),
        _ => ["crypto.", "io.jwt.", "graphql.", "rego.", "providers.aws.", "internal."]
            .iter()
            .any(|family| name.starts_with(family))
            .then_some(missing),
    }
}

/// Puts the shims that need no argument of the evaluation into `engine`.
pub(crate) fn install(engine: &mut Engine) -> Result<(), String> {
    for (name, arity, shim) in SHIMS {
        let call = move |values: Vec<Value>| shim(&values).map_err(regorus_error);
        engine
            .add_extension(name.into(), arity, Box::new(call))
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// Puts the clock's reading into `engine`.
pub(crate) fn install_clock(engine: &mut Engine, now: Option<i64>) -> Result<(), String> {
    let call = move |_: Vec<Value>| match now {
        Some(now) => Ok(Value::from(now)),
        None => Err(regorus_error("no time was given to this review".into())),
    };
    engine.add_extension(NOW.into(), 0, Box::new(call)).map_err(|error| format!("{NOW}: {error}"))
}

/// regorus' extensions fail with its own error type, which only conversion can name.
fn regorus_error<E: From<Told>>(failure: Failure) -> E {
    E::from(Told(failure.to_string()))
}

#[derive(Debug)]
struct Told(String);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Told {}

fn only(values: &[Value], keep: impl Fn(&Value) -> bool) -> Value {
    values.first().filter(|value| keep(value)).cloned().unwrap_or(Value::Undefined)
}

/// OPA's `sprintf` (`v1/topdown/strings.go`): numbers and strings as Go values, the rest as Rego text.
fn formatted(values: &[Value]) -> Result<Value, Failure> {
    let [Value::String(format), Value::Array(items)] = values else { return Ok(Value::Undefined) };
    let arguments: Vec<Argument> = items.iter().map(argument).collect();
    Ok(Value::from(sprintf(format, &arguments)))
}

fn argument(value: &Value) -> Argument {
    match value {
        Value::String(text) => Argument::Text(text.to_string()),
        Value::Number(number) => {
            let text = value.to_json_str().unwrap_or_default();
            match (number.as_f64(), number.as_i64()) {
                (_, None) if number.is_integer() => Argument::BigInteger(number.format_decimal()),
                (Some(number), _) if text.contains(['.', 'e', 'E']) => Argument::Float(number),
                (_, Some(number)) => Argument::Integer(number),
                (_, None) => Argument::BigInteger(text),
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Array(_)
        | Value::Set(_)
        | Value::Object(_)
        | Value::Undefined => Argument::Text(rego_text(value)),
    }
}

/// A value as OPA prints it in policy text.
pub(crate) fn rego_text(value: &Value) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value {
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[{}]", list(&mut items.iter().map(rego_text))),
        Value::Set(items) if items.is_empty() => "set()".into(),
        Value::Set(items) => format!("{{{}}}", list(&mut items.iter_sorted().map(rego_text))),
        Value::Object(fields) => {
            let mut fields =
                fields.iter_sorted().map(|(key, value)| format!("{}: {}", rego_text(key), rego_text(value)));
            format!("{{{}}}", list(&mut fields))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_json_str().unwrap_or_default(),
        Value::Undefined => "undefined".into(),
    }
}

fn matched(values: &[Value]) -> Result<Value, Failure> {
    let [Value::String(pattern), Value::String(text)] = values else { return Ok(Value::Undefined) };
    Ok(Regex::new(pattern).map_or(Value::Undefined, |pattern| Value::Bool(pattern.is_match(text))))
}

fn items(values: &[Value]) -> Option<Vec<&Value>> {
    match values.first()? {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Set(items) => Some(items.iter_sorted().collect()),
        _ => None,
    }
}

fn any(values: &[Value]) -> Result<Value, Failure> {
    let truth = items(values).map(|items| items.contains(&&Value::Bool(true)));
    Ok(truth.map_or(Value::Undefined, Value::Bool))
}

fn all(values: &[Value]) -> Result<Value, Failure> {
    let truth = items(values).map(|items| items.iter().all(|item| **item == Value::Bool(true)));
    Ok(truth.map_or(Value::Undefined, Value::Bool))
}

fn set_of<'a>(items: impl Iterator<Item = &'a Value>) -> Value {
    Value::from(items.cloned().collect::<std::collections::BTreeSet<_>>())
}

fn difference(values: &[Value]) -> Result<Value, Failure> {
    let [Value::Set(left), Value::Set(right)] = values else { return Ok(Value::Undefined) };
    Ok(set_of(left.iter_sorted().filter(|item| right.get(item).is_none())))
}

fn cast_array(values: &[Value]) -> Result<Value, Failure> {
    Ok(items(values)
        .map_or(Value::Undefined, |items| Value::from(items.into_iter().cloned().collect::<Vec<_>>())))
}

fn cast_set(values: &[Value]) -> Result<Value, Failure> {
    Ok(items(values).map_or(Value::Undefined, |items| set_of(items.into_iter())))
}

/// `numbers.range` and `numbers.range_step`, both ends included, downwards when the first is larger.
fn range(values: &[Value]) -> Result<Value, Failure> {
    let numbers: Option<Vec<i64>> = values.iter().map(|value| value.as_i64().ok()).collect();
    let Some(numbers) = numbers else { return Ok(Value::Undefined) };
    let (Some(from), Some(to), step) =
        (numbers.first(), numbers.get(1), numbers.get(2).copied().unwrap_or(1))
    else {
        return Ok(Value::Undefined);
    };
    let Some(step) = usize::try_from(step).ok().filter(|step| *step > 0) else { return Ok(Value::Undefined) };
    let span = usize::try_from(from.abs_diff(*to)).unwrap_or(usize::MAX);
    if span / step > MAX_RANGE {
        return Err(format!("numbers.range makes at most {MAX_RANGE} numbers").into());
    }
    let sign = if from <= to { 1 } else { -1 };
    let offsets = (0..=span).step_by(step).filter_map(|offset| i64::try_from(offset).ok());
    Ok(Value::from(offsets.map(|offset| Value::from(from + sign * offset)).collect::<Vec<_>>()))
}
