//! What a scalar means: `resolve` of `go.yaml.in/yaml/v2`, then JSON as `sigs.k8s.io/yaml` makes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Number;

use crate::{Value, number};

const YAML_TAG: &str = "tag:yaml.org,2002:";

/// A scalar before it becomes a JSON value or a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Integer(Number),
    Float(f64),
    Text(String),
}

/// The value of a scalar: `plain` when it stood without quotes, `tag` in its long form.
///
/// # Errors
/// What is wrong, without the scalar's text.
pub(crate) fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Result<Scalar, String> {
    let Some(tag) = tag else {
        return Ok(if plain { untagged(text) } else { Scalar::Text(text.to_owned()) });
    };
    let Some(short) = tag.strip_prefix(YAML_TAG) else {
        return Ok(Scalar::Text(text.to_owned()));
    };
    let wrong = |what: &str| Err(format!("cannot decode the value as a !!{what}"));
    match (short, untagged(text)) {
        ("binary", _) => binary(text).map(Scalar::Text),
        ("bool", value @ Scalar::Bool(_))
        | ("int", value @ Scalar::Integer(_))
        | ("float", value @ Scalar::Float(_))
        | ("null", value @ Scalar::Null) => Ok(value),
        ("float", Scalar::Integer(value)) if value.is_i64() => {
            Ok(Scalar::Float(value.as_f64().unwrap_or_default()))
        }
        ("timestamp", Scalar::Text(text)) if is_timestamp(&text) => Ok(Scalar::Text(text)),
        ("bool" | "int" | "float" | "null" | "timestamp", _) => wrong(short),
        _ => Ok(Scalar::Text(text.to_owned())),
    }
}

/// The JSON value of a scalar.
///
/// # Errors
/// For infinities and NaN, which JSON has not.
pub(crate) fn value(scalar: Scalar) -> Result<Value, String> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::Number(value),
        Scalar::Float(value) => Value::Number(
            number::from_float(value).ok_or("infinities and NaN have no place in JSON: unsupported value")?,
        ),
        Scalar::Text(text) => Value::String(text),
    })
}

/// The text that a key becomes.
///
/// # Errors
/// For null and for integers beyond 63 bits, which kubectl refuses as keys.
pub(crate) fn key(scalar: Scalar) -> Result<String, String> {
    match scalar {
        Scalar::Text(text) => Ok(text),
        Scalar::Bool(value) => Ok(value.to_string()),
        Scalar::Integer(value) if value.is_i64() => Ok(value.to_string()),
        Scalar::Integer(_) => Err("unsupported map key: an integer beyond 63 bits".to_owned()),
        Scalar::Float(value) => Ok(number::float_key(value)),
        Scalar::Null => Err("unsupported map key: null".to_owned()),
    }
}

/// What a scalar without tag or quotes means.
pub(crate) fn untagged(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') if underscores_divide_digits(text) => float(&text.replace('_', "")),
        Some(b'0'..=b'9' | b'+' | b'-') => numeric(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// A number that starts with a digit or a sign, underscores taken out.
fn numeric(text: &str) -> Option<Scalar> {
    number::parse_integer(text).map(Scalar::Integer).or_else(|| float(text)).or_else(|| odd_binary(text))
}

/// Whether each underscore stands between digits: what `strconv.ParseFloat` wants.
fn underscores_divide_digits(text: &str) -> bool {
    let mut parts = text.split('_');
    let digit = |character: char| character.is_ascii_digit();
    let first = parts.next().unwrap_or_default();
    parts.clone().count() == 0
        || (first.ends_with(digit)
            && parts.clone().all(|part| part.starts_with(digit))
            && parts.rev().skip(1).all(|part| part.ends_with(digit)))
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, if it fits a float.
fn float(text: &str) -> Option<Scalar> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !has_digits || !digits(whole) || !digits(fraction) || !exponent_fits {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Scalar::Float)
}

/// The signs that go-yaml lets slip in after `0b`.
fn odd_binary(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix("0b")?;
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+')?),
    };
    number::from_digits(digits, 2, negative, false).map(Scalar::Integer)
}

fn binary(text: &str) -> Result<String, String> {
    let compact: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    let bytes =
        STANDARD.decode(compact).map_err(|_| "!!binary value contains invalid base64 data".to_owned())?;
    String::from_utf8(bytes)
        .map_err(|_| "!!binary value is no UTF-8 text, which JSON cannot carry".to_owned())
}

/// Whether it starts like a date; kubectl's own check is of the calendar too.
fn is_timestamp(text: &str) -> bool {
    let (year, rest) = text.split_once('-').unwrap_or((text, ""));
    year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && rest.starts_with(|first: char| first.is_ascii_digit())
}
