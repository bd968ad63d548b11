//! One secret's whole journey on a real cluster, and what acceptance tests share with it.
//!
//! ```text
//! Workbench: sealward, kubectl, files ─┐
//! Cluster: a control plane, or a node ─┼─ journey: install ─▶ lint ─▶ seal ─▶ push ─▶ open ─▶ refuse
//! Roles: processes, or Pods ───────────┘           ─▶ heal ─▶ (gone, back) ─▶ revert, narrated
//!                                                                     │
//!                                   leaks: every log, event, metric ──┤
//!                          rights: the audit log against deploy/'s roles
//! ```
//!
//! **Invariants:** the product is used as its users use it, through its binaries, its image, kubectl and
//! git. Both levels walk the same steps. What was started ends with the value that holds it.

#![expect(clippy::indexing_slicing, reason = "JSON is read by it: what is not there is null")]

mod cluster;
mod journey;
mod leaks;
mod narrator;
mod rights;
mod roles;
mod workbench;

pub use journey::{Options, journey};
pub use leaks::Planted;
pub use narrator::Narrator;
pub use rights::unused_rights;
pub use workbench::{Process, Ran, Workbench, binary, free_port, repository_root, wait_until};
