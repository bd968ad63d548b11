//! Who may change which fields: what Git declares is changed in Git.
//!
//! ```text
//!            old object's managedFields ──▶ declared: what trusted managers apply
//!                                              │
//! Request { operation, user, old, new } ──▶ judge ──▶ Verdict: Allow(reason) | Deny(Denial)
//!                    │                         └────▶ Need: a parent, a namespace, an inventory
//!                    └── passes: (identity, operation, resource, fields) of the cluster's controllers
//! ```
//!
//! **Invariants**
//! - A user is trusted by exact name only. The name of a field manager is chosen by the client and
//!   proves nothing; it says which fields Git declares, never who speaks.
//! - What is unknown is denied: no old object, managedFields that do not parse, a need that could not
//!   be answered.
//! - The verdict does not depend on dry run, on time or on how managedFields are serialised; their
//!   timestamps are not looked at.
//! - A denial holds names and paths of fields, never a value.
//! - It does not read the cluster: what it lacks it returns as a [`Need`], and is asked again.

mod autoscaler;
mod judge;
mod marks;
mod ownership;
mod passes;
mod request;
mod scale;
#[cfg(test)]
mod tests;
mod verdict;

pub use judge::judge;
pub use marks::owner;
pub use request::{
    Contents, Facts, NamespaceState, Need, Operation, Outcome, Parent, Request, Resource, Trust,
};
pub use verdict::{AllowReason, Cause, Denial, Verdict};
