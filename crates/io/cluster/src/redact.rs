//! Server texts without the values that were sent.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::core::Status;
use sealward_manifest::Manifest;
use secrecy::ExposeSecret;

/// What the server said about a request. When `sent` is a Secret or holds secret leaves, a text that may
/// quote a value (a schema error) is replaced by the fields it speaks of, and every other text is
/// searched for them.
pub(crate) fn redact(status: &Status, sent: Option<&Manifest>) -> String {
    let message = if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
    let secrets = sent.map(secret_texts).unwrap_or_default();
    let is_secret = sent.is_some_and(Manifest::is_secret);
    if secrets.is_empty() && !is_secret {
        return message;
    }
    if matches!(status.code, 400 | 422 | 500) && !message.contains("denied the request") {
        return fields_only(status);
    }
    secrets.iter().fold(message, |text, secret| text.replace(secret.as_str(), "[redacted]"))
}

fn fields_only(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let fields: Vec<&str> =
        causes.map(|cause| cause.field.as_str()).filter(|field| !field.is_empty()).collect();
    let reason = if status.reason.is_empty() { "Invalid" } else { &status.reason };
    if fields.is_empty() {
        return format!(
            "the API server refused it ({reason}); its text is withheld because it may quote a value"
        );
    }
    format!(
        "the API server refused it ({reason}) because of {}; its text may quote a value",
        fields.join(", ")
    )
}

/// Every secret leaf in the forms in which a text may quote it, longest first.
fn secret_texts(manifest: &Manifest) -> Vec<String> {
    let texts = RefCell::new(Vec::new());
    manifest.root().to_json_with(&|secret| {
        texts.borrow_mut().extend(forms(secret.expose_secret()));
        serde_json::Value::Null
    });
    let mut texts = texts.into_inner();
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts.dedup();
    texts
}

/// The text itself, as JSON quotes it, its base64, and what it is the base64 of.
fn forms(text: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let json = serde_json::Value::String(text.to_owned()).to_string();
        json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json).to_owned()
    };
    let mut forms = vec![text.to_owned(), quoted(text), STANDARD.encode(text)];
    if let Some(plain) = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        forms.push(quoted(&plain));
        forms.push(plain);
    }
    forms.retain(|form| !form.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn secret() -> Manifest {
        let json = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "say \"x\""}});
        sealward_plan::live(&json).unwrap()
    }

    fn check(code: u16, message: &str, expect: &str) {
        let cause =
            StatusCause { reason: "FieldValueInvalid".into(), message: message.into(), field: "data".into() };
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: vec![cause],
            retry_after_seconds: 0,
        };
        let status = Status::failure(message, "Invalid").with_code(code).with_details(details);
        assert_eq!(redact(&status, Some(&secret())), expect);
    }

    #[test]
    fn values_are_taken_out_of_texts() {
        check(403, "no aHVudGVyMg== nor hunter2", "no [redacted] nor [redacted]");
        check(403, r#"got say \"x\" here"#, "got [redacted] here");
        check(403, "webhook denied the request: hunter2", "webhook denied the request: [redacted]");
    }

    #[test]
    fn schema_errors_keep_only_the_fields() {
        check(
            422,
            "Invalid value: hunt",
            "the API server refused it (Invalid) because of data; its text may quote a value",
        );
    }
}
