//! A commit's trees as a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Exists;
use gix::objs::tree::EntryKind as GitKind;
use gix::prelude::{FindExt, HeaderExt};
use sealward_snapshot::{BlobError, Blobs, Entry, EntryKind, Snapshot};

use crate::store::{Store, words};
use crate::{Limits, SnapshotError};

/// Reads all trees of `commit`; blobs are read when they are asked for.
pub(crate) fn snapshot(
    store: &Arc<Store>,
    commit: ObjectId,
    limits: &Limits,
) -> Result<Snapshot, SnapshotError> {
    let root = tree_of(store, commit)?;
    let mut walk = Walk { store, limits, seen: 0, entries: BTreeMap::new() };
    let mut folders = vec![(String::new(), 0, root)];
    while let Some((path, depth, tree)) = folders.pop() {
        walk.read(&path, depth, tree, &mut folders)?;
    }
    let blobs = ObjectBlobs { store: store.clone(), limit: limits.blob_bytes };
    Ok(Snapshot::new(walk.entries, Arc::new(blobs)))
}

/// A commit that is not here may never have been; one that is here and unreadable is damage.
fn tree_of(store: &Store, commit: ObjectId) -> Result<ObjectId, SnapshotError> {
    let mut buffer = Vec::new();
    let handle = store.repository.objects.to_handle();
    let decoded = handle.find_commit(&commit, &mut buffer).map_err(|error| {
        if handle.exists(&commit) {
            store.mark_damaged();
        }
        object_error(commit, &error)
    })?;
    Ok(decoded.tree())
}

struct Walk<'a> {
    store: &'a Store,
    limits: &'a Limits,
    seen: usize,
    entries: BTreeMap<String, Entry>,
}

impl Walk<'_> {
    fn read(
        &mut self,
        folder: &str,
        depth: usize,
        tree: ObjectId,
        folders: &mut Vec<(String, usize, ObjectId)>,
    ) -> Result<(), SnapshotError> {
        let mut buffer = Vec::new();
        let handle = self.store.repository.objects.to_handle();
        let tree = handle.find_tree(&tree, &mut buffer).map_err(|error| {
            self.store.mark_damaged();
            object_error(tree, &error)
        })?;
        for entry in &tree.entries {
            self.seen += 1;
            if self.seen > self.limits.entries {
                return Err(SnapshotError::TooManyEntries { limit: self.limits.entries });
            }
            let path = path(folder, entry.filename)?;
            let kind = match entry.mode.kind() {
                GitKind::Tree if depth >= self.limits.depth => {
                    return Err(SnapshotError::TooDeep { path, limit: self.limits.depth });
                }
                GitKind::Tree => {
                    folders.push((path, depth + 1, entry.oid.to_owned()));
                    continue;
                }
                GitKind::Blob => EntryKind::File,
                GitKind::BlobExecutable => EntryKind::Executable,
                GitKind::Link => EntryKind::Symlink,
                GitKind::Commit => EntryKind::Submodule,
            };
            self.entries.insert(path, Entry { kind, id: entry.oid.to_string() });
        }
        Ok(())
    }
}

/// A tree can hold any bytes as a name; these are the names that git itself refuses to check out.
fn path(folder: &str, name: &[u8]) -> Result<String, SnapshotError> {
    let text = std::str::from_utf8(name).ok();
    let allowed = |text: &&str| {
        !matches!(*text, "" | "." | "..") && !text.eq_ignore_ascii_case(".git") && !text.contains(['/', '\0'])
    };
    let Some(name) = text.filter(allowed) else {
        let name = name.escape_ascii().to_string();
        return Err(SnapshotError::Name { folder: folder.into(), name });
    };
    Ok(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

struct ObjectBlobs {
    store: Arc<Store>,
    limit: u64,
}

impl Blobs for ObjectBlobs {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        let id =
            ObjectId::from_hex(id.as_bytes()).map_err(|_| BlobError(format!("{id:?} is no object id")))?;
        let handle = self.store.repository.objects.to_handle();
        let trouble = |error: gix::Error| {
            self.store.mark_damaged();
            BlobError(format!("object {id} cannot be read: {}", words(&error)))
        };
        let size = handle.header(id).map_err(trouble)?.size();
        if size > self.limit {
            return Err(BlobError(format!("it has {size} bytes, more than the {} allowed", self.limit)));
        }
        let mut buffer = Vec::new();
        let blob = handle.find_blob(&id, &mut buffer).map_err(trouble)?;
        Ok(blob.data.into())
    }
}

fn object_error(id: ObjectId, error: &gix::Error) -> SnapshotError {
    SnapshotError::Object { object: id.to_string(), reason: words(error) }
}
