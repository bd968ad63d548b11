//! What the cluster holds, as the watches tell it, and what was made of it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealward_cluster::Metadata;
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;
use tokio::time::Instant;

/// Namespace and name of a SealedSecret, and of its Secret.
pub(crate) type Key = (String, String);

/// The SealedSecrets and what is known about their Secrets.
#[derive(Debug, Default)]
pub(crate) struct Store {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// UIDs of SealedSecrets that were deleted, where their Secrets are ours to delete.
    deleted: HashMap<Key, String>,
    /// Where Secrets are watched, `None` for everywhere.
    watched: HashSet<Option<String>>,
    /// Counts the changes of the keys.
    keys: u64,
}

/// One SealedSecret.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) object: Arc<Manifest>,
    pub(crate) seen: Seen,
    pub(crate) done: Option<Done>,
    /// When its Secret was restored lately.
    pub(crate) heals: VecDeque<Instant>,
    /// The failure that an event told last, and when.
    pub(crate) told: Option<(String, Instant)>,
    /// Whether the status may say something else than `done`: the last pass failed, or could not be told.
    pub(crate) unsettled: bool,
}

/// What the watch says of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing yet.
    Unknown,
    /// It stands there.
    There(Version),
    /// It is gone, since this resourceVersion where that is known.
    Gone(Option<String>),
}

/// One state of one Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) uid: String,
    pub(crate) resource_version: String,
}

/// A pass that ended well.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    said: Said,
    /// The Secret as it was left; `None` when it is left missing.
    version: Option<Version>,
    keys: u64,
    /// Whether the Secret is somebody else's, to which items are only added.
    pub(crate) only_added: bool,
}

/// What of a SealedSecret asks for work when it changes.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    uid: String,
    generation: Option<Node>,
    annotations: Option<Node>,
}

/// What is left to do about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing changed since the last pass.
    Nothing,
    /// Only the keys did, or the status is behind.
    Opening,
    /// All of it.
    Everything,
}

impl Said {
    fn of(object: &Manifest) -> Self {
        let at = |field: &str| object.root().at(&["metadata", field]).cloned();
        Self { uid: object.uid().to_owned(), generation: at("generation"), annotations: at("annotations") }
    }
}

impl Version {
    /// The version in which `secret` was read.
    pub(crate) fn of(secret: &Manifest) -> Self {
        Self { uid: secret.uid().to_owned(), resource_version: secret.resource_version().to_owned() }
    }
}

impl Done {
    /// A pass over the SealedSecret of `entry` that left its Secret in `version`.
    pub(crate) fn new(work: &Work, version: Option<Version>, only_added: bool) -> Self {
        Self { said: Said::of(&work.entry.object), version, keys: work.keys, only_added }
    }

    /// The same, under the keys of `work`.
    pub(crate) fn with_keys_of(&self, work: &Work) -> Self {
        Self { keys: work.keys, ..self.clone() }
    }

    /// Whether it was about what `object` says.
    pub(crate) fn is_about(&self, object: &Manifest) -> bool {
        self.said == Said::of(object)
    }

    /// Whether it was about this generation of `object`, whatever its annotations say now.
    pub(crate) fn is_about_generation(&self, object: &Manifest) -> bool {
        let said = Said::of(object);
        (&self.said.uid, &self.said.generation) == (&said.uid, &said.generation)
    }

    /// Whether `seen` is the Secret as it was left, or an earlier state of it.
    fn agrees_with(&self, seen: &Seen) -> bool {
        match (seen, &self.version) {
            (Seen::Unknown, _) | (Seen::Gone(_), None) => true,
            (Seen::There(_), None) | (Seen::Gone(None), Some(_)) => false,
            (Seen::There(seen), Some(left)) => {
                seen == left || is_older(&seen.resource_version, &left.resource_version)
            }
            (Seen::Gone(Some(seen)), Some(left)) => is_older(seen, &left.resource_version),
        }
    }
}

/// resourceVersions are numbers that grow (KEP-5504); what is none is not known to be older.
fn is_older(one: &str, other: &str) -> bool {
    matches!((one.parse::<u128>(), other.parse::<u128>()), (Ok(one), Ok(other)) if one < other)
}

/// One entry, taken for a pass.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) entry: Entry,
    pub(crate) left: Left,
    keys: u64,
}

impl Store {
    /// The entry of `key`, and what is left to do about it.
    pub(crate) fn work(&self, key: &Key) -> Option<Work> {
        let state = self.lock();
        let entry = state.entries.get(key)?.clone();
        let watched = state.is_watched(&key.0);
        let left = match &entry.done {
            Some(done) if watched && done.is_about(&entry.object) && done.agrees_with(&entry.seen) => {
                if done.keys == state.keys && !entry.unsettled { Left::Nothing } else { Left::Opening }
            }
            Some(_) | None => Left::Everything,
        };
        Some(Work { left, keys: state.keys, entry })
    }

    /// Takes in a SealedSecret; whether it says what it did not say before.
    pub(crate) fn put(&self, object: Manifest) -> bool {
        let mut state = self.lock();
        let object = Arc::new(object);
        let key = key_of(&object);
        match state.entries.get_mut(&key) {
            Some(entry) => {
                let changed = Said::of(&entry.object) != Said::of(&object);
                entry.object = object;
                changed
            }
            None => {
                let entry = Entry {
                    object,
                    seen: Seen::Unknown,
                    done: None,
                    heals: VecDeque::new(),
                    told: None,
                    unsettled: false,
                };
                state.entries.insert(key, entry);
                true
            }
        }
    }

    /// Forgets a SealedSecret. `remember` keeps its UID for [`Store::deleted`].
    pub(crate) fn remove(&self, object: &Manifest, remember: bool) {
        let mut state = self.lock();
        let key = key_of(object);
        state.entries.remove(&key);
        if remember {
            state.deleted.insert(key, object.uid().to_owned());
        }
    }

    /// Takes in that `objects` are all SealedSecrets of `scope`; those that are no more.
    pub(crate) fn replace(&self, scope: Option<&str>, objects: Vec<Manifest>) -> Vec<Key> {
        let known: HashSet<Key> = objects.iter().map(key_of).collect();
        let gone: Vec<Key> = self.keys(scope).into_iter().filter(|key| !known.contains(key)).collect();
        let mut state = self.lock();
        gone.iter().for_each(|key| drop(state.entries.remove(key)));
        drop(state);
        for object in objects {
            self.put(object);
        }
        gone
    }

    /// The UID of a SealedSecret of `key` that was deleted.
    pub(crate) fn deleted(&self, key: &Key) -> Option<String> {
        self.lock().deleted.get(key).cloned()
    }

    /// Forgets that UID: it is dealt with.
    pub(crate) fn forget_deleted(&self, key: &Key) {
        self.lock().deleted.remove(key);
    }

    /// Takes in what the watch saw of a Secret; whether that asks for a pass.
    pub(crate) fn saw(&self, secret: &Metadata, is_there: bool) -> Option<Key> {
        let key = (secret.namespace.clone(), secret.name.clone());
        let version = secret.resource_version.clone();
        let seen = if is_there {
            Seen::There(Version { uid: secret.uid.clone(), resource_version: version })
        } else {
            Seen::Gone(Some(version))
        };
        let mut state = self.lock();
        let entry = state.entries.get_mut(&key)?;
        entry.seen = seen;
        let at_rest = entry.done.as_ref().is_some_and(|done| done.agrees_with(&entry.seen));
        (!at_rest).then_some(key)
    }

    /// Takes in that the Secrets of `scope` are watched from now on and are `there`; whatever else was
    /// thought to stand there is gone. What asks for a pass.
    pub(crate) fn watched(&self, scope: Option<&str>, there: &HashSet<Key>) -> Vec<Key> {
        let mut state = self.lock();
        state.watched.insert(scope.map(str::to_owned));
        let mut missing = Vec::new();
        for (key, entry) in &mut state.entries {
            let in_scope = scope.is_none_or(|scope| scope == key.0);
            let is_missed = entry.done.as_ref().is_some_and(|done| done.version.is_some());
            if in_scope && !there.contains(key) && (is_missed || matches!(entry.seen, Seen::There(_))) {
                entry.seen = Seen::Gone(None);
                missing.push(key.clone());
            }
        }
        missing
    }

    /// Takes in that the Secrets of `scope` are not watched.
    pub(crate) fn unwatched(&self, scope: Option<&str>) {
        self.lock().watched.remove(&scope.map(str::to_owned));
    }

    /// Whether the Secrets of `namespace` are watched.
    pub(crate) fn is_watched(&self, namespace: &str) -> bool {
        self.lock().is_watched(namespace)
    }

    /// Takes in that the keys open other values than before.
    pub(crate) fn keys_changed(&self) {
        self.lock().keys += 1;
    }

    /// The SealedSecrets of `scope`.
    pub(crate) fn keys(&self, scope: Option<&str>) -> Vec<Key> {
        let state = self.lock();
        let in_scope = |key: &&Key| scope.is_none_or(|scope| scope == key.0);
        state.entries.keys().filter(in_scope).cloned().collect()
    }

    /// Changes what is remembered about `key`, if it is still the SealedSecret of UID `uid`.
    pub(crate) fn remember(&self, key: &Key, uid: &str, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().entries.get_mut(key).filter(|entry| entry.object.uid() == uid) {
            change(entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_watched(&self, namespace: &str) -> bool {
        self.watched.contains(&None) || self.watched.contains(&Some(namespace.to_owned()))
    }
}

pub(crate) fn key_of(object: &Manifest) -> Key {
    (object.namespace().to_owned(), object.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sealed(generation: u32, annotation: &str) -> Manifest {
        let object = json!({
            "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
            "metadata": {"name": "n", "namespace": "ns", "uid": "u", "generation": generation, "annotations": {"a": annotation}},
            "spec": {"encryptedData": {}},
        });
        sealward_plan::live(&object).unwrap()
    }

    fn key() -> Key {
        ("ns".to_owned(), "n".to_owned())
    }

    fn secret(version: &str) -> Metadata {
        Metadata {
            namespace: "ns".into(),
            name: "n".into(),
            uid: "s".into(),
            resource_version: version.into(),
        }
    }

    /// A store whose SealedSecret was dealt with when its Secret was at version 10.
    fn done() -> Store {
        let store = Store::default();
        assert!(store.put(sealed(1, "x")));
        store.watched(None, &HashSet::new());
        finish(&store, Some("10"));
        store
    }

    fn finish(store: &Store, version: Option<&str>) {
        let work = store.work(&key()).unwrap();
        let version = version.map(|version| Version { uid: "s".into(), resource_version: version.into() });
        let done = Done::new(&work, version, false);
        store.remember(&key(), "u", |entry| entry.done = Some(done));
    }

    fn left(store: &Store) -> Left {
        store.work(&key()).unwrap().left
    }

    #[test]
    fn what_was_dealt_with_rests_until_something_changes() {
        let store = done();
        assert_eq!(left(&store), Left::Nothing);
        assert!(!store.put(sealed(1, "x")), "a status, say");
        assert_eq!(left(&store), Left::Nothing);
        store.keys_changed();
        assert_eq!(left(&store), Left::Opening);
        assert!(store.put(sealed(1, "y")));
        assert_eq!(left(&store), Left::Everything);
        let store = done();
        assert!(store.put(sealed(2, "x")));
        assert_eq!(left(&store), Left::Everything);
        let store = done();
        store.unwatched(None);
        assert_eq!(left(&store), Left::Everything, "nobody says whether the Secret changed");
    }

    #[test]
    fn what_failed_or_was_not_told_is_looked_at_once_more() {
        let store = done();
        // An annotation under which it does not open comes and goes: the status still says that it failed.
        assert!(store.put(sealed(1, "y")));
        store.remember(&key(), "u", |entry| entry.unsettled = true);
        assert!(store.put(sealed(1, "x")));
        assert_eq!(left(&store), Left::Opening);
        store.remember(&key(), "u", |entry| entry.unsettled = false);
        assert_eq!(left(&store), Left::Nothing);
    }

    #[test]
    fn a_secret_asks_for_work_when_it_is_not_as_it_was_left() {
        let check = |version: &str, is_there: bool, expect: Left| {
            let store = done();
            assert_eq!(store.saw(&secret(version), is_there).is_some(), expect == Left::Everything);
            assert_eq!(left(&store), expect, "{version} {is_there}");
        };
        check("10", true, Left::Nothing);
        check("9", true, Left::Nothing);
        check("11", true, Left::Everything);
        check("11", false, Left::Everything);
        check("8", false, Left::Nothing);
        check("odd", true, Left::Everything);
        let store = done();
        assert_eq!(store.watched(None, &HashSet::new()), [key()]);
        assert_eq!(left(&store), Left::Everything);
        finish(&store, None);
        assert_eq!(left(&store), Left::Nothing, "left missing on purpose");
    }

    #[test]
    fn a_list_of_one_namespace_leaves_the_others_alone() {
        let store = done();
        assert_eq!(store.replace(Some("elsewhere"), Vec::new()), Vec::<Key>::new());
        assert_eq!(left(&store), Left::Nothing);
        assert_eq!(store.replace(Some("ns"), Vec::new()), [key()]);
        assert!(store.work(&key()).is_none());
    }
}
