//! What is to be rendered.

use std::collections::BTreeMap;

use sealward_api::flux::{FluxImage, FluxPatch, KustomizationSpec};
use sealward_diagnostic::Origin;

use crate::kustomization::{Image, Patch, PatchBody, Selector};

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

    /// What the spec of a Flux Kustomization asks for; `origin` is where errors in it point to.
    pub fn of_flux(spec: &KustomizationSpec, origin: Origin) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            path: spec.path.clone(),
            target_namespace: given(&spec.target_namespace),
            name_prefix: given(&spec.name_prefix),
            name_suffix: given(&spec.name_suffix),
            patches: spec.patches.iter().map(|patch| patch_of(patch, &origin)).collect(),
            images: spec.images.iter().map(|image| image_of(image, &origin)).collect(),
            components: spec.components.clone(),
            common_labels: spec.common_metadata.labels.clone(),
            common_annotations: spec.common_metadata.annotations.clone(),
            origin,
        }
    }
}

fn image_of(image: &FluxImage, origin: &Origin) -> Image {
    let mut wanted = Image::new(image.name.clone(), origin.clone());
    wanted.new_name.clone_from(&image.new_name);
    wanted.new_tag.clone_from(&image.new_tag);
    wanted.digest.clone_from(&image.digest);
    wanted
}

fn patch_of(patch: &FluxPatch, origin: &Origin) -> Patch {
    let target = patch.target.as_ref().map(|target| Selector {
        group: target.group.clone(),
        version: target.version.clone(),
        kind: target.kind.clone(),
        name: target.name.clone(),
        namespace: target.namespace.clone(),
        label_selector: target.label_selector.clone(),
        annotation_selector: target.annotation_selector.clone(),
    });
    Patch {
        body: PatchBody::Inline { text: patch.patch.clone(), start: origin.clone() },
        target,
        allow_name_change: false,
        allow_kind_change: false,
        origin: origin.clone(),
    }
}
