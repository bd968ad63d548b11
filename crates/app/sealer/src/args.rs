//! Flags of `sealwardd sealer`; names, variables and defaults are the sealed-secrets controller's where
//! it has them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

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
    /// How often a SealedSecret is looked at though nothing was heard of it: a Secret that was deleted or
    /// altered comes back then. `0s` is never.
    #[arg(long, env = "SEALWARD_RESYNC_PERIOD", default_value = "10m", value_parser = duration)]
    pub(crate) resync_period: Duration,
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
    /// How long a new certificate is valid, such as 87600h.
    #[arg(long, env = "SEALED_SECRETS_KEY_TTL", default_value = "87600h", value_parser = lifetime)]
    pub(crate) key_ttl: Duration,
    /// Common name in a new certificate.
    #[arg(long, env = "SEALED_SECRETS_MY_CN", default_value = "")]
    pub(crate) my_cn: String,
    /// What makes one key newer than another: CertNotBefore or SecretCreationTimestamp.
    #[arg(long, env = "SEALED_SECRETS_KEY_ORDER_PRIORITY", default_value = "CertNotBefore", value_parser = order)]
    pub(crate) key_order_priority: sealward_keys::KeyOrder,
}

/// A duration as Go writes it: `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| duration.try_into().ok());
    parsed.ok_or_else(|| format!("{text:?} is no duration, such as 90s, 10m or 1h30m"))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration(text)?;
    if lifetime.is_zero() {
        Err("a certificate must be valid for some time".to_owned())
    } else {
        Ok(lifetime)
    }
}

fn order(text: &str) -> Result<sealward_keys::KeyOrder, String> {
    match text {
        "CertNotBefore" => Ok(sealward_keys::KeyOrder::CertNotBefore),
        "SecretCreationTimestamp" => Ok(sealward_keys::KeyOrder::SecretCreationTimestamp),
        other => Err(format!("{other:?} is neither CertNotBefore nor SecretCreationTimestamp")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(duration(text).ok().map(|duration| duration.as_secs()), expect, "{text}");
        };
        check("87600h", Some(315_360_000));
        check("1h30m", Some(5400));
        check("0s", Some(0));
        check("-1h", None);
        check("10", None);
        check("soon", None);
        assert!(lifetime("0s").is_err());
    }
}
