//! What is to be done to a cluster, as values. `cluster` is their only executor.

use std::fmt;

use sealward_manifest::{Gvk, Manifest, ObjectId};

/// One object, in the version in which it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Group, version, kind.
    pub gvk: Gvk,
    /// Namespace, `""` for a cluster-scoped kind.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Target {
    /// The object of `gvk` named `name` in `namespace` (`""` for a cluster-scoped kind).
    pub fn new(gvk: Gvk, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { gvk, namespace: namespace.into(), name: name.into() }
    }

    /// The object that `manifest` speaks of.
    pub fn of(manifest: &Manifest) -> Self {
        Self::new(manifest.gvk().clone(), manifest.namespace(), manifest.name())
    }

    /// Its identity, without the version.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            group: self.gvk.group.clone(),
            kind: self.gvk.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}

/// What happens to the objects that a deleted object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They go later; the owner goes at once.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// One request that changes a cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// POST; fails when the object exists.
    Create {
        /// The whole object.
        object: Manifest,
        /// Field manager to record.
        manager: String,
    },
    /// PUT of an object that carries the `metadata.uid` and `metadata.resourceVersion` it was read
    /// with; refused by the executor when one of them is missing, by the server when they are stale.
    Update {
        /// The whole object.
        object: Manifest,
        /// Field manager to record.
        manager: String,
    },
    /// Server-side apply with strict field validation.
    Apply {
        /// The fields that the manager declares.
        object: Manifest,
        /// Field manager that declares them.
        manager: String,
        /// Whether fields of other managers are taken over.
        force: bool,
        /// Whether the server only says what would happen.
        dry_run: bool,
    },
    /// DELETE, with preconditions.
    Delete {
        /// Which object.
        target: Target,
        /// The UID it must have.
        uid: String,
        /// The resourceVersion it must have, when what was decided rests on its content.
        resource_version: Option<String>,
        /// What happens to what it owns.
        propagation: Propagation,
    },
    /// JSON merge patch of the object itself; a `metadata.resourceVersion` inside makes it conditional.
    Patch {
        /// Which object.
        target: Target,
        /// The merge patch; must hold no secret.
        patch: serde_json::Value,
        /// Field manager to record.
        manager: String,
    },
    /// PUT of the `/status` subresource of an object that carries the resourceVersion it was read with:
    /// for roles that have `update` there, but no `patch`.
    ReplaceStatus {
        /// The whole object with its new status.
        object: Manifest,
        /// Field manager to record.
        manager: String,
    },
    /// JSON merge patch of the `/status` subresource.
    PatchStatus {
        /// Which object.
        target: Target,
        /// The merge patch, `{"status": {…}}`; must hold no secret.
        patch: serde_json::Value,
        /// Field manager to record.
        manager: String,
    },
}

impl Action {
    /// The object that it is about.
    pub fn target(&self) -> Target {
        match self {
            Self::Create { object, .. }
            | Self::Update { object, .. }
            | Self::Apply { object, .. }
            | Self::ReplaceStatus { object, .. } => Target::of(object),
            Self::Delete { target, .. } | Self::Patch { target, .. } | Self::PatchStatus { target, .. } => {
                target.clone()
            }
        }
    }

    /// What it does, in one word for people.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Apply { dry_run: true, .. } => "dry-run apply",
            Self::Apply { dry_run: false, .. } => "apply",
            Self::Delete { .. } => "delete",
            Self::Patch { .. } => "patch",
            Self::ReplaceStatus { .. } => "update status of",
            Self::PatchStatus { .. } => "patch status of",
        }
    }

    /// The manifest that it carries, if any.
    pub fn object(&self) -> Option<&Manifest> {
        match self {
            Self::Create { object, .. }
            | Self::Update { object, .. }
            | Self::Apply { object, .. }
            | Self::ReplaceStatus { object, .. } => Some(object),
            Self::Delete { .. } | Self::Patch { .. } | Self::PatchStatus { .. } => None,
        }
    }
}
