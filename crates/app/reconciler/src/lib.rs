//! The reconciler: Git to cluster.
//!
//! ```text
//! GitRepository (watch) ─▶ queue ─▶ fetch ─▶ Sources ──┐ new revision
//!                                                      ▼
//! Kustomization (watch) ─▶ queue ─▶ render ─▶ check against the rules ─▶ apply in stages ─▶ prune ─▶ status
//!                            ▲                      ▲                        │
//!        drift, health ──────┘                 RuleSets (watch)              ▼
//!        Live: watches of what was applied ◀───────────────────── as the Kustomization's own account
//! ```
//!
//! **Invariants**
//! - Nothing to fetch, render or apply is read from a status; the inventory there only says where to look
//!   for what may be pruned, and what is found must carry our marks. What was applied last is remembered
//!   in the mirror, which is ours alone.
//! - Our own account reads sources and writes status and events; everything else happens with the rights
//!   of the account that the Kustomization names.
//! - A rule set that cannot be known refuses: nothing is applied unchecked.
//! - One bad object never stops another, and nothing gives up for good.

mod application;
mod apply;
mod args;
mod bring;
mod build;
mod check;
mod context;
mod credentials;
mod deletion;
mod dependencies;
mod kustomization;
mod live;
mod metrics;
mod object;
mod prune;
mod published;
mod rules;
mod source;
mod status;
mod words;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt;
use sealward_api::names::{FLUX_FIELD_MANAGER, RECONCILER_FIELD_MANAGER};
use sealward_chassis::metrics::Metrics;
use sealward_chassis::queue::Queue;
use sealward_chassis::readiness::{Condition, Readiness};
use sealward_chassis::serve::{self, ServeOptions};
use sealward_chassis::shutdown;
use sealward_chassis::tasks::Tasks;
use sealward_cluster::{Change, Cluster, ConnectOptions, Selector};
use sealward_manifest::document::Node;
use sealward_manifest::{Gvk, Manifest};
use tokio_util::sync::CancellationToken;

pub use args::Args;

use crate::context::{Context, Settings};
use crate::metrics::ReconcilerMetrics;
use crate::object::{Key, Objects};

const GRACE: Duration = Duration::from_secs(20);

/// Source-controller's field manager.
const FLUX_SOURCE_MANAGER: &str = "source-controller";

/// Runs the reconciler until the process is told to stop.
///
/// # Errors
/// When no API server is configured, an address cannot be bound, or a vital task ends.
pub async fn run(args: Args) -> anyhow::Result<()> {
    run_until(args, shutdown::on_signals()?).await
}

/// Runs the reconciler until `stopping` is cancelled.
///
/// # Errors
/// As [`run`].
pub async fn run_until(args: Args, stopping: CancellationToken) -> anyhow::Result<()> {
    let Args {
        kubeconfig,
        listen_addr,
        cache_dir,
        default_service_account,
        label_selector,
        allow_local_repositories: local_repositories,
        no_cross_namespace_refs,
        concurrency,
        instance,
    } = args;
    let cluster = Cluster::connect(&ConnectOptions { kubeconfig, context: None }).await?;
    let readiness = Readiness::new(stopping.clone());
    let metrics = Metrics::new();
    let is_selective = !label_selector.is_empty();
    let settings = Settings {
        cache_dir,
        default_service_account,
        local_repositories,
        no_cross_namespace_refs,
        is_selective,
    };
    let context = Arc::new(Context {
        events: cluster.events(RECONCILER_FIELD_MANAGER, instance),
        cluster,
        settings,
        metrics: ReconcilerMetrics::register(&metrics),
        repositories: Objects::default(),
        kustomizations: Objects::default(),
        sources: Default::default(),
        applications: Default::default(),
        rules: Default::default(),
        live: Default::default(),
        source_queue: Queue::default(),
        application_queue: Queue::default(),
    });
    let mut tasks = Tasks::new(stopping.clone(), GRACE);
    let listener = tokio::net::TcpListener::bind(&listen_addr).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen_addr}"))?;
    let router = readiness.router().merge(metrics.router());
    tasks.vital("http", serve::http(listener, router, ServeOptions::default(), stopping.clone()));
    tasks.vital_until_stopped("rules", rules::follow(context.clone(), readiness.condition("rules")));
    let selector = Selector::labels(label_selector);
    let sources =
        follow(context.clone(), What::Repositories, selector.clone(), readiness.condition("sources"));
    tasks.vital_until_stopped("sources", sources);
    let applications =
        follow(context.clone(), What::Kustomizations, selector, readiness.condition("kustomizations"));
    tasks.vital_until_stopped("kustomizations", applications);
    for _ in 0..concurrency.get() {
        tasks.vital("source worker", work(context.clone(), What::Repositories, stopping.clone()));
        tasks.vital("kustomization worker", work(context.clone(), What::Kustomizations, stopping.clone()));
    }
    Ok(tasks.run().await?)
}

/// The two kinds that tell what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Repositories,
    Kustomizations,
}

impl What {
    fn gvk(self) -> Gvk {
        match self {
            Self::Repositories => object::git_repository(),
            Self::Kustomizations => object::kustomization(),
        }
    }

    fn objects(self, context: &Context) -> &Objects {
        match self {
            Self::Repositories => &context.repositories,
            Self::Kustomizations => &context.kustomizations,
        }
    }

    fn queue(self, context: &Context) -> &Queue<Key> {
        match self {
            Self::Repositories => &context.source_queue,
            Self::Kustomizations => &context.application_queue,
        }
    }
}

/// Keeps the objects of one kind as the cluster has them, and says which are to be looked at.
async fn follow(
    context: Arc<Context>,
    what: What,
    selector: Selector,
    listed: Condition,
) -> anyhow::Result<()> {
    let mut changes = pin!(context.cluster.watch(what.gvk(), None, selector));
    let (objects, queue) = (what.objects(&context), what.queue(&context));
    let is_selective = context.settings.is_selective;
    let mut swept = false;
    let ours = |object: &Manifest| {
        let leave = !is_selective && is_driven_by_flux(object);
        if leave && !objects.is_left(&object::key_of(object)) {
            tracing::warn!(object = %object.id(),
                "left alone, because Flux works on it; --label-selector says which objects are ours");
        }
        !leave
    };
    while let Some(change) = changes.next().await {
        match change {
            Change::Listed(found) => {
                let (found, others): (Vec<Manifest>, Vec<Manifest>) = found.into_iter().partition(ours);
                for key in objects.keys() {
                    if !found.iter().any(|object| object::key_of(object) == key) {
                        objects.remove(&key);
                        queue.add(key);
                    }
                }
                objects.leave_exactly(others.iter().map(object::key_of).collect());
                for object in found {
                    let key = object::key_of(&object);
                    objects.put(object);
                    queue.add(key);
                }
                if what == What::Repositories && !std::mem::replace(&mut swept, true) {
                    source::sweep(&context).await;
                }
                listed.set(true);
            }
            Change::Applied(object) => {
                let key = object::key_of(&object);
                if !ours(&object) {
                    objects.leave(key.clone());
                    queue.add(key);
                } else if objects.put(object) {
                    queue.add(key.clone());
                    if what == What::Repositories {
                        context.queue_users_of(&key);
                    }
                }
            }
            Change::Deleted(object) => {
                let key = object::key_of(&object);
                objects.remove(&key);
                queue.add(key.clone());
                match what {
                    What::Repositories => context.queue_users_of(&key),
                    What::Kustomizations => context.queue_dependents_of(&key),
                }
            }
            Change::Failed(error) => tracing::warn!(kind = %what.gvk(), %error, "a watch broke"),
        }
    }
    anyhow::bail!("the watch of {} ended", what.gvk())
}

/// Whether one of Flux's controllers is on record as having written to it.
fn is_driven_by_flux(object: &Manifest) -> bool {
    let entries =
        object.root().at(&["metadata", "managedFields"]).and_then(Node::as_list).unwrap_or_default();
    entries.iter().any(|entry| {
        let manager = entry.get("manager").and_then(Node::as_str);
        manager.is_some_and(|name| name == FLUX_FIELD_MANAGER || name == FLUX_SOURCE_MANAGER)
    })
}

/// Works until the process is asked to stop; what is begun is finished.
async fn work(context: Arc<Context>, what: What, stopping: CancellationToken) -> anyhow::Result<()> {
    let queue = what.queue(&context);
    while let Some(key) = stopping.run_until_cancelled(queue.next()).await {
        let (context, job) = (context.clone(), key.clone());
        // A task of its own, so that a panic costs one pass of one object.
        let pass = tokio::spawn(async move {
            match what {
                What::Repositories => source::reconcile(&context, &job).await,
                What::Kustomizations => kustomization::reconcile(&context, &job).await,
            }
        });
        let after = pass.await.unwrap_or_else(|error| {
            tracing::error!(kind = %what.gvk(), object = %key, %error, "a reconcile ended unexpectedly");
            Some(Duration::from_secs(60))
        });
        queue.done(&key);
        if let Some(after) = after {
            queue.add_after(key, after);
        }
    }
    Ok(())
}
