//! Actions as requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::Request;
use sealward_manifest::Manifest;
use sealward_plan::{Action, Propagation};
use serde_json::Value;

use crate::error::ActionError;

/// What a request led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The object as it stands now; after a delete, one that waits for its finalizers.
    Object(Manifest),
    /// It is gone.
    Gone,
}

impl Outcome {
    /// The object, unless it is gone.
    pub fn object(&self) -> Option<&Manifest> {
        match self {
            Self::Object(object) => Some(object),
            Self::Gone => None,
        }
    }
}

type HttpRequest = http::Request<Vec<u8>>;

/// The request of `action` below `url` (the collection's path).
pub(crate) fn build(action: &Action, url: &str) -> Result<HttpRequest, ActionError> {
    let request = Request::new(url);
    let built = match action {
        Action::Create { object, manager } => request.create(&post(manager), body(object)?),
        Action::Update { object, manager } => {
            if object.uid().is_empty() || object.resource_version().is_empty() {
                let message = "an update needs the UID and resourceVersion that were read";
                return Err(failed(action, message));
            }
            request.replace(object.name(), &post(manager), body(object)?)
        }
        Action::Apply { object, manager, force, dry_run } => {
            let mut params = PatchParams::apply(manager).validation_strict();
            params.force = *force;
            params.dry_run = *dry_run;
            request.patch(object.name(), &params, &Patch::Apply(declaration(object)))
        }
        Action::Delete { target, uid, resource_version, propagation } => {
            if uid.is_empty() {
                return Err(failed(action, "a delete needs the UID of the object that was looked at"));
            }
            request.delete(&target.name, &delete(uid, resource_version.as_deref(), *propagation))
        }
        Action::Patch { target, patch, manager } => {
            request.patch(&target.name, &patch_params(manager), &Patch::Merge(patch))
        }
        Action::ReplaceStatus { object, manager } => {
            request.replace_subresource("status", object.name(), &post(manager), body(object)?)
        }
        Action::PatchStatus { target, patch, manager } => {
            request.patch_subresource("status", &target.name, &patch_params(manager), &Patch::Merge(patch))
        }
    };
    built.map_err(|error| failed(action, &error.to_string()))
}

fn failed(action: &Action, message: &str) -> ActionError {
    ActionError::malformed(action.verb(), action.target().to_string(), message)
}

fn post(manager: &str) -> PostParams {
    PostParams { dry_run: false, field_manager: Some(manager.to_owned()) }
}

fn patch_params(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() }
}

fn delete(uid: &str, resource_version: Option<&str>, propagation: Propagation) -> DeleteParams {
    let policy = match propagation {
        Propagation::Background => PropagationPolicy::Background,
        Propagation::Foreground => PropagationPolicy::Foreground,
        Propagation::Orphan => PropagationPolicy::Orphan,
    };
    let preconditions =
        Preconditions { uid: Some(uid.to_owned()), resource_version: resource_version.map(str::to_owned) };
    DeleteParams {
        propagation_policy: Some(policy),
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    }
}

/// What an apply declares. A Secret's `stringData` is written as the `data` that the server makes of it:
/// the server keeps no record of who declared `stringData`, so a key could never be taken away again.
fn declaration(object: &Manifest) -> Value {
    let mut json = object.root().expose_json();
    if let (true, Some(fields)) = (object.is_secret(), json.as_object_mut())
        && let Some(Value::Object(texts)) = fields.remove("stringData")
    {
        let data = fields.entry("data").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(data) = data.as_object_mut() {
            data.extend(texts.into_iter().map(|(key, text)| (key, encoded(text))));
        }
    }
    json
}

fn encoded(text: Value) -> Value {
    match text {
        Value::String(text) => Value::String(STANDARD.encode(text)),
        // No text: the server says what is wrong with it.
        other => other,
    }
}

fn body(object: &Manifest) -> Result<Vec<u8>, ActionError> {
    serde_json::to_vec(&object.root().expose_json())
        .map_err(|_| ActionError::malformed("write", object.id().to_string(), "the object is no JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn string_data_is_declared_as_data() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"a": "eA==", "b": "eA=="}, "stringData": {"b": "y"}});
        let declared = declaration(&sealward_plan::live(&secret).unwrap());
        assert_eq!(declared["data"], json!({"a": "eA==", "b": "eQ=="}));
        assert_eq!(declared.get("stringData"), None);
    }

    #[test]
    fn preconditions_are_not_left_out() {
        let object =
            sealward_plan::live(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
        let update = Action::Update { object: object.unwrap(), manager: "m".into() };
        assert!(build(&update, "/api/v1/namespaces/x/configmaps").is_err());
        let target = sealward_plan::Target::new(sealward_manifest::Gvk::new("", "v1", "ConfigMap"), "x", "a");
        let delete = Action::Delete {
            target,
            uid: String::new(),
            resource_version: None,
            propagation: Propagation::Background,
        };
        assert!(build(&delete, "/api/v1/namespaces/x/configmaps").is_err());
    }
}
