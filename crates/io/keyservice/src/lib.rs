//! Keys that live elsewhere: certificates and recipients in files and behind URLs, identities in files.
//!
//! ```text
//!   FILE │ file:///FILE ──▶ std::fs ───────────────┐ 1 MiB at most
//!   https://… ────────────▶ reqwest, verified TLS ─┼──▶ Vec<u8> ── Pin, if one is given
//!   http://… ─────────────▶ reqwest, Pin or consent┘
//!
//!   identity file ──▶ identities_from_file ──▶ Vec<AgeIdentity>
//! ```
//!
//! Invariants:
//! - Nothing is read without a limit on bytes and time.
//! - Public keys over plain HTTP need a pin, or for certificates the caller's consent: whoever sits on the line could
//!   put a key of their own there and read everything that is sealed for it. HTTPS is never redirected to HTTP.
//! - Messages show URLs without credentials and queries, and nothing of what was read.
//!
//! Not here: what certificates and recipients mean (`keys`), and keys in the cluster's Secrets (`sealer`).

mod fetch;
mod identities;

pub use fetch::{FetchError, FetchOptions, MAX_BYTES, Pin, PinError, certificate, recipients};
pub use identities::{IdentityFileError, identities_from_file};
