//! What is heard of SealedSecrets and their Secrets.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sealward_api::bitnami;
use sealward_chassis::queue::Queue;
use sealward_cluster::{ActionError, Cause, Change, Cluster, Right, Selector, Sight};
use sealward_manifest::{Gvk, Manifest};

use crate::metrics::SealerMetrics;
use crate::store::{Key, Store, key_of};

/// How long after a refusal to watch Secrets that right is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// How long after a failure to ask.
const ASK_SOON: Duration = Duration::from_secs(5);

/// Takes what is heard into the store, and says what asks for a pass.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    pub(crate) cluster: Cluster,
    pub(crate) store: Arc<Store>,
    pub(crate) queue: Queue<Key>,
    pub(crate) metrics: SealerMetrics,
    /// Which SealedSecrets are opened.
    pub(crate) selector: Selector,
    /// Whether Secrets of deleted SealedSecrets are ours to delete.
    pub(crate) old_gc: bool,
}

impl Watches {
    /// Follows the SealedSecrets of `scope`, `None` being all namespaces.
    pub(crate) async fn sealed_secrets(self, scope: Option<String>) -> anyhow::Result<()> {
        let gvk = Gvk::from_api_version(bitnami::API_VERSION, bitnami::KIND);
        let mut changes = pin!(self.cluster.watch(gvk, scope.clone(), self.selector.clone()));
        while let Some(change) = changes.next().await {
            match change {
                Change::Listed(objects) => self.listed(scope.as_deref(), objects),
                Change::Applied(object) => {
                    self.metrics.observed(&object);
                    let key = key_of(&object);
                    if self.store.put(slim(object)) {
                        self.queue.add(key);
                    }
                }
                Change::Deleted(object) => {
                    self.metrics.forget(object.namespace(), object.name());
                    self.store.remove(&object, self.old_gc);
                    let key = key_of(&object);
                    self.queue.succeeded(&key);
                    if self.old_gc {
                        self.queue.add(key);
                    }
                }
                Change::Failed(error) => {
                    let scope = scope.as_deref().unwrap_or("all namespaces");
                    tracing::warn!(scope, %error, "watch of SealedSecrets broke");
                }
            }
        }
        anyhow::bail!("the watch of SealedSecrets ended")
    }

    fn listed(&self, scope: Option<&str>, objects: Vec<Manifest>) {
        objects.iter().for_each(|object| self.metrics.observed(object));
        for (namespace, name) in self.store.replace(scope, objects.into_iter().map(slim).collect()) {
            self.metrics.forget(&namespace, &name);
            self.queue.succeeded(&(namespace, name));
        }
        self.store.keys(scope).into_iter().for_each(|key| self.queue.add(key));
    }

    /// Follows which Secrets of `scope` stand there in which version, as long as that is allowed.
    pub(crate) async fn secrets(self, scope: Option<String>) -> anyhow::Result<()> {
        loop {
            let pause = match self.may_watch(scope.as_deref()).await {
                Ok(true) => {
                    let broken = self.follow_secrets(scope.as_deref()).await;
                    tracing::warn!(error = %broken, "Secrets are no longer watched");
                    ASK_SOON
                }
                Ok(false) => {
                    let scope = scope.as_deref().unwrap_or("all namespaces");
                    tracing::info!(
                        scope,
                        "Secrets may not be listed and watched; those that are altered or deleted are restored at the \
                         resync period, not at once"
                    );
                    ASK_AGAIN
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot find out whether Secrets may be watched");
                    ASK_SOON
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn may_watch(&self, scope: Option<&str>) -> Result<bool, ActionError> {
        for verb in ["list", "watch"] {
            let namespace = scope.map(str::to_owned);
            let right = Right { verb, group: "", resource: "secrets", namespace };
            if !self.cluster.may(&right).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Until the right is gone.
    async fn follow_secrets(&self, scope: Option<&str>) -> String {
        let mut sights = match self.cluster.watch_metadata(&Gvk::new("", "v1", "Secret"), scope).await {
            Ok(sights) => sights,
            Err(error) => return error.to_string(),
        };
        // Secrets that a list showed, while one is going on.
        let mut listing: Option<HashSet<Key>> = None;
        while let Some(sight) = sights.next().await {
            match sight {
                Sight::Listing => listing = Some(HashSet::new()),
                Sight::There(secret) => {
                    if let Some(listed) = &mut listing {
                        listed.insert((secret.namespace.clone(), secret.name.clone()));
                    }
                    self.store.saw(&secret, true).into_iter().for_each(|key| self.queue.add(key));
                }
                Sight::Gone(secret) => {
                    self.store.saw(&secret, false).into_iter().for_each(|key| self.queue.add(key));
                }
                Sight::Listed => {
                    let there = listing.take().unwrap_or_default();
                    self.store.watched(scope, &there).into_iter().for_each(|key| self.queue.add(key));
                }
                Sight::Failed(error) if error.is(Cause::Forbidden) => {
                    self.store.unwatched(scope);
                    // From now on they are looked at by the clock.
                    self.store.keys(scope).into_iter().for_each(|key| self.queue.add(key));
                    return error.to_string();
                }
                Sight::Failed(error) => tracing::warn!(%error, "watch of Secrets broke"),
            }
        }
        self.store.unwatched(scope);
        "the watch ended".to_owned()
    }
}

/// The object without managedFields, of which nothing is read.
fn slim(object: Manifest) -> Manifest {
    let without = object.with(|root| {
        if let Some(metadata) = root.as_map_mut().and_then(|map| map.get_mut("metadata")?.as_map_mut()) {
            metadata.remove("managedFields");
        }
    });
    without.unwrap_or(object)
}
