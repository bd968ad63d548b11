//! What the repository's kustomizations come to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealward_api::flux::{KUSTOMIZATION, KUSTOMIZE_GROUP, KustomizationSpec};
use sealward_diagnostic::Origin;
use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_render::{Application, PatchBody, RenderError, render};
use sealward_snapshot::{BlobError, Blobs, Entry, Snapshot, join, parent};
use serde::Deserialize;

use crate::sources::{Source, Sources};

/// What arrives in clusters, as far as the repository tells, and the files that were read for it.
pub(crate) struct Rendered {
    pub(crate) roots: Vec<Root>,
    pub(crate) covered: BTreeSet<String>,
}

/// An application of the repository.
pub(crate) struct Root {
    /// The file that makes it one.
    pub(crate) file: String,
    pub(crate) result: Result<Vec<Manifest>, RenderError>,
}

impl Rendered {
    /// Renders what the Flux Kustomizations in `snapshot` name, then the kustomizations that neither
    /// these nor any other include. The files below a root that failed count as covered, because
    /// nobody knows what they would have come to.
    pub(crate) fn render(snapshot: &Snapshot, sources: &Sources) -> Self {
        let mut rendered = Self { roots: Vec::new(), covered: BTreeSet::new() };
        for (file, application) in flux_applications(sources) {
            rendered.add(snapshot, file, &application, !has_kustomization(sources, &application.path));
        }
        for source in roots(sources) {
            if !rendered.covered.contains(&source.path) {
                let application = Application::new(parent(&source.path));
                rendered.add(snapshot, &source.path, &application, false);
            }
        }
        rendered
    }

    /// A Flux Kustomization may speak of another repository, so that what it names as a plain folder
    /// is `tentative`: if it does not render, it was none.
    fn add(&mut self, snapshot: &Snapshot, file: &str, application: &Application, tentative: bool) {
        let (recorder, recording) = recording(snapshot);
        let result = render(&recording, application);
        if result.is_err() && tentative {
            return;
        }
        if result.is_err() {
            let folder = join("", &application.path).unwrap_or_default();
            self.covered.extend(snapshot.under(&folder).map(|(path, _)| path.to_owned()));
        }
        self.covered.extend(recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        self.roots.push(Root { file: file.to_owned(), result });
    }
}

/// The Flux Kustomizations that stand in the repository, each with its file; one that asks for what the
/// reconciler refuses is left out.
fn flux_applications(sources: &Sources) -> Vec<(&str, Application)> {
    let manifests = sources
        .files
        .iter()
        .flat_map(|source| source.manifests.iter().map(move |manifest| (source, manifest)));
    let objects = manifests.filter(|(_, manifest)| manifest.gvk().is(KUSTOMIZE_GROUP, KUSTOMIZATION));
    objects.filter_map(|(source, object)| Some((&*source.path, application(source, object)?))).collect()
}

fn application(source: &Source, object: &Manifest) -> Option<Application> {
    let spec = object.root().get("spec")?;
    let read = KustomizationSpec::deserialize(spec.to_json_redacted()).ok()?;
    if !read.unsupported().is_empty() {
        return None;
    }
    let mut application = Application::of_flux(&read, object.origin().clone());
    let written = spec.get("patches").and_then(Node::as_list).unwrap_or_default();
    for (patch, written) in application.patches.iter_mut().zip(written) {
        if let (PatchBody::Inline { start, .. }, Some(text)) = (&mut patch.body, written.get("patch")) {
            *start = start_of(source, text);
        }
    }
    Some(application)
}

/// The line where a text begins: a block scalar begins below its indicator.
fn start_of(source: &Source, text: &Node) -> Origin {
    let rest = source.text.as_deref().and_then(|file| file.get(text.span.start..)).unwrap_or_default();
    let Origin { path, line, column } = text.origin.clone();
    if rest.starts_with(['|', '>']) {
        Origin::new(path, line + 1, 1)
    } else {
        Origin::new(path, line, column)
    }
}

fn has_kustomization(sources: &Sources, path: &str) -> bool {
    let folder = join("", path).ok();
    sources
        .files
        .iter()
        .any(|source| source.is_kustomization() && Some(parent(&source.path)) == folder.as_deref())
}

/// Kustomizations (not Components, which are nothing by themselves) that no other one names; of those
/// that name each other in a circle one, so that the circle is told of.
fn roots(sources: &Sources) -> Vec<&Source> {
    let kustomizations: Vec<&Source> =
        sources.files.iter().filter(|source| source.is_kustomization()).collect();
    let included: BTreeSet<String> = kustomizations.iter().copied().flat_map(included_folders).collect();
    let mut reached = BTreeSet::new();
    let mut roots = Vec::new();
    let (inner, outer): (Vec<&Source>, Vec<&Source>) =
        kustomizations.iter().partition(|source| included.contains(parent(&source.path)));
    for source in outer.into_iter().chain(inner) {
        if reached.contains(parent(&source.path)) {
            continue;
        }
        reach(source, &kustomizations, &mut reached);
        let kind = source.documents.first().and_then(|document| document.get("kind")).and_then(Node::as_str);
        if kind != Some("Component") {
            roots.push(source);
        }
    }
    roots
}

/// Adds the folder of `source` and those that it includes, by whatever way.
fn reach(source: &Source, kustomizations: &[&Source], reached: &mut BTreeSet<String>) {
    let mut open = vec![parent(&source.path).to_owned()];
    while let Some(folder) = open.pop() {
        if reached.insert(folder.clone()) {
            let of_folder = kustomizations.iter().copied().filter(|known| parent(&known.path) == folder);
            open.extend(of_folder.flat_map(included_folders));
        }
    }
}

fn included_folders(source: &Source) -> Vec<String> {
    let folder = parent(&source.path);
    let lists = ["resources", "bases", "components"];
    let named = source.documents.iter().flat_map(|document| {
        lists.iter().filter_map(|list| document.get(list)?.as_list()).flatten().filter_map(Node::as_str)
    });
    named.filter_map(|path| join(folder, path).ok()).collect()
}

/// A snapshot like `snapshot` that notes which files are read.
fn recording(snapshot: &Snapshot) -> (Arc<Recorder>, Snapshot) {
    let recorder = Arc::new(Recorder { snapshot: snapshot.clone(), seen: Mutex::default() });
    let entries = snapshot
        .entries()
        .map(|(path, entry)| (path.to_owned(), Entry { kind: entry.kind, id: path.to_owned() }))
        .collect();
    (recorder.clone(), Snapshot::new(entries, recorder))
}

struct Recorder {
    snapshot: Snapshot,
    seen: Mutex<BTreeSet<String>>,
}

impl Blobs for Recorder {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        self.snapshot.read(id).map_err(|error| BlobError(error.to_string()))
    }
}
