//! What the repository's kustomizations come to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_render::{Application, RenderError, render};
use sealward_snapshot::{BlobError, Blobs, Entry, Snapshot, join, parent};

use crate::sources::{Source, Sources};

/// The kustomizations that no other includes, each with its result, and the files that they read.
pub(crate) struct Rendered {
    pub(crate) roots: Vec<Root>,
    pub(crate) covered: BTreeSet<String>,
}

/// One of them.
pub(crate) struct Root {
    /// Its kustomization file.
    pub(crate) file: String,
    pub(crate) result: Result<Vec<Manifest>, RenderError>,
}

impl Rendered {
    /// Renders each root of `snapshot`. The files below a root that failed count as covered, because
    /// nobody knows what they would have come to.
    pub(crate) fn render(snapshot: &Snapshot, sources: &Sources) -> Self {
        let (recorder, recording) = recording(snapshot);
        let mut covered = BTreeSet::new();
        let roots = roots(sources)
            .into_iter()
            .map(|source| {
                let folder = parent(&source.path);
                let result = render(&recording, &Application::new(folder));
                if result.is_err() {
                    covered.extend(snapshot.under(folder).map(|(path, _)| path.to_owned()));
                }
                Root { file: source.path.clone(), result }
            })
            .collect();
        covered.extend(recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        Self { roots, covered }
    }
}

/// Kustomizations (not Components, which are nothing by themselves) that no other one names.
fn roots(sources: &Sources) -> Vec<&Source> {
    let kustomizations = || sources.files.iter().filter(|source| source.is_kustomization());
    let included: BTreeSet<String> = kustomizations().flat_map(included_folders).collect();
    kustomizations()
        .filter(|source| !included.contains(parent(&source.path)))
        .filter(|source| {
            let kind =
                source.documents.first().and_then(|document| document.get("kind")).and_then(Node::as_str);
            kind != Some("Component")
        })
        .collect()
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
