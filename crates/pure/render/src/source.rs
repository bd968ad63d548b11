//! The repository as a kustomization sees it: every path is resolved here, and every byte counted.

use std::cell::Cell;
use std::sync::Arc;

use sealward_diagnostic::Origin;
use sealward_document::yaml::{self, DuplicateKey};
use sealward_document::{Node, Value};
use sealward_snapshot::{EntryKind, Snapshot, join, parent};

use crate::error::RenderError;
use crate::kustomization::{FILE_NAMES, Kustomization, Written, read as read_kustomization};
use crate::load;

/// How deep kustomizations may include each other.
pub(crate) const MAX_DEPTH: usize = 50;
/// How many folders one application may include, each time counted.
const MAX_FOLDERS: usize = 5_000;
/// How many files one application may read, each time counted.
const MAX_FILES: usize = 50_000;
/// How many bytes one application may read.
const MAX_BYTES: usize = 256 << 20;
/// How many objects one application may load, deleted ones included.
const MAX_OBJECTS: usize = 100_000;

/// A snapshot, and how much of it one application may still read.
pub(crate) struct Source<'a> {
    snapshot: &'a Snapshot,
    folders: Budget,
    files: Budget,
    bytes: Budget,
    objects: Budget,
}

struct Budget {
    what: &'static str,
    limit: usize,
    left: Cell<usize>,
}

impl Budget {
    fn new(what: &'static str, limit: usize) -> Self {
        Self { what, limit, left: Cell::new(limit) }
    }

    fn spend(&self, amount: usize, origin: &Origin) -> Result<(), RenderError> {
        let left = self.left.get().checked_sub(amount);
        self.left.set(left.ok_or_else(|| RenderError::Bound {
            what: self.what,
            limit: self.limit,
            origin: origin.clone(),
        })?);
        Ok(())
    }
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, by its path from the root.
    File(String),
    /// A folder, by its path from the root.
    Folder(String),
}

impl<'a> Source<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            folders: Budget::new("folders", MAX_FOLDERS),
            files: Budget::new("files", MAX_FILES),
            bytes: Budget::new("bytes", MAX_BYTES),
            objects: Budget::new("objects", MAX_OBJECTS),
        }
    }

    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// Counts an object that was loaded.
    pub(crate) fn count_object(&self, origin: &Origin) -> Result<(), RenderError> {
        self.objects.spend(1, origin)
    }

    /// What `path`, as written in `folder`, leads to.
    ///
    /// # Errors
    /// When it leaves the repository, is remote, leads through a link, or to nothing.
    pub(crate) fn place(&self, folder: &str, path: &Written) -> Result<Place, RenderError> {
        let origin = &path.origin;
        if path.text.is_empty() {
            let problem = "must not be empty".to_owned();
            return Err(RenderError::Invalid { field: "path".into(), problem, origin: origin.clone() });
        }
        if is_remote(&path.text) {
            let path = without_credentials(&path.text);
            return Err(RenderError::Remote { path, origin: origin.clone() });
        }
        let full = join(folder, &path.text)
            .map_err(|source| RenderError::Path { source, origin: origin.clone() })?;
        match self.snapshot.entry(&full).map(|entry| entry.kind) {
            Some(EntryKind::File | EntryKind::Executable) => return Ok(Place::File(full)),
            Some(EntryKind::Symlink) => {
                return Err(RenderError::Symlink { path: full, origin: origin.clone() });
            }
            Some(EntryKind::Submodule) | None => {}
        }
        if full.is_empty() || self.snapshot.has_folder(&full) {
            return Ok(Place::Folder(full));
        }
        self.refuse_link_above(&full, origin)?;
        Err(RenderError::Missing { path: full, origin: origin.clone() })
    }

    fn refuse_link_above(&self, path: &str, origin: &Origin) -> Result<(), RenderError> {
        let mut above = parent(path);
        while !above.is_empty() {
            if self.snapshot.entry(above).is_some_and(|entry| entry.kind == EntryKind::Symlink) {
                return Err(RenderError::Symlink { path: above.to_owned(), origin: origin.clone() });
            }
            above = parent(above);
        }
        Ok(())
    }

    /// The file that `path`, as written in `folder`, names, and its bytes.
    ///
    /// # Errors
    /// As [`Source::place`]; also when it is a folder or cannot be read.
    pub(crate) fn file(&self, folder: &str, path: &Written) -> Result<(String, Arc<[u8]>), RenderError> {
        match self.place(folder, path)? {
            Place::File(full) => {
                let bytes = self.bytes(&full, &path.origin)?;
                Ok((full, bytes))
            }
            Place::Folder(full) => Err(RenderError::Invalid {
                field: full,
                problem: "is a folder where a file is wanted".into(),
                origin: path.origin.clone(),
            }),
        }
    }

    /// The bytes of the file at `path` from the root; `origin` is what asks for it.
    pub(crate) fn bytes(&self, path: &str, origin: &Origin) -> Result<Arc<[u8]>, RenderError> {
        self.files.spend(1, origin)?;
        let bytes = self.snapshot.read(path).map_err(|error| RenderError::Blob {
            path: path.to_owned(),
            problem: with_source(&error),
            origin: origin.clone(),
        })?;
        self.bytes.spend(bytes.len(), origin)?;
        Ok(bytes)
    }

    /// The objects of a file.
    pub(crate) fn objects(&self, path: &str, origin: &Origin) -> Result<Vec<Node>, RenderError> {
        let bytes = self.bytes(path, origin)?;
        Ok(load::objects(documents(path, &bytes)?, &bytes))
    }

    /// The kustomization of `folder`, if it has one.
    ///
    /// # Errors
    /// When it has several, or the one is a link, cannot be read, or says what is not understood.
    pub(crate) fn kustomization(
        &self,
        folder: &str,
        origin: &Origin,
    ) -> Result<Option<Kustomization>, RenderError> {
        self.folders.spend(1, origin)?;
        let mut found = None;
        for path in kustomization_files(self.snapshot, folder) {
            if found.is_some() {
                let origin = Origin::file(path);
                return Err(RenderError::ManyKustomizations { path: folder.to_owned(), origin });
            }
            found = Some(path);
        }
        let Some(path) = found else { return Ok(None) };
        if self.snapshot.entry(&path).is_some_and(|entry| entry.kind == EntryKind::Symlink) {
            return Err(RenderError::Symlink { path, origin: origin.clone() });
        }
        let bytes = self.bytes(&path, origin)?;
        let mut documents = documents(&path, &bytes)?.into_iter();
        let document = documents.next().unwrap_or_else(|| Node::made(Value::Null, Origin::new(&*path, 1, 1)));
        if let Some(second) = documents.next() {
            return Err(RenderError::Invalid {
                field: "kustomization".into(),
                problem: "must be the only document of its file".into(),
                origin: second.origin,
            });
        }
        read_kustomization(folder, &document, &bytes).map(Some)
    }
}

/// The kustomization files that stand in `folder` itself.
pub(crate) fn kustomization_files(snapshot: &Snapshot, folder: &str) -> impl Iterator<Item = String> {
    let path = |name| if folder.is_empty() { String::from(name) } else { format!("{folder}/{name}") };
    FILE_NAMES.map(path).into_iter().filter(|path| snapshot.entry(path).is_some())
}

/// The documents of a file, a key that stands twice refused as kustomize does.
pub(crate) fn documents(path: &str, bytes: &[u8]) -> Result<Vec<Node>, RenderError> {
    let reading = yaml::read_each(path, bytes);
    let documents = reading.documents.into_iter().collect::<Result<Vec<_>, _>>();
    let documents = documents
        .map_err(|error| RenderError::Unreadable { problem: error.message, origin: error.origin })?;
    let twice = |duplicate: &DuplicateKey| documents.iter().all(|document| !is_merged(document, duplicate));
    match reading.duplicates.into_iter().find(twice) {
        None => Ok(documents),
        Some(twice) => Err(RenderError::Invalid {
            field: twice.key,
            problem: format!("stands twice in one mapping; first at {}", twice.first),
            origin: twice.again,
        }),
    }
}

/// Whether a key stands first in what its mapping merges by `<<`, which it may well overrule: then the
/// first place is before the mapping that has the second.
fn is_merged(node: &Node, duplicate: &DuplicateKey) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(|item| is_merged(item, duplicate)),
        Value::Map(map) => map.iter().any(|field| {
            let here = field.origin == duplicate.again && duplicate.first < node.origin;
            here || is_merged(&field.node, duplicate)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => false,
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Whether kustomize would take `path` for something to clone or download.
fn is_remote(path: &str) -> bool {
    let before_slash = path.split('/').next().unwrap_or_default();
    path.contains("://")
        || path.contains("?ref=")
        || path.starts_with("git::")
        || path.starts_with("github.com/")
        || (before_slash.contains('@') && before_slash.contains(':'))
}

fn without_credentials(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match scheme {
        "" => format!("{host}/{path}"),
        scheme => format!("{scheme}://{host}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_paths_are_known_and_lose_credentials() {
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(is_remote(path).then(|| without_credentials(path)).as_deref(), expect, "{path}");
        };
        check("../base", None);
        check("a@b/c.yaml", None);
        check("https://me:word@git.example/x?ref=main", Some("https://git.example/x"));
        check("git@github.com:a/b.git", Some("github.com:a/b.git"));
        check("github.com/a/b", Some("github.com/a/b"));
    }
}
