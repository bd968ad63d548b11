//! What the API server saw: one event a request.

use crate::ControlPlane;
use serde_json::Value;
use std::{collections::BTreeMap, fs, io, path::PathBuf};

/// One event a request, without bodies. A watch is written when it begins, since it may never end.
pub(crate) const POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
    verbs: [watch]
    omitStages: [RequestReceived, ResponseComplete]
  - level: Metadata
    omitStages: [RequestReceived, ResponseStarted]
";

/// One request that the API server answered (`audit.k8s.io/v1` Event, the fields that name a right).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Who asked.
    pub user: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// Whom they impersonated.
    pub impersonated_user: Option<String>,
    /// The RBAC verb: get, list, watch, create, update, patch, delete, deletecollection.
    pub verb: String,
    /// The API group; empty for the core group and for paths that are no resource.
    pub group: String,
    /// The resource, plural; empty for a path that is no resource.
    pub resource: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name, or empty.
    pub name: String,
    /// The HTTP status of the answer; 0 if it was never written.
    pub code: u16,
    /// The client's user agent.
    pub user_agent: String,
    /// The path and query.
    pub request_uri: String,
    /// The event's annotations: which role allowed it, what admission noted.
    pub annotations: BTreeMap<String, String>,
}

/// Why the audit log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file could not be read.
    #[error("{}: {source}", path.display())]
    Files {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line is not an event.
    #[error("{}: line {line} is not an audit event: {source}", path.display())]
    Line {
        /// The log.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
}

impl ControlPlane {
    /// Every request so far, in the order in which they were answered.
    ///
    /// # Errors
    /// [`AuditError`], when the log cannot be read.
    pub fn audit_events(&self) -> Result<Vec<AuditEvent>, AuditError> {
        let path = self.audit_log();
        let text =
            fs::read_to_string(&path).map_err(|source| AuditError::Files { path: path.clone(), source })?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _half_written)| whole);
        let mut events = Vec::new();
        for (index, line) in whole.lines().enumerate() {
            let value = serde_json::from_str(line).map_err(|source| AuditError::Line {
                path: path.clone(),
                line: index + 1,
                source,
            })?;
            events.push(event(&value));
        }
        Ok(events)
    }
}

fn event(value: &Value) -> AuditEvent {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let groups = value.pointer("/user/groups").and_then(Value::as_array).into_iter().flatten();
    let annotations = value.get("annotations").and_then(Value::as_object).into_iter().flatten();
    let code = value.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or_default();
    AuditEvent {
        user: text("/user/username"),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
        impersonated_user: value
            .pointer("/impersonatedUser/username")
            .and_then(Value::as_str)
            .map(str::to_owned),
        verb: text("/verb"),
        group: text("/objectRef/apiGroup"),
        resource: text("/objectRef/resource"),
        subresource: text("/objectRef/subresource"),
        namespace: text("/objectRef/namespace"),
        name: text("/objectRef/name"),
        code: u16::try_from(code).unwrap_or_default(),
        user_agent: text("/userAgent"),
        request_uri: text("/requestURI"),
        annotations: annotations
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read_field_by_field() {
        let read = event(&json!({
            "verb": "patch", "userAgent": "curl", "requestURI": "/apis/apps/v1/x",
            "user": { "username": "flux", "groups": ["a", "b"] },
            "impersonatedUser": { "username": "system:serviceaccount:apps:deployer" },
            "objectRef": { "apiGroup": "apps", "resource": "deployments", "subresource": "scale",
                           "namespace": "apps", "name": "web" },
            "responseStatus": { "code": 403 },
            "annotations": { "authorization.k8s.io/decision": "forbid" },
        }));
        assert_eq!(read.user, "flux");
        assert_eq!(read.groups, ["a", "b"]);
        assert_eq!(read.impersonated_user.as_deref(), Some("system:serviceaccount:apps:deployer"));
        assert_eq!([read.verb.as_str(), &read.group, &read.resource], ["patch", "apps", "deployments"]);
        assert_eq!([read.subresource.as_str(), &read.namespace, &read.name], ["scale", "apps", "web"]);
        assert_eq!(read.code, 403);
        assert_eq!(read.annotations["authorization.k8s.io/decision"], "forbid");
    }

    #[test]
    fn a_path_that_is_no_resource_has_empty_fields() {
        let read = event(&json!({ "verb": "get", "requestURI": "/healthz" }));
        assert_eq!([read.group, read.resource, read.name], ["", "", ""]);
        assert_eq!((read.code, read.impersonated_user), (0, None));
    }
}
