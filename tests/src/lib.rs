//! One secret's whole journey on a real cluster, and what acceptance tests share with it.
//!
//! ```text
//! Workbench: control plane · sealward, sealwardd as processes · Git server
//!     │
//!     └── journey: install ─▶ lint ─▶ seal ─▶ push ─▶ open ─▶ refuse ─▶ heal ─▶ revert, narrated
//!                                                                        │
//!                                            rights: the audit log against deploy/'s roles
//! ```
//!
//! The product is used as its users use it: through its binaries, kubectl and git.

#![expect(clippy::indexing_slicing, reason = "serde_json's index answers null for what is not there")]

mod journey;
mod leaks;
mod narrator;
mod rights;
mod workbench;

pub use journey::{Options, journey};
pub use leaks::Planted;
pub use narrator::Narrator;
pub use rights::unused_rights;
pub use workbench::{Process, Ran, Workbench, binary, free_port, repository_root, wait_until};
