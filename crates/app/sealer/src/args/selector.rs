//! `--label-selector`, as `kubectl -l` takes it.

use super::keys::{is_label_value, is_qualified_name};

/// Passes a label selector on that the API server will take.
pub(super) fn label_selector(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    for part in requirements(text)? {
        if !is_requirement(part.trim()) {
            return Err(format!(
                "{:?} is no requirement of a label selector, such as app=web, app!=web, app in (a,b), app or !app",
                part.trim()
            ));
        }
    }
    Ok(text.to_owned())
}

/// The parts between commas that stand in no parentheses.
fn requirements(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut open) = (0, false);
    for (index, character) in text.char_indices() {
        match character {
            '(' | ')' if open == (character == '(') => {
                return Err(format!("{text:?} has parentheses that do not match"));
            }
            '(' | ')' => open = !open,
            ',' if !open => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    if open {
        return Err(format!("{text:?} has a parenthesis that is not closed"));
    }
    parts.push(text.get(start..).unwrap_or_default());
    Ok(parts)
}

fn is_requirement(part: &str) -> bool {
    let pair = |key: &str, value: &str| is_qualified_name(key.trim()) && is_label_value(value.trim());
    for operator in ["!=", "==", "=", ">", "<"] {
        if let Some((key, value)) = part.split_once(operator) {
            return pair(key, value);
        }
    }
    if let Some((left, values)) = part.split_once('(') {
        let mut words = left.split_whitespace();
        let (key, operator, rest) = (words.next(), words.next(), words.next());
        return key.is_some_and(is_qualified_name)
            && matches!(operator, Some("in" | "notin"))
            && rest.is_none()
            && values
                .strip_suffix(')')
                .is_some_and(|values| values.split(',').all(|value| is_label_value(value.trim())));
    }
    is_qualified_name(part.strip_prefix('!').unwrap_or(part).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_kubectl() {
        let check = |text: &str, fits: bool| assert_eq!(label_selector(text).is_ok(), fits, "{text:?}");
        for good in [
            "",
            "app",
            "!app",
            "app=web",
            "app==web",
            "app!=web",
            "app=",
            "example.com/team=a,tier=b",
            "app in (a, b), tier notin (c)",
            "size>3",
            " app = web ",
        ] {
            check(good, true);
        }
        for bad in [
            "app web",
            "=x",
            "app=a b",
            "app in a",
            "app in (a",
            "app in a)",
            "app within (a)",
            "a,,b",
            "((a))",
        ] {
            check(bad, false);
        }
    }
}
