//! The Kubernetes API: the only executor of [`sealward_plan::Action`].
//!
//! ```text
//! Cluster::connect ─┬─ execute(&Action) ─▶ Outcome | ActionError { cause, … }
//!                   ├─ get · list · watch ─▶ Manifest · Change
//!                   ├─ watch_metadata ─▶ Sight              what exists in which version, no content
//!                   ├─ may(&Right) ─▶ bool
//!                   ├─ review_token(…) ─▶ Reviewed          whose a client's token is
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
mod kubectl;
mod metadata;
mod rate;
mod redact;
mod request;
mod rights;
mod secret;
mod service;
mod tokens;
mod watch;

pub use cluster::Cluster;
pub use connect::{ConnectError, ConnectOptions, ImpersonationError};
pub use error::{ActionError, Cause};
pub use events::{Event, EventKind, Events};
pub use kinds::Kind;
pub use kubectl::{KubeconfigFiles, KubectlOptions};
pub use metadata::{Metadata, Sight, Sights};
pub use rate::Rate;
pub use request::Outcome;
pub use rights::Right;
/// What it executes and how objects are named, for callers that plan nothing themselves.
pub use sealward_plan::{Action, Target, live};
pub use secret::SecretData;
pub use service::{Service, ServiceError};
pub use tokens::Reviewed;
pub use watch::{Change, Selector};
