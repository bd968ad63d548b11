//! Which kinds the server knows, and whether they are namespaced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{self, Scope};
use sealward_manifest::Gvk;

use crate::error::{ActionError, Cause};

/// A kind as the server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Names for URLs.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// What was learnt of the server's kinds; shared by all accounts. A kind that is not known is asked
/// for, never remembered as missing, so a CRD counts from the moment it is served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kinds {
    known: Arc<Mutex<HashMap<Gvk, Kind>>>,
}

impl Kinds {
    pub(crate) async fn resolve(&self, client: &kube::Client, gvk: &Gvk) -> Result<Kind, ActionError> {
        if let Some(kind) = self.lock().get(gvk) {
            return Ok(kind.clone());
        }
        let wanted = GroupVersionKind::gvk(&gvk.group, &gvk.version, &gvk.kind);
        let (resource, capabilities) =
            discovery::pinned_kind(client, &wanted).await.map_err(|error| unknown(gvk, &error))?;
        let kind = Kind { resource, namespaced: capabilities.scope == Scope::Namespaced };
        self.lock().insert(gvk.clone(), kind.clone());
        Ok(kind)
    }

    /// Forgets `gvk`, because the server no longer serves it as it did.
    pub(crate) fn forget(&self, gvk: &Gvk) {
        self.lock().remove(gvk);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Gvk, Kind>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(gvk: &Gvk, error: &kube::Error) -> ActionError {
    let is_unknown = match error {
        kube::Error::Api(status) => status.code == 404,
        kube::Error::Discovery(_) => true,
        _ => false,
    };
    if is_unknown {
        let message = "the API server knows no such kind; is its CRD installed?".into();
        return ActionError { cause: Cause::UnknownKind, verb: "find", target: gvk.to_string(), message };
    }
    ActionError::from_kube("find", gvk.to_string(), error, None)
}
