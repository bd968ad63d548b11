//! A work tree that a test writes, commits and pushes with the real git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The real git, reading no configuration but what the arguments give, with a fixed author.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Ada Lovelace")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_COMMITTER_NAME", "Ada Lovelace")
        .env("GIT_COMMITTER_EMAIL", "ada@example.org")
        .args(["-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false", "-c", "gc.auto=0"]);
    command
}

/// Runs git in `dir` and returns what it printed, without the last line's end.
///
/// # Panics
/// With its stderr when it fails.
pub(crate) fn run(dir: &Path, args: &[&str]) -> String {
    let output = git(dir).args(args).output().unwrap_or_else(|error| panic!("cannot run git: {error}"));
    assert!(
        output.status.success(),
        "git {args:?} failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// A Git work tree on branch `main`. Every method panics with git's words when git fails.
#[derive(Debug, Clone)]
pub struct GitRepo {
    dir: PathBuf,
}

impl GitRepo {
    /// Makes a repository in `dir`, which is created if it is missing.
    pub fn init(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("cannot create {}: {error}", dir.display()));
        run(&dir, &["init", "--quiet"]);
        Self { dir }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the file at `path` in the work tree, with the folders above it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        self
    }

    /// Removes the file at `path` from the work tree.
    pub fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.dir.join(path)).unwrap_or_else(|error| panic!("cannot remove {path}: {error}"));
        self
    }

    /// Commits the work tree as it is, even if nothing changed, and returns the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    /// The id of the commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits the reversal of `commit` and returns the new commit's id.
    pub fn revert(&self, commit: &str) -> String {
        self.git(&["revert", "--no-edit", commit]);
        self.head()
    }

    /// Puts a light tag on the commit that is checked out.
    pub fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", name]);
        self
    }

    /// Pushes the checked-out branch to the same name at `url`.
    pub fn push(&self, url: &str) -> &Self {
        self.git(&["push", "--quiet", url, "HEAD"]);
        self
    }

    /// Pushes even if that drops commits at `url`.
    pub fn push_force(&self, url: &str) -> &Self {
        self.git(&["push", "--quiet", "--force", url, "HEAD"]);
        self
    }

    /// Runs any other git command here and returns what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        run(&self.dir, args)
    }
}
