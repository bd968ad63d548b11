//! Flags of `sealwardd webhook`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sealward_api::names::{
    FLUX_FIELD_MANAGER, NAMESPACE, RECONCILER_FIELD_MANAGER, SEALER_FIELD_MANAGER, WEBHOOK_CONFIGURATION,
};

/// Answers the API server's admission reviews.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kubeconfig file; without it the Pod's own service account, else $KUBECONFIG.
    #[arg(long, env = "SEALWARD_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Where /policy and /guard are served, over HTTPS.
    #[arg(long, default_value = "0.0.0.0:8443")]
    pub(crate) listen_addr: SocketAddr,
    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, default_value = "0.0.0.0:8081")]
    pub(crate) listen_metrics_addr: SocketAddr,
    /// The webhook's own namespace: its Service and its certificate's Secret stand there.
    #[arg(long, env = "POD_NAMESPACE", default_value = NAMESPACE)]
    pub(crate) namespace: String,
    /// The Service by which the API server reaches the webhook.
    #[arg(long, default_value = "sealward-webhook")]
    pub(crate) service_name: String,
    /// A further DNS name or IP address that the certificate is for; repeatable.
    #[arg(long = "extra-san", value_name = "NAME|IP")]
    pub(crate) extra_sans: Vec<String>,
    /// How long a certificate is valid; it is replaced when a third of that is left.
    #[arg(long, default_value = "2160h", value_parser = duration)]
    pub(crate) certificate_lifetime: Duration,
    /// How long a new CA stands in the webhook configuration before its certificate is served, and an
    /// old one after: the time that every API server needs to see the change.
    #[arg(long, default_value = "1m", value_parser = duration)]
    pub(crate) certificate_settle: Duration,
    /// How often the certificate's Secret and the webhook configuration are looked at.
    #[arg(long, default_value = "5s", value_parser = duration)]
    pub(crate) certificate_interval: Duration,
    /// A user, by exact name, that may change what Git declares; repeatable.
    #[arg(long = "trusted-actor", value_name = "USER", default_values_t = trusted_actors())]
    pub(crate) trusted_actors: Vec<String>,
    /// A field manager whose fields are those that Git declares; repeatable.
    #[arg(long = "trusted-manager", value_name = "MANAGER", default_values_t = trusted_managers())]
    pub(crate) trusted_managers: Vec<String>,
    /// MiB of review bodies in memory at a time; more wait their turn.
    #[arg(long, value_name = "MIB", default_value = "32")]
    pub(crate) bodies_in_flight: std::num::NonZeroUsize,
}

/// The webhook's configuration, the only one that it may patch.
pub(crate) const CONFIGURATION: &str = WEBHOOK_CONFIGURATION;

fn trusted_actors() -> Vec<String> {
    let ours = ["sealward-sealer", "sealward-reconciler"].map(|name| (NAMESPACE, name));
    let appliers = ["sealward-applier", "kustomize-controller"].map(|name| ("flux-system", name));
    let user = |(namespace, name)| format!("system:serviceaccount:{namespace}:{name}");
    ours.into_iter().chain(appliers).map(user).collect()
}

fn trusted_managers() -> Vec<String> {
    [RECONCILER_FIELD_MANAGER, SEALER_FIELD_MANAGER, FLUX_FIELD_MANAGER].map(str::to_owned).into()
}

fn duration(text: &str) -> Result<Duration, String> {
    match sealward_api::flux::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}
