//! Bytes to trees that know where they were written, and back.
//!
//! ```text
//! bytes ──▶ split at --- ──▶ json::read │ yaml events ──▶ scalars ──▶ Vec<Node>
//!                                                                       │
//!                    Node { value, origin, span } ──▶ yaml::write_* │ json::write_*
//! ```
//!
//! A document means here what it means after `kubectl apply`: the split at `---` follows
//! `k8s.io/apimachinery/pkg/util/yaml`, scalars, merge keys and duplicate keys follow
//! `sigs.k8s.io/yaml` (`go.yaml.in/yaml/v2` and then JSON).
//!
//! **Invariants:** reading never panics and is bounded ([`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`],
//! what aliases expand to included). What kubectl leaves undefined, or reads otherwise than YAML 1.2
//! and this reader cannot tell apart, is refused. A [`Value::Secret`] leaf prints as `[redacted]`;
//! only functions with `expose` in their name give its text. An error quotes no scalar of the file.

mod budget;
mod edit;
mod error;
pub mod json;
mod node;
mod number;
mod position;
mod quote;
pub mod yaml;

pub use edit::edited;
pub use error::ReadError;
pub use node::{Field, Map, Node, Span, Value};
pub use quote::double_quoted;
pub use secrecy::{ExposeSecret, SecretString};

/// The most bytes that one file may have.
pub const MAX_BYTES: usize = 16 << 20;
/// How deep mappings and sequences may nest.
pub const MAX_DEPTH: usize = 100;
/// The most nodes that one file may hold, with aliases expanded.
pub const MAX_NODES: usize = 1_000_000;
