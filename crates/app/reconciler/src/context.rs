//! What all parts of the reconciler share.

use std::path::PathBuf;
use std::sync::Arc;

use sealward_api::flux::{self, KustomizationSpec};
use sealward_chassis::clock;
use sealward_chassis::queue::Queue;
use sealward_cluster::{Cluster, Event, EventKind, Events};
use sealward_manifest::Manifest;

use crate::application::Applications;
use crate::live::Live;
use crate::metrics::ReconcilerMetrics;
use crate::object::{self, Key, Objects};
use crate::rules::Rules;
use crate::source::Sources;

/// What the flags say.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) cache_dir: PathBuf,
    pub(crate) default_service_account: String,
    /// Folders in which local repositories may lie.
    pub(crate) local_repositories: Vec<PathBuf>,
    pub(crate) no_cross_namespace_refs: bool,
    /// Whether a label selector says which objects are ours, so that there may be others.
    pub(crate) is_selective: bool,
}

/// What all parts share.
pub(crate) struct Context {
    /// Our own account: sources, status, events.
    pub(crate) cluster: Cluster,
    pub(crate) events: Events,
    pub(crate) settings: Settings,
    pub(crate) metrics: ReconcilerMetrics,
    pub(crate) repositories: Objects,
    pub(crate) kustomizations: Objects,
    pub(crate) sources: Sources,
    pub(crate) applications: Applications,
    pub(crate) rules: Rules,
    pub(crate) live: Arc<Live>,
    pub(crate) source_queue: Queue<Key>,
    pub(crate) application_queue: Queue<Key>,
}

impl Context {
    /// Has every Kustomization that is built from source `key` looked at.
    pub(crate) fn queue_users_of(&self, key: &Key) {
        let uses = |object: &Manifest| {
            object::read_spec::<KustomizationSpec>(object).is_ok_and(|spec| source_key(object, &spec) == *key)
        };
        self.queue_where(uses);
    }

    /// Has every Kustomization that depends on Kustomization `key` looked at.
    pub(crate) fn queue_dependents_of(&self, key: &Key) {
        let depends = |object: &Manifest| {
            object::read_spec::<KustomizationSpec>(object)
                .is_ok_and(|spec| dependencies(object, &spec).contains(key))
        };
        self.queue_where(depends);
    }

    /// Has every Kustomization looked at.
    pub(crate) fn queue_all(&self) {
        self.queue_where(|_| true);
    }

    fn queue_where(&self, test: impl Fn(&Manifest) -> bool) {
        self.kustomizations.keys_where(test).into_iter().for_each(|key| self.application_queue.add(key));
    }

    /// Tells an event; one that is lost is logged.
    pub(crate) async fn tell(
        &self,
        object: &Manifest,
        kind: EventKind,
        reason: &str,
        action: &str,
        note: &str,
        revision: Option<&str>,
    ) {
        let annotations = revision.map(|revision| (flux::EVENT_REVISION.to_owned(), revision.to_owned()));
        let event = Event {
            kind,
            reason: reason.to_owned(),
            action: action.to_owned(),
            note: note.to_owned(),
            annotations: annotations.into_iter().collect(),
        };
        if let Err(error) = self.events.publish(&event, object, clock::now()).await {
            tracing::warn!(object = %object.id(), %error, "an event was lost");
        }
    }
}

/// The GitRepository that a Kustomization is built from.
pub(crate) fn source_key(object: &Manifest, spec: &KustomizationSpec) -> Key {
    let namespace = spec.source_ref.namespace.clone().filter(|text| !text.is_empty());
    Key {
        namespace: namespace.unwrap_or_else(|| object.namespace().to_owned()),
        name: spec.source_ref.name.clone(),
    }
}

/// The Kustomizations that a Kustomization depends on.
pub(crate) fn dependencies(object: &Manifest, spec: &KustomizationSpec) -> Vec<Key> {
    let key = |dependency: &flux::DependencyReference| Key {
        namespace: dependency
            .namespace
            .clone()
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| object.namespace().to_owned()),
        name: dependency.name.clone(),
    };
    spec.depends_on.iter().map(key).collect()
}
