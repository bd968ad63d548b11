//! Rego to verdicts: Gatekeeper's ConstraintTemplates and Constraints, evaluated by regorus.
//!
//! ```text
//! policies/ ─▶ folder::read ─▶ RuleSetSpec ─┐   (the same object that the cluster holds)
//!                                           ├─▶ RuleSet::load ─▶ CompiledRules { digest }
//! RuleSet objects of a cluster ─────────────┘                        │
//! Manifest ─▶ Review::of_manifest ─┐                                 ▼
//!                                  ├─▶ redacted input, scrubber ─▶ review ─▶ Vec<Violation>
//! AdmissionReview ─▶ of_request ───┘
//! ```
//!
//! **Invariants**
//! - One evaluator and one review builder for lint, reconciler and webhook: the same manifest under the
//!   same digest gets the same verdict.
//! - A rule set is loaded whole or not at all; what is not understood in it is refused by name.
//! - What cannot be evaluated, or not within its time, is a violation.
//! - Secret values never reach Rego, and no message repeats them.
//! - No clock, randomness or network: `time.now_ns` is an argument of the review.
//!
//! Not done: `data.inventory`, external data, expansion templates, mutation, CEL.

mod constraint;
mod error;
pub mod folder;
mod json;
mod load;
mod matching;
mod redact;
mod rego;
mod review;
mod schema;
mod template;
pub mod test;
#[cfg(test)]
mod tests;
mod verdict;

pub use error::{Cause, LoadError};
pub use folder::{Sample, Verdict, samples};
pub use load::{CompiledRules, Described, Limits, RuleSet, digest};
pub use review::{Review, ReviewError};
pub use verdict::{Action, Violation};
