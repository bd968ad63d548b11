//! Plain scalars of objects, as kustomize reads them.
//!
//! kubectl reads the words of YAML 1.1 (`yes`, `on`) as booleans and leaves dates as text; kustomize
//! reads objects with `go.yaml.in/yaml/v3`, for which the words are text and dates are times. So
//! what goes through kustomize comes out otherwise than what is applied as it stands, and here too.

use sealward_document::{Node, Value};

/// Makes the scalars of `node`, read from `source`, what kustomize takes them for.
pub(crate) fn reread(node: &mut Node, source: &str) {
    let written = source.get(node.span.start..node.span.end).unwrap_or_default();
    match &mut node.value {
        Value::Bool(_) if !matches!(written, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") => {
            if !written.is_empty() {
                node.value = Value::String(written.to_owned());
            }
        }
        Value::String(text) if text == written => {
            if let Some(time) = time(text) {
                *text = time;
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| reread(item, source)),
        Value::Map(map) => map.iter_mut().for_each(|field| reread(&mut field.node, source)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {}
    }
}

/// `2024-1-2` and `2024-01-02 03:04:05.6` in the form of RFC 3339; `None` for what is no such time.
/// Times with a zone are written the same in both.
fn time(text: &str) -> Option<String> {
    let (date, clock) = text.split_once(' ').map_or((text, None), |(date, clock)| (date, Some(clock)));
    let [year, month, day] = numbers(date, '-')?;
    let february = if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 29 } else { 28 };
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => february,
        _ => return None,
    };
    if date.find('-') != Some(4) || !(1..=days).contains(&day) {
        return None;
    }
    let (clock, fraction) =
        clock.unwrap_or("0:0:0").split_once('.').unwrap_or((clock.unwrap_or("0:0:0"), ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    if hour > 23 || minute > 59 || second > 59 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = match fraction.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Three numbers between separators; the last two of at most two digits.
fn numbers(text: &str, separator: char) -> Option<[u32; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let number = |text: &str, digits: usize| {
        let plain =
            !text.is_empty() && text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    Some([number(first, 4)?, number(second, 2)?, number(third, 2)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_known_and_others_are_not() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(time(text).as_deref(), expect, "{text}");
        check("2024-01-02", Some("2024-01-02T00:00:00Z"));
        check("2024-2-29", Some("2024-02-29T00:00:00Z"));
        check("2024-01-02 3:4:5.250", Some("2024-01-02T03:04:05.25Z"));
        check("2023-02-29", None);
        check("2024-1", None);
        check("10.0.0.1", None);
        check("1-2-3", None);
        check("2024-01-02 25:00:00", None);
    }
}
