//! Metrics under the names that sealed-secrets' dashboards and alerts use.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use sealward_chassis::metrics::Metrics;

/// What went wrong, and in which namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ErrorLabels {
    pub(crate) reason: &'static str,
    pub(crate) namespace: String,
}

/// What every name begins with.
pub(crate) const PREFIX: &str = "sealed_secrets_controller";

/// What the sealer counts.
#[derive(Debug, Clone)]
pub(crate) struct SealerMetrics {
    pub(crate) requests: Counter,
    pub(crate) errors: Family<ErrorLabels, Counter>,
}

impl SealerMetrics {
    /// Registers them, in a registry with [`PREFIX`].
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            requests: metrics.register(
                "unseal_requests",
                "SealedSecrets that were looked at",
                Counter::default(),
            ),
            errors: metrics.register(
                "unseal_errors",
                "SealedSecrets that could not be made a Secret, by reason and namespace",
                Family::default(),
            ),
        }
    }

    /// Counts one failure.
    pub(crate) fn failed(&self, reason: &'static str, namespace: &str) {
        self.errors.get_or_create(&ErrorLabels { reason, namespace: namespace.to_owned() }).inc();
    }
}
