//! Flux's GitRepository and Kustomization (source-controller and kustomize-controller `api/v1`).
//!
//! Fields that Sealward acts on are typed. All others are kept by name, so that one that asks for
//! something can be refused by its name instead of being ignored.

mod git_repository;
mod inventory;
mod kustomization;
mod timing;

pub use git_repository::{GitReference, GitRepositorySpec};
pub use inventory::{InventoryEntry, InventoryId};
pub use kustomization::{
    CommonMetadata, DependencyReference, FluxImage, FluxPatch, FluxSelector, KustomizationSpec,
    LocalReference, SourceReference,
};
pub use timing::{DurationError, parse_duration};

/// API group of sources.
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// API group of Kustomizations.
pub const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// The version of both groups that Sealward speaks.
pub const VERSION: &str = "v1";
/// Kind of a Git source.
pub const GIT_REPOSITORY: &str = "GitRepository";
/// Kind of an application.
pub const KUSTOMIZATION: &str = "Kustomization";

/// Set on a source or Kustomization to have it reconciled now; handled when its value differs from
/// `status.lastHandledReconcileAt`.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Label or annotation on an applied object: `disabled` keeps it from being pruned.
pub const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// Label or annotation on an applied object: `disabled` keeps it from being applied and pruned.
pub const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
/// Annotation on events: the revision that they are about.
pub const EVENT_REVISION: &str = "kustomize.toolkit.fluxcd.io/revision";
/// The value of [`PRUNE`] and [`RECONCILE`] that counts, in any case.
pub const DISABLED: &str = "disabled";

/// Condition types (`fluxcd/pkg/apis/meta/conditions.go`). `Ready` always stands; the others only
/// while they are true.
pub mod condition {
    /// The last reconcile succeeded and holds.
    pub const READY: &str = "Ready";
    /// The controller is at work, or will try again by itself.
    pub const RECONCILING: &str = "Reconciling";
    /// Only a change of the object can help.
    pub const STALLED: &str = "Stalled";
    /// All applied objects are as their kinds want to be.
    pub const HEALTHY: &str = "Healthy";
}

/// Reasons of conditions; Flux's words where Flux has one.
pub mod reason {
    /// A source was fetched, an application applied.
    pub const SUCCEEDED: &str = "Succeeded";
    /// An application was applied.
    pub const RECONCILIATION_SUCCEEDED: &str = "ReconciliationSucceeded";
    /// Applying failed.
    pub const RECONCILIATION_FAILED: &str = "ReconciliationFailed";
    /// Work is going on.
    pub const PROGRESSING: &str = "Progressing";
    /// The last try failed; the next one comes.
    pub const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";
    /// The remote could not be fetched.
    pub const GIT_OPERATION_FAILED: &str = "GitOperationFailed";
    /// The remote refused the credentials, or there are none where some are named.
    pub const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";
    /// The URL is none that we fetch from.
    pub const URL_INVALID: &str = "URLInvalid";
    /// The source has nothing to build from yet.
    pub const ARTIFACT_FAILED: &str = "ArtifactFailed";
    /// Rendering failed.
    pub const BUILD_FAILED: &str = "BuildFailed";
    /// `spec.path` does not exist at this revision.
    pub const PATH_MISSING: &str = "PathMissing";
    /// Rendering gave no objects where some were applied before.
    pub const EMPTY_RENDERING: &str = "EmptyRendering";
    /// A rendered object breaks a rule.
    pub const POLICY_VIOLATION: &str = "PolicyViolation";
    /// The rules to check against are not known.
    pub const POLICY_UNAVAILABLE: &str = "PolicyUnavailable";
    /// An object is claimed by another Kustomization.
    pub const OWNERSHIP_CONFLICT: &str = "OwnershipConflict";
    /// An object did not become healthy in time.
    pub const HEALTH_CHECK_FAILED: &str = "HealthCheckFailed";
    /// A Kustomization in `dependsOn` is not ready.
    pub const DEPENDENCY_NOT_READY: &str = "DependencyNotReady";
    /// Deleting what Git no longer declares failed.
    pub const PRUNE_FAILED: &str = "PruneFailed";
    /// A reference crosses namespaces where that is forbidden.
    pub const ACCESS_DENIED: &str = "AccessDenied";
    /// The spec asks for something that is not supported.
    pub const UNSUPPORTED_FIELD: &str = "UnsupportedField";
    /// The spec cannot be read.
    pub const INVALID_SPEC: &str = "InvalidSpec";
    /// Nobody says as which account to apply.
    pub const SERVICE_ACCOUNT_MISSING: &str = "ServiceAccountMissing";
    /// Another manager changes the same fields again and again.
    pub const CONTENDED: &str = "Contended";
}

/// Whether a field's value asks for nothing: what the CRD fills in by itself or an empty value.
fn asks_for_nothing(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
