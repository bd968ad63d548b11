//! What is to be rendered.

use std::collections::BTreeMap;

use sealward_diagnostic::Origin;

use crate::kustomization::{Image, Patch};

/// A folder of a repository and what is done to its objects: the fields of Flux' Kustomization that
/// have to do with rendering.
#[derive(Debug, Clone)]
pub struct Application {
    /// The folder inside the repository, as written: `./apps/my-app`, `` or `.` for the root.
    pub path: String,
    /// Takes the place of the kustomization's own `namespace`.
    pub target_namespace: Option<String>,
    /// Takes the place of the kustomization's own `namePrefix`.
    pub name_prefix: Option<String>,
    /// Takes the place of the kustomization's own `nameSuffix`.
    pub name_suffix: Option<String>,
    /// Patches that come after the kustomization's own.
    pub patches: Vec<Patch>,
    /// Images; one of the same name in the kustomization is replaced.
    pub images: Vec<Image>,
    /// Components that come after the kustomization's own, relative to the path.
    pub components: Vec<String>,
    /// Labels that every rendered object gets, whatever it has.
    pub common_labels: BTreeMap<String, String>,
    /// Annotations that every rendered object gets, whatever it has.
    pub common_annotations: BTreeMap<String, String>,
    /// What errors in, and values from, the fields above point to.
    pub origin: Origin,
}

impl Application {
    /// The application of the folder `path`, with nothing done to its objects.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            target_namespace: None,
            name_prefix: None,
            name_suffix: None,
            patches: Vec::new(),
            images: Vec::new(),
            components: Vec::new(),
            common_labels: BTreeMap::new(),
            common_annotations: BTreeMap::new(),
            origin: Origin::file("application"),
        }
    }
}
