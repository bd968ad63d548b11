//! Whether a planted value shows anywhere, in whatever form.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A value that must be seen nowhere, in the forms in which programs show values.
#[derive(Debug, Clone)]
pub struct Planted {
    forms: Vec<(&'static str, String)>,
}

impl Planted {
    /// The forms of `value`: raw, base64 (as a whole, and of its inner bytes at each alignment), hex,
    /// escaped as JSON and as Rust's `Debug` do.
    pub fn new(value: &str) -> Self {
        let mut hex = String::new();
        for byte in value.bytes() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        let json = serde_json::Value::String(value.to_owned()).to_string();
        let mut forms = vec![
            ("raw", value.to_owned()),
            ("base64", STANDARD.encode(value).trim_end_matches('=').to_owned()),
            ("base64url", URL_SAFE_NO_PAD.encode(value)),
            ("hex", hex.clone()),
            ("HEX", hex.to_uppercase()),
            ("JSON", json.trim_matches('"').to_owned()),
            ("JSON in JSON", serde_json::Value::String(json).to_string().trim_matches('"').to_owned()),
        ];
        forms.extend(shifted_base64(value.as_bytes()).into_iter().map(|text| ("base64 inside", text)));
        forms.extend(bytes_as_numbers(value).into_iter().map(|text| ("numbers", text)));
        Self { forms }
    }

    /// The form in which `text` shows the value, if it does.
    pub fn found_in(&self, text: &str) -> Option<&'static str> {
        self.forms.iter().find(|(_, form)| text.contains(form.as_str())).map(|(name, _)| *name)
    }
}

/// What base64 of a longer text holds of the value, whatever stands before it: the whole groups of three.
fn shifted_base64(value: &[u8]) -> Vec<String> {
    let inner = |skip: usize| {
        value.get(skip..).map(|rest| rest.chunks_exact(3).flatten().copied().collect::<Vec<_>>())
    };
    (1..3).filter_map(inner).map(|bytes| STANDARD.encode(bytes)).collect()
}

/// `[99, 111, …]`, as `Debug` of bytes shows it.
fn bytes_as_numbers(value: &str) -> Vec<String> {
    let numbers: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
    vec![numbers.join(", "), numbers.join(",")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(Planted::new("pa\"ss word\\1").found_in(text), expect, "{text}");
    }

    #[test]
    fn every_form_is_found() {
        check("nothing here", None);
        check("x pa\"ss word\\1 y", Some("raw"));
        check(&STANDARD.encode("pa\"ss word\\1"), Some("base64"));
        check("706122737320776f72645c31", Some("hex"));
        check(r#"{"x":"pa\"ss word\\1"}"#, Some("JSON"));
        check(
            &serde_json::Value::String(r#"{"x":"pa\"ss word\\1"}"#.into()).to_string(),
            Some("JSON in JSON"),
        );
        check(&STANDARD.encode("a: pa\"ss word\\1"), Some("base64"));
        check(&STANDARD.encode("ab: pa\"ss word\\1"), Some("base64 inside"));
        check("[112, 97, 34, 115, 115, 32, 119, 111, 114, 100, 92, 49]", Some("numbers"));
    }
}
