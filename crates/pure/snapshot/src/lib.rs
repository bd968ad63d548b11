//! A repository at one revision.
//!
//! ```text
//! io/git, io/files ──▶ Snapshot { path → Entry { kind, id } } ──read(path)──▶ bytes
//!                          │                        ▲
//!                          └── with_edits(Vec<Edit>) ┘   (laid over it, nothing written)
//! ```
//!
//! **Invariant:** paths are relative, `/`-separated, and hold no `.` or `..` part; a symbolic link is
//! an entry, never followed. Bytes are read on demand through [`Blobs`], bounded by the caller.

mod edit;
mod path;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

pub use edit::Edit;
pub use path::{PathError, join, parent};

/// What an entry of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A regular file with the executable bit.
    Executable,
    /// A symbolic link; its bytes are its target.
    Symlink,
    /// A Git submodule; it has no bytes here.
    Submodule,
}

/// One file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The adapter's name of its bytes: a Git object id in hex, or a path.
    pub id: String,
}

/// The port by which bytes are read on demand; the io ring implements it.
pub trait Blobs: Send + Sync {
    /// The bytes of the blob that [`Entry::id`] names.
    ///
    /// # Errors
    /// When it is missing, larger than the adapter's bound, or cannot be read.
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError>;
}

/// Why a blob could not be read, in words for a person.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct BlobError(pub String);

/// Why a file of a snapshot could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// No entry of that path.
    #[error("no file {path:?} in the repository")]
    Missing {
        /// The path asked for.
        path: String,
    },
    /// An entry that is not a regular file.
    #[error("{path:?} is a {kind:?}, not a regular file")]
    NotAFile {
        /// The path asked for.
        path: String,
        /// What stands there.
        kind: EntryKind,
    },
    /// The adapter could not give its bytes.
    #[error("cannot read {path:?}")]
    Blob {
        /// The path asked for.
        path: String,
        /// Why.
        #[source]
        source: BlobError,
    },
}

/// A repository at one revision: a tree of entries whose bytes are read on demand.
#[derive(Clone)]
pub struct Snapshot {
    entries: BTreeMap<String, Entry>,
    overlay: BTreeMap<String, Arc<[u8]>>,
    blobs: Arc<dyn Blobs>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

struct NoBlobs;

impl Blobs for NoBlobs {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        Err(BlobError(format!("no blob {id}")))
    }
}

impl Default for Snapshot {
    /// One that holds nothing.
    fn default() -> Self {
        Self::new(BTreeMap::new(), Arc::new(NoBlobs))
    }
}

impl Snapshot {
    /// A snapshot of `entries`, keyed by path relative to the root.
    pub fn new(entries: BTreeMap<String, Entry>, blobs: Arc<dyn Blobs>) -> Self {
        Self { entries, overlay: BTreeMap::new(), blobs }
    }

    /// A snapshot held in memory: for tests, standard input and generated trees.
    pub fn from_files<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let edits = files.into_iter().map(|(path, bytes)| Edit::write(path, bytes.into()));
        Self::default().with_edits(edits)
    }

    /// This snapshot with `edits` laid over it; nothing is written anywhere.
    #[must_use]
    pub fn with_edits(&self, edits: impl IntoIterator<Item = Edit>) -> Self {
        let mut next = self.clone();
        for edit in edits {
            match edit {
                Edit::Write { path, bytes } => {
                    let kind = match next.entries.get(&path) {
                        Some(Entry { kind: EntryKind::Executable, .. }) => EntryKind::Executable,
                        _ => EntryKind::File,
                    };
                    next.entries.insert(path.clone(), Entry { kind, id: String::new() });
                    next.overlay.insert(path, bytes.into());
                }
                Edit::Remove { path } => {
                    next.entries.remove(&path);
                    next.overlay.remove(&path);
                }
            }
        }
        next
    }

    /// Every entry in path order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The entries below folder `dir` (`""` is the root), in path order.
    pub fn under<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        // What lies below a folder stands together: every name between `dir/` and `dir0`, `/`'s successor.
        let (start, end) = (format!("{dir}/"), format!("{dir}0"));
        let below = match dir {
            "" => self.entries.range::<str, _>(..),
            _ => self.entries.range::<str, _>((Bound::Included(&*start), Bound::Excluded(&*end))),
        };
        below.map(|(path, entry)| (path.as_str(), entry))
    }

    /// The entry at `path`, if there is one.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Whether `dir` holds any entry (`""` is the root).
    pub fn has_folder(&self, dir: &str) -> bool {
        self.under(dir).next().is_some()
    }

    /// The bytes of the regular file at `path`.
    ///
    /// # Errors
    /// [`ReadError`]: no such entry, a link or submodule, or the adapter failed.
    pub fn read(&self, path: &str) -> Result<Arc<[u8]>, ReadError> {
        let entry = self.entries.get(path).ok_or_else(|| ReadError::Missing { path: path.into() })?;
        match entry.kind {
            EntryKind::File | EntryKind::Executable => {}
            kind @ (EntryKind::Symlink | EntryKind::Submodule) => {
                return Err(ReadError::NotAFile { path: path.into(), kind });
            }
        }
        if let Some(bytes) = self.overlay.get(path) {
            return Ok(bytes.clone());
        }
        self.blobs.read(&entry.id).map_err(|source| ReadError::Blob { path: path.into(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_laid_over_and_removed() {
        let base = Snapshot::from_files([("a/b.yaml", "one"), ("c.yaml", "two")]);
        let next = base.with_edits([Edit::write("a/b.yaml", b"three".to_vec()), Edit::remove("c.yaml")]);
        assert_eq!(&*next.read("a/b.yaml").unwrap(), b"three");
        assert!(matches!(next.read("c.yaml"), Err(ReadError::Missing { .. })));
        assert_eq!(&*base.read("a/b.yaml").unwrap(), b"one");
    }

    #[test]
    fn folders_are_matched_by_whole_parts() {
        let snapshot =
            Snapshot::from_files([("app/x.yaml", ""), ("apple/y.yaml", ""), ("app", ""), ("app-2/z", "")]);
        let under: Vec<_> = snapshot.under("app").map(|(path, _)| path.to_owned()).collect();
        assert_eq!(under, ["app/x.yaml"]);
        assert!(snapshot.has_folder("") && !snapshot.has_folder("ap"));
    }
}
