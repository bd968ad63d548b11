//! Rego as OPA means it, evaluated by regorus: the only module that names it.
//!
//! ```text
//! source ─▶ tokens (newline before "(", chained bodies) ─▶ parse ─▶ checks (calls, recursion, data, safety)
//!                                                              └─▶ hoist (arguments out of `not`) ─▶ Program
//! Program + input + now ─▶ clone of the prepared engine, shims ─▶ Value
//! ```
//!
//! **Invariant:** no built-in reads a clock, randomness, the network or the process. `time.now_ns` is an
//! argument of the evaluation; the others are refused when a module is loaded.

mod calls;
mod graph;
mod hoist;
mod module;
mod program;
mod safety;
mod shims;
mod tokens;
mod walk;

pub(crate) use calls::Data;
pub(crate) use module::{Module, Problem, Source, Version};
pub(crate) use program::{Program, Run, Stopwatch};
