//! The Kubernetes API: the only executor of [`sealward_plan::Action`].
//!
//! ```text
//! Cluster::connect ─┬─ execute(&Action) ─▶ Outcome | ActionError { cause, … }
//!                   ├─ get · list · watch ─▶ Manifest · Change
//!                   ├─ events().publish(…)          deduplicated
//!                   └─ acting_as(namespace, account) ─▶ Cluster    one client per account
//! ```
//!
//! **Invariants:** it decides nothing. Every request has a time bound. An error's text never holds the
//! value of a Secret that was sent. Nobody is impersonated under an empty name. A Secret's values leave
//! their redaction only in a request's body, here.

mod cluster;
mod connect;
mod error;
mod events;
mod kinds;
mod redact;
mod request;
mod secret;
mod service;
mod watch;

pub use cluster::Cluster;
pub use connect::{ConnectError, ConnectOptions, ImpersonationError};
pub use error::{ActionError, Cause};
pub use events::{Event, EventKind, Events};
pub use kinds::Kind;
pub use request::Outcome;
/// What it executes and how objects are named, for callers that plan nothing themselves.
pub use sealward_plan::{Action, Target, live};
pub use secret::SecretData;
pub use watch::{Change, Selector};
