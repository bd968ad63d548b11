//! The repository around a path.

use std::path::{Path, PathBuf};

use sealward_files::{Folder, Limits};
use sealward_snapshot::Snapshot;

use crate::failure::Failure;
use crate::output;

/// A repository and the part of it that was asked for.
pub(crate) struct Repository {
    pub(crate) snapshot: Snapshot,
    /// Whether a part of it could not be looked at.
    pub(crate) unseen: bool,
    folder: Folder,
}

impl Repository {
    /// The repository around the first of `paths` (the current folder when there are none), with all of
    /// `paths` in it even if Git ignores them.
    pub(crate) fn around(paths: &[PathBuf]) -> Result<Self, Failure> {
        let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let folder = Folder::around(first, Limits::default())?;
        let mut wanted = vec![folder.root().to_owned()];
        wanted.extend(paths.iter().cloned());
        let listing = folder.list(&wanted)?;
        for skipped in &listing.skipped {
            output::talk(&format!("warning: {} is left out: {}\n", skipped.path, skipped.reason));
        }
        let unseen = listing.skipped.iter().any(|skipped| skipped.unseen);
        Ok(Self { snapshot: listing.snapshot, unseen, folder })
    }

    /// `path` as the snapshot names it: relative to the repository's root.
    pub(crate) fn relative(&self, path: &Path) -> Result<String, Failure> {
        Ok(self.folder.relative(path)?)
    }
}

/// Whether `path` is `dir` or lies below it; `""` is the root.
pub(crate) fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}
