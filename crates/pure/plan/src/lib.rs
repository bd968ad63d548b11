//! Desired and live to ordered actions.
//!
//! ```text
//! desired manifests ─┐
//! inventory (a hint) ─┼─▶ stages of Apply ─▶ prune: Delete ─▶ health ─▶ Outcome ─▶ conditions
//! live objects ──────┘          │
//!                      Observation: what we declared, as it stands now (drift)
//! ```
//!
//! **Invariants:** nothing here talks to a cluster or knows the time. Nothing is pruned unless owner
//! labels and our managedFields entry agree on the live object, and never when nothing was rendered.

mod action;
mod encrypted;
mod health;
mod inventory;
mod observation;
mod outcome;
mod owner;
mod prune;
mod secret;
mod secret_alteration;
mod secret_claim;
mod stage;
mod take_over;

pub use action::{Action, Propagation, Target};
pub use encrypted::is_encrypted;
pub use health::{Health, health};
pub use inventory::{Inventory, inventory_id};
pub use observation::Observation;
pub use outcome::Outcome;
pub use owner::{Owner, is_disabled};
pub use prune::{Keep, Prune, prune};
pub use secret::{Refusal, SecretPlan, WantedSecret, refuse_key, secret};
pub use secret_alteration::altered_by;
pub use secret_claim::{Holder, is_made_for, is_only_added_to};
pub use stage::{Stage, sort_for_apply, sort_for_delete};
pub use take_over::take_over;

/// Reads an object as the API server gave it.
///
/// # Errors
/// [`sealward_manifest::ManifestError`] when it is no object.
pub fn live(
    json: &serde_json::Value,
) -> Result<sealward_manifest::Manifest, sealward_manifest::ManifestError> {
    sealward_manifest::Manifest::from_json(json, &sealward_diagnostic::Origin::file("<cluster>"))
}
