//! Metrics, in the text format that Prometheus scrapes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
pub use prometheus_client;
use prometheus_client::registry::{Metric, Registry};

/// The metrics of a process; a clone is the same registry.
///
/// ```
/// use sealward_chassis::metrics::{Metrics, prometheus_client::metrics::counter::Counter};
/// let metrics = Metrics::new();
/// let opened = metrics.register("opened_items", "Sealed items opened.", Counter::<u64>::default());
/// opened.inc();
/// assert!(metrics.text().contains("sealward_opened_items_total 1"));
/// ```
#[derive(Clone)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// An empty registry; every name in it begins with `sealward_`.
    pub fn new() -> Self {
        Self::with_prefix("sealward")
    }

    /// An empty registry; every name in it begins with `prefix` and `_`, for a process whose dashboards
    /// exist already.
    pub fn with_prefix(prefix: &str) -> Self {
        Self(Arc::new(Mutex::new(Registry::with_prefix(prefix))))
    }

    /// Registers `metric` and hands it back; clones of it move the same numbers.
    ///
    /// `help` is a sentence. A counter's name gets `_total` by itself.
    pub fn register<M: Metric + Clone>(&self, name: &str, help: &str, metric: M) -> M {
        let help = help.strip_suffix('.').unwrap_or(help); // the encoder adds its own full stop
        self.lock().register(name, help, metric.clone());
        metric
    }

    /// Everything registered, in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.lock()) {
            Ok(()) => text,
            // Only a label's own Encode can fail; half a page would be read as the whole.
            Err(fmt::Error) => "# EOF\n".into(),
        }
    }

    /// `GET /metrics`.
    pub fn router(&self) -> Router {
        const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let metrics = self.clone();
        Router::new().route("/metrics", get(async move || ([(CONTENT_TYPE, OPEN_METRICS)], metrics.text())))
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};

    #[test]
    fn renders_what_moved() {
        let metrics = Metrics::new();
        let reviews = metrics.register(
            "reviews",
            "Admission reviews answered.",
            Family::<Vec<(String, String)>, Counter>::default(),
        );
        let ready = metrics.register("ready", "Whether the process is ready.", Gauge::<i64>::default());
        reviews.get_or_create(&vec![("verdict".into(), "deny".into())]).inc();
        ready.set(1);
        assert_eq!(
            metrics.clone().text(),
            "# HELP sealward_reviews Admission reviews answered.\n# TYPE sealward_reviews counter\n\
             sealward_reviews_total{verdict=\"deny\"} 1\n\
             # HELP sealward_ready Whether the process is ready.\n# TYPE sealward_ready gauge\n\
             sealward_ready 1\n# EOF\n"
        );
    }
}
