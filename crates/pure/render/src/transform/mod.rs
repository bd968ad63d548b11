//! What a kustomization does to every object, one file a field.

mod images;
mod labels;
mod names;
mod namespace;
mod replicas;

use crate::error::RenderError;
use crate::kustomization::Kustomization;
use crate::patch::{self, Kind};
use crate::resources::Resources;
use crate::source::Source;

/// Does everything that `kustomization` says to `resources`, in kustomize's order.
///
/// # Errors
/// The first field's that cannot be done.
pub(crate) fn transform(
    source: &Source<'_>,
    kustomization: &Kustomization,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    let folder = &kustomization.folder;
    let patch = |patches: &[_], kind, resources: &mut Resources| {
        patch::apply_all(source, folder, patches, kind, resources)
    };
    patch(&kustomization.strategic_patches, Kind::Strategic, resources)?;
    patch(&kustomization.patches, Kind::Either, resources)?;
    if let Some(namespace) = &kustomization.namespace {
        namespace::set(resources, namespace)?;
    }
    if let Some(prefix) = &kustomization.name_prefix {
        names::prefix(resources, &prefix.text);
    }
    if let Some(suffix) = &kustomization.name_suffix {
        names::suffix(resources, &suffix.text);
    }
    for labels in &kustomization.labels {
        labels::set_labels(resources, labels)?;
    }
    labels::set_common_labels(resources, &kustomization.common_labels)?;
    labels::set_annotations(resources, &kustomization.common_annotations)?;
    patch(&kustomization.json_patches, Kind::Json, resources)?;
    for replicas in &kustomization.replicas {
        replicas::set(resources, replicas)?;
    }
    for image in &kustomization.images {
        images::set(resources, image)?;
    }
    Ok(())
}
