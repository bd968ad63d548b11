//! Names of ours that others match on.

/// Our API group.
pub const GROUP: &str = "sealward.dev";

/// The version of our own kinds.
pub const VERSION: &str = "v1alpha1";

/// The namespace that the install files use.
pub const NAMESPACE: &str = "sealward-system";

/// Field manager under which the reconciler applies what Git declares.
pub const RECONCILER_FIELD_MANAGER: &str = "sealward-reconciler";

/// Field manager under which the sealer writes Secrets and status.
pub const SEALER_FIELD_MANAGER: &str = "sealward-sealer";

/// Field manager under which the webhook writes its certificate and its caBundle.
pub const WEBHOOK_FIELD_MANAGER: &str = "sealward-webhook";

/// Flux's field manager for applied objects; the guard trusts its entries beside ours.
pub const FLUX_FIELD_MANAGER: &str = "kustomize-controller";

/// The only name of the ValidatingWebhookConfiguration that the webhook may patch.
pub const WEBHOOK_CONFIGURATION: &str = "sealward-webhook";

/// Webhook entry that evaluates policies.
pub const POLICY_WEBHOOK: &str = "policy.sealward.dev";

/// Webhook entry of the GitOps guard.
pub const GUARD_WEBHOOK: &str = "guard.sealward.dev";

/// Label that names the Kustomization an applied object belongs to (Flux's, so its tools work).
pub const OWNER_NAME_LABEL: &str = "kustomize.toolkit.fluxcd.io/name";

/// Label that holds that Kustomization's namespace (Flux's).
pub const OWNER_NAMESPACE_LABEL: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// Finalizer by which deletion of a Kustomization prunes first (Flux's).
pub const FLUX_FINALIZER: &str = "finalizers.fluxcd.io";

/// The Secret that holds the webhook's CA and serving certificate.
pub const WEBHOOK_CERTIFICATE_SECRET: &str = "sealward-webhook-certificate";

/// On a SealedSecret: whether its Secret is restored when somebody alters or deletes it; it is, unless this
/// says [`HEAL_DISABLED`].
pub const HEAL_ANNOTATION: &str = "sealward.dev/heal";

/// Value of [`HEAL_ANNOTATION`] by which the Secret is left as it is until the SealedSecret changes.
pub const HEAL_DISABLED: &str = "disabled";

/// Event: a Secret that somebody altered or deleted is as its SealedSecret says again. Normal.
pub const EVENT_HEALED: &str = "Healed";

/// Reason of a SealedSecret's conditions while its Secret is altered oftener than it is restored.
pub const REASON_HEALING_PAUSED: &str = "HealingPaused";
