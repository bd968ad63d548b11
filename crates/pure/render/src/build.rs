//! Kustomizations to objects, in kustomize's order.
//!
//! Source: kustomize `api/internal/target/kusttarget.go`.

use std::collections::BTreeMap;

use sealward_diagnostic::Origin;
use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_snapshot::Snapshot;

use crate::application::Application;
use crate::error::RenderError;
use crate::generate::{self, Kind};
use crate::kustomization::{Kustomization, Written};
use crate::resource::Resource;
use crate::resources::Resources;
use crate::source::{MAX_DEPTH, Place, Source};
use crate::{folder, hash, order, references, transform};

/// The annotation of objects that are meant for tools alone; they are not rendered.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The objects that `application` renders to, from what `snapshot` holds and nothing else.
///
/// A folder with a kustomization renders to what `kustomize build --load-restrictor
/// LoadRestrictionsNone` makes of it; a folder without, to every manifest below it, as Flux does.
///
/// # Errors
/// [`RenderError`]: nothing is rendered unless everything is.
pub fn render(snapshot: &Snapshot, application: &Application) -> Result<Vec<Manifest>, RenderError> {
    let source = Source::new(snapshot);
    let top = top(&source, application)?;
    let mut includes = vec![top.folder.clone()];
    let mut resources = accumulate(&source, &top, &mut includes, Resources::default())?;
    for resource in resources.list_mut().iter_mut().filter(|resource| resource.hashed) {
        resource.remember();
        resource.set_name(format!("{}-{}", resource.name(), hash::suffix(resource)));
    }
    references::fix(&mut resources)?;
    let mut resources = resources.into_list();
    order::sort(&mut resources);
    let rendered = resources.into_iter().filter(|resource| !is_local(resource));
    rendered.map(|resource| finish(resource, application)).collect::<Result<_, _>>().and_then(each_once)
}

/// The kustomization of the application's folder, with what the application itself adds.
fn top(source: &Source<'_>, application: &Application) -> Result<Kustomization, RenderError> {
    let origin = &application.origin;
    let written = |text: &String| Written { text: text.clone(), origin: origin.clone() };
    let path = if application.path.is_empty() { "." } else { &application.path };
    let folder = match source.place("", &written(&path.to_owned())) {
        Ok(Place::Folder(folder)) => folder,
        Ok(Place::File(path)) | Err(RenderError::Missing { path, .. }) => {
            return Err(RenderError::NoFolder { path });
        }
        Err(RenderError::Path { source, .. }) => return Err(RenderError::ApplicationPath { source }),
        Err(error) => return Err(error),
    };
    let mut top = match source.kustomization(&folder, origin)? {
        Some(kustomization) => kustomization,
        None => folder::kustomization(source.snapshot(), &folder, origin)?,
    };
    let given = |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(written);
    top.namespace = given(&application.target_namespace).or(top.namespace);
    top.name_prefix = given(&application.name_prefix).or(top.name_prefix);
    top.name_suffix = given(&application.name_suffix).or(top.name_suffix);
    top.patches.extend(application.patches.iter().cloned());
    top.components.extend(application.components.iter().map(written));
    for image in &application.images {
        top.images.retain(|known| known.name != image.name);
        top.images.push(image.clone());
    }
    Ok(top)
}

/// Adds what `kustomization` loads and makes to `resources`, and does to them what it says.
/// `includes` are the folders that led here.
fn accumulate(
    source: &Source<'_>,
    kustomization: &Kustomization,
    includes: &mut Vec<String>,
    mut resources: Resources,
) -> Result<Resources, RenderError> {
    for path in &kustomization.resources {
        match source.place(&kustomization.folder, path)? {
            Place::File(file) => {
                for document in source.objects(&file, &path.origin)? {
                    source.count_object(&document.origin)?;
                    let resource = Resource::from_node(document)?;
                    resources.append(resource).map_err(|error| error.while_adding(&path.origin))?;
                }
            }
            Place::Folder(folder) => {
                let base = include(source, folder, path, false, includes)?;
                let made = accumulate(source, &base, includes, Resources::default())?;
                includes.pop();
                resources.append_all(made).map_err(|error| error.while_adding(&path.origin))?;
            }
        }
    }
    for (generators, kind) in
        [(&kustomization.config_maps, Kind::ConfigMap), (&kustomization.secrets, Kind::Secret)]
    {
        for generator in generators {
            resources.absorb(generate::generate(source, &kustomization.folder, generator, kind)?)?;
        }
    }
    for path in &kustomization.components {
        let Place::Folder(folder) = source.place(&kustomization.folder, path)? else {
            return Err(wrong("components[]", "must be a folder", &path.origin));
        };
        let component = include(source, folder, path, true, includes)?;
        resources = accumulate(source, &component, includes, resources)?;
        includes.pop();
    }
    transform::transform(source, kustomization, &mut resources)?;
    Ok(resources)
}

fn wrong(field: &str, problem: &str, origin: &Origin) -> RenderError {
    RenderError::Invalid { field: field.to_owned(), problem: problem.to_owned(), origin: origin.clone() }
}

/// The kustomization of `folder`, which `path` names, entered in `includes`.
fn include(
    source: &Source<'_>,
    folder: String,
    path: &Written,
    component: bool,
    includes: &mut Vec<String>,
) -> Result<Kustomization, RenderError> {
    let origin = &path.origin;
    if includes.iter().any(|including| contains(&folder, including)) {
        return Err(RenderError::Cycle { path: folder, origin: origin.clone() });
    }
    if includes.len() >= MAX_DEPTH {
        let what = "kustomizations inside each other";
        return Err(RenderError::Bound { what, limit: MAX_DEPTH, origin: origin.clone() });
    }
    let found = source.kustomization(&folder, origin)?;
    let found =
        found.ok_or_else(|| RenderError::NoKustomization { path: folder.clone(), origin: origin.clone() })?;
    match (component, found.component) {
        (true, false) => return Err(wrong("components[]", "is no kustomization of kind Component", origin)),
        (false, true) => {
            return Err(wrong("resources[]", "is a Component; list it under components", origin));
        }
        _ => includes.push(folder),
    }
    Ok(found)
}

/// Whether `folder` is `inner` or above it.
fn contains(folder: &str, inner: &str) -> bool {
    folder.is_empty()
        || inner.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_local(resource: &Resource) -> bool {
    let annotation = resource.metadata_map("annotations").and_then(|map| map.get(LOCAL_CONFIG));
    annotation.is_some_and(|node| node.as_str() != Some("false"))
}

fn finish(mut resource: Resource, application: &Application) -> Result<Manifest, RenderError> {
    let common = [("labels", &application.common_labels), ("annotations", &application.common_annotations)];
    for (field, texts) in common.into_iter().filter(|(_, texts)| !texts.is_empty()) {
        let metadata = resource.root.as_map_mut().and_then(|map| map.get_mut("metadata"));
        let Some(map) = metadata.and_then(|metadata| metadata.child_map(field)) else { continue };
        for (key, text) in texts {
            map.insert(key.as_str(), Node::text(&**text, application.origin.clone()));
        }
    }
    Manifest::from_node(resource.root).map_err(|source| RenderError::NotAnObject { source })
}

/// The same objects, if none is there twice; for the cluster the version makes no difference.
fn each_once(manifests: Vec<Manifest>) -> Result<Vec<Manifest>, RenderError> {
    let mut seen = BTreeMap::new();
    for manifest in &manifests {
        if let Some(first) = seen.insert(manifest.id(), manifest.origin()) {
            return Err(RenderError::Duplicate {
                id: manifest.id().to_string(),
                first: first.clone(),
                entry: None,
                origin: manifest.origin().clone(),
            });
        }
    }
    Ok(manifests)
}
