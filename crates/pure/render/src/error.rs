//! Why nothing was rendered.

use sealward_diagnostic::Origin;
use sealward_manifest::ManifestError;
use sealward_snapshot::PathError;

/// The root of a repository has no name.
fn shown(path: &str) -> String {
    if path.is_empty() { "\".\"".to_owned() } else { format!("{path:?}") }
}

/// Why [`crate::render`] failed. Messages name fields, paths and identities, never values of documents.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RenderError {
    /// The application's own path is not one inside the repository.
    #[error("cannot render the application")]
    ApplicationPath {
        /// Why.
        #[source]
        source: PathError,
    },
    /// The repository has no folder of the application's path.
    #[error("no folder {} in the repository", shown(path))]
    NoFolder {
        /// The path, relative to the root.
        path: String,
    },
    /// A plain folder holds no YAML file.
    #[error(
        "there is nothing to render in folder {}: no kustomization.yaml and no .yaml or .yml file",
        shown(path)
    )]
    NoManifests {
        /// The path, relative to the root.
        path: String,
    },
    /// A file is no YAML that can be read.
    #[error("{problem}")]
    Unreadable {
        /// What the reader says.
        problem: String,
        /// Where.
        origin: Origin,
    },
    /// A file could not be fetched from the snapshot.
    #[error("cannot read {path:?}: {problem}")]
    Blob {
        /// The file.
        path: String,
        /// Why.
        problem: String,
        /// What asked for it.
        origin: Origin,
    },
    /// A field that kustomize has and this renderer has not.
    #[error("kustomization field {field:?} is not supported")]
    Unsupported {
        /// Its name.
        field: String,
        /// What to do instead.
        hint: &'static str,
        /// Where it stands.
        origin: Origin,
    },
    /// A field that kustomize does not have.
    #[error("unknown field {field:?} in {place}")]
    UnknownField {
        /// Its name.
        field: String,
        /// In what, such as `kustomization` or `patches[]`.
        place: &'static str,
        /// Where it stands.
        origin: Origin,
    },
    /// A field holds what it must not hold.
    #[error("{field}: {problem}")]
    Invalid {
        /// Its name.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// Where it stands.
        origin: Origin,
    },
    /// A path that leaves the repository or is absolute.
    #[error("{source}")]
    Path {
        /// Why.
        #[source]
        source: PathError,
        /// Where it is written.
        origin: Origin,
    },
    /// A path to something that lies outside the repository.
    #[error("{path:?} is remote; only files and folders of this repository are rendered")]
    Remote {
        /// As written, without credentials.
        path: String,
        /// Where it is written.
        origin: Origin,
    },
    /// A path to or through a symbolic link.
    #[error("{path:?} is a symbolic link, and links are not followed")]
    Symlink {
        /// The link.
        path: String,
        /// What led there.
        origin: Origin,
    },
    /// A path to nothing.
    #[error("no file or folder {path:?} in the repository")]
    Missing {
        /// The path, relative to the root.
        path: String,
        /// Where it is written.
        origin: Origin,
    },
    /// A folder that is used as a kustomization and has no kustomization file.
    #[error("folder {path:?} has no kustomization.yaml")]
    NoKustomization {
        /// The folder, relative to the root.
        path: String,
        /// Where it is written.
        origin: Origin,
    },
    /// A folder with more than one kustomization file.
    #[error("folder {path:?} has more than one kustomization file")]
    ManyKustomizations {
        /// The folder, relative to the root.
        path: String,
        /// The second of them.
        origin: Origin,
    },
    /// Folders that include each other, or a folder that includes one above it.
    #[error("folder {path:?} includes itself")]
    Cycle {
        /// The folder, relative to the root.
        path: String,
        /// Where it is written.
        origin: Origin,
    },
    /// A bound was reached.
    #[error("more than {limit} {what} in one application")]
    Bound {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// What went beyond it.
        origin: Origin,
    },
    /// A document that is no object.
    #[error("{source}")]
    NotAnObject {
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// Two objects of the same identity.
    #[error("{id} is declared twice; first at {first}{}", listed(.entry.as_ref()))]
    Duplicate {
        /// Which object.
        id: String,
        /// Where it was declared first.
        first: Origin,
        /// The entry of a kustomization that brings it in again, where there is one.
        entry: Option<Origin>,
        /// Where it was declared again.
        origin: Origin,
    },
    /// A generator that merges into or replaces what is not there, or creates what is.
    #[error("generator of {id}: {problem}")]
    Generator {
        /// Which object.
        id: String,
        /// What is wrong.
        problem: String,
        /// Where the generator stands.
        origin: Origin,
    },
    /// A patch whose object is not there, or not the only one.
    #[error("patch of {id}: {problem}")]
    PatchTarget {
        /// Which object.
        id: String,
        /// What is wrong.
        problem: String,
        /// Where the patch stands.
        origin: Origin,
    },
    /// A patch that does not fit its object.
    #[error("patch does not fit {id}: {problem}")]
    Patch {
        /// Which object.
        id: String,
        /// What is wrong.
        problem: String,
        /// Where the patch stands.
        origin: Origin,
    },
    /// A field of an object that a transformer must write, and that has another shape.
    #[error("cannot write {field} of {id}: {problem}")]
    Field {
        /// Its path.
        field: String,
        /// Which object.
        id: String,
        /// What is wrong.
        problem: String,
        /// Where the object stands.
        origin: Origin,
    },
    /// A name that may mean several objects.
    #[error("{field} of {id} may name any of: {candidates}")]
    Ambiguous {
        /// The field that holds the name.
        field: String,
        /// The object that has it.
        id: String,
        /// What it may name.
        candidates: String,
        /// Where the object stands.
        origin: Origin,
    },
}

fn listed(entry: Option<&Origin>) -> String {
    entry.map(|entry| format!("; brought in again by {entry}")).unwrap_or_default()
}

impl RenderError {
    /// The same, met while the `resources` entry at `entry` was added.
    pub(crate) fn while_adding(mut self, added: &Origin) -> Self {
        if let Self::Duplicate { entry, .. } = &mut self {
            entry.get_or_insert_with(|| added.clone());
        }
        self
    }

    /// Where it is; `None` when only the application's path is to blame.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::ApplicationPath { .. } | Self::NoFolder { .. } | Self::NoManifests { .. } => None,
            Self::NotAnObject { source } => Some(source.origin()),
            Self::Unreadable { origin, .. }
            | Self::Blob { origin, .. }
            | Self::Unsupported { origin, .. }
            | Self::UnknownField { origin, .. }
            | Self::Invalid { origin, .. }
            | Self::Path { origin, .. }
            | Self::Remote { origin, .. }
            | Self::Symlink { origin, .. }
            | Self::Missing { origin, .. }
            | Self::NoKustomization { origin, .. }
            | Self::ManyKustomizations { origin, .. }
            | Self::Cycle { origin, .. }
            | Self::Bound { origin, .. }
            | Self::Duplicate { origin, .. }
            | Self::Generator { origin, .. }
            | Self::PatchTarget { origin, .. }
            | Self::Patch { origin, .. }
            | Self::Field { origin, .. }
            | Self::Ambiguous { origin, .. } => Some(origin),
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::ApplicationPath { .. } | Self::NoFolder { .. } => {
                Some("name a folder of the repository, such as ./apps/my-app")
            }
            Self::NoManifests { .. } => Some(
                "a folder without a kustomization.yaml is every .yaml and .yml file below it; hidden files and \
                 folders do not count, nor do those that Git ignores",
            ),
            Self::Unsupported { hint, .. } => Some(hint),
            Self::UnknownField { .. } => Some("check the spelling; field names are case-sensitive"),
            Self::Path { .. } => Some("use a relative path that stays inside the repository"),
            Self::Remote { .. } => Some("copy the files into this repository and name their folder"),
            Self::Symlink { .. } => Some("name the file that the link points to, or copy it"),
            Self::NoKustomization { .. } => {
                Some("add a kustomization.yaml to the folder, or name its files one by one")
            }
            Self::ManyKustomizations { .. } => Some("keep one of them"),
            Self::Cycle { .. } => {
                Some("a kustomization may include folders beside or below it, none above it")
            }
            Self::Duplicate { .. } => Some("remove one of them, or change it by a patch"),
            Self::Unreadable { .. }
            | Self::Blob { .. }
            | Self::Invalid { .. }
            | Self::Missing { .. }
            | Self::Bound { .. }
            | Self::NotAnObject { .. }
            | Self::Generator { .. }
            | Self::PatchTarget { .. }
            | Self::Patch { .. }
            | Self::Field { .. }
            | Self::Ambiguous { .. } => None,
        }
    }
}
