//! Folders without a kustomization, as Flux' generator sees them.
//!
//! Source: `fluxcd/pkg/kustomize`, `kustomize_generator.go`: every `.yaml` and `.yml` file below the
//! folder is a resource; a folder below that has a kustomization of its own is included through it.
//! What starts with a dot is left out, as is what Flux' default exclusions name.

use std::collections::BTreeSet;

use sealward_diagnostic::Origin;
use sealward_snapshot::{EntryKind, Snapshot, parent};

use crate::error::RenderError;
use crate::kustomization::{FILE_NAMES, Kustomization, Written};

/// Files of continuous integration services that Flux excludes by name.
const EXCLUDED: [&str; 5] =
    ["appveyor.yml", "cloudbuild.yaml", "cloudbuild.yml", "codeship-services.yml", "codeship-steps.yml"];

/// The kustomization that stands for the plain folder `folder`.
///
/// # Errors
/// [`RenderError::NoManifests`]; [`RenderError::Symlink`] for a YAML file that is a link.
pub(crate) fn kustomization(
    snapshot: &Snapshot,
    folder: &str,
    origin: &Origin,
) -> Result<Kustomization, RenderError> {
    let included: BTreeSet<&str> = snapshot
        .under(folder)
        .filter(|(path, _)| path.rsplit('/').next().is_some_and(|name| FILE_NAMES.contains(&name)))
        .map(|(path, _)| parent(path))
        .collect();
    let mut resources = Vec::new();
    for (path, entry) in snapshot.under(folder) {
        let relative = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
        if relative.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        if let Some(inner) = outermost(&included, folder, path) {
            resources.push(inner.strip_prefix(folder).unwrap_or(inner).trim_start_matches('/'));
        } else if is_manifest(relative) {
            if entry.kind == EntryKind::Symlink {
                return Err(RenderError::Symlink { path: path.to_owned(), origin: origin.clone() });
            }
            resources.push(relative);
        }
    }
    // Folder by folder, as a walk would meet them.
    resources.sort_by(|a, b| a.split('/').cmp(b.split('/')));
    resources.dedup();
    if resources.is_empty() {
        return Err(RenderError::NoManifests { path: folder.to_owned() });
    }
    let mut made = Kustomization::empty(folder.to_owned());
    made.resources = resources
        .into_iter()
        .map(|path| Written { text: format!("./{path}"), origin: origin.clone() })
        .collect();
    Ok(made)
}

fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    (name.ends_with(".yaml") || name.ends_with(".yml")) && !EXCLUDED.contains(&name)
}

/// The first folder on the way from `folder` down to `path` that has a kustomization.
fn outermost<'a>(included: &BTreeSet<&'a str>, folder: &str, path: &'a str) -> Option<&'a str> {
    let mut found = None;
    let mut above = parent(path);
    while above.len() > folder.len() {
        if included.contains(above) {
            found = Some(above);
        }
        above = parent(above);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], folder: &str, expect: &[&str]) {
        let snapshot = Snapshot::from_files(files.iter().map(|path| (*path, "")));
        let found = kustomization(&snapshot, folder, &Origin::file("application")).map(|made| made.resources);
        let found: Vec<_> = found.unwrap().into_iter().map(|path| path.text).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn takes_yaml_below_in_the_order_of_a_walk() {
        check(
            &["a/b-c/x.yaml", "a/b/y.yml", "a/z.yaml", "a/data.json", "a/note.txt", "q.yaml"],
            "a",
            &["./b/y.yml", "./b-c/x.yaml", "./z.yaml"],
        );
    }

    #[test]
    fn includes_folders_through_their_kustomization() {
        check(
            &[
                "k/kustomization.yaml",
                "k/in.yaml",
                "k/deep/Kustomization",
                "x/a.yaml",
                "x/k/kustomization.yml",
            ],
            "",
            &["./k", "./x/a.yaml", "./x/k"],
        );
    }

    #[test]
    fn leaves_hidden_files_out() {
        check(&[".github/w.yaml", ".x.yaml", "a/.sops.yaml", "appveyor.yml", "b.yaml"], "", &["./b.yaml"]);
    }
}
