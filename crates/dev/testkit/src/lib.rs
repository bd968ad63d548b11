//! What tests and the demo stand on.
//!
//! ```text
//! GitRepo ──push──▶ GitServer (git http-backend over HTTP) ◀──fetch── what is tested
//! ```
//!
//! **Invariant:** names nothing of ours, and nothing but the standard library: it can be used by the
//! tests of every crate.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "test code fails loudly")]

mod git_repo;
mod git_server;

pub use git_repo::GitRepo;
pub use git_server::{GitServer, Request};
