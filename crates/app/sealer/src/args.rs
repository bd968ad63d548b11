//! Flags of `sealwardd sealer`; names, variables and defaults are the sealed-secrets controller's where
//! it has them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Opens SealedSecrets into Secrets.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kubeconfig file; without it the Pod's own service account, else $KUBECONFIG.
    #[arg(long, env = "SEALWARD_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Where /v1/cert.pem, /v1/recipients, /healthz and /readyz are served.
    #[arg(long, env = "SEALED_SECRETS_LISTEN_ADDR", default_value = ":8080")]
    pub(crate) listen_addr: String,
    /// Where /metrics is served.
    #[arg(long, env = "SEALED_SECRETS_LISTEN_METRICS_ADDR", default_value = ":8081")]
    pub(crate) listen_metrics_addr: String,
    /// SealedSecrets worked on at a time.
    #[arg(long, env = "SEALED_SECRETS_WORKERS", default_value = "4")]
    pub(crate) workers: NonZeroUsize,
    /// The sealer's own namespace, where its keys are; the Pod's or the kubeconfig's by default.
    #[arg(long, env = "POD_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// How new keys are made.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct KeyArgs {
    /// Name of new key Secrets, up to a random end; reserved for keys in the sealer's namespace.
    #[arg(long, env = "SEALED_SECRETS_KEY_PREFIX", default_value = sealward_api::bitnami::KEY_PREFIX)]
    pub(crate) key_prefix: String,
    /// How long a new certificate is valid: hours with `h`, as Go writes them.
    #[arg(long, env = "SEALED_SECRETS_KEY_TTL", default_value = "87600h", value_parser = hours)]
    pub(crate) key_ttl: std::time::Duration,
    /// Common name in a new certificate.
    #[arg(long, env = "SEALED_SECRETS_MY_CN", default_value = "")]
    pub(crate) my_cn: String,
    /// What makes one key newer than another: CertNotBefore or SecretCreationTimestamp.
    #[arg(long, env = "SEALED_SECRETS_KEY_ORDER_PRIORITY", default_value = "CertNotBefore", value_parser = order)]
    pub(crate) key_order_priority: sealward_keys::KeyOrder,
}

fn hours(text: &str) -> Result<std::time::Duration, String> {
    let hours = text.strip_suffix('h').and_then(|hours| hours.parse().ok()).filter(|hours| *hours > 0);
    hours.map(std::time::Duration::from_hours).ok_or_else(|| format!("{text:?} is no number of hours, such as 87600h"))
}

fn order(text: &str) -> Result<sealward_keys::KeyOrder, String> {
    match text {
        "CertNotBefore" => Ok(sealward_keys::KeyOrder::CertNotBefore),
        "SecretCreationTimestamp" => Ok(sealward_keys::KeyOrder::SecretCreationTimestamp),
        other => Err(format!("{other:?} is neither CertNotBefore nor SecretCreationTimestamp")),
    }
}
