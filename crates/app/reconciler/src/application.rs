//! What is known of each Kustomization's applied objects, and whose each object is.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealward_api::rendering::RenderingSpec;
use sealward_chassis::queue::Queue;
use sealward_manifest::{Manifest, ObjectId};
use sealward_plan::{Health, Inventory, Observation};
use tokio::time::Instant;

use crate::live::Account;
use crate::object::Key;

/// As many heals of one object within a minute are a fight (Config Sync counts alike).
const FIGHT: usize = 6;
const FIGHT_WINDOW: Duration = Duration::from_secs(60);
const FIGHT_PAUSE: Duration = Duration::from_secs(30);

/// An object as we applied it and as the server gave it back.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) desired: Manifest,
    pub(crate) result: Observation,
    /// Whether a watch has seen it changed since; what else comes before the heal is the same drift.
    pub(crate) drifted: bool,
}

/// What is known of one Kustomization since the process began.
#[derive(Default)]
pub(crate) struct Application {
    pub(crate) applied: HashMap<ObjectId, Applied>,
    /// What was applied, for pruning; joined with what the status remembers.
    pub(crate) inventory: Inventory,
    /// Generation and revision at which it was ready.
    pub(crate) ready: Option<(i64, String)>,
    /// Generation, revision and time since which health is awaited.
    pub(crate) waiting: Option<(i64, String, Instant)>,
    /// What its last rendering declared; `None` before the first.
    pub(crate) declared: Option<HashSet<ObjectId>>,
    /// The Rendering that was written last.
    pub(crate) published: Option<RenderingSpec>,
    /// As whom its objects were applied.
    pub(crate) account: Option<Account>,
    heals: HashMap<ObjectId, VecDeque<Instant>>,
}

impl Application {
    /// How long health has been awaited of `revision` at `generation`; another one begins anew.
    pub(crate) fn waited(&mut self, generation: i64, revision: &str) -> Duration {
        let now = Instant::now();
        let same = self.waiting.as_ref().filter(|(g, r, _)| *g == generation && r == revision);
        let since = same.map_or(now, |(.., since)| *since);
        self.waiting = Some((generation, revision.to_owned(), since));
        now - since
    }
}

/// All Kustomizations.
#[derive(Default)]
pub(crate) struct Applications {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashMap<Key, Application>,
    owners: HashMap<ObjectId, Key>,
}

impl Applications {
    /// Reads or changes what is known of `key`.
    pub(crate) fn with<T>(&self, key: &Key, change: impl FnOnce(&mut Application) -> T) -> T {
        change(self.lock().known.entry(key.clone()).or_default())
    }

    /// Forgets `key` and what it owned.
    pub(crate) fn forget(&self, key: &Key) {
        let mut state = self.lock();
        state.known.remove(key);
        state.owners.retain(|_, owner| owner != key);
    }

    /// Takes note that `key` applied `id`, which makes it the owner. Declaring an object makes nobody its
    /// owner: whoever has no right to apply it would keep it from those who have.
    pub(crate) fn own(&self, key: &Key, id: &ObjectId, applied: Applied) {
        let mut state = self.lock();
        state.owners.insert(id.clone(), key.clone());
        state.known.entry(key.clone()).or_default().applied.insert(id.clone(), applied);
    }

    /// Lets go of what `key` owns beyond `ids`.
    pub(crate) fn keep_only(&self, key: &Key, ids: &HashSet<ObjectId>) {
        self.lock().owners.retain(|id, owner| owner != key || ids.contains(id));
    }

    /// The objects among `ids` that another Kustomization owns, with its name.
    pub(crate) fn owned_by_others(&self, key: &Key, ids: &HashSet<ObjectId>) -> Vec<(ObjectId, Key)> {
        let state = self.lock();
        let others = state.owners.iter().filter(|(id, owner)| *owner != key && ids.contains(id));
        let mut others: Vec<_> = others.map(|(id, owner)| (id.clone(), owner.clone())).collect();
        others.sort();
        others
    }

    /// Whether the last rendering of `key` declared `id`; `None` before its first.
    pub(crate) fn declares(&self, key: &Key, id: &ObjectId) -> Option<bool> {
        let state = self.lock();
        let declared = state.known.get(key)?.declared.as_ref()?;
        Some(declared.contains(id))
    }

    /// The Kustomization other than `key` whose last rendering declared `id`. One in another namespace
    /// does not count: to declare an object takes no right, and would keep it from being pruned.
    pub(crate) fn wanted_by_another(&self, key: &Key, id: &ObjectId) -> Option<Key> {
        let state = self.lock();
        let wants = |application: &Application| {
            application.declared.as_ref().is_some_and(|declared| declared.contains(id))
        };
        state
            .known
            .iter()
            .find(|(other, application)| {
                *other != key && other.namespace == key.namespace && wants(application)
            })
            .map(|(other, _)| other.clone())
    }

    /// Compares what a watch saw with what was applied, and has the owner looked at when they differ, or
    /// when it waits for this object's health.
    pub(crate) fn compare(&self, queue: &Queue<Key>, id: &ObjectId, seen: Option<&Observation>) {
        let mut state = self.lock();
        let Some(owner) = state.owners.get(id).cloned() else { return };
        let Some(application) = state.known.get_mut(&owner) else { return };
        let Some(applied) = application.applied.get_mut(id) else { return };
        let untouched = seen.is_some_and(|seen| {
            seen.reconcile_disabled
                || seen.is_older_than(&applied.result)
                || seen.agrees_with(&applied.result)
        });
        if !untouched {
            if std::mem::replace(&mut applied.drifted, true) {
                return;
            }
            let pause = pause_before_heal(application.heals.entry(id.clone()).or_default());
            tracing::info!(object = %id, kustomization = %owner, pause = pause.as_secs(), "drift seen");
            queue.add_after(owner, pause);
        } else if application.waiting.is_some()
            && seen.is_some_and(|seen| matches!(seen.health, Health::Current | Health::Failed(_)))
        {
            queue.add(owner);
        }
    }

    /// Takes note that an object of `key` had to be healed.
    pub(crate) fn healed(&self, key: &Key, id: &ObjectId) {
        self.with(key, |known| {
            let times = known.heals.entry(id.clone()).or_default();
            expire(times);
            times.push_back(Instant::now());
        });
    }

    /// Whether objects of `key` are changed again and again by somebody else.
    pub(crate) fn contended(&self, key: &Key) -> Vec<ObjectId> {
        let mut state = self.lock();
        let Some(application) = state.known.get_mut(key) else { return Vec::new() };
        application.heals.retain(|_, times| {
            expire(times);
            !times.is_empty()
        });
        let fights = application.heals.iter().filter(|(_, times)| times.len() >= FIGHT);
        fights.map(|(id, _)| id.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expire(times: &mut VecDeque<Instant>) {
    while times.front().is_some_and(|time| time.elapsed() > FIGHT_WINDOW) {
        times.pop_front();
    }
}

/// How long to wait before the next heal: nothing, unless somebody fights us for the object.
fn pause_before_heal(times: &mut VecDeque<Instant>) -> Duration {
    expire(times);
    if times.len() >= FIGHT { FIGHT_PAUSE } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ObjectId {
        ObjectId { group: String::new(), kind: "ConfigMap".into(), namespace: "a".into(), name: name.into() }
    }

    fn key(name: &str) -> Key {
        Key { namespace: "flux".into(), name: name.into() }
    }

    #[test]
    fn an_object_has_one_owner_until_it_is_let_go() {
        let all = Applications::default();
        let ids = |names: &[&str]| names.iter().map(|name| id(name)).collect::<HashSet<_>>();
        let check = |name: &str, names: &[&str], expect: &[(ObjectId, Key)]| {
            assert_eq!(all.owned_by_others(&key(name), &ids(names)), expect);
        };
        // To declare is not to own.
        all.with(&key("one"), |known| known.declared = Some(ids(&["x", "y"])));
        check("two", &["x", "y"], &[]);
        all.own(&key("one"), &id("y"), applied("y"));
        check("one", &["x", "y"], &[]);
        check("two", &["y", "z"], &[(id("y"), key("one"))]);
        all.keep_only(&key("one"), &ids(&["x"]));
        check("two", &["y", "z"], &[]);
        all.own(&key("one"), &id("y"), applied("y"));
        all.forget(&key("one"));
        check("two", &["y", "z"], &[]);
    }

    #[test]
    fn objects_are_handed_over_within_a_namespace_only() {
        let all = Applications::default();
        let elsewhere = Key { namespace: "elsewhere".into(), name: "thief".into() };
        all.with(&elsewhere, |known| known.declared = Some([id("x")].into()));
        assert_eq!(all.wanted_by_another(&key("one"), &id("x")), None);
        all.with(&key("two"), |known| known.declared = Some([id("x")].into()));
        assert_eq!(all.wanted_by_another(&key("one"), &id("x")), Some(key("two")));
        assert_eq!(all.wanted_by_another(&key("two"), &id("x")), None);
    }

    fn applied(name: &str) -> Applied {
        let json = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let desired = sealward_plan::live(&json).unwrap();
        Applied { result: Observation::of(&desired, "us"), desired, drifted: false }
    }

    #[tokio::test(start_paused = true)]
    async fn every_generation_and_revision_is_awaited_anew() {
        let mut known = Application::default();
        let second = Duration::from_secs(1);
        assert_eq!(known.waited(1, "a"), Duration::ZERO);
        tokio::time::advance(second).await;
        assert_eq!(known.waited(1, "a"), second);
        tokio::time::advance(second).await;
        assert_eq!(known.waited(1, "a"), second * 2);
        assert_eq!(known.waited(1, "b"), Duration::ZERO);
        tokio::time::advance(second).await;
        assert_eq!(known.waited(2, "b"), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fight_is_slowed_down_and_ends() {
        let mut times = VecDeque::new();
        for _ in 0..FIGHT {
            assert_eq!(pause_before_heal(&mut times), Duration::ZERO);
            times.push_back(Instant::now());
        }
        assert_eq!(pause_before_heal(&mut times), FIGHT_PAUSE);
        tokio::time::advance(FIGHT_WINDOW + Duration::from_secs(1)).await;
        assert_eq!(pause_before_heal(&mut times), Duration::ZERO);
    }
}
