//! What is reviewed: one builder for lint, reconciler and webhook.

use sealward_manifest::document::{ExposeSecret, SecretString};
use sealward_manifest::{Manifest, Scope};
use serde_json::{Map, Value, json};
use std::cell::RefCell;

use crate::matching::Subject;
use crate::redact::{Scrubber, is_secret, redact};

/// An object under review, as Rego and matching see it: Gatekeeper's `input.review`, in which the values
/// of Secrets are replaced by one placeholder.
#[derive(Debug, Clone)]
pub struct Review {
    input: Value,
    scrubber: Scrubber,
    now: Option<i64>,
}

/// Why an AdmissionRequest cannot be reviewed. The caller refuses the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// It is no JSON object.
    #[error("the admission request is no JSON object")]
    NotAnObject,
    /// It has no object, or a deletion has no oldObject.
    #[error("the admission request has no {field}")]
    Missing {
        /// `object`, or `oldObject` of a deletion.
        field: &'static str,
    },
}

/// Fields of an AdmissionRequest that are passed on as they are.
const PASSED_ON: [&str; 8] = [
    "resource",
    "subResource",
    "requestKind",
    "requestResource",
    "requestSubResource",
    "userInfo",
    "dryRun",
    "options",
];

impl Review {
    /// A manifest as if it were being created, by nobody in particular (`userInfo` is empty, `uid` too).
    /// `namespace_object` is the Namespace it stands in, if that is known; it also says the namespace of
    /// a manifest that leaves it out.
    pub fn of_manifest(manifest: &Manifest, namespace_object: Option<&Manifest>) -> Self {
        let learnt = RefCell::new(Scrubber::default());
        let expose = |text: &SecretString| {
            learnt.borrow_mut().learn(text.expose_secret().as_bytes());
            Value::from(text.expose_secret())
        };
        let mut object = manifest.root().to_json_with(&expose);
        let gvk = manifest.gvk();
        let cluster_wide = Scope::of(gvk) == Scope::Cluster;
        let namespace_object = namespace_object.filter(|_| !cluster_wide);
        let namespace = match manifest.namespace() {
            _ if cluster_wide => "", // The API server takes away what was written.
            "" => namespace_object.map(Manifest::name).unwrap_or_default(),
            written => written,
        };
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
            if !namespace.is_empty() {
                metadata.insert("namespace".into(), Value::from(namespace));
            }
        }
        if gvk.is("", "Namespace") {
            label_by_name(&mut object, manifest.name());
        }
        let request = json!({
            "uid": "",
            "kind": {"group": gvk.group, "version": gvk.version, "kind": gvk.kind},
            "name": manifest.name(),
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {},
            "oldObject": null,
            "dryRun": false,
        });
        let fields = request.as_object().cloned().unwrap_or_default();
        let namespace_object = namespace_object.map(|namespace| {
            let mut object = namespace.root().to_json_redacted();
            label_by_name(&mut object, namespace.name());
            object
        });
        Self::build(fields, Some(object), None, namespace_object, learnt.into_inner())
    }

    /// The `request` of an AdmissionReview (`admission.k8s.io/v1`) as the API server sent it. For a
    /// deletion the object is the old object. `namespace_object` is the Namespace the object stands in,
    /// if that is known.
    ///
    /// # Errors
    /// [`ReviewError`] when there is nothing to review.
    pub fn of_request(request: &Value, namespace_object: Option<&Value>) -> Result<Self, ReviewError> {
        let request = request.as_object().ok_or(ReviewError::NotAnObject)?;
        let part = |field: &str| request.get(field).filter(|value| !value.is_null()).cloned();
        let old_object = part("oldObject");
        let text = |field: &str| request.get(field).and_then(Value::as_str).unwrap_or_default();
        let operation = text("operation");
        let object = match operation {
            "DELETE" => Some(old_object.clone().ok_or(ReviewError::Missing { field: "oldObject" })?),
            _ => part("object"),
        };
        if object.is_none() && old_object.is_none() {
            return Err(ReviewError::Missing { field: "object" });
        }
        let mut fields = Map::new();
        for field in ["uid", "name", "namespace", "operation"] {
            fields.insert(field.into(), Value::from(text(field)));
        }
        fields.insert("kind".into(), request.get("kind").cloned().unwrap_or_else(|| json!({})));
        for field in PASSED_ON {
            if let Some(value) = part(field) {
                fields.insert(field.into(), value);
            }
        }
        fields.entry("userInfo").or_insert_with(|| json!({}));
        fields.entry("dryRun").or_insert(Value::Bool(false));
        let namespace = namespace_object.cloned();
        let objects = [object, old_object]
            .map(|object| object.map(|object| complete(object, text("namespace"), request)));
        let [object, old_object] = objects;
        Ok(Self::build(fields, object, old_object, namespace, Scrubber::default()))
    }

    fn build(
        mut fields: Map<String, Value>,
        object: Option<Value>,
        old_object: Option<Value>,
        namespace: Option<Value>,
        mut scrubber: Scrubber,
    ) -> Self {
        for (field, object) in [("object", object), ("oldObject", old_object)] {
            let mut object = object.unwrap_or(Value::Null);
            if is_secret(&object) {
                redact(&mut object, &mut scrubber);
            }
            fields.insert(field.into(), object);
        }
        fields.insert("namespaceObject".into(), namespace.unwrap_or(Value::Null));
        Self { input: Value::Object(fields), scrubber, now: None }
    }

    /// The same with the time that `time.now_ns` is to tell, in nanoseconds since 1970. Without one, a
    /// rule that asks for the time is a violation.
    #[must_use]
    pub fn at(mut self, now_ns: i64) -> Self {
        self.now = Some(now_ns);
        self
    }

    /// What Rego sees as `input.review`.
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// `text` without the values of the Secrets under review.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
    }

    pub(crate) fn scrub_json(&self, value: &Value) -> Value {
        self.scrubber.scrub_json(value)
    }

    pub(crate) fn now(&self) -> Option<i64> {
        self.now
    }

    /// The object and the old object: a constraint applies if it selects either, so that dropping a
    /// label is no way out.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let namespace = self.input.get("namespaceObject").filter(|namespace| !namespace.is_null());
        ["object", "oldObject"]
            .into_iter()
            .filter_map(|field| self.input.get(field).filter(|object| !object.is_null()))
            .map(move |object| Subject { object, namespace })
    }
}

/// The label that the API server gives every Namespace, whatever its manifest says
/// (`SetDefaults_Namespace` in `pkg/apis/core/v1/defaults.go`); most selectors of namespaces ask for it.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn label_by_name(namespace: &mut Value, name: &str) {
    let Some(metadata) = namespace.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut().filter(|_| !name.is_empty()) {
        labels.insert(NAME_LABEL.into(), Value::from(name));
    }
}

/// Gives an object the kind and namespace of its request where it lacks them.
fn complete(mut object: Value, namespace: &str, request: &Map<String, Value>) -> Value {
    let Some(fields) = object.as_object_mut() else { return object };
    let part = |name: &str| request.get("kind").and_then(|kind| kind.get(name)).and_then(Value::as_str);
    if fields.get("kind").and_then(Value::as_str).is_none_or(str::is_empty) {
        let group = part("group").filter(|group| !group.is_empty());
        let version = part("version").unwrap_or_default();
        let api_version = group.map_or_else(|| version.to_owned(), |group| format!("{group}/{version}"));
        fields.insert("apiVersion".into(), Value::from(api_version));
        fields.insert("kind".into(), Value::from(part("kind").unwrap_or_default()));
    }
    let is_namespace = fields.get("kind").and_then(Value::as_str) == Some("Namespace");
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut().filter(|_| !namespace.is_empty() && !is_namespace) {
        metadata.entry("namespace").or_insert_with(|| Value::from(namespace));
    }
    object
}

#[cfg(test)]
mod tests {
    use sealward_diagnostic::Origin;

    use super::*;

    fn manifest(json: Value) -> Manifest {
        Manifest::from_json(&json, &Origin::file("t.yaml")).unwrap()
    }

    fn secret() -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "web"},
            "data": {"password": "c3VwZXItc2VjcmV0LXZhbHVl"}})
    }

    #[test]
    fn lint_and_admission_see_the_same_object() {
        let linted = Review::of_manifest(&manifest(secret()), None);
        let request = json!({"uid": "1", "operation": "CREATE", "name": "s", "namespace": "web",
            "kind": {"group": "", "version": "v1", "kind": "Secret"}, "object": secret(), "userInfo": {"username": "u"}});
        let admitted = Review::of_request(&request, None).unwrap();
        assert_eq!(linted.input()["object"], admitted.input()["object"]);
        assert_eq!(linted.input()["kind"], admitted.input()["kind"]);
        for review in [linted, admitted] {
            let text = review.input().to_string();
            assert!(!text.contains("c3VwZXIt") && !text.contains("super-secret"), "{text}");
            assert_eq!(review.scrub("it is super-secret-value"), "it is [redacted]");
            assert!(!format!("{review:?}").contains("super"));
        }
    }

    #[test]
    fn a_deletion_reviews_the_old_object() {
        let request = json!({"operation": "DELETE", "object": null, "oldObject": secret()});
        let review = Review::of_request(&request, None).unwrap();
        assert_eq!(review.input()["object"]["metadata"]["name"], "s");
        assert!(!review.input().to_string().contains("c3VwZXIt"));
        let nothing = Review::of_request(&json!({"operation": "DELETE", "object": secret()}), None);
        assert_eq!(nothing.unwrap_err(), ReviewError::Missing { field: "oldObject" });
        assert_eq!(
            Review::of_request(&json!({}), None).unwrap_err(),
            ReviewError::Missing { field: "object" }
        );
        assert_eq!(Review::of_request(&json!([]), None).unwrap_err(), ReviewError::NotAnObject);
    }

    #[test]
    fn a_known_namespace_fills_in_for_one_left_out() {
        let namespace =
            manifest(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}));
        let pod = manifest(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}));
        let review = Review::of_manifest(&pod, Some(&namespace));
        assert_eq!(review.input()["namespace"], "web");
        assert_eq!(review.input()["object"]["metadata"]["namespace"], "web");
        assert_eq!(review.input()["namespaceObject"]["metadata"]["name"], "web");
    }

    #[test]
    fn a_namespace_has_the_label_that_the_api_server_gives_it() {
        for labels in
            [json!(null), json!({}), json!({"team": "a"}), json!({"kubernetes.io/metadata.name": "lie"})]
        {
            let namespace = manifest(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "web", "labels": labels}}));
            let pod = manifest(
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "web"}}),
            );
            let inside = Review::of_manifest(&pod, Some(&namespace));
            let itself = Review::of_manifest(&namespace, None);
            assert_eq!(inside.input()["namespaceObject"]["metadata"]["labels"][NAME_LABEL], "web");
            assert_eq!(itself.input()["object"]["metadata"]["labels"][NAME_LABEL], "web");
        }
    }

    #[test]
    fn a_cluster_wide_object_has_no_namespace_whatever_it_says() {
        let role = manifest(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "r", "namespace": "kube-system"}}));
        let review = Review::of_manifest(&role, None);
        assert_eq!(review.input()["namespace"], "");
        assert_eq!(review.input()["object"]["metadata"].get("namespace"), None);
    }

    #[test]
    fn a_request_says_what_its_object_leaves_out() {
        let request = json!({"operation": "CREATE", "namespace": "web",
            "kind": {"group": "", "version": "v1", "kind": "Secret"},
            "object": {"metadata": {"name": "s"}, "stringData": {"k": "super-secret-value"}}});
        let review = Review::of_request(&request, None).unwrap();
        assert_eq!(review.input()["object"]["kind"], "Secret");
        assert_eq!(review.input()["object"]["metadata"]["namespace"], "web");
        assert!(!review.input().to_string().contains("super-secret"));
    }
}
