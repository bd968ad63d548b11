//! `/healthz` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use tokio_util::sync::CancellationToken;

/// The named conditions under which this process wants traffic: ready only while all of them hold and
/// nobody asked it to stop. A clone is the same set.
#[derive(Debug, Clone)]
pub struct Readiness {
    conditions: Arc<Mutex<BTreeMap<&'static str, bool>>>,
    stopping: CancellationToken,
}

/// One condition of a [`Readiness`].
#[derive(Debug, Clone)]
pub struct Condition {
    name: &'static str,
    readiness: Readiness,
}

impl Condition {
    /// Says whether the condition holds from now on.
    pub fn set(&self, holds: bool) {
        self.readiness.lock().insert(self.name, holds);
    }
}

impl Readiness {
    /// No conditions yet; never ready again once `stopping` is cancelled.
    pub fn new(stopping: CancellationToken) -> Self {
        Self { conditions: Arc::default(), stopping }
    }

    /// Adds a condition, which does not hold until it is set. Two of one name are one condition.
    pub fn condition(&self, name: &'static str) -> Condition {
        self.lock().entry(name).or_insert(false);
        Condition { name, readiness: self.clone() }
    }

    /// What keeps the process from being ready; empty when it is ready.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        if self.stopping.is_cancelled() {
            return vec!["shutdown"];
        }
        self.lock().iter().filter(|(_, holds)| !**holds).map(|(name, _)| *name).collect()
    }

    /// `/healthz` and `/livez`, by any method: 200 while the process can answer. `/readyz`: 200, or 503 with
    /// the names of the conditions that do not hold.
    pub fn router(&self) -> Router {
        let readiness = self.clone();
        let readyz = async move || match readiness.waiting_for().as_slice() {
            [] => (StatusCode::OK, "ok\n".to_owned()),
            waiting => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("not ready, waiting for: {}\n", waiting.join(", ")))
            }
        };
        Router::new()
            .route("/healthz", any(async || "ok\n"))
            .route("/livez", any(async || "ok\n"))
            .route("/readyz", any(readyz))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_while_all_hold_and_not_stopping() {
        let stopping = CancellationToken::new();
        let readiness = Readiness::new(stopping.clone());
        let policies = readiness.condition("policies");
        let certificate = readiness.condition("certificate");
        assert_eq!(readiness.waiting_for(), ["certificate", "policies"]);
        policies.set(true);
        assert_eq!(readiness.waiting_for(), ["certificate"]);
        certificate.set(true);
        assert!(readiness.waiting_for().is_empty());
        readiness.condition("policies");
        assert!(readiness.waiting_for().is_empty(), "naming a condition again does not reset it");
        policies.set(false);
        assert_eq!(readiness.waiting_for(), ["policies"]);
        policies.set(true);
        stopping.cancel();
        assert_eq!(readiness.waiting_for(), ["shutdown"]);
    }
}
