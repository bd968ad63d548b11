//! A repository kept near, one generation after the other.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::ObjectId;
use gix::refs::transaction::PreviousValue;
use sealward_snapshot::Snapshot;

use crate::fetch::{fetch, kept};
use crate::remote::is_commit_id;
use crate::store::{Store, words};
use crate::{FetchError, KeepError, Limits, OpenError, Reference, Remote, SnapshotError, tree};

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The commit's id: 40 hexadecimal digits.
    pub commit: String,
    /// As Flux writes it: `main@sha1:…`, `v1@sha1:…`, `sha1:…`.
    pub revision: String,
    /// Whether it differs from what was fetched last for the same reference.
    pub changed: bool,
    /// What was fetched last for the same reference.
    pub previous: Option<String>,
    /// Whether the branch was moved to a commit that does not follow `previous`. `None` when that
    /// cannot be known: histories are not fetched, so only a direct child is seen to follow.
    pub forced: Option<bool>,
    /// Name and address of the author.
    pub author: String,
    /// The first line of the message.
    pub subject: String,
    /// When it was committed, by the committer's clock, in seconds since 1970.
    pub committed_at: i64,
}

/// A repository whose commits can be looked at: a folder of ours that follows a [`Remote`], or a local
/// repository. Shared by threads; its fetches wait for each other.
pub struct Mirror {
    place: Place,
    limits: Limits,
    current: Mutex<Arc<Store>>,
    fetching: Mutex<()>,
    /// Its folder goes with it.
    retired: AtomicBool,
}

enum Place {
    Cache {
        dir: PathBuf,
        /// Held for as long as the mirror lives.
        _lock: File,
    },
    Local {
        seen: Mutex<HashMap<Reference, ObjectId>>,
    },
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").field("path", &self.store().path()).finish_non_exhaustive()
    }
}

impl Mirror {
    /// Opens the mirror in `dir`, or makes it. What a killed process left behind is removed, and a
    /// mirror that cannot be opened is replaced by an empty one.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it open, or the folder cannot be used.
    pub fn open(dir: impl Into<PathBuf>, limits: Limits) -> Result<Self, OpenError> {
        let dir = dir.into();
        let trouble = |source| OpenError::Io { path: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(trouble)?;
        let lock = File::create(dir.join("lock")).map_err(trouble)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Busy { path: dir }),
            Err(TryLockError::Error(source)) => return Err(trouble(source)),
        }
        let store = newest(&dir, &limits)?;
        Ok(Self::of(Place::Cache { dir, _lock: lock }, store, limits))
    }

    /// Opens the repository at `path`, bare or with a work tree, as an object database: what is
    /// committed there is read where it lies, and nothing is written. [`Mirror::fetch`] then looks at
    /// [`Remote::reference`] only.
    ///
    /// # Errors
    /// [`OpenError`] when there is no repository.
    pub fn local(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let store = Store::open(path, limits.pack_bytes)
            .map_err(|reason| OpenError::Repository { path: path.to_owned(), reason })?;
        Ok(Self::of(Place::Local { seen: Mutex::default() }, store, limits))
    }

    fn of(place: Place, store: Store, limits: Limits) -> Self {
        Self {
            place,
            limits,
            current: Mutex::new(Arc::new(store)),
            fetching: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    /// Says that nobody needs the mirror any more: its folder is removed when the last user lets go of
    /// it. A local repository stays.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Makes sure that the commit that `remote` names is here, and says which it is. Blocks, for about
    /// [`Remote::timeout`] at most.
    ///
    /// The server is asked for the reference first; if that did not move, nothing else is sent. A commit
    /// named by its id that is here already is not asked for at all.
    ///
    /// # Errors
    /// [`FetchError`]; what was fetched before stays.
    pub fn fetch(&self, remote: &Remote) -> Result<Fetched, FetchError> {
        let _one_at_a_time = lock(&self.fetching);
        let source = remote.reference.source()?;
        match &self.place {
            Place::Cache { dir, .. } => self.fetch_from_server(remote, &source, dir),
            Place::Local { seen } => self.look_up(remote, &source, seen),
        }
    }

    /// The tree of `commit`. Its bytes stay readable whatever is fetched later.
    ///
    /// # Errors
    /// [`SnapshotError`]: no such commit here, or one beyond the [`Limits`].
    pub fn snapshot(&self, commit: &str) -> Result<Snapshot, SnapshotError> {
        let id = Some(commit).filter(|commit| is_commit_id(commit));
        let id = id.and_then(|commit| ObjectId::from_hex(commit.as_bytes()).ok());
        let id = id.ok_or_else(|| SnapshotError::Id { commit: commit.into() })?;
        tree::snapshot(&self.store(), id, &self.limits)
    }

    /// Remembers `commit`, which is here, as `name`, for as long as the mirror's folder is there: beyond the
    /// end of the process. A local repository is not written to, so nothing is remembered of it.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn keep(&self, name: &str, commit: &str) -> Result<(), KeepError> {
        if matches!(self.place, Place::Local { .. }) || self.kept(name).as_deref() == Some(commit) {
            return Ok(());
        }
        let store = self.store();
        let failed = |reason: String| KeepError { path: store.path().to_owned(), reason };
        let id = ObjectId::from_hex(commit.as_bytes()).map_err(|error| failed(error.to_string()))?;
        let repository = store.repository.to_thread_local();
        let written = repository.reference(note_of(name), id, PreviousValue::Any, "applied");
        written.map(drop).map_err(|error| failed(words(&error)))
    }

    /// The commit that [`Mirror::keep`] was given last for `name`, if it is still here.
    pub fn kept(&self, name: &str) -> Option<String> {
        kept(&self.store(), &note_of(name)).map(|commit| commit.to_string())
    }

    fn fetch_from_server(&self, remote: &Remote, source: &str, dir: &Path) -> Result<Fetched, FetchError> {
        let kept_as = remote.reference.kept_as(source);
        let store = self.store();
        let previous = kept(&store, &kept_as);
        if store.is_damaged() || store.packs() > self.limits.packs {
            return self.fetch_afresh(remote, source, dir, previous);
        }
        if let (Reference::Commit(id), Some(commit)) = (&remote.reference, previous)
            && ObjectId::from_hex(id.as_bytes()).is_ok_and(|id| id == commit)
        {
            return self.describe(&store, remote, commit, previous);
        }
        match fetch(&store, remote, source, &kept_as, &self.limits) {
            Ok(commit) => self.describe(&store, remote, commit, previous),
            Err(failed) if failed.may_be_the_store => self.fetch_afresh(remote, source, dir, previous),
            Err(failed) => Err(failed.error),
        }
    }

    /// Fetches into a new generation and takes it in place of the old one, which goes when the last
    /// snapshot of it does.
    fn fetch_afresh(
        &self,
        remote: &Remote,
        source: &str,
        dir: &Path,
        previous: Option<ObjectId>,
    ) -> Result<Fetched, FetchError> {
        let trouble = |reason| FetchError::Mirror { path: dir.to_owned(), reason };
        let generations = generations(dir).map_err(|error| trouble(error.to_string()))?;
        let path = dir.join((generations.last().map_or(0, |(number, _)| *number) + 1).to_string());
        let fresh = Arc::new(Store::create(&path, self.limits.pack_bytes).map_err(trouble)?);
        let fetched = fetch(&fresh, remote, source, &remote.reference.kept_as(source), &self.limits)
            .map_err(|failed| failed.error)
            .and_then(|commit| self.describe(&fresh, remote, commit, previous));
        let retired = match fetched {
            Ok(_) => std::mem::replace(&mut *lock(&self.current), fresh),
            Err(_) => fresh,
        };
        retired.retire();
        fetched
    }

    fn look_up(
        &self,
        remote: &Remote,
        source: &str,
        seen: &Mutex<HashMap<Reference, ObjectId>>,
    ) -> Result<Fetched, FetchError> {
        let store = self.store();
        let found = match &remote.reference {
            Reference::Commit(id) => ObjectId::from_hex(id.as_bytes())
                .ok()
                .filter(|id| store.repository.to_thread_local().has_object(id)),
            Reference::Branch(_) | Reference::Tag(_) | Reference::Name(_) => kept(&store, source),
        };
        let commit = found.ok_or_else(|| FetchError::NoSuchReference {
            url: store.path().display().to_string(),
            reference: remote.reference.to_string(),
        })?;
        let mut seen = lock(seen);
        let fetched = self.describe(&store, remote, commit, seen.get(&remote.reference).copied())?;
        seen.insert(remote.reference.clone(), commit);
        Ok(fetched)
    }

    fn describe(
        &self,
        store: &Store,
        remote: &Remote,
        id: ObjectId,
        previous: Option<ObjectId>,
    ) -> Result<Fetched, FetchError> {
        let url = match &self.place {
            Place::Cache { .. } => remote.url.clone(),
            Place::Local { .. } => store.path().display().to_string(),
        };
        let not_a_commit =
            || FetchError::NotACommit { url: url.clone(), reference: remote.reference.to_string() };
        let broken = |error: gix::Error| {
            store.mark_damaged();
            FetchError::Mirror { path: store.path().to_owned(), reason: words(&error) }
        };
        let repository = store.repository.to_thread_local();
        let object = repository.find_object(id).map_err(broken)?;
        if object.kind != gix::objs::Kind::Commit {
            return Err(not_a_commit());
        }
        let commit = object.try_into_commit().map_err(|_| not_a_commit())?;
        let author = commit.author().map_err(broken)?.trim();
        let commit_id = id.to_string();
        let follows = previous.is_some_and(|previous| commit.parent_ids().any(|parent| parent == previous));
        Ok(Fetched {
            revision: remote.reference.revision(&commit_id),
            changed: previous != Some(id),
            previous: previous.map(|id| id.to_string()),
            forced: (follows || previous == Some(id)).then_some(false),
            author: format!("{} <{}>", author.name, author.email),
            subject: String::from_utf8_lossy(&commit.message().map_err(broken)?.summary()).into_owned(),
            committed_at: commit.time().map_err(broken)?.seconds,
            commit: commit_id,
        })
    }

    fn store(&self) -> Arc<Store> {
        lock(&self.current).clone()
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        if let (Place::Cache { dir, .. }, true) = (&self.place, self.retired.load(Ordering::Relaxed)) {
            fs::remove_dir_all(dir).ok(); // what is left is only a cache
        }
    }
}

/// Where a commit is remembered: beside the names that fetches keep, none of which begins like this.
fn note_of(name: &str) -> String {
    format!("refs/sealward-kept/{name}")
}

/// Removes the mirrors in `folder` that nobody needs or has open: those whose name is not in `needed`.
/// Whatever is not a mirror of ours stays. Returns the names of those that are gone.
///
/// # Errors
/// When the folder or a mirror in it cannot be read or removed; one that is not there is empty.
pub fn sweep(folder: &Path, needed: &HashSet<String>) -> io::Result<Vec<String>> {
    let mut gone = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(gone),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let lock = entry.path().join("lock");
        if needed.contains(&name) || !entry.file_type()?.is_dir() || !lock.is_file() {
            continue;
        }
        // Held for as long as it takes, so that nobody opens what goes.
        let lock = File::open(lock)?;
        if lock.try_lock().is_ok() {
            fs::remove_dir_all(entry.path())?;
            gone.push(name);
        }
    }
    Ok(gone)
}

/// The newest generation that opens; all others are removed. Makes the first if there is none.
fn newest(dir: &Path, limits: &Limits) -> Result<Store, OpenError> {
    let trouble = |source| OpenError::Io { path: dir.to_owned(), source };
    let mut found = None;
    let mut last = 0;
    for (number, path) in generations(dir).map_err(trouble)?.into_iter().rev() {
        last = last.max(number);
        if found.is_none() && Store::sweep(&path).is_ok() {
            found = Store::open(&path, limits.pack_bytes).ok();
            if found.is_some() {
                continue;
            }
        }
        fs::remove_dir_all(&path).map_err(trouble)?;
    }
    let path = dir.join((last + 1).to_string());
    found
        .map_or_else(|| Store::create(&path, limits.pack_bytes), Ok)
        .map_err(|reason| OpenError::Repository { path, reason })
}

/// The folders with a number for a name, in order.
fn generations(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str);
        if let Some(number) = name.and_then(|name| name.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
