//! Secret values: kept out of what Rego sees, and out of what comes back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

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

/// More different values than this are not searched for: forms times messages would cost the webhook
/// more than whoever sends such a Secret.
const MOST: usize = 4096;

/// What stands for a whole text then.
const TOO_MANY: &str = "[redacted: the Secret has too many values to take them out of this text]";

/// Knows the values of the Secrets under review, and takes them out of texts.
#[derive(Clone, Default)]
pub(crate) struct Scrubber {
    values: BTreeSet<Vec<u8>>,
    /// Every form to search for, longest first; made when first asked for, which most reviews never do.
    forms: OnceLock<Vec<String>>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} values)", self.values.len())
    }
}

impl Scrubber {
    /// Learns one plaintext.
    pub(crate) fn learn(&mut self, bytes: &[u8]) {
        if bytes.len() >= LEAST && self.values.len() <= MOST {
            self.values.insert(bytes.to_vec());
            self.forms = OnceLock::new();
        }
    }

    fn forms(&self) -> &[String] {
        self.forms.get_or_init(|| {
            let mut forms: Vec<String> = self.values.iter().flat_map(|value| forms_of(value)).collect();
            forms.retain(|form| form.len() >= LEAST);
            forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            forms.dedup();
            forms
        })
    }

    /// `text` without what was learnt.
    pub(crate) fn scrub(&self, text: &str) -> String {
        if self.values.len() > MOST {
            return TOO_MANY.to_owned();
        }
        let mut out = text.to_owned();
        for form in self.forms() {
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
            Value::Number(number) if self.scrub(&number.to_string()) != number.to_string() => {
                Value::from(REDACTED)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// Every form in which a plaintext could be repeated.
fn forms_of(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![hex.to_uppercase(), hex];
    forms.extend([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(bytes)));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let json = Value::from(text).to_string();
        let go = quote(text);
        forms.extend([json.as_str(), go.as_str()].map(|text| text.trim_matches('"').to_owned()));
        forms.extend([text.to_owned(), text.trim().to_owned()]);
    }
    forms
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

/// Whether `object` is a core Secret, of whatever version it says.
pub(crate) fn is_secret(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    text("kind") == Some("Secret") && text("apiVersion").is_none_or(|version| !version.contains('/'))
}

/// Takes the values out of a Secret: afterwards every key of `data` and `stringData` stands in `data`,
/// as it does once the API server has read it, with the same placeholder.
pub(crate) fn redact(secret: &mut Value, scrubber: &mut Scrubber) {
    let Some(object) = secret.as_object_mut() else { return };
    learn_values(object, scrubber);
    if let Some(annotations) = object.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"))
    {
        LAST_APPLIED.into_iter().for_each(|key| {
            annotations.get_mut(key).into_iter().for_each(|copy| redact_copy(copy, scrubber))
        });
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

/// Takes out an annotation that repeats the whole Secret.
fn redact_copy(copy: &mut Value, scrubber: &mut Scrubber) {
    let applied: Option<Value> = copy.as_str().and_then(|text| serde_json::from_str(text).ok());
    match applied.as_ref().and_then(Value::as_object) {
        Some(applied) => learn_values(applied, scrubber),
        None => scrubber.learn(copy.as_str().unwrap_or_default().as_bytes()),
    }
    *copy = Value::from(REDACTED);
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
            "metadata": {"annotations": {LAST_APPLIED[0]: "{\"stringData\":{\"x\":\"from-last-applied\"}}",
                LAST_APPLIED[1]: "{\"stringData\":{\"x\":\"from-kubecfg\"}}"}},
            "data": {"a": "Y29ycmVjdCBob3JzZQ=="}, "stringData": {"b": "quo\"te\nline"}});
        let mut scrubber = Scrubber::default();
        redact(&mut secret, &mut scrubber);
        for copy in LAST_APPLIED {
            assert_eq!(secret["metadata"]["annotations"][copy], REDACTED);
        }
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
            "from-kubecfg",
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

    #[test]
    fn a_secret_of_very_many_values_costs_little_and_shows_none() {
        let data: Map<String, Value> =
            (0..100_000).map(|n| (format!("k{n}"), Value::from(format!("{n:08}")))).collect();
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": data});
        let mut scrubber = Scrubber::default();
        redact(&mut secret, &mut scrubber);
        assert_eq!(scrubber.scrub("it is 00099999"), TOO_MANY);
        assert_eq!(
            scrubber.scrub_json(&json!({"k": ["00099999", 99_999]}))[TOO_MANY],
            json!([TOO_MANY, REDACTED])
        );
        assert_eq!(scrubber.values.len(), MOST + 1, "what is kept is bounded");
        assert!(scrubber.forms.get().is_none(), "and nothing is made of it");
    }

    #[test]
    fn a_secret_of_no_version_that_exists_is_one_too() {
        let is = |version: &str| is_secret(&json!({"apiVersion": version, "kind": "Secret"}));
        assert!(is("v1") && is("v2"));
        assert!(!is("example.com/v1"));
    }
}
