//! What the webhook counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use sealward_chassis::metrics::Metrics;

/// Of one answered review.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReviewLabels {
    /// `policy` or `guard`.
    pub(crate) webhook: &'static str,
    /// `allow`, `deny`, or `error` where the call could not be answered.
    pub(crate) verdict: &'static str,
    /// Why, in one word.
    pub(crate) reason: &'static str,
}

/// Of a webhook entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WebhookLabel {
    /// `policy` or `guard`.
    pub(crate) webhook: &'static str,
}

/// Of the rule set in force.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DigestLabel {
    pub(crate) digest: String,
}

/// A histogram's buckets, in seconds: reviews take from tens of microseconds to their 10 s limit.
#[derive(Debug, Clone)]
pub(crate) struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new([
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0,
        ])
    }
}

/// The webhook's metrics; clones move the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct WebhookMetrics {
    pub(crate) reviews: Family<ReviewLabels, Counter>,
    pub(crate) durations: Family<WebhookLabel, Histogram, Seconds>,
    pub(crate) rule_set: Family<DigestLabel, Gauge>,
    pub(crate) load_failures: Counter,
}

impl WebhookMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            reviews: metrics.register("admission_reviews", "Admission reviews answered.", Family::default()),
            durations: metrics.register(
                "admission_review_duration_seconds",
                "Time from a review's whole body to its answer, in seconds.",
                Family::new_with_constructor(Seconds),
            ),
            rule_set: metrics.register(
                "admission_rule_set_info",
                "The rule set in force: 1 beside its digest.",
                Family::default(),
            ),
            load_failures: metrics.register(
                "admission_rule_set_load_failures",
                "Rule sets that did not load; the last good one stayed in force.",
                Counter::default(),
            ),
        }
    }

    /// Says which rule set is in force.
    pub(crate) fn in_force(&self, digest: &str) {
        self.rule_set.clear();
        self.rule_set.get_or_create(&DigestLabel { digest: digest.to_owned() }).set(1);
    }
}
