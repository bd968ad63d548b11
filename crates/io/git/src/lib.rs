//! Git repositories as snapshots, without a checkout and without a git program.
//!
//! ```text
//!            ls-refs, shallow fetch (smart HTTP)             trees           bytes on demand
//!  Remote ─────────────────────────────────────▶ Mirror ──────────▶ Snapshot ──────────▶ blobs
//!                                                  │
//!                            <dir>/lock, <dir>/<generation>/ (bare)
//! ```
//!
//! **Invariants**
//! - Nothing is checked out, and no hook, helper, filter or Git configuration of the machine is used
//!   (its HTTP proxy variables are).
//! - Credentials go to the host that the URL names and to no other; they are in no error text.
//! - Every count and size that a server chooses has a bound ([`Limits`]).
//! - A mirror that is broken or has grown old is replaced by a fresh one; a snapshot taken before stays
//!   readable.
//! - It does not verify signatures, resolve submodules or fetch large-file objects.
//!
//! All calls block.

mod error;
mod fetch;
mod http;
mod mirror;
mod remote;
mod store;
mod tree;

pub use error::{FetchError, KeepError, OpenError, SnapshotError};
pub use mirror::{Fetched, Mirror, sweep};
pub use remote::{Credentials, Reference, Remote};

/// The bounds of what is taken from a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes received in one fetch, and of one object in memory while it is indexed.
    pub pack_bytes: u64,
    /// Files and folders of one snapshot.
    pub entries: usize,
    /// Bytes of one file that is read.
    pub blob_bytes: u64,
    /// Folders above a file.
    pub depth: usize,
    /// Packs in a mirror before it is replaced by a fresh one.
    pub packs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pack_bytes: 512 << 20, entries: 100_000, blob_bytes: 16 << 20, depth: 64, packs: 50 }
    }
}
