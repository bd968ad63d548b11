//! What every daemon needs from its process, and nothing that knows our domain.
//!
//! ```text
//!  SIGTERM ──▶ token ─┬─▶ Readiness: /readyz 503 at once
//!                     ├─▶ serve: goes on accepting for `linger`, then finishes what runs
//!                     └─▶ Tasks::run returns when every task has ended
//!
//!  bytes ──▶ CertificateSlot ──▶ serve::https (each new connection sees the newest pair)
//!  Metrics ──▶ GET /metrics        clock::now ──▶ the only place that reads the time of day
//! ```
//!
//! **Invariants**
//! - Names nothing of ours: no crate of this workspace is a dependency.
//! - One token says "stop"; every task is owned by [`tasks::Tasks`], and a vital one that dies ends the
//!   process with a reason.
//! - A certificate that does not load never replaces one that does.
//! - Reads no environment and no files; settings are arguments.

pub mod backoff;
pub mod certificate;
pub mod clock;
pub mod hardening;
pub mod logging;
pub mod metrics;
pub mod queue;
pub mod readiness;
pub mod serve;
pub mod shutdown;
pub mod tasks;
