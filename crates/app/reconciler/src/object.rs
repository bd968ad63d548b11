//! The GitRepositories and Kustomizations that the watch says exist.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealward_api::flux;
use sealward_api::meta::Condition;
use sealward_manifest::document::Node;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::{Inventory, Owner};
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
    /// The ones that exist, but are somebody else's to work on.
    others: Mutex<HashSet<Key>>,
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
        self.others().remove(&key_of(&object));
        let old = self.lock().insert(key_of(&object), object.clone());
        old.is_none_or(|old| asks_for_more(&old, &object))
    }

    /// Takes in what the server answered to a write of ours. An answer that asks for something new is
    /// left to the watch, which then has it looked at.
    pub(crate) fn wrote(&self, object: &Manifest) {
        let version = |object: &Manifest| object.resource_version().parse::<u128>().ok();
        if let Some(old) = self.lock().get_mut(&key_of(object))
            && !asks_for_more(old, object)
            && version(old) < version(object)
        {
            *old = object.clone();
        }
    }

    /// Forgets the object of `key`: it is gone.
    pub(crate) fn remove(&self, key: &Key) {
        self.lock().remove(key);
        self.others().remove(key);
    }

    /// Forgets the object of `key`, because somebody else works on it.
    pub(crate) fn leave(&self, key: Key) {
        self.lock().remove(&key);
        self.others().insert(key);
    }

    /// The objects of exactly these keys are the ones that somebody else works on.
    pub(crate) fn leave_exactly(&self, keys: HashSet<Key>) {
        self.lock().retain(|key, _| !keys.contains(key));
        *self.others() = keys;
    }

    /// Whether there is one that somebody else works on.
    pub(crate) fn is_left(&self, key: &Key) -> bool {
        self.others().contains(key)
    }

    fn others(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The inventory that its status remembers: a hint of where to look.
pub(crate) fn inventory(object: &Manifest) -> Inventory {
    let entries = status(object).pointer("/inventory/entries").cloned();
    let entries = entries.and_then(|entries| serde_json::from_value::<Vec<_>>(entries).ok());
    Inventory::read(&entries.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(version: &str, path: &str, reason: &str) -> Manifest {
        let json = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": version},
            "spec": {"path": path}, "status": {"reason": reason}});
        sealward_plan::live(&json).unwrap()
    }

    fn check(wrote: &Manifest, expect: &str) {
        let objects = Objects::default();
        objects.put(object("9", "app", "Old"));
        objects.wrote(wrote);
        let known = objects.get(&key_of(wrote)).unwrap();
        assert_eq!(status(&known)["reason"], expect);
        // Whatever we wrote, the watch still has the next change looked at.
        assert!(objects.put(object("11", "other", "New")));
    }

    #[test]
    fn answers_to_writes_are_known_at_once() {
        check(&object("10", "app", "New"), "New");
        check(&object("8", "app", "New"), "Old");
        check(&object("10", "other", "New"), "Old");
    }

    #[test]
    fn what_was_left_is_not_known_until_it_is_put_in_again() {
        let objects = Objects::default();
        let one = object("9", "app", "");
        objects.put(one.clone());
        objects.leave(key_of(&one));
        assert!(objects.is_left(&key_of(&one)) && !objects.has(&key_of(&one)));
        objects.put(one.clone());
        assert!(!objects.is_left(&key_of(&one)) && objects.has(&key_of(&one)));
    }
}
