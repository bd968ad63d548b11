//! One binary: cli_*, seal_*, admit_*, reconcile_*, e2e_*.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share may panic as tests do"
)]

mod document_oracle;
mod admit_down;
mod admit_guard;
mod admit_harness;
mod admit_policy;
mod deploy;
mod e2e;
mod house;
#[cfg(test)]
mod render_oracle;
mod reconcile;
mod reconcile_harness;
mod reconcile_outages;
mod reconcile_rules;
mod cli;
mod seal;
