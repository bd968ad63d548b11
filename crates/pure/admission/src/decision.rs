//! What is answered.

use std::collections::BTreeMap;

use sealward_guard::Parent;
use sealward_manifest::Manifest;
use serde_json::{Value, json};

use crate::review::API_VERSION;

/// A decision, or what is needed for one.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Decided.
    Decision(Decision),
    /// Put the answer into [`Answers`] and ask again.
    Need(Need),
}

/// Something that must be read from the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The object that a `scale` request scales.
    Parent {
        /// API group.
        group: String,
        /// Version.
        version: String,
        /// Kind.
        kind: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A Namespace that the watch has not told of.
    Namespace {
        /// Its name.
        name: String,
    },
}

/// Answers to needs; `None` is "not asked yet".
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// To [`Need::Parent`].
    pub parent: Option<Parent>,
    /// To [`Need::Namespace`]: the object, or that there is none or it cannot be read.
    pub namespace: Option<Option<Manifest>>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Let through.
    Allow,
    /// Refused: status 403, reason Forbidden.
    Deny,
}

/// The answer to one review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why, in one word, for metrics.
    pub reason: &'static str,
    /// What the user is told; empty when let through.
    pub message: String,
    /// What the user is told besides.
    pub warnings: Vec<String>,
    /// What the API server writes into its audit log; it puts the entry's name before each key.
    pub audit: BTreeMap<String, String>,
}

/// A warning's longest text: the API server cuts at 256 characters for one, 4096 for all.
const WARNING_LENGTH: usize = 256;

impl Decision {
    /// The AdmissionReview that answers the call `uid`.
    pub fn response(&self, uid: &str) -> Value {
        let mut response = json!({
            "uid": uid,
            "allowed": self.verdict == Verdict::Allow,
            "auditAnnotations": self.audit,
        });
        let mut put =
            |key: &str, value: Value| response.as_object_mut().map(|fields| fields.insert(key.into(), value));
        if self.verdict == Verdict::Deny {
            put("status", json!({"code": 403, "reason": "Forbidden", "message": self.message}));
        }
        if !self.warnings.is_empty() {
            let warnings: Vec<String> = self.warnings.iter().map(|text| shortened(text)).collect();
            put("warnings", json!(warnings));
        }
        json!({"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response})
    }
}

/// The body that goes with status 400 when a call is no review: a Status object.
pub fn malformed(message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": 400, "reason": "BadRequest", "message": message,
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= WARNING_LENGTH {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(WARNING_LENGTH - 1).collect();
    short.push('…');
    short
}
