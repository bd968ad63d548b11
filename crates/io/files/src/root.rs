//! Which folder paths are relative to.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::{Folder, Limits};

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Missing, or not to be looked at.
    #[error("cannot open {}", path.display())]
    Io {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file where a folder is wanted.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// As given.
        path: PathBuf,
    },
    /// A path that leads elsewhere.
    #[error("{} lies outside {}", path.display(), root.display())]
    Outside {
        /// As given.
        path: PathBuf,
        /// The folder.
        root: PathBuf,
    },
    /// A path that a snapshot cannot name.
    #[error("{} is not UTF-8", path.display())]
    NotUtf8 {
        /// As given.
        path: PathBuf,
    },
}

impl Folder {
    /// The folder at `root` itself.
    ///
    /// # Errors
    /// [`OpenError`] when it is missing or no folder.
    pub fn at(root: &Path, limits: Limits) -> Result<Self, OpenError> {
        let found = canonical(root)?;
        if !found.is_dir() {
            return Err(OpenError::NotAFolder { path: root.to_owned() });
        }
        Ok(Self { root: found, limits })
    }

    /// The Git repository that the folder at `path` stands in: the nearest folder above it, itself
    /// included, with a `.git` in it; `None` without one.
    ///
    /// # Errors
    /// [`OpenError`] when there is nothing at `path`.
    pub fn repository(path: &Path, limits: Limits) -> Result<Option<Self>, OpenError> {
        let start = canonical(path)?;
        let found = start.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
        Ok(found.map(|root| Self { root: root.to_owned(), limits }))
    }

    /// The deepest folder that holds all the folders at `paths`; `/` when there is none.
    ///
    /// # Errors
    /// [`OpenError`] when there is nothing at one of them.
    pub fn holding(paths: &[&Path], limits: Limits) -> Result<Self, OpenError> {
        let mut root: Option<PathBuf> = None;
        for path in paths {
            let found = canonical(path)?;
            let shared = |known: PathBuf| {
                let common =
                    known.components().zip(found.components()).take_while(|(one, other)| one == other);
                common.map(|(component, _)| component).collect()
            };
            root = Some(root.map_or_else(|| found.clone(), shared));
        }
        Ok(Self { root: root.unwrap_or_else(|| PathBuf::from("/")), limits })
    }

    /// `path` (absolute, or relative to the process' folder) as a snapshot of this folder names it;
    /// `""` is the folder. Symbolic links above the last part are followed, the last part is not, and it
    /// need not exist.
    ///
    /// # Errors
    /// [`OpenError`] when it lies elsewhere or its folder does not exist.
    pub fn relative(&self, path: &Path) -> Result<String, OpenError> {
        let resolved = match (path.parent(), path.components().next_back()) {
            (Some(parent), Some(Component::Normal(name))) => {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                canonical(parent)?.join(name)
            }
            _ => canonical(path)?,
        };
        let inside = resolved
            .strip_prefix(&self.root)
            .map_err(|_| OpenError::Outside { path: path.to_owned(), root: self.root.clone() })?;
        inside.to_str().map(ToOwned::to_owned).ok_or_else(|| OpenError::NotUtf8 { path: path.to_owned() })
    }
}

fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    path.canonicalize().map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_repository_around_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("repo/.git")).unwrap();
        fs::create_dir_all(root.join("repo/apps/a")).unwrap();
        fs::create_dir_all(root.join("plain/b/c")).unwrap();
        fs::write(root.join("plain/b/x.yaml"), "").unwrap();
        let limits = Limits::default();
        let check = |path: &str, expect: Option<&str>| {
            let folder = Folder::repository(&root.join(path), limits).unwrap();
            assert_eq!(folder.map(|folder| folder.root), expect.map(|expect| root.join(expect)), "{path}");
        };
        check("repo", Some("repo"));
        check("repo/apps/a", Some("repo"));
        check("plain/b", None);
        assert!(Folder::repository(&root.join("none"), limits).is_err());
        let holding = |paths: &[&str], expect: &str| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
            let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
            assert_eq!(Folder::holding(&paths, limits).unwrap().root, root.join(expect), "{paths:?}");
        };
        holding(&["plain/b"], "plain/b");
        holding(&["plain/b/c", "plain/b"], "plain/b");
        holding(&["plain/b", "repo/apps"], "");
        assert!(matches!(
            Folder::at(&root.join("plain/b/x.yaml"), limits),
            Err(OpenError::NotAFolder { .. })
        ));
    }

    #[test]
    fn relative_paths_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("repo/a")).unwrap();
        symlink("/etc/passwd", root.join("repo/a/link")).unwrap();
        symlink(root.join("repo"), root.join("alias")).unwrap();
        let folder = Folder::at(&root.join("repo"), Limits::default()).unwrap();
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(folder.relative(&root.join(path)).ok().as_deref(), expect, "{path}");
        };
        check("repo", Some(""));
        check("repo/a/x.yaml", Some("a/x.yaml"));
        check("repo/a/../new.yaml", Some("new.yaml"));
        check("alias/a/x.yaml", Some("a/x.yaml"));
        check("repo/a/link", Some("a/link"));
        check("repo/..", None);
        check("other.yaml", None);
    }
}
