//! What is known of the cluster, fed by watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealward_guard::{NamespaceState, Trust};
use sealward_manifest::Manifest;
use sealward_policy::CompiledRules;

use crate::renderings::Renderings;

/// What decisions rest on, beside the review. A clone is cheap; whoever changes one swaps it whole.
#[derive(Debug, Clone)]
pub struct World {
    /// The rules in force.
    pub rules: Arc<CompiledRules>,
    /// Who speaks for Git.
    pub trust: Arc<Trust>,
    /// Where in Git each declared object stands.
    pub renderings: Renderings,
    /// The namespaces.
    pub namespaces: Namespaces,
}

/// The known Namespace objects, by name.
#[derive(Debug, Clone, Default)]
pub struct Namespaces {
    all: Arc<BTreeMap<String, Arc<Manifest>>>,
}

impl Namespaces {
    /// Takes `all` in the place of what was known.
    pub fn replace(&mut self, all: impl IntoIterator<Item = Manifest>) {
        self.all =
            Arc::new(all.into_iter().map(|object| (object.name().to_owned(), Arc::new(object))).collect());
    }

    /// Takes in one that is new or has changed.
    pub fn insert(&mut self, object: Manifest) {
        Arc::make_mut(&mut self.all).insert(object.name().to_owned(), Arc::new(object));
    }

    /// Forgets one.
    pub fn remove(&mut self, name: &str) {
        Arc::make_mut(&mut self.all).remove(name);
    }

    /// The one of that name.
    pub fn find(&self, name: &str) -> Option<&Manifest> {
        self.all.get(name).map(AsRef::as_ref)
    }
}

/// Whether `namespace` is being deleted.
pub(crate) fn state(namespace: Option<&Manifest>) -> NamespaceState {
    let Some(namespace) = namespace else {
        return NamespaceState::Unknown;
    };
    let phase = namespace.root().at(&["status", "phase"]).and_then(|node| node.as_str());
    let deleted = namespace.root().at(&["metadata", "deletionTimestamp"]).is_some_and(|node| !node.is_null());
    if deleted || phase == Some("Terminating") { NamespaceState::Terminating } else { NamespaceState::Active }
}
