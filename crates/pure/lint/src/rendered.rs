//! What the repository's kustomizations come to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealward_api::flux::{KUSTOMIZATION, KUSTOMIZE_GROUP, KustomizationSpec};
use sealward_diagnostic::Origin;
use sealward_document::{Node, Value};
use sealward_manifest::Manifest;
use sealward_render::{Application, PatchBody, RenderError, render};
use sealward_snapshot::{BlobError, Blobs, Entry, Snapshot, join, parent};
use serde::Deserialize;

use crate::includes::Includes;
use crate::sources::{Source, Sources};

/// What arrives in clusters, as far as the repository tells, and the files that were read for it.
pub(crate) struct Rendered {
    pub(crate) roots: Vec<Root>,
    pub(crate) covered: BTreeSet<String>,
}

/// An application of the repository.
pub(crate) struct Root {
    /// Its place among all that might have been rendered.
    place: usize,
    /// The file that makes it one.
    pub(crate) file: String,
    pub(crate) result: Result<Vec<Manifest>, RenderError>,
}

/// What may be rendered.
struct Candidate<'a> {
    /// The file that makes it an application.
    file: &'a str,
    application: Application,
    /// Whether Flux is told to apply it; what no other includes may be included by such a one.
    of_flux: bool,
    done: bool,
}

impl Rendered {
    /// Renders what the Flux Kustomizations of `sources` name, then the kustomizations that neither these
    /// nor any other include; of both those that may reach a wanted file, or declare the Namespace of an
    /// object that is wanted. The files below a root that failed count as covered, because nobody knows
    /// what they would have come to.
    pub(crate) fn render(snapshot: &Snapshot, sources: &Sources, wanted: &dyn Fn(&str) -> bool) -> Self {
        let includes = Includes::of(snapshot, sources);
        let candidate = |file, application, of_flux| Candidate { file, application, of_flux, done: false };
        let told = flux_applications(sources).into_iter();
        let roots = includes.roots().into_iter().map(|source| &*source.path);
        let mut candidates: Vec<Candidate<'_>> = told
            .map(|(file, application)| candidate(file, application, true))
            .chain(roots.map(|file| candidate(file, Application::new(parent(file)), false)))
            .collect();
        let recording = Recording::of(snapshot);
        let mut rendered = Self { roots: Vec::new(), covered: BTreeSet::new() };
        rendered.add_reaching(&recording, &includes, &mut candidates, wanted);
        let namespaces = rendered.undeclared_namespaces(sources, wanted);
        if !namespaces.is_empty() {
            let may_declare =
                |path: &str| sources.get(path).is_some_and(|source| may_declare(source, &namespaces));
            rendered.add_reaching(&recording, &includes, &mut candidates, &may_declare);
        }
        rendered.roots.sort_by_key(|root| root.place);
        rendered
    }

    /// Renders the candidates that may read a file that `counts`.
    fn add_reaching(
        &mut self,
        recording: &Recording,
        includes: &Includes<'_>,
        candidates: &mut [Candidate<'_>],
        counts: &dyn Fn(&str) -> bool,
    ) {
        for (place, candidate) in candidates.iter_mut().enumerate().filter(|(_, candidate)| !candidate.done) {
            let Candidate { file, application, of_flux, done } = candidate;
            let reaches =
                counts(file) || includes.may_reach(&application.path, &application.components, counts);
            if reaches && (*of_flux || !self.covered.contains(*file)) {
                *done = true;
                let tentative = *of_flux && !includes.has(&application.path);
                self.add(
                    recording,
                    Root { place, file: (*file).to_owned(), result: Ok(Vec::new()) },
                    application,
                    tentative,
                );
            }
        }
    }

    /// A Flux Kustomization may speak of another repository, so that what it names as a plain folder
    /// is `tentative`: if it does not render, it was none.
    fn add(&mut self, recording: &Recording, root: Root, application: &Application, tentative: bool) {
        let result = render(&recording.snapshot, application);
        let seen = recording.recorder.take();
        if result.is_err() && tentative {
            return;
        }
        if result.is_err() {
            let folder = join("", &application.path).unwrap_or_default();
            self.covered.extend(recording.snapshot.under(&folder).map(|(path, _)| path.to_owned()));
        }
        self.covered.extend(seen);
        self.roots.push(Root { result, ..root });
    }

    /// The namespaces of wanted objects that are not declared where the objects are.
    fn undeclared_namespaces(&self, sources: &Sources, wanted: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
        let mut undeclared = BTreeSet::new();
        let mut look = |declared: &[&Manifest], objects: &[&Manifest]| {
            let declared: BTreeSet<&str> =
                declared.iter().filter_map(|manifest| namespace(manifest)).collect();
            let used = objects.iter().map(|manifest| manifest.namespace());
            undeclared
                .extend(used.filter(|name| !name.is_empty() && !declared.contains(name)).map(str::to_owned));
        };
        for manifests in self.roots.iter().filter_map(|root| root.result.as_ref().ok()) {
            let all: Vec<&Manifest> = manifests.iter().collect();
            let touched: Vec<&Manifest> =
                manifests.iter().filter(|manifest| first_wanted(manifest.root(), wanted).is_some()).collect();
            look(&all, &touched);
        }
        // Whether what is written is what arrives is known only once all that may include it is rendered.
        let single = sources
            .files
            .iter()
            .filter(|source| wanted(&source.path) && !self.covered.contains(&source.path));
        look(&[], &single.flat_map(|source| &source.manifests).collect::<Vec<_>>());
        undeclared
    }
}

/// The name of a Namespace.
fn namespace(manifest: &Manifest) -> Option<&str> {
    manifest.gvk().is("", "Namespace").then(|| manifest.name())
}

/// Whether a file declares one of these Namespaces, or gives one the name: kustomize's `namespace` and
/// Flux' `targetNamespace` rename Namespaces too.
fn may_declare(source: &Source, namespaces: &BTreeSet<String>) -> bool {
    let told =
        |node: Option<&Node>| node.and_then(Node::as_str).is_some_and(|name| namespaces.contains(name));
    source.manifests.iter().any(|manifest| {
        namespace(manifest).is_some_and(|name| namespaces.contains(name))
            || (manifest.gvk().is(KUSTOMIZE_GROUP, KUSTOMIZATION)
                && told(manifest.root().at(&["spec", "targetNamespace"])))
    }) || source.documents.iter().any(|document| told(document.get("namespace")))
}

/// Where the first part of a tree that stands in a wanted file was written: a patch makes an object of
/// another file what it is.
pub(crate) fn first_wanted<'a>(node: &'a Node, wanted: &dyn Fn(&str) -> bool) -> Option<&'a Origin> {
    if wanted(&node.origin.path) {
        return Some(&node.origin);
    }
    match &node.value {
        Value::List(items) => items.iter().find_map(|item| first_wanted(item, wanted)),
        Value::Map(map) => map.iter().find_map(|field| first_wanted(&field.node, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => None,
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

/// A snapshot that notes which files are read.
struct Recording {
    recorder: Arc<Recorder>,
    snapshot: Snapshot,
}

impl Recording {
    fn of(snapshot: &Snapshot) -> Self {
        let recorder = Arc::new(Recorder { snapshot: snapshot.clone(), seen: Mutex::default() });
        let named = |(path, entry): (&str, &Entry)| {
            (path.to_owned(), Entry { kind: entry.kind, id: path.to_owned() })
        };
        let entries = snapshot.entries().map(named).collect();
        Self { recorder: recorder.clone(), snapshot: Snapshot::new(entries, recorder) }
    }
}

struct Recorder {
    snapshot: Snapshot,
    seen: Mutex<BTreeSet<String>>,
}

impl Recorder {
    /// What was read since the last time.
    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Blobs for Recorder {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        self.snapshot.read(id).map_err(|error| BlobError(error.to_string()))
    }
}
