//! The GitRepositories and Kustomizations that the watch says exist.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealward_api::flux;
use sealward_api::meta::Condition;
use sealward_manifest::document::Node;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::Owner;
use serde_json::Value;

/// Namespace and name.
pub(crate) type Key = Owner;

pub(crate) fn key_of(object: &Manifest) -> Key {
    Key { namespace: object.namespace().to_owned(), name: object.name().to_owned() }
}

pub(crate) fn git_repository() -> Gvk {
    Gvk::new(flux::SOURCE_GROUP, flux::VERSION, flux::GIT_REPOSITORY)
}

pub(crate) fn kustomization() -> Gvk {
    Gvk::new(flux::KUSTOMIZE_GROUP, flux::VERSION, flux::KUSTOMIZATION)
}

/// Objects of one kind by name.
#[derive(Default)]
pub(crate) struct Objects {
    known: Mutex<HashMap<Key, Manifest>>,
}

impl Objects {
    pub(crate) fn get(&self, key: &Key) -> Option<Manifest> {
        self.lock().get(key).cloned()
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.lock().contains_key(key)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        self.lock().keys().cloned().collect()
    }

    /// The keys of the objects for which `test` holds.
    pub(crate) fn keys_where(&self, test: impl Fn(&Manifest) -> bool) -> Vec<Key> {
        self.lock().iter().filter(|(_, object)| test(object)).map(|(key, _)| key.clone()).collect()
    }

    /// Puts `object` in; whether it asks for something that the old one did not.
    pub(crate) fn put(&self, object: Manifest) -> bool {
        let old = self.lock().insert(key_of(&object), object.clone());
        old.is_none_or(|old| asks_for_more(&old, &object))
    }

    pub(crate) fn remove(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Manifest>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `new` says something that `old` did not; what we write into the status does not count.
fn asks_for_more(old: &Manifest, new: &Manifest) -> bool {
    let same = |path: &[&str]| old.root().at(path) == new.root().at(path);
    !(same(&["spec"])
        && same(&["metadata", "uid"])
        && same(&["metadata", "annotations"])
        && same(&["metadata", "deletionTimestamp"]))
}

/// `metadata.generation`.
pub(crate) fn generation(object: &Manifest) -> i64 {
    object
        .root()
        .at(&["metadata", "generation"])
        .and_then(|node| node.to_json_redacted().as_i64())
        .unwrap_or_default()
}

/// Whether it is being deleted.
pub(crate) fn is_deleting(object: &Manifest) -> bool {
    object.root().at(&["metadata", "deletionTimestamp"]).is_some()
}

/// Its `spec` as JSON.
pub(crate) fn spec(object: &Manifest) -> Value {
    object.root().get("spec").map_or(Value::Null, Node::to_json_redacted)
}

/// Its `status` as JSON.
pub(crate) fn status(object: &Manifest) -> Value {
    object.root().get("status").map_or(Value::Null, Node::to_json_redacted)
}

/// The conditions in its status.
pub(crate) fn conditions(object: &Manifest) -> Vec<Condition> {
    let list = status(object).get("conditions").cloned().unwrap_or(Value::Null);
    let list = list.as_array().cloned().unwrap_or_default();
    list.into_iter().filter_map(|condition| serde_json::from_value(condition).ok()).collect()
}

/// Whether its Ready condition says this already.
pub(crate) fn says(object: &Manifest, reason: &str, message: &str) -> bool {
    let conditions = conditions(object);
    let ready = conditions.iter().find(|condition| condition.kind == flux::condition::READY);
    ready.is_some_and(|ready| ready.reason == reason && ready.message == message)
}

/// The value of the annotation that asks for a reconcile now.
pub(crate) fn requested_at(object: &Manifest) -> Option<&str> {
    object.annotation(flux::REQUESTED_AT)
}

/// What a spec that cannot be read lacks, in one sentence.
pub(crate) fn read_spec<S: serde::de::DeserializeOwned>(object: &Manifest) -> Result<S, String> {
    serde_json::from_value(spec(object)).map_err(|error| format!("spec cannot be read: {error}"))
}
