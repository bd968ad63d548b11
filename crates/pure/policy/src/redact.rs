//! Secret values: kept out of what Rego sees, and out of what comes back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use sealward_golang::strconv::quote;
use sealward_manifest::LAST_APPLIED;
use serde_json::{Map, Value};

/// What stands in texts in place of a Secret's value.
pub(crate) const REDACTED: &str = "[redacted]";

/// The same as a value of `data`, which is base64.
pub(crate) const REDACTED_BASE64: &str = "W3JlZGFjdGVkXQ==";

/// Values shorter than this are not searched for in texts: they never reach Rego through the Secret, and
/// blanking every `1` or `on` would destroy the text and tell the value by the holes.
const LEAST: usize = 4;

/// Values shorter than this are replaced as whole words only, so that `admin` leaves `administrator`.
const WORD: usize = 8;

/// Knows the values of the Secrets under review, and takes them out of texts.
#[derive(Clone, Default)]
pub(crate) struct Scrubber {
    /// Every form to search for, longest first.
    forms: Vec<String>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} forms)", self.forms.len())
    }
}

impl Scrubber {
    /// Learns one plaintext, in every form in which it could be repeated.
    pub(crate) fn learn(&mut self, bytes: &[u8]) {
        if bytes.len() < LEAST {
            return;
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![hex.to_uppercase(), hex];
        forms.extend(
            [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(bytes)),
        );
        if let Ok(text) = std::str::from_utf8(bytes) {
            let json = Value::from(text).to_string();
            let go = quote(text);
            let escaped = [json.as_str(), go.as_str()].map(|text| text.trim_matches('"').to_owned());
            forms.extend(escaped);
            forms.extend([text.to_owned(), text.trim().to_owned()]);
        }
        self.forms.extend(forms.into_iter().filter(|form| form.len() >= LEAST));
        self.forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
    }

    /// `text` without what was learnt.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for form in &self.forms {
            if out.contains(form.as_str()) {
                out = replaced(&out, form);
            }
        }
        out
    }

    /// `value` without what was learnt, in its keys too.
    pub(crate) fn scrub_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.scrub(text)),
            Value::Array(items) => items.iter().map(|item| self.scrub_json(item)).collect(),
            Value::Object(fields) => Value::Object(
                fields.iter().map(|(key, value)| (self.scrub(key), self.scrub_json(value))).collect(),
            ),
            Value::Number(number) if self.forms.contains(&number.to_string()) => Value::from(REDACTED),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

fn replaced(text: &str, form: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(form) {
        let end = at + form.len();
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(end..).unwrap_or_default());
        let inside_a_word = before.chars().next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        if form.len() < WORD && inside_a_word {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(REDACTED);
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Whether `object` is a core Secret.
pub(crate) fn is_secret(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    text("apiVersion") == Some("v1") && text("kind") == Some("Secret")
}

/// Takes the values out of a Secret: afterwards every key of `data` and `stringData` stands in `data`,
/// as it does once the API server has read it, with the same placeholder.
pub(crate) fn redact(secret: &mut Value, scrubber: &mut Scrubber) {
    let Some(object) = secret.as_object_mut() else { return };
    learn_values(object, scrubber);
    if let Some(text) = object.get_mut("metadata").and_then(|metadata| metadata.pointer_mut(&last_applied()))
    {
        let applied: Option<Value> = text.as_str().and_then(|text| serde_json::from_str(text).ok());
        match applied.as_ref().and_then(Value::as_object) {
            Some(applied) => learn_values(applied, scrubber),
            None => scrubber.learn(text.as_str().unwrap_or_default().as_bytes()),
        }
        *text = Value::from(REDACTED);
    }
    let texts = object.remove("stringData");
    let texts = texts.as_ref().and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone());
    let data =
        object.get("data").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone());
    let keys: Map<String, Value> = data.chain(texts).map(|key| (key, Value::from(REDACTED_BASE64))).collect();
    if keys.is_empty() {
        object.remove("data");
    } else {
        object.insert("data".into(), Value::Object(keys));
    }
}

fn last_applied() -> String {
    format!("/annotations/{}", LAST_APPLIED.replace('~', "~0").replace('/', "~1"))
}

fn learn_values(object: &Map<String, Value>, scrubber: &mut Scrubber) {
    let values = |field: &str| {
        object.get(field).and_then(Value::as_object).into_iter().flatten().map(|(_, value)| value)
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for value in values("data") {
        let encoded = text(value);
        let compact: String = encoded.split_whitespace().collect();
        if let Ok(plain) = STANDARD.decode(&compact) {
            scrubber.learn(&plain);
        }
        scrubber.learn(encoded.as_bytes());
    }
    for value in values("stringData") {
        scrubber.learn(text(value).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_has_the_same_shape_however_it_was_written() {
        let expect = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"a": REDACTED_BASE64, "b": REDACTED_BASE64}});
        for (data, texts) in [
            (json!({"a": "aHVudGVyMg==", "b": "eA=="}), json!(null)),
            (json!({"a": "aHVudGVyMg=="}), json!({"b": "x"})),
            (json!(null), json!({"a": "hunter2", "b": "x"})),
            (json!({"a": 7}), json!({"a": "y", "b": ""})),
        ] {
            let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
            secret["data"] = data;
            secret["stringData"] = texts;
            redact(&mut secret, &mut Scrubber::default());
            assert_eq!(secret, expect);
        }
    }

    #[test]
    fn every_form_of_a_value_is_taken_out() {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"annotations": {LAST_APPLIED: "{\"stringData\":{\"x\":\"from-last-applied\"}}"}},
            "data": {"a": "Y29ycmVjdCBob3JzZQ=="}, "stringData": {"b": "quo\"te\nline"}});
        let mut scrubber = Scrubber::default();
        redact(&mut secret, &mut scrubber);
        assert_eq!(secret["metadata"]["annotations"][LAST_APPLIED], REDACTED);
        for text in [
            "correct horse",
            "Y29ycmVjdCBob3JzZQ==",
            "Y29ycmVjdCBob3JzZQ",
            "WTI5eWNtVmpkQ0JvYjNKelpRPT0=",
            "636f727265637420686f727365",
            "636F727265637420686F727365",
            "quo\"te\nline",
            "quo\\\"te\\nline",
            "from-last-applied",
        ] {
            assert_eq!(scrubber.scrub(&format!("see {text}!")), "see [redacted]!", "{text:?}");
        }
    }

    #[test]
    fn short_values_leave_the_text_readable() {
        let mut scrubber = Scrubber::default();
        scrubber.learn(b"on");
        scrubber.learn(b"admin");
        assert_eq!(
            scrubber.scrub("turn on administrators, not admin"),
            "turn on administrators, not [redacted]"
        );
    }
}
