//! `AdmissionReview` of `admission.k8s.io/v1`, as the API server sends it.
//!
//! Source: `k8s.io/api/admission/v1/types.go`. Fields that a later server adds are not an error; one
//! that is missing or of another type is.

use std::collections::BTreeMap;

use sealward_guard::Operation;
use serde::Deserialize;
use serde_json::Value;

/// The only version that is spoken.
pub(crate) const API_VERSION: &str = "admission.k8s.io/v1";

/// One request for a verdict.
#[derive(Clone)]
pub struct Review {
    /// What is asked, but for the objects.
    pub request: Request,
    raw: Value,
}

impl std::fmt::Debug for Review {
    /// Without the objects: they may be Secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Review").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Review {
    /// The request as it came.
    pub(crate) fn raw(&self) -> &Value {
        &self.raw
    }

    /// The object as it would be.
    pub(crate) fn object(&self) -> Option<&Value> {
        self.raw.get("object").filter(|object| !object.is_null())
    }

    /// The object as it stands.
    pub(crate) fn old_object(&self) -> Option<&Value> {
        self.raw.get("oldObject").filter(|object| !object.is_null())
    }
}

/// What the API server was asked to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Names this call; comes back in the response.
    pub uid: String,
    /// Of the object, after conversion to what the webhook's rules match.
    pub kind: Kind,
    /// Of the request, after that conversion.
    pub resource: Resource,
    /// Such as `scale`.
    #[serde(default)]
    pub sub_resource: String,
    /// Of the object; empty where the server makes the name.
    #[serde(default)]
    pub name: String,
    /// Of the object; empty for what has none.
    #[serde(default)]
    pub namespace: String,
    /// What is done.
    pub operation: OperationName,
    /// Who asks.
    pub user_info: UserInfo,
    /// Whether nothing will be kept. The verdict does not depend on it.
    #[serde(default)]
    pub dry_run: bool,
}

/// Group, version and kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kind {
    /// API group, `""` for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

/// Group, version and plural.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Resource {
    /// API group, `""` for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural.
    pub resource: String,
}

/// The authenticated (or impersonated) user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserInfo {
    /// Name.
    pub username: String,
    /// Unique id; empty for most.
    #[serde(default)]
    pub uid: String,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What the authenticator adds.
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The operation by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OperationName {
    /// `CREATE`
    Create,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
    /// `CONNECT`
    Connect,
}

impl OperationName {
    /// As the guard names it.
    pub fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
            Self::Connect => Operation::Connect,
        }
    }

    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Why a body is no review. Answered with status 400, which the API server takes as a failed call and,
/// by `failurePolicy: Fail`, as a refusal.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is not JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    Json {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// It is something else, or of a version that is not spoken.
    #[error("expected kind AdmissionReview of {API_VERSION}, got {kind:?} of {api_version:?}")]
    Version {
        /// Its kind.
        kind: String,
        /// Its apiVersion.
        api_version: String,
    },
    /// A field is missing or of another type. The text names fields and types only.
    #[error("the review's request does not fit {API_VERSION}: {0}")]
    Request(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    request: Option<Value>,
}

/// Reads the body of a call.
///
/// # Errors
/// [`ReviewError`]; none of its texts holds a value of the body.
pub fn parse(body: &[u8]) -> Result<Review, ReviewError> {
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|error| ReviewError::Json { line: error.line(), column: error.column() })?;
    if envelope.kind != "AdmissionReview" || envelope.api_version != API_VERSION {
        let (kind, api_version) = (shortened(envelope.kind), shortened(envelope.api_version));
        return Err(ReviewError::Version { kind, api_version });
    }
    let raw = envelope.request.ok_or_else(|| ReviewError::Request("request is missing".into()))?;
    let request = Request::deserialize(&raw).map_err(|error| ReviewError::Request(cause(&error)))?;
    let empty = |field| Err(ReviewError::Request(format!("{field} is empty")));
    if request.uid.is_empty() {
        return empty("uid");
    }
    if request.user_info.username.is_empty() {
        return empty("userInfo.username");
    }
    if request.resource.resource.is_empty() || request.kind.kind.is_empty() {
        return empty("resource or kind");
    }
    Ok(Review { request, raw })
}

/// What serde says, without the value that it quotes.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((_, expected)) => format!("a field is of the wrong type, expected {expected}"),
        None if text.starts_with("missing field") => text,
        None if text.starts_with("unknown variant") => {
            "operation is none of CREATE, UPDATE, DELETE, CONNECT".into()
        }
        None => "a field does not fit".into(),
    }
}

fn shortened(text: String) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "name": "api", "namespace": "web", "operation": "CREATE",
                "userInfo": {"username": "dev", "groups": ["developers"]},
                "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api"}},
                "oldObject": null, "dryRun": true, "added": "later"
            }
        })
    }

    #[test]
    fn a_review_is_read() {
        let review = parse(body().to_string().as_bytes()).unwrap();
        assert_eq!(review.request.operation, OperationName::Create);
        assert_eq!(review.request.user_info.username, "dev");
        assert!(review.request.dry_run && review.old_object().is_none());
        assert_eq!(review.object().unwrap()["kind"], "Pod");
    }

    fn check(change: impl FnOnce(&mut Value), expect: &str) {
        let mut body = body();
        change(&mut body);
        let error = parse(body.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_no_review_is_refused() {
        check(|body| body["kind"] = json!("Pod"), "got \"Pod\"");
        check(|body| body["apiVersion"] = json!("admission.k8s.io/v1beta1"), "v1beta1");
        check(|body| drop(body.as_object_mut().unwrap().remove("request")), "request is missing");
        check(|body| body["request"]["uid"] = json!(""), "uid is empty");
        check(|body| body["request"]["operation"] = json!("PATCH"), "operation is none of");
        check(|body| body["request"]["userInfo"] = json!({}), "missing field `username`");
        check(|body| body["request"]["userInfo"]["username"] = json!(""), "username is empty");
        check(|body| body["request"]["userInfo"] = json!("hunter2"), "wrong type");
        check(|body| body["request"]["name"] = json!({"a": "hunter2"}), "wrong type");
        check(
            |body| drop(body["request"].as_object_mut().unwrap().remove("resource")),
            "missing field `resource`",
        );
        assert!(parse(b"{").unwrap_err().to_string().contains("not JSON (line 1"));
        assert!(parse(b"").is_err());
    }
}
