//! One bare repository on disk: a generation of a mirror, or a local repository.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ThreadSafeRepository;
use gix::sec::Trust;

/// An object database that any thread may read.
pub(crate) struct Store {
    pub(crate) repository: ThreadSafeRepository,
    path: PathBuf,
    /// A missing or broken object was met.
    damaged: AtomicBool,
    /// To be removed once the last snapshot lets go of it.
    retired: AtomicBool,
}

impl Store {
    /// Opens the repository at `path`: bare, or a work tree with a `.git` folder.
    pub(crate) fn open(path: &Path, alloc_limit: u64) -> Result<Self, String> {
        let repository = options(alloc_limit).open(path).map_err(|error| words(&error))?;
        Ok(Self::of(repository, path))
    }

    /// Makes an empty bare repository at `path`, which must not exist.
    pub(crate) fn create(path: &Path, alloc_limit: u64) -> Result<Self, String> {
        let kind = gix::create::Kind::Bare;
        let made = ThreadSafeRepository::init_opts(path, kind, Default::default(), options(alloc_limit));
        Ok(Self::of(made.map_err(|error| words(&error))?, path))
    }

    fn of(repository: ThreadSafeRepository, path: &Path) -> Self {
        Self {
            repository,
            path: path.to_owned(),
            damaged: AtomicBool::new(false),
            retired: AtomicBool::new(false),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    pub(crate) fn packs(&self) -> usize {
        let Ok(files) = fs::read_dir(self.path.join("objects/pack")) else { return 0 };
        files.flatten().filter(|file| file.path().extension() == Some(OsStr::new("pack"))).count()
    }

    /// Removes what a fetch leaves behind when its process is killed: locks, temporary files, packs
    /// without an index. Nobody else may be using the repository.
    pub(crate) fn sweep(path: &Path) -> io::Result<()> {
        let packs = path.join("objects/pack");
        for file in fs::read_dir(&packs)? {
            let file = file?.path();
            let whole = match file.extension().and_then(OsStr::to_str) {
                Some("idx") => file.with_extension("pack").exists(),
                Some("pack") => file.with_extension("idx").exists(),
                _ => false,
            };
            if !whole {
                remove(&file)?;
            }
        }
        for file in fs::read_dir(path)? {
            let file = file?.path();
            if file.extension() == Some(OsStr::new("lock")) {
                fs::remove_file(&file)?;
            }
        }
        sweep_locks(&path.join("refs"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Relaxed) {
            fs::remove_dir_all(&self.path).ok(); // else the next open sweeps it
        }
    }
}

/// No configuration, environment or program of the machine; bounds against objects that inflate.
fn options(alloc_limit: u64) -> gix::open::Options {
    gix::open::Options::isolated()
        .config_overrides([format!("gitoxide.objects.allocLimit={alloc_limit}")])
        .with(Trust::Full)
}

fn sweep_locks(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sweep_locks(&entry.path())?;
        } else if entry.path().extension() == Some(OsStr::new("lock")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// The words of the Git library, with their causes.
pub(crate) fn words(error: &gix::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for error in error.iter_errors() {
        let text = error.to_string();
        if !text.is_empty() && parts.last() != Some(&text) {
            parts.push(text);
        }
    }
    parts.join(": ").chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(600).collect()
}
