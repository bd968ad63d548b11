//! One binary: cli_*, seal_*, admit_*, reconcile_*, e2e_*.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share may panic as tests do"
)]

mod admit_attack;
mod admit_down;
mod admit_flood;
mod admit_guard;
mod admit_harness;
mod admit_policy;
mod cli;
mod deploy;
mod document_oracle;
mod e2e;
/// A Git server behind TLS, as the Git crate's own tests have it.
#[path = "../../crates/io/git/tests/tls/mod.rs"]
mod git_tls;
mod house;
mod reconcile;
mod reconcile_beside;
mod reconcile_harness;
mod reconcile_lifecycle;
mod reconcile_outages;
mod reconcile_rules;
mod reconcile_sources;
#[cfg(test)]
mod render_oracle;
mod role;
mod seal;
mod template_oracle;
