//! The webhook's own certificate.
//!
//! ```text
//! Secret { current, next?, previous? } ─┐
//! caBundle in the configuration ────────┼─▶ state::step ─▶ Generate | Announce | Prepare | Promote | Retire
//! now, settled since ───────────────────┘                      (one write, then look again)
//!
//! current served ─▶ renewal due: Prepare ─▶ next's CA announced, settled: Promote ─▶ settled: Retire
//! ```
//!
//! Each certificate has a CA of its own, whose key is thrown away at once: nobody can issue from it.
//! Replicas share the Secret; every write carries the resourceVersion it was decided on.

mod issue;
mod rotation;
mod state;

pub(crate) use issue::Names;
pub(crate) use rotation::{Rotation, Settings};
