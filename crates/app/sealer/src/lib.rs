//! The sealer: opens SealedSecrets into Secrets, a drop-in for Bitnami's controller.
//!
//! ```text
//! key Secrets (watch) ──▶ Keyring ──────────────┐
//!                                               ▼
//! SealedSecrets (watch) ──▶ Store ──▶ Queue ──▶ open ──▶ plan::secret ──▶ cluster ──▶ tell: status, event
//! Secrets (watch of metadata) ─▶ ┘     ▲                                    │
//!                                      ├── backoff, for ever ◀──────────────┤ failure; a new key retries at once
//!                                      └── resync period ◀──────────────────┘ success, where nothing is watched
//! ```
//!
//! **Invariants:** one bad SealedSecret never stops another. A Secret that somebody else owns is never
//! taken over, and no Secret that would be a sealing key is ever written. A key that a SealedSecret owns
//! is never loaded. Plaintext leaves only in the body of a request that writes a Secret.

mod args;
mod bootstrap;
mod failure;
mod heal;
mod http;
mod keyring;
mod metrics;
mod open;
mod renewal;
mod status;
mod store;
mod tell;
mod unseal;
mod watches;
mod work;

use std::sync::Arc;
use std::time::Duration;

use sealward_api::bitnami;
use sealward_chassis::metrics::Metrics;
use sealward_chassis::queue::Queue;
use sealward_chassis::readiness::Readiness;
use sealward_chassis::tasks::Tasks;
use sealward_chassis::{clock, shutdown};
use sealward_cluster::{Cluster, ConnectOptions, Right, Selector};
use sealward_sealing::OpenOptions;
use tokio::signal::unix::{SignalKind, signal};

pub use args::{Args, switch};

use keyring::Keyring;
use renewal::Renewal;
use store::{Key, Store};
use unseal::Unsealer;
use watches::Watches;
use work::Worker;

const GRACE: Duration = Duration::from_secs(20);
/// How long between two attempts to ask the API server what a flag needs to know before the start.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Runs the sealer until it is told to stop.
///
/// # Errors
/// When no API server is configured, an address cannot be bound, a flag needs a right that is missing, or a
/// vital task ends.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { kubeconfig, namespace, controller, keys, http, restrictions } = args;
    let stopping = shutdown::on_signals()?;
    let rate = controller.rate();
    let cluster = Cluster::connect_at(&ConnectOptions { kubeconfig, context: None }, rate.as_ref()).await?;
    let namespace = namespace.filter(|name| !name.is_empty());
    let namespace = namespace.unwrap_or_else(|| cluster.default_namespace().to_owned());
    let scopes = controller.scopes(&namespace);
    renewal::check_cutoff(keys.key_cutoff_time.0, clock::now())?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), namespace, "the sealer starts");
    if controller.old_gc_behavior
        && let Some(checked) = stopping.run_until_cancelled(may_delete(&cluster, &scopes)).await
    {
        checked?;
    }
    let asked = signal(SignalKind::user_defined1())?;
    let readiness = Readiness::new(stopping.clone());
    let registry = Metrics::with_prefix(metrics::PREFIX);
    let metrics = metrics::SealerMetrics::register(&registry, http.metrics_omit_secret_labels);
    let events = cluster.events(bitnami::EVENT_SOURCE, "sealward-sealer");
    let queue: Queue<Key> = Queue::with_lanes(|key: &Key| key.0.as_str());
    let keyring = Arc::new(Keyring::new(readiness.condition("keys")));
    let store = Arc::new(Store::default());
    let options = OpenOptions { accept_v1: controller.accept_deprecated_v1_data };

    let mut tasks = Tasks::new(stopping.clone(), GRACE);
    let api = http::Api::new(&http, keyring.clone(), metrics.clone(), options);
    let (cluster_of, stop) = (cluster.clone(), stopping.clone());
    let ports = http::Ports { api, readiness, metrics: registry, cluster: cluster_of, stopping: stop };
    ports.open(http, &mut tasks).await?;

    let unsealer = Arc::new(Unsealer {
        cluster: cluster.clone(),
        opener: Arc::new(open::Opener { keyring: keyring.clone(), options, restrictions }),
        store: store.clone(),
        teller: tell::Teller {
            cluster: cluster.clone(),
            events: events.clone(),
            store: store.clone(),
            update_status: controller.update_status,
        },
        metrics: metrics.clone(),
        namespace: namespace.clone(),
        key_prefix: keys.key_prefix.clone(),
        skip_recreate: controller.skip_recreate,
    });
    let watches = Watches {
        cluster: cluster.clone(),
        store: store.clone(),
        queue: queue.clone(),
        metrics: metrics.clone(),
        selector: Selector::labels(controller.label_selector.clone()),
        old_gc: controller.old_gc_behavior,
    };
    for scope in scopes {
        tasks.vital_until_stopped("watch of SealedSecrets", watches.clone().sealed_secrets(scope.clone()));
        if !controller.skip_recreate {
            tasks.vital_until_stopped("watch of Secrets", watches.clone().secrets(scope));
        }
    }
    let worker = Worker {
        unsealer,
        queue: queue.clone(),
        resync: Some(controller.resync_period)
            .filter(|period| !controller.skip_recreate && !period.is_zero()),
        quick_retries: controller.quick_retries(),
        stopping,
    };
    for _ in 0..controller.workers.get() {
        tasks.vital("worker", worker.clone().run());
    }

    let new_keys = move || {
        // A new key may open what failed: all of it is due at once.
        store.keys_changed();
        store.keys(None).into_iter().for_each(|key| queue.add(key));
    };
    let renewal = Renewal {
        make_first: keys.make_first_keys,
        period: keys.renew_period(),
        cutoff: keys.key_cutoff_time.0,
    };
    let bootstrap = bootstrap::Bootstrap { cluster, namespace, keys };
    let following = keyring::Follower { keyring, bootstrap, renewal, metrics, events, asked };
    tasks.vital_until_stopped("keys", following.run(new_keys));
    Ok(tasks.run().await?)
}

/// Whether Secrets may be deleted in all `scopes`; waits for an API server that answers.
async fn may_delete(cluster: &Cluster, scopes: &[Option<String>]) -> anyhow::Result<()> {
    for scope in scopes {
        let right = Right { verb: "delete", group: "", resource: "secrets", namespace: scope.clone() };
        let allowed = loop {
            match cluster.may(&right).await {
                Ok(allowed) => break allowed,
                Err(error) => tracing::warn!(%error, "cannot find out whether Secrets may be deleted"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        };
        anyhow::ensure!(
            allowed,
            "--old-gc-behavior needs the right to delete Secrets in {}; leave the flag out, and the garbage collector \
             removes them",
            scope.as_deref().unwrap_or("all namespaces")
        );
    }
    Ok(())
}
