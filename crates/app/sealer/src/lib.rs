//! The sealer: opens SealedSecrets into Secrets, a drop-in for Bitnami's controller.
//!
//! ```text
//! key Secrets (watch) ──▶ Keyring ──────────────┐
//!                                               ▼
//! SealedSecrets (watch) ──▶ Queue ──▶ open ──▶ plan::secret ──▶ cluster ──▶ status, event
//!                             ▲                                   │
//!                             ├── backoff, for ever ◀─────────────┤ failure; a new key retries all at once
//!                             └── resync period ◀─────────────────┘ success: what was deleted comes back
//! ```
//!
//! **Invariants:** one bad SealedSecret never stops another. A Secret that somebody else owns is never
//! taken over, and no Secret that would be a sealing key is ever written. A key that a SealedSecret owns
//! is never loaded. Plaintext leaves only in the body of a request that writes a Secret.

mod args;
mod bootstrap;
mod http;
mod keyring;
mod metrics;
mod status;
mod unseal;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use sealward_api::bitnami;
use sealward_chassis::metrics::Metrics;
use sealward_chassis::queue::Queue;
use sealward_chassis::readiness::Readiness;
use sealward_chassis::serve::{self, ServeOptions};
use sealward_chassis::shutdown;
use sealward_chassis::tasks::Tasks;
use sealward_cluster::{Change, Cluster, ConnectOptions, Selector};
use sealward_manifest::{Gvk, Manifest};
use tokio_util::sync::CancellationToken;

pub use args::Args;

use keyring::Keyring;
use unseal::Unsealer;

/// Namespace and name of a SealedSecret.
type Key = (String, String);

/// What the watch says stands in the cluster.
type Store = Arc<Mutex<HashMap<Key, Manifest>>>;

const GRACE: Duration = Duration::from_secs(20);

/// Runs the sealer until it is told to stop.
///
/// # Errors
/// When no API server is configured, an address cannot be bound, or a vital task ends.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { kubeconfig, listen_addr, listen_metrics_addr, workers, resync_period, namespace, keys } = args;
    let stopping = shutdown::on_signals()?;
    let cluster = Cluster::connect(&ConnectOptions { kubeconfig, context: None }).await?;
    let namespace = namespace.unwrap_or_else(|| cluster.default_namespace().to_owned());
    let readiness = Readiness::new(stopping.clone());
    let metrics = Metrics::with_prefix(metrics::PREFIX);
    let queue = Queue::default();
    let keyring = Arc::new(Keyring::new(readiness.condition("keys")));
    let store = Store::default();
    let unsealer = Arc::new(Unsealer {
        cluster: cluster.clone(),
        events: cluster.events(bitnami::EVENT_SOURCE, "sealward-sealer"),
        keyring: keyring.clone(),
        namespace: namespace.clone(),
        key_prefix: keys.key_prefix.clone(),
        metrics: metrics::SealerMetrics::register(&metrics),
    });

    let mut tasks = Tasks::new(stopping.clone(), GRACE);
    let public = http::router(&keyring).merge(readiness.router());
    let listener = bind(&listen_addr).await?;
    tasks.vital("http", serve::http(listener, public, ServeOptions::default(), stopping.clone()));
    let listener = bind(&listen_metrics_addr).await?;
    tasks
        .vital("metrics", serve::http(listener, metrics.router(), ServeOptions::default(), stopping.clone()));
    let new_keys = {
        let (queue, store) = (queue.clone(), store.clone());
        // A new key may open what failed: all of it is due at once.
        move || known(&store).into_iter().for_each(|key| queue.add(key))
    };
    let bootstrap = bootstrap::Bootstrap { cluster: cluster.clone(), namespace: namespace.clone(), keys };
    let following = keyring::follow(cluster.clone(), namespace, keyring, bootstrap, new_keys);
    tasks.vital_until_stopped("keys", following);
    tasks.vital_until_stopped("watch", watch(cluster, store.clone(), queue.clone()));
    for _ in 0..workers.get() {
        let working = work(unsealer.clone(), store.clone(), queue.clone(), resync_period, stopping.clone());
        tasks.vital("worker", working);
    }
    Ok(tasks.run().await?)
}

async fn bind(address: &str) -> anyhow::Result<tokio::net::TcpListener> {
    // Bitnami's flags are Go's, where `:8080` is every address.
    let address = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
    let listener = tokio::net::TcpListener::bind(&address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

fn known(store: &Store) -> Vec<Key> {
    store.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
}

/// Keeps `store` as the cluster is, and says which SealedSecrets are to be looked at.
async fn watch(cluster: Cluster, store: Store, queue: Queue<Key>) -> anyhow::Result<()> {
    let gvk = Gvk::from_api_version(bitnami::API_VERSION, bitnami::KIND);
    let mut changes = pin!(cluster.watch(gvk, None, Selector::all()));
    let key = |object: &Manifest| (object.namespace().to_owned(), object.name().to_owned());
    while let Some(change) = changes.next().await {
        let mut known = store.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Listed(objects) => {
                *known = objects.into_iter().map(|object| (key(&object), object)).collect();
                known.keys().cloned().for_each(|key| queue.add(key));
            }
            Change::Applied(object) => {
                let key = key(&object);
                let old = known.insert(key.clone(), object.clone());
                if old.is_none_or(|old| asks_for_more(&old, &object)) {
                    queue.add(key);
                }
            }
            Change::Deleted(object) => {
                let key = key(&object);
                known.remove(&key);
                queue.succeeded(&key);
            }
            Change::Failed(error) => tracing::warn!(%error, "watch of SealedSecrets broke"),
        }
    }
    anyhow::bail!("the watch of SealedSecrets ended")
}

/// Whether `new` says something that `old` did not: our own writing of the status does not count.
fn asks_for_more(old: &Manifest, new: &Manifest) -> bool {
    let annotations = |object: &Manifest| object.root().at(&["metadata", "annotations"]).cloned();
    old.uid() != new.uid()
        || old.root().get("spec") != new.root().get("spec")
        || annotations(old) != annotations(new)
}

/// Works until the process is asked to stop; what is begun is finished.
async fn work(
    unsealer: Arc<Unsealer>,
    store: Store,
    queue: Queue<Key>,
    resync_period: Duration,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    stopping.run_until_cancelled(unsealer.keyring.looked_up()).await;
    while let Some(key) = stopping.run_until_cancelled(queue.next()).await {
        let object = store.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        match object {
            None => queue.succeeded(&key),
            Some(object) => match unsealer.unseal(&object).await {
                Ok(()) => {
                    queue.succeeded(&key);
                    if !resync_period.is_zero() {
                        queue.add_after(key.clone(), resync_period);
                    }
                }
                Err(retry) => queue.add_after(key.clone(), retry.delay(queue.failed(&key))),
            },
        }
        queue.done(&key);
    }
    Ok(())
}
