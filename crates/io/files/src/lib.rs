//! Folders as snapshots, and edits as files.
//!
//! ```text
//! Folder ──list(paths)──▶ Listing { Snapshot, skipped }      (.gitignore honoured, bytes read on demand)
//!        ◀──write(edits)── Vec<Edit>                         stage and sync all ──▶ rename all
//! ```
//!
//! **Invariants**
//! - Nothing outside the folder is read or written, be it through `..` or through a symbolic link.
//! - A file is never half-written: its new bytes are on disk under another name before they take its
//!   place, and nothing takes a place before all is staged.
//! - What cannot be listed is reported, not silently left out.
//! - It knows nothing of what the files mean.

mod list;
mod root;
mod write;

use std::path::{Path, PathBuf};

pub use list::{ListError, Listing, Skipped};
pub use root::OpenError;
pub use write::WriteError;

/// The bounds of what is read from a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files of one listing.
    pub entries: usize,
    /// Bytes of one file that is read.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 100_000, file_bytes: 16 << 20 }
    }
}

/// A folder whose files are looked at and changed; every path in a snapshot or an edit is relative to it.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    limits: Limits,
}

impl Folder {
    /// The folder, free of symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
