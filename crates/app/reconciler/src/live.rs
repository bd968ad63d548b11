//! What stands in the cluster of what we applied, kept by watches.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use futures::StreamExt;
use sealward_api::names::{OWNER_NAME_LABEL, RECONCILER_FIELD_MANAGER};
use sealward_cluster::{Change, Cluster, Selector};
use sealward_manifest::{Gvk, Manifest, ObjectId};
use sealward_plan::{Observation, Target};
use tokio::task::AbortHandle;

use crate::context::Context;
use crate::object::Key;

/// Namespace and name of the service account as which objects are applied and watched.
pub(crate) type Account = Key;

/// One watch: the owned objects of a kind in one namespace (`""` for a cluster-scoped kind), with the
/// rights of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) account: Account,
    pub(crate) gvk: Gvk,
    pub(crate) namespace: String,
}

impl Scope {
    /// Where `target` is seen by `account`.
    pub(crate) fn of(account: &Account, target: &Target) -> Self {
        Self { account: account.clone(), gvk: target.gvk.clone(), namespace: target.namespace.clone() }
    }
}

/// What the watches know of an object.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// Nothing: no watch, or one that is broken.
    Unknown,
    /// No object with an owner label stands there.
    Unlabelled,
    /// It stands there like this.
    Observed(Box<Observation>),
}

struct Watch {
    /// Whether what it knows is all there is.
    whole: bool,
    objects: HashMap<String, Observation>,
    users: HashSet<Key>,
    task: AbortHandle,
}

/// All watches.
#[derive(Default)]
pub(crate) struct Live {
    watches: Mutex<HashMap<Scope, Watch>>,
}

impl Live {
    /// What is known of `target`.
    pub(crate) fn see(&self, account: &Account, target: &Target) -> Seen {
        match self.lock().get(&Scope::of(account, target)) {
            Some(watch) if watch.whole => match watch.objects.get(&target.name) {
                Some(observation) => Seen::Observed(Box::new(observation.clone())),
                None => Seen::Unlabelled,
            },
            Some(_) | None => Seen::Unknown,
        }
    }

    /// Takes note of what the server answered to a write of ours, so that the watch need not catch up.
    pub(crate) fn note(&self, account: &Account, target: &Target, observation: &Observation) {
        if let Some(watch) = self.lock().get_mut(&Scope::of(account, target)) {
            let newer = watch.objects.get(&target.name).is_none_or(|known| !observation.is_older_than(known));
            if newer {
                watch.objects.insert(target.name.clone(), observation.clone());
            }
        }
    }

    /// Watches exactly `scopes` for `user`; watches that nobody uses any more end.
    pub(crate) fn follow(
        &self,
        context: &std::sync::Arc<Context>,
        user: &Key,
        cluster: &Cluster,
        scopes: &HashSet<Scope>,
    ) {
        let mut watches = self.lock();
        for scope in scopes {
            let watch = watches.entry(scope.clone()).or_insert_with(|| Watch {
                whole: false,
                objects: HashMap::new(),
                users: HashSet::new(),
                task: tokio::spawn(run(std::sync::Arc::downgrade(context), cluster.clone(), scope.clone()))
                    .abort_handle(),
            });
            watch.users.insert(user.clone());
        }
        watches.retain(|scope, watch| {
            if !scopes.contains(scope) {
                watch.users.remove(user);
            }
            let used = !watch.users.is_empty();
            if !used {
                watch.task.abort();
            }
            used
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a watch told; returns the objects that are to be compared with what was applied.
    fn take(&self, scope: &Scope, change: Change) -> Vec<(Target, Option<Observation>)> {
        let mut watches = self.lock();
        let Some(watch) = watches.get_mut(scope) else { return Vec::new() };
        let observe =
            |object: &Manifest| (object.name().to_owned(), Observation::of(object, RECONCILER_FIELD_MANAGER));
        let target = |name: &str| Target::new(scope.gvk.clone(), &scope.namespace, name);
        match change {
            Change::Listed(objects) => {
                let fresh: HashMap<String, Observation> = objects.iter().map(observe).collect();
                let gone: Vec<String> =
                    watch.objects.keys().filter(|name| !fresh.contains_key(*name)).cloned().collect();
                watch.whole = true;
                watch.objects.clone_from(&fresh);
                let gone = gone.iter().map(|name| (target(name), None));
                fresh.into_iter().map(|(name, seen)| (target(&name), Some(seen))).chain(gone).collect()
            }
            Change::Applied(object) => {
                let (name, seen) = observe(&object);
                if watch.objects.get(&name).is_some_and(|known| seen.is_older_than(known)) {
                    return Vec::new();
                }
                watch.objects.insert(name.clone(), seen.clone());
                vec![(target(&name), Some(seen))]
            }
            Change::Deleted(object) => {
                let (name, seen) = observe(&object);
                // An object of the same name may have been made again meanwhile.
                if watch.objects.get(&name).is_some_and(|known| known.uid != seen.uid) {
                    return Vec::new();
                }
                watch.objects.remove(&name);
                vec![(target(&name), None)]
            }
            Change::Failed(error) => {
                tracing::warn!(kind = %scope.gvk, namespace = scope.namespace, account = %scope.account, %error,
                    "a watch for drift broke");
                watch.whole = false;
                Vec::new()
            }
        }
    }
}

async fn run(context: Weak<Context>, cluster: Cluster, scope: Scope) {
    let namespace = Some(scope.namespace.clone()).filter(|namespace| !namespace.is_empty());
    let mut changes = pin!(cluster.watch(scope.gvk.clone(), namespace, Selector::labels(OWNER_NAME_LABEL)));
    while let Some(change) = changes.next().await {
        let Some(context) = context.upgrade() else { return };
        for (target, seen) in context.live.take(&scope, change) {
            let id: ObjectId = target.id();
            context.applications.compare(&context.application_queue, &id, seen.as_ref());
        }
    }
}
