//! Watches that tell what exists in which version, and nothing of its content.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use kube::api::{Api, DynamicObject, PartialObjectMeta};
use kube::runtime::{WatchStreamExt, watcher};
use sealward_manifest::Gvk;

use crate::cluster::Cluster;
use crate::error::ActionError;
use crate::watch::{Selector, configured, failure};

/// What a watch of metadata tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// A list of everything begins: what is not seen until [`Sight::Listed`] is gone.
    Listing,
    /// An object is there in this version.
    There(Metadata),
    /// An object is gone; the version is that of its end.
    Gone(Metadata),
    /// The list is complete.
    Listed,
    /// The watch broke; it goes on by itself.
    Failed(ActionError),
}

/// Which object, in which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its version.
    pub resource_version: String,
}

/// A stream of what is there.
pub type Sights = Pin<Box<dyn Stream<Item = Sight> + Send>>;

impl Cluster {
    /// Watches which objects of `gvk` exist in `namespace` (`None`: everywhere), for ever. Their content,
    /// a Secret's values among it, is never sent.
    ///
    /// # Errors
    /// [`ActionError`] when the kind is not known to the server.
    pub async fn watch_metadata(&self, gvk: &Gvk, namespace: Option<&str>) -> Result<Sights, ActionError> {
        let kind = self.kind(gvk).await?;
        let client = self.client().clone();
        let api: Api<PartialObjectMeta<DynamicObject>> = match namespace.filter(|_| kind.namespaced) {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind.resource),
            None => Api::all_with(client, &kind.resource),
        };
        let what = gvk.to_string();
        let events = watcher(api, configured(&Selector::all())).default_backoff();
        Ok(events.map(move |event| sight(event, &what)).boxed())
    }
}

fn sight(
    event: Result<watcher::Event<PartialObjectMeta<DynamicObject>>, watcher::Error>,
    what: &str,
) -> Sight {
    match event {
        Ok(watcher::Event::Init) => Sight::Listing,
        Ok(watcher::Event::InitApply(object) | watcher::Event::Apply(object)) => {
            Sight::There(metadata(object))
        }
        Ok(watcher::Event::Delete(object)) => Sight::Gone(metadata(object)),
        Ok(watcher::Event::InitDone) => Sight::Listed,
        Err(error) => Sight::Failed(failure(&error, what)),
    }
}

fn metadata(object: PartialObjectMeta<DynamicObject>) -> Metadata {
    let metadata = object.metadata;
    Metadata {
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
        resource_version: metadata.resource_version.unwrap_or_default(),
    }
}
