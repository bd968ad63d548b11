//! What is counted.

use std::time::Duration;

use sealward_chassis::metrics::Metrics;
use sealward_chassis::metrics::prometheus_client::metrics::counter::Counter;
use sealward_chassis::metrics::prometheus_client::metrics::family::Family;
use sealward_chassis::metrics::prometheus_client::metrics::gauge::Gauge;
use sealward_chassis::metrics::prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use sealward_plan::Outcome;

type Labels = Vec<(&'static str, String)>;

/// The reconciler's metrics.
#[derive(Clone)]
pub(crate) struct ReconcilerMetrics {
    ready: Family<Labels, Gauge>,
    reconciles: Family<Labels, Counter>,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
    pub(crate) applied: Counter,
    pub(crate) pruned: Counter,
    pub(crate) healed: Counter,
    rule_set: Family<Labels, Gauge>,
}

fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 3.0, 9))
}

impl ReconcilerMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        Self {
            ready: metrics.register(
                "reconcile_ready",
                "Whether the object is ready: 1, or 0.",
                Family::default(),
            ),
            reconciles: metrics.register("reconciles", "Reconciles by how they ended.", Family::default()),
            duration: metrics.register(
                "reconcile_duration_seconds",
                "How long reconciles took.",
                Family::new_with_constructor(histogram as fn() -> Histogram),
            ),
            applied: metrics.register(
                "applied",
                "Objects applied because they differed.",
                Counter::default(),
            ),
            pruned: metrics.register(
                "pruned",
                "Objects deleted because Git no longer declares them.",
                Counter::default(),
            ),
            healed: metrics.register(
                "drift_healed",
                "Objects applied again because somebody changed them.",
                Counter::default(),
            ),
            rule_set: metrics.register(
                "rule_set_info",
                "The rule set in force, by digest.",
                Family::default(),
            ),
        }
    }

    pub(crate) fn reconciled(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        outcome: &Outcome,
        took: Duration,
    ) {
        let object: Labels =
            vec![("kind", kind.into()), ("namespace", namespace.into()), ("name", name.into())];
        self.ready.get_or_create(&object).set(i64::from(outcome.is_ready()));
        let ended: Labels = vec![("kind", kind.into()), ("reason", outcome.told().0.into())];
        self.reconciles.get_or_create(&ended).inc();
        self.duration.get_or_create(&vec![("kind", kind.into())]).observe(took.as_secs_f64());
    }

    pub(crate) fn forget(&self, kind: &str, namespace: &str, name: &str) {
        self.ready.remove(&vec![
            ("kind", kind.into()),
            ("namespace", namespace.into()),
            ("name", name.into()),
        ]);
    }

    /// `digest` is now in force; `""` when there are no rules.
    pub(crate) fn rule_set(&self, digest: &str) {
        self.rule_set.clear();
        self.rule_set.get_or_create(&vec![("digest", digest.to_owned())]).set(1);
    }
}
