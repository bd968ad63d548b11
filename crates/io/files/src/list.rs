//! Folders and files as a snapshot.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, WalkBuilder};
use sealward_snapshot::{BlobError, Blobs, Entry, EntryKind, Snapshot};

use crate::{Folder, OpenError};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The files, named relative to the folder's root; bytes are read when they are asked for.
    pub snapshot: Snapshot,
    /// What is there but not in the snapshot, beside what `.gitignore` leaves out.
    pub skipped: Vec<Skipped>,
}

/// Something that a snapshot cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is, made printable.
    pub path: String,
    /// Why it was left out.
    pub reason: String,
    /// Whether it may hold files that nobody has looked at, a folder that cannot be read for example.
    pub unseen: bool,
}

/// Why there is no listing.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// One of the paths asked for cannot be used.
    #[error(transparent)]
    Path(#[from] OpenError),
    /// More files than [`crate::Limits::entries`].
    #[error("{} holds more than {limit} files", root.display())]
    TooManyEntries {
        /// The folder.
        root: PathBuf,
        /// The bound.
        limit: usize,
    },
}

impl Folder {
    /// The files at and below `paths` (absolute, or relative to the process' folder); no paths means all
    /// of the folder.
    ///
    /// What `.gitignore` and `.git/info/exclude` say is left out, except for a file that is named in
    /// `paths` itself. Hidden files are in, `.git` is not. A symbolic link is an entry and is not
    /// followed; a folder with a `.git` of its own is a submodule.
    ///
    /// # Errors
    /// [`ListError`]. What is met on the way and cannot be listed is in [`Listing::skipped`] instead.
    pub fn list(&self, paths: &[PathBuf]) -> Result<Listing, ListError> {
        let mut found = Found { folder: self, entries: BTreeMap::new(), skipped: Vec::new() };
        if paths.is_empty() {
            found.walk(&self.root)?;
        }
        for path in paths {
            let full = self.root.join(self.relative(path)?);
            let metadata =
                full.symlink_metadata().map_err(|source| OpenError::Io { path: path.clone(), source })?;
            if metadata.is_dir() { found.walk(&full)? } else { found.take(&full, &metadata)? }
        }
        let blobs = Arc::new(FileBlobs { root: self.root.clone(), limit: self.limits.file_bytes });
        Ok(Listing { snapshot: Snapshot::new(found.entries, blobs), skipped: found.skipped })
    }
}

struct Found<'a> {
    folder: &'a Folder,
    entries: BTreeMap<String, Entry>,
    skipped: Vec<Skipped>,
}

impl Found<'_> {
    fn walk(&mut self, start: &Path) -> Result<(), ListError> {
        let root = self.folder.root.clone();
        let walk = WalkBuilder::new(start)
            .standard_filters(false)
            .git_ignore(true)
            .git_exclude(true)
            .parents(true)
            .require_git(false)
            .follow_links(false)
            .filter_entry(move |entry| is_wanted(entry, &root))
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => self.visit(&entry)?,
                Err(error) => {
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.skip(place(&error).unwrap_or(start), &reason, true);
                }
            }
        }
        Ok(())
    }

    fn visit(&mut self, entry: &DirEntry) -> Result<(), ListError> {
        if let Some(error) = entry.error() {
            self.skip(entry.path(), &error.to_string(), false); // an ignore file that does not parse
        }
        match entry.metadata() {
            Ok(metadata) => self.take(entry.path(), &metadata),
            Err(error) => {
                self.skip(entry.path(), &error.to_string(), true);
                Ok(())
            }
        }
    }

    fn take(&mut self, path: &Path, metadata: &Metadata) -> Result<(), ListError> {
        let kind = match metadata.file_type() {
            kind if kind.is_symlink() => EntryKind::Symlink,
            kind if kind.is_file() && metadata.permissions().mode() & 0o100 != 0 => EntryKind::Executable,
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_dir() && path != self.folder.root && is_repository(path) => EntryKind::Submodule,
            kind if kind.is_dir() => return Ok(()),
            _ => {
                self.skip(path, "neither a file nor a folder nor a symbolic link", false);
                return Ok(());
            }
        };
        let inside = path.strip_prefix(&self.folder.root).ok().and_then(Path::to_str);
        let Some(inside) = inside else {
            self.skip(path, "the name is not UTF-8", true);
            return Ok(());
        };
        self.entries.insert(inside.to_owned(), Entry { kind, id: inside.to_owned() });
        let limit = self.folder.limits.entries;
        if self.entries.len() > limit {
            return Err(ListError::TooManyEntries { root: self.folder.root.clone(), limit });
        }
        Ok(())
    }

    fn skip(&mut self, path: &Path, reason: &str, unseen: bool) {
        let path = path.strip_prefix(&self.folder.root).unwrap_or(path);
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let (path, reason) = (path.display().to_string(), reason.to_owned());
        let skipped = Skipped { path, reason, unseen };
        if !self.skipped.contains(&skipped) {
            self.skipped.push(skipped);
        }
    }
}

/// What an error of the walk is about.
fn place(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// Not `.git`, and nothing below a submodule; the submodule itself is visited.
fn is_wanted(entry: &DirEntry, root: &Path) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    let below_submodule = entry.path().parent().is_some_and(|parent| parent != root && is_repository(parent));
    entry.file_name() != ".git" && !below_submodule
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

struct FileBlobs {
    root: PathBuf,
    limit: u64,
}

impl FileBlobs {
    /// The file may have changed since it was listed: a link in its place is not followed.
    fn bytes(&self, id: &str) -> Result<Vec<u8>, String> {
        let path = self.root.join(id);
        let words = |error: std::io::Error| error.to_string();
        let folder = path.parent().unwrap_or(&self.root).canonicalize().map_err(words)?;
        if !folder.starts_with(&self.root) || !fs::symlink_metadata(&path).map_err(words)?.is_file() {
            return Err("it is no regular file any more".into());
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(words)?;
        file.take(self.limit.saturating_add(1)).read_to_end(&mut bytes).map_err(words)?;
        if bytes.len() as u64 > self.limit {
            return Err(format!("it has more than the {} bytes allowed", self.limit));
        }
        Ok(bytes)
    }
}

impl Blobs for FileBlobs {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        self.bytes(id).map(Into::into).map_err(BlobError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use std::error::Error;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    struct Tree {
        dir: tempfile::TempDir,
    }

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self { dir }
        }

        fn folder(&self) -> Folder {
            Folder::at(self.dir.path(), Limits::default()).unwrap()
        }

        fn check(&self, paths: &[&str], expect: &[(&str, EntryKind)]) {
            let paths: Vec<_> = paths.iter().map(|path| self.dir.path().join(path)).collect();
            let listing = self.folder().list(&paths).unwrap();
            let found: Vec<_> = listing.snapshot.entries().map(|(path, entry)| (path, entry.kind)).collect();
            assert_eq!(found, expect, "{paths:?}");
            assert_eq!(listing.skipped, []);
        }
    }

    use EntryKind::{Executable, File as Plain, Submodule, Symlink};

    #[test]
    fn ignored_hidden_linked_and_foreign() {
        let tree = Tree::new(&[
            (".git/HEAD", "ref: refs/heads/main"),
            (".git/info/exclude", "excluded.yaml"),
            (".gitignore", "*.tmp\n/build/\n!keep.tmp\n"),
            (".ignore", "a.yaml"),
            (".github/ci.yaml", ""),
            ("a.yaml", "one"),
            ("excluded.yaml", ""),
            ("build/out.yaml", ""),
            ("apps/.gitignore", "secret.yaml"),
            ("apps/secret.yaml", "s"),
            ("apps/run.sh", ""),
            ("apps/keep.tmp", ""),
            ("apps/x.tmp", ""),
            ("vendor/lib/.git", "gitdir: elsewhere"),
            ("vendor/lib/deep/x.yaml", ""),
        ]);
        let script = tree.dir.path().join("apps/run.sh");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc", tree.dir.path().join("etc")).unwrap();
        let apps = [("apps/.gitignore", Plain), ("apps/keep.tmp", Plain), ("apps/run.sh", Executable)];
        let mut all =
            vec![(".github/ci.yaml", Plain), (".gitignore", Plain), (".ignore", Plain), ("a.yaml", Plain)];
        all.extend(apps);
        all.extend([("etc", Symlink), ("vendor/lib", Submodule)]);
        tree.check(&[], &all);
        tree.check(&[""], &all);
        tree.check(&["apps"], &apps);
        tree.check(
            &["apps/secret.yaml", "apps/x.tmp"],
            &[("apps/secret.yaml", Plain), ("apps/x.tmp", Plain)],
        );
        tree.check(&["apps", "apps/secret.yaml"], &[apps[0], apps[1], apps[2], ("apps/secret.yaml", Plain)]);
        tree.check(&["etc"], &[("etc", Symlink)]);
    }

    #[test]
    fn what_cannot_be_listed_is_reported() {
        let tree = Tree::new(&[("a.yaml", "")]);
        let _socket = UnixListener::bind(tree.dir.path().join("socket")).unwrap();
        fs::write(tree.dir.path().join(std::ffi::OsStr::from_bytes(b"b\xff.yaml")), "").unwrap();
        let mut skipped = tree.folder().list(&[]).unwrap().skipped;
        skipped.sort_by(|one, other| one.path.cmp(&other.path));
        let found: Vec<_> = skipped.iter().map(|skip| (&*skip.path, &*skip.reason)).collect();
        assert_eq!(
            found,
            [
                ("b\u{fffd}.yaml", "the name is not UTF-8"),
                ("socket", "neither a file nor a folder nor a symbolic link"),
            ]
        );
    }

    #[test]
    fn bounds_and_paths_elsewhere() {
        let tree = Tree::new(&[("a.yaml", "12345"), ("b.yaml", "")]);
        let tight = Limits { entries: 1, file_bytes: 4 };
        let folder = Folder::at(tree.dir.path(), tight).unwrap();
        assert!(matches!(folder.list(&[]), Err(ListError::TooManyEntries { limit: 1, .. })));
        let one = folder.list(&[tree.dir.path().join("a.yaml")]).unwrap();
        let error = one.snapshot.read("a.yaml").unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "it has more than the 4 bytes allowed");
        assert!(matches!(
            folder.list(&["/etc/passwd".into()]),
            Err(ListError::Path(OpenError::Outside { .. }))
        ));
        let missing = folder.list(&[tree.dir.path().join("none")]).unwrap_err().to_string();
        assert!(missing.starts_with("cannot open") && missing.ends_with("/none"), "{missing}");
    }

    #[test]
    fn reads_on_demand_and_never_through_a_link() {
        let tree = Tree::new(&[("a/x.yaml", "old"), ("y.yaml", "y")]);
        let snapshot = tree.folder().list(&[]).unwrap().snapshot;
        fs::write(tree.dir.path().join("a/x.yaml"), "new").unwrap();
        assert_eq!(&*snapshot.read("a/x.yaml").unwrap(), b"new");
        fs::remove_dir_all(tree.dir.path().join("a")).unwrap();
        assert!(snapshot.read("a/x.yaml").is_err());
        symlink("/etc", tree.dir.path().join("a")).unwrap();
        fs::remove_file(tree.dir.path().join("y.yaml")).unwrap();
        symlink("/etc/passwd", tree.dir.path().join("y.yaml")).unwrap();
        assert!(snapshot.read("y.yaml").is_err());
        let elsewhere = FileBlobs { root: snapshot_root(&tree), limit: 100_000 };
        assert!(elsewhere.bytes("a/passwd").is_err());
    }

    fn snapshot_root(tree: &Tree) -> PathBuf {
        tree.folder().root().to_owned()
    }
}
