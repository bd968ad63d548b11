//! The admission webhook: policies and the GitOps guard, over HTTPS.
//!
//! ```text
//! RuleSets, Renderings, Namespaces (watch) ──▶ World ─┐
//! API server ──▶ POST /policy, /guard ──▶ parse ──────┼─▶ admission::decide ──▶ response
//!                                 needs met by GET ───┘
//! Secret, webhook configuration ◀──▶ Rotation ──▶ the certificate that is served
//! ```
//!
//! **Invariants:** the last good rule set stays in force until a better one loads. Ready only while rules
//! are in force, the watches have been heard, and a certificate is served that the API server trusts. It
//! holds no keys but its own certificate's. What cannot be decided is refused.

mod args;
mod certificate;
mod metrics;
mod rules;
mod server;
mod world;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use sealward_admission::{Namespaces, Renderings, Trust, World};
use sealward_chassis::certificate::CertificateSlot;
use sealward_chassis::metrics::Metrics;
use sealward_chassis::readiness::Readiness;
use sealward_chassis::serve::{self, ServeOptions};
use sealward_chassis::shutdown;
use sealward_chassis::tasks::Tasks;
use sealward_cluster::{Cluster, ConnectOptions};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use args::Args;

use certificate::{Names, Rotation, Settings};
use metrics::WebhookMetrics;
use server::{BODY_LIMIT, Reviewer, VALUES};

/// More than a server may take to drain.
const GRACE: Duration = Duration::from_secs(25);

/// Runs the webhook until it is told to stop.
///
/// # Errors
/// When no API server is configured, an address cannot be bound, or a vital task ends.
pub async fn run(args: Args) -> anyhow::Result<()> {
    run_until(args, shutdown::on_signals()?).await
}

/// Runs the webhook until `stopping` is cancelled.
///
/// # Errors
/// As [`run`].
pub async fn run_until(args: Args, stopping: CancellationToken) -> anyhow::Result<()> {
    let Args {
        kubeconfig,
        listen_addr,
        listen_metrics_addr,
        namespace,
        service_name,
        extra_sans,
        certificate_lifetime: lifetime,
        certificate_settle: settle,
        certificate_interval: interval,
        trusted_actors,
        trusted_managers,
        bodies_in_flight,
    } = args;
    let cluster = Cluster::connect(&ConnectOptions { kubeconfig, context: None }).await?;
    let readiness = Readiness::new(stopping.clone());
    let metrics = Metrics::new();
    let counted = WebhookMetrics::register(&metrics);
    let trust = Trust {
        actors: trusted_actors.into_iter().collect(),
        managers: trusted_managers.into_iter().collect(),
    };
    tracing::info!(actors = ?trust.actors, managers = ?trust.managers, "trusted to change what Git declares");
    let world = Arc::new(ArcSwap::from_pointee(World {
        rules: rules::none()?,
        trust: Arc::new(trust),
        renderings: Renderings::default(),
        namespaces: Namespaces::default(),
    }));

    let names = Names::of(&service_name, &namespace, &extra_sans);
    let settings = Settings { namespace, names, lifetime, settle, interval };
    let slot = CertificateSlot::empty();
    let rotation = Rotation::new(cluster.clone(), slot.clone(), settings, readiness.condition("certificate"));
    let parallel = std::thread::available_parallelism().map_or(1, usize::from);
    let bodies = bodies_in_flight.get().max(BODY_LIMIT / (1024 * 1024)) * 1024;
    let reviewer = Reviewer {
        cluster: cluster.clone(),
        world: world.clone(),
        metrics: counted.clone(),
        bodies: Arc::new(Semaphore::new(bodies)),
        evaluations: Arc::new(Semaphore::new(parallel * 2)),
        values: Arc::new(Semaphore::new(VALUES)),
    };

    let mut tasks = Tasks::new(stopping.clone(), GRACE);
    let probes = readiness.router().merge(metrics.router());
    let listener = bind(listen_metrics_addr).await?;
    tasks.vital("probes", serve::http(listener, probes, ServeOptions::default(), stopping.clone()));
    let listener = bind(listen_addr).await?;
    let routes = server::router(reviewer);
    tasks.vital("https", serve::https(listener, routes, slot, ServeOptions::default(), stopping.clone()));
    tasks.vital("certificate", rotation.run(stopping));
    let loader = rules::Loader { cluster: cluster.clone(), world: world.clone(), metrics: counted };
    tasks.vital_until_stopped("rules", rules::follow(loader, readiness.condition("rules")));
    tasks.vital_until_stopped(
        "namespaces",
        world::namespaces(cluster.clone(), world.clone(), readiness.condition("namespaces")),
    );
    let renderings = world::renderings(cluster, world, readiness.condition("renderings"));
    tasks.vital_until_stopped("renderings", renderings);
    Ok(tasks.run().await?)
}

async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
