//! Metrics under the names that sealed-secrets' dashboards and alerts use, and a few of ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use sealward_api::bitnami::SealedSecretCondition;
use sealward_chassis::metrics::Metrics;
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;

/// What every name begins with.
pub(crate) const PREFIX: &str = "sealed_secrets_controller";

/// Every reason that a failure is counted under, as upstream names them.
const REASONS: [&str; 5] = ["fetch", "status", "unmanaged", "unseal", "update"];

/// Label of a SealedSecret whose value goes into the metrics, so that they can be told apart by release.
const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// What went wrong, and in which namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ErrorLabels {
    pub(crate) reason: &'static str,
    pub(crate) namespace: String,
}

/// Which condition of which SealedSecret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabels {
    namespace: String,
    name: String,
    condition: String,
    ss_app_kubernetes_io_instance: String,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: &'static str,
    code: u16,
    method: &'static str,
}

/// A kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    path: &'static str,
    method: &'static str,
}

/// `rsa` or `age`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// The version that runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RevisionLabel {
    revision: &'static str,
}

/// What the sealer counts.
#[derive(Debug, Clone)]
pub(crate) struct SealerMetrics {
    requests: Counter,
    errors: Family<ErrorLabels, Counter>,
    /// `None` when names are not to be told.
    conditions: Option<Conditions>,
    answers: Family<RequestLabels, Counter>,
    durations: Family<DurationLabels, Histogram>,
    keys: Family<KindLabel, Gauge>,
    newest_key: Gauge,
    unusable_keys: Gauge,
}

/// The conditions that stand in the metrics now.
#[derive(Debug, Clone, Default)]
struct Conditions {
    gauges: Family<ConditionLabels, Gauge>,
    /// What is told of each SealedSecret, to take it back.
    told: Arc<Mutex<Told>>,
}

/// By namespace and name.
type Told = HashMap<(String, String), Vec<ConditionLabels>>;

impl SealerMetrics {
    /// Registers them, in a registry with [`PREFIX`]. `omit_names` leaves the conditions out, which name
    /// every SealedSecret.
    pub(crate) fn register(metrics: &Metrics, omit_names: bool) -> Self {
        let build =
            metrics.register("build_info", "Build information", Family::<RevisionLabel, Gauge>::default());
        build.get_or_create(&RevisionLabel { revision: concat!("v", env!("CARGO_PKG_VERSION")) }).set(1);
        let conditions = (!omit_names).then(Conditions::default);
        if let Some(conditions) = &conditions {
            metrics.register(
                "condition_info",
                "Current SealedSecret condition status. Values are -1 (false), 0 (unknown or absent), 1 (true)",
                conditions.gauges.clone(),
            );
        }
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
            conditions,
            answers: metrics.register(
                "http_requests",
                "HTTP requests that were answered, by path, status code and method",
                Family::default(),
            ),
            durations: metrics.register(
                "http_request_duration_seconds",
                "Time from a request's head to its answer",
                Family::new_with_constructor(durations as fn() -> Histogram),
            ),
            keys: metrics.register("keys", "Keys that values are opened with, by kind", Family::default()),
            newest_key: metrics.register(
                "newest_key_timestamp_seconds",
                "When the RSA key that new values are sealed for became valid or was made, by --key-order-priority; 0 \
                 without one",
                Gauge::default(),
            ),
            unusable_keys: metrics.register(
                "unusable_key_secrets",
                "Secrets with a key label that cannot be loaded and are passed over",
                Gauge::default(),
            ),
        }
    }

    /// Counts a look at a SealedSecret of `namespace`. Each reason to fail stands there from then on, at 0:
    /// an alert on an increase sees the first failure too.
    pub(crate) fn attempted(&self, namespace: &str) {
        self.requests.inc();
        for reason in REASONS {
            drop(self.errors.get_or_create(&ErrorLabels { reason, namespace: namespace.to_owned() }));
        }
    }

    /// Counts one failure.
    pub(crate) fn failed(&self, reason: &'static str, namespace: &str) {
        self.errors.get_or_create(&ErrorLabels { reason, namespace: namespace.to_owned() }).inc();
    }

    /// Takes in the conditions that the status of `object` holds, in place of those told before.
    pub(crate) fn observed(&self, object: &Manifest) {
        if let Some(conditions) = &self.conditions {
            conditions.tell(object);
        }
    }

    /// Takes back what was told of a SealedSecret that is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        if let Some(conditions) = &self.conditions {
            conditions.take_back(&(namespace.to_owned(), name.to_owned()));
        }
    }

    /// Counts an answer to a request for `path`, which took `seconds`.
    pub(crate) fn answered(&self, path: &'static str, method: &str, code: u16, seconds: f64) {
        let method = known_method(method);
        self.answers.get_or_create(&RequestLabels { path, code, method }).inc();
        self.durations.get_or_create(&DurationLabels { path, method }).observe(seconds);
    }

    /// Says which keys are in use. `newest` is the time by which the newest RSA key is ranked, in seconds.
    pub(crate) fn keys(&self, rsa: usize, age: usize, newest: Option<i64>, unusable: usize) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.keys.get_or_create(&KindLabel { kind: "rsa" }).set(count(rsa));
        self.keys.get_or_create(&KindLabel { kind: "age" }).set(count(age));
        self.newest_key.set(newest.unwrap_or(0));
        self.unusable_keys.set(count(unusable));
    }
}

impl Conditions {
    fn tell(&self, object: &Manifest) {
        let instance = object.label(INSTANCE_LABEL).unwrap_or_default();
        let labels: Vec<_> = conditions_of(object)
            .into_iter()
            .map(|condition| {
                let value = value_of(&condition.status);
                let labels = ConditionLabels {
                    namespace: object.namespace().to_owned(),
                    name: object.name().to_owned(),
                    condition: condition.kind,
                    ss_app_kubernetes_io_instance: instance.to_owned(),
                };
                (labels, value)
            })
            .collect();
        let key = (object.namespace().to_owned(), object.name().to_owned());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<_> = labels.iter().map(|(labels, _)| labels.clone()).collect();
        let before = told.insert(key, now.clone()).unwrap_or_default();
        for gone in before.iter().filter(|labels| !now.contains(labels)) {
            self.gauges.remove(gone);
        }
        for (labels, value) in labels {
            self.gauges.get_or_create(&labels).set(value);
        }
    }

    fn take_back(&self, key: &(String, String)) {
        let gone = self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        for labels in gone.unwrap_or_default() {
            self.gauges.remove(&labels);
        }
    }
}

fn conditions_of(object: &Manifest) -> Vec<SealedSecretCondition> {
    let conditions = object.root().at(&["status", "conditions"]).map(Node::to_json_redacted);
    conditions.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default()
}

fn value_of(status: &str) -> i64 {
    match status {
        "True" => 1,
        "False" => -1,
        _ => 0,
    }
}

/// `method` in Prometheus' small letters; one that HTTP does not know is not repeated, so that clients
/// cannot add series.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["get", "head", "post", "put", "patch", "delete", "options", "connect", "trace"];
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(method)).unwrap_or("unknown")
}

/// Prometheus' default buckets, as upstream has them.
fn durations() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(name: &str, synced: &str, instance: &str) -> Manifest {
        let json = json!({
            "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
            "metadata": {"name": name, "namespace": "ns", "labels": {INSTANCE_LABEL: instance}},
            "spec": {"encryptedData": {}},
            "status": {"conditions": [{"type": "Synced", "status": synced}]},
        });
        sealward_plan::live(&json).unwrap()
    }

    fn series(metrics: &Metrics, name: &str) -> Vec<String> {
        let text = metrics.text();
        let mut lines: Vec<_> =
            text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn conditions_follow_the_objects() {
        let metrics = Metrics::with_prefix(PREFIX);
        let sealer = SealerMetrics::register(&metrics, false);
        let name = "sealed_secrets_controller_condition_info";
        let line = |object: &str, instance: &str, value: i64| {
            format!(
                "{name}{{namespace=\"ns\",name=\"{object}\",condition=\"Synced\",\
                 ss_app_kubernetes_io_instance=\"{instance}\"}} {value}"
            )
        };
        sealer.observed(&object("a", "True", "x"));
        sealer.observed(&object("b", "False", "x"));
        assert_eq!(series(&metrics, name), [line("a", "x", 1), line("b", "x", -1)]);
        sealer.observed(&object("a", "Unknown", "y"));
        assert_eq!(series(&metrics, name), [line("a", "y", 0), line("b", "x", -1)]);
        sealer.forget("ns", "a");
        assert_eq!(series(&metrics, name), [line("b", "x", -1)]);
    }

    #[test]
    fn names_are_left_out_when_asked() {
        let metrics = Metrics::with_prefix(PREFIX);
        let sealer = SealerMetrics::register(&metrics, true);
        sealer.observed(&object("a", "True", ""));
        assert!(!metrics.text().contains("condition_info"));
    }

    #[test]
    fn failures_stand_at_nought_before_the_first() {
        let metrics = Metrics::with_prefix(PREFIX);
        let sealer = SealerMetrics::register(&metrics, false);
        sealer.attempted("ns");
        sealer.failed("unseal", "ns");
        let lines = series(&metrics, "sealed_secrets_controller_unseal_errors_total");
        assert_eq!(lines.len(), 5);
        assert_eq!(lines.iter().filter(|line| line.ends_with(" 0")).count(), 4);
    }

    #[test]
    fn methods_that_nobody_knows_are_one_series() {
        assert_eq!(
            (known_method("POST"), known_method("BREW"), known_method("post")),
            ("post", "unknown", "post")
        );
    }
}
