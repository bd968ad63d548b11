//! Edits as files, atomically.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use sealward_snapshot::{Edit, PathError, join};
use tempfile::{Builder, NamedTempFile};

use crate::Folder;

/// Why edits were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A path that is not below the folder.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A path that leads out of the folder through a symbolic link.
    #[error("{path:?} leads out of {} through a symbolic link; nothing was written", root.display())]
    Outside {
        /// As in the edit.
        path: String,
        /// The folder.
        root: PathBuf,
    },
    /// Something that is not a regular file stands there.
    #[error("{path:?} is not a regular file; nothing was written")]
    NotAFile {
        /// As in the edit.
        path: String,
    },
    /// A file could not be prepared: a full disk, missing rights. All files are as they were.
    #[error("cannot write {path:?}; nothing was changed")]
    Stage {
        /// As in the edit.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A prepared file could not take its place; those before it have.
    #[error("cannot put {path:?} in its place; {done} of {all} edits were made before it")]
    Commit {
        /// As in the edit.
        path: String,
        /// Edits made.
        done: usize,
        /// Edits asked for.
        all: usize,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Folder {
    /// Makes all `edits`. Every new content is written beside its file and synced first; only when all
    /// of them are, they are renamed into place one by one.
    ///
    /// A file keeps its mode and, where that is permitted, its owner. A symbolic link stays, and its
    /// target is written, if that lies in this folder. Missing folders are made. Removing a link removes
    /// the link; removing what is not there is no error.
    ///
    /// # Errors
    /// [`WriteError`]. Whatever it is, each file holds its old or its new bytes as a whole, and no
    /// temporary file is left.
    pub fn write(&self, edits: &[Edit]) -> Result<(), WriteError> {
        let staged = edits.iter().map(|edit| self.stage(edit)).collect::<Result<Vec<_>, _>>()?;
        for (done, step) in staged.into_iter().enumerate() {
            let (path, result) = step.commit();
            result.map_err(|source| WriteError::Commit { path, done, all: edits.len(), source })?;
        }
        Ok(())
    }

    fn stage(&self, edit: &Edit) -> Result<Step, WriteError> {
        match edit {
            Edit::Write { path, bytes } => self.stage_write(path, bytes),
            Edit::Remove { path } => {
                let at = self.root.join(join("", path)?);
                if let Some(parent) = at.parent().filter(|parent| parent.exists()) {
                    self.hold_inside(path, parent)?;
                }
                Ok(Step::Remove { path: path.clone(), at })
            }
        }
    }

    fn stage_write(&self, path: &str, bytes: &[u8]) -> Result<Step, WriteError> {
        let failed = |source| WriteError::Stage { path: path.into(), source };
        let target = self.target(path)?;
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        let before = match fs::metadata(&target) {
            Ok(metadata) if metadata.is_file() => Some(metadata),
            Ok(_) => return Err(WriteError::NotAFile { path: path.into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let temporary = stage(&folder, bytes, before.as_ref()).map_err(failed)?;
        Ok(Step::Replace { path: path.into(), temporary, target, folder })
    }

    /// The file that `path` stands for, links followed, with its folders made.
    fn target(&self, path: &str) -> Result<PathBuf, WriteError> {
        let failed = |source| WriteError::Stage { path: path.into(), source };
        let at = self.root.join(join("", path)?);
        if at.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            let target = at.canonicalize().map_err(failed)?;
            return self.hold_inside(path, &target);
        }
        let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
            return Err(WriteError::NotAFile { path: path.into() });
        };
        // Before anything is made: the deepest folder that is there must be inside.
        let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok());
        self.hold_inside(path, there.unwrap_or(&self.root))?;
        fs::create_dir_all(folder).map_err(failed)?;
        Ok(self.hold_inside(path, folder)?.join(name))
    }

    fn hold_inside(&self, path: &str, there: &Path) -> Result<PathBuf, WriteError> {
        let found = there.canonicalize().map_err(|source| WriteError::Stage { path: path.into(), source })?;
        if found.starts_with(&self.root) {
            Ok(found)
        } else {
            Err(WriteError::Outside { path: path.into(), root: self.root.clone() })
        }
    }
}

/// A prepared edit; dropped, it leaves nothing behind.
enum Step {
    Replace { path: String, temporary: NamedTempFile, target: PathBuf, folder: PathBuf },
    Remove { path: String, at: PathBuf },
}

impl Step {
    fn commit(self) -> (String, io::Result<()>) {
        match self {
            Self::Replace { path, temporary, target, folder } => {
                let placed = temporary.persist(&target).map_err(|error| error.error);
                (path, placed.and_then(|_| sync_folder(&folder)))
            }
            Self::Remove { path, at } => match fs::remove_file(&at) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => (path, Ok(())),
                Err(error) => (path, Err(error)),
                Ok(()) => (path, at.parent().map_or(Ok(()), sync_folder)),
            },
        }
    }
}

/// Writes `bytes` into a new file in `folder`, as it is to look in place of `before`.
fn stage(folder: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<NamedTempFile> {
    // Plaintext may pass through here: the file is nobody else's until it has the old mode.
    let mode = if before.is_some() { 0o600 } else { 0o666 };
    let mut temporary = Builder::new()
        .prefix(".sealward-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode)) // less what the umask takes
        .tempfile_in(folder)?;
    temporary.as_file_mut().write_all(bytes)?;
    if let Some(before) = before {
        keep_owner(temporary.as_file(), before);
        temporary.as_file().set_permissions(before.permissions())?;
    }
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Only root may give a file away; for others the rename makes it theirs, as with every editor.
fn keep_owner(file: &File, before: &Metadata) {
    let differs = |now: Metadata| (now.uid(), now.gid()) != (before.uid(), before.gid());
    if file.metadata().is_ok_and(differs) {
        fchown(file, Some(before.uid()), Some(before.gid())).ok();
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use std::error::Error;
    use std::os::unix::fs::symlink;

    struct Place {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap().join("repo");
            fs::create_dir(&root).unwrap();
            Self { _dir: dir, root }
        }

        fn write(&self, edits: &[Edit]) -> Result<(), WriteError> {
            Folder::at(&self.root, Limits::default()).unwrap().write(edits)
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.root.join(path)).unwrap()
        }

        fn mode(&self, path: &str) -> u32 {
            fs::metadata(self.root.join(path)).unwrap().permissions().mode() & 0o7777
        }

        fn names(&self, path: &str) -> Vec<String> {
            let entries = fs::read_dir(self.root.join(path)).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn edit(path: &str, text: &str) -> Edit {
        Edit::write(path, text.as_bytes().to_vec())
    }

    #[test]
    fn replaces_makes_and_removes() {
        let place = Place::new();
        fs::write(place.root.join("a.sh"), "old").unwrap();
        fs::set_permissions(place.root.join("a.sh"), Permissions::from_mode(0o751)).unwrap();
        fs::write(place.root.join("gone"), "").unwrap();
        let edits =
            [edit("a.sh", "new"), edit("x/y/z.yaml", "z"), Edit::remove("gone"), Edit::remove("none/x")];
        place.write(&edits).unwrap();
        assert_eq!((place.text("a.sh"), place.mode("a.sh")), ("new".into(), 0o751));
        assert_eq!((place.text("x/y/z.yaml"), place.mode("x/y/z.yaml") & 0o700), ("z".into(), 0o600));
        assert_eq!(place.names(""), ["a.sh", "x"]);
        assert_eq!(place.names("x/y"), ["z.yaml"]);
    }

    #[test]
    fn keeps_links_inside_and_refuses_links_outside() {
        let place = Place::new();
        let outside = place.root.parent().unwrap().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("x"), "theirs").unwrap();
        fs::create_dir(place.root.join("real")).unwrap();
        fs::write(place.root.join("real/x"), "old").unwrap();
        symlink("real/x", place.root.join("link")).unwrap();
        symlink("real", place.root.join("folder")).unwrap();
        symlink("../outside/x", place.root.join("out")).unwrap();
        symlink("../outside", place.root.join("out-folder")).unwrap();
        symlink("nowhere", place.root.join("dangling")).unwrap();
        place.write(&[edit("link", "one")]).unwrap();
        assert_eq!(place.text("real/x"), "one");
        place.write(&[edit("folder/x", "two")]).unwrap();
        assert_eq!((place.text("real/x"), place.text("link")), ("two".into(), "two".into()));
        assert!(place.root.join("link").is_symlink());
        for path in ["out", "out-folder/x", "out-folder/new/x", "dangling"] {
            let error = place.write(&[edit("real/x", "three"), edit(path, "bad")]).unwrap_err();
            let right = matches!(&error, WriteError::Outside { .. }) || path == "dangling";
            assert!(right, "{error:?}");
        }
        assert!(place.write(&[Edit::remove("out-folder/x")]).is_err());
        for path in ["../x", "/etc/x", "a/../../x"] {
            assert!(matches!(place.write(&[edit(path, "bad")]), Err(WriteError::Path(_))), "{path}");
        }
        assert!(matches!(place.write(&[edit("real", "bad")]), Err(WriteError::NotAFile { .. })));
        assert_eq!(place.text("real/x"), "two", "nothing was changed by any refused set");
        assert_eq!(fs::read_to_string(outside.join("x")).unwrap(), "theirs");
        assert_eq!(place.names("").len(), 6, "no temporary file");
        assert_eq!(place.names("real"), ["x"]);
        place.write(&[Edit::remove("out")]).unwrap();
        assert!(outside.join("x").exists() && !place.root.join("out").is_symlink());
    }

    /// A file-size limit makes a write fail half-way, as a full disk does. It holds for a process, so
    /// this test runs itself once more under it; the shell has the signal ignored that comes with it.
    #[test]
    fn a_write_that_fails_half_way_changes_nothing() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        const AGAIN: &str = "SEALWARD_TEST_FILE_SIZE_LIMIT";
        #[expect(clippy::disallowed_methods, reason = "tells the second run from the first")]
        let again = std::env::var_os(AGAIN).is_some();
        if !again {
            #[expect(clippy::disallowed_types, reason = "runs this very test again")]
            let mut command = std::process::Command::new("sh");
            let name = "write::tests::a_write_that_fails_half_way_changes_nothing";
            command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(std::env::current_exe().unwrap());
            let output = command.args(["--exact", name, "--nocapture"]).env(AGAIN, "1").output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
            return;
        }
        let place = Place::new();
        fs::write(place.root.join("a"), "old").unwrap();
        fs::write(place.root.join("b"), "old").unwrap();
        setrlimit(Resource::Fsize, Rlimit { current: Some(4096), maximum: Some(4096) }).unwrap();
        let error = place.write(&[edit("a", "new"), edit("b", &"x".repeat(10_000))]).unwrap_err();
        assert_eq!(error.to_string(), "cannot write \"b\"; nothing was changed");
        assert_eq!(error.source().unwrap().to_string(), "File too large (os error 27)");
        assert_eq!((place.text("a"), place.text("b")), ("old".into(), "old".into()));
        assert_eq!(place.names(""), ["a", "b"]);
    }
}
