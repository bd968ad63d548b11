//! A change to one file, as a value.

use std::fmt;

/// A change to one file of a repository; `files` writes it atomically, a [`crate::Snapshot`] can be
/// looked at with it laid over.
#[derive(Clone, PartialEq, Eq)]
pub enum Edit {
    /// The file at `path` is to hold `bytes`, whether it exists or not.
    Write {
        /// Relative to the root.
        path: String,
        /// Its whole new content.
        bytes: Vec<u8>,
    },
    /// The file at `path` is to go.
    Remove {
        /// Relative to the root.
        path: String,
    },
}

impl Edit {
    /// An edit that writes `bytes` at `path`.
    pub fn write(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::Write { path: path.into(), bytes }
    }

    /// An edit that removes `path`.
    pub fn remove(path: impl Into<String>) -> Self {
        Self::Remove { path: path.into() }
    }
}

impl fmt::Debug for Edit {
    /// Never prints the bytes: they may be plaintext.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, bytes } => write!(f, "Write({path:?}, {} bytes)", bytes.len()),
            Self::Remove { path } => write!(f, "Remove({path:?})"),
        }
    }
}
