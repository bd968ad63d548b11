//! AdmissionReview and World to a decision.
//!
//! ```text
//! bytes ──▶ parse ──▶ Review ─┐
//! watch events ──▶ World ─────┼─▶ guard::decide  ──▶ Answer: Decision | Need ─▶ (app asks the cluster,
//! Answers (to needs) ─────────┘   policy::decide                                 then asks again)
//!                                      │
//!                     Decision ──▶ response(uid) ──▶ AdmissionReview JSON
//! ```
//!
//! **Invariants**
//! - The rules are asked through the same `policy` code and the same review builder as lint.
//! - What cannot be decided is denied; a body that is no review is an error of class 4xx, never an
//!   "allowed".
//! - A verdict does not depend on `dryRun`.
//! - No value of a Secret is in a decision.

mod decision;
mod guarding;
mod renderings;
mod review;
mod ruling;
#[cfg(test)]
mod tests;
mod world;

pub use decision::{Answer, Answers, Decision, Need, Verdict, malformed};
pub use guarding::decide as decide_guard;
pub use renderings::{Place, Renderings};
pub use review::{Kind, OperationName, Request, Resource, Review, ReviewError, UserInfo, parse};
pub use ruling::decide as decide_policy;
pub use sealward_guard::{NamespaceState, Parent, Trust};
pub use world::{Namespaces, World};
