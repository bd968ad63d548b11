//! What all status blocks share.

use serde::{Deserialize, Serialize};

/// A condition as Kubernetes' metav1 defines it (`k8s.io/apimachinery/pkg/apis/meta/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`, `Reconciling`, `Stalled`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One CamelCase word that programs match.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// RFC 3339, when `status` last changed.
    pub last_transition_time: String,
    /// The generation that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
