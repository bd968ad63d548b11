//! The repository around what was asked for.

use std::env;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use sealward_diagnostic::Origin;
use sealward_files::{Folder, Limits, ListError, Listing, OpenError};
use sealward_render::KUSTOMIZATION_FILES;
use sealward_snapshot::Snapshot;

use crate::failure::Failure;
use crate::output;

/// A repository and the part of it that was asked for.
pub(crate) struct Repository {
    pub(crate) snapshot: Snapshot,
    /// The files and folders that were asked for, as the snapshot names them; `""` is its root.
    pub(crate) scope: Vec<String>,
    /// What may hold files below the scope that nobody could look at.
    pub(crate) unseen: Vec<String>,
    root: PathBuf,
}

impl Repository {
    /// The Git repository around the first of `paths` (the current folder when there are none), with all
    /// of `paths` in it even if Git ignores them. Outside a Git repository: what `paths` name, and of a
    /// kustomization file its folder.
    pub(crate) fn around(paths: &[PathBuf]) -> Result<Self, Failure> {
        let here = [PathBuf::from(".")];
        let paths = if paths.is_empty() { &here } else { paths };
        let mut wanted = Vec::new();
        for path in paths {
            match path.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => output::talk(&format!(
                    "warning: {} is a symbolic link, and links are not followed; name what it points to\n",
                    path.display()
                )),
                Ok(metadata) => wanted.push((path, metadata.is_dir())),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(Failure::of(format!("no file or folder {}", path.display())));
                }
                Err(error) => return Err(Failure::of(format!("cannot look at {}: {error}", path.display()))),
            }
        }
        let holder = |path: &'_ PathBuf, is_dir: bool| if is_dir { path.clone() } else { parent(path) };
        let first = paths.first().map_or_else(|| PathBuf::from("."), |path| holder(path, path.is_dir()));
        let (folder, listed) = match Folder::repository(&first, Limits::default())? {
            Some(folder) => {
                let mut listed = vec![folder.root().to_owned()];
                listed.extend(wanted.iter().map(|(path, _)| (*path).clone()));
                (folder, listed)
            }
            None => {
                let holders: Vec<PathBuf> =
                    wanted.iter().map(|(path, is_dir)| holder(path, *is_dir)).chain([first]).collect();
                let holders: Vec<&Path> = holders.iter().map(PathBuf::as_path).collect();
                let named = wanted.iter().map(|(path, _)| (*path).clone());
                let of_kustomizations =
                    wanted.iter().filter(|(path, _)| is_kustomization(path)).map(|(path, _)| parent(path));
                (Folder::holding(&holders, Limits::default())?, named.chain(of_kustomizations).collect())
            }
        };
        let scope = wanted.iter().map(|(path, _)| relative(&folder, path)).collect::<Result<Vec<_>, _>>()?;
        // No path would mean all of the folder.
        let listing = if listed.is_empty() { Listing::default() } else { list(&folder, &listed)? };
        Ok(Self::of(listing, scope, folder.root()))
    }

    fn of(listing: Listing, scope: Vec<String>, root: &Path) -> Self {
        for skipped in &listing.skipped {
            output::talk(&format!("warning: {} is left out: {}\n", skipped.path, skipped.reason));
        }
        let within =
            |path: &str| scope.iter().any(|wanted| is_within(path, wanted) || is_within(wanted, path));
        let unseen = listing.skipped.iter().filter(|skipped| skipped.unseen && within(&skipped.path));
        let unseen = unseen.map(|skipped| skipped.path.clone()).collect();
        Self { snapshot: listing.snapshot, unseen, scope, root: root.to_owned() }
    }

    /// Whether `path` is, or lies below, what was asked for.
    pub(crate) fn wants(&self, path: &str) -> bool {
        self.scope.iter().any(|wanted| is_within(path, wanted))
    }

    /// A path of the snapshot as somebody in the current folder writes it.
    pub(crate) fn shown(&self, path: &str) -> String {
        match env::current_dir().and_then(|here| here.canonicalize()) {
            Ok(here) => seen_from(&here, &self.root.join(path)),
            Err(_) => self.root.join(path).display().to_string(),
        }
    }

    /// A place in the snapshot as somebody in the current folder writes it.
    pub(crate) fn shown_origin(&self, origin: &Origin) -> Origin {
        Origin { path: self.shown(&origin.path).into(), ..origin.clone() }
    }
}

fn list(folder: &Folder, paths: &[PathBuf]) -> Result<Listing, Failure> {
    folder.list(paths).map_err(|error| match error {
        ListError::Path(OpenError::Outside { path, root }) => outside(&path, &root),
        ListError::TooManyEntries { .. } => {
            Failure::from(error).hint("name the folder that is meant, or let .gitignore leave the others out")
        }
        other @ ListError::Path(_) => other.into(),
    })
}

fn relative(folder: &Folder, path: &Path) -> Result<String, Failure> {
    folder.relative(path).map_err(|error| match error {
        OpenError::Outside { path, root } => outside(&path, &root),
        other => other.into(),
    })
}

fn outside(path: &Path, root: &Path) -> Failure {
    Failure::of(format!("{} does not stand in the repository {}", path.display(), root.display()))
        .hint("what is looked at together stands in one repository; run once for each")
}

/// The folder that holds a file.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn is_kustomization(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| KUSTOMIZATION_FILES.contains(&name))
}

/// Whether `path` is `dir` or lies below it; `""` is the root.
fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// `path` as written in folder `here`; as it stands where they share nothing.
fn seen_from(here: &Path, path: &Path) -> String {
    let common = here.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    if common <= 1 {
        return path.display().to_string();
    }
    let up = here.components().skip(common).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(path.components().skip(common)).collect();
    if seen.as_os_str().is_empty() { ".".to_owned() } else { seen.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_where_one_stands() {
        let check = |here: &str, path: &str, expect: &str| {
            assert_eq!(seen_from(Path::new(here), Path::new(path)), expect, "{here} {path}");
        };
        check("/repo", "/repo/a/b.yaml", "a/b.yaml");
        check("/repo/a", "/repo/a/b.yaml", "b.yaml");
        check("/repo/a/c", "/repo/b.yaml", "../../b.yaml");
        check("/repo", "/repo", ".");
        check("/elsewhere/me", "/repo/b.yaml", "/repo/b.yaml");
        check("/", "/repo/b.yaml", "/repo/b.yaml");
    }
}
