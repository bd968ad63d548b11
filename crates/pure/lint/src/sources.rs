//! The files of a repository that Kubernetes could mean, read once.

use std::ops::Range;
use std::sync::Arc;

use sealward_diagnostic::Diagnostic;
use sealward_document::yaml::{self, DuplicateKey};
use sealward_document::{Node, ReadError};
use sealward_manifest::{Manifest, objects};
use sealward_render::KUSTOMIZATION_FILES;
use sealward_snapshot::{EntryKind, Snapshot, parent};

use crate::masks::secret_spans;

/// All of them, in path order.
pub(crate) struct Sources {
    pub(crate) files: Vec<Source>,
}

/// One file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: Option<String>,
    /// Documents that are no cluster objects: kustomizations, values, whatever.
    pub(crate) documents: Vec<Node>,
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) errors: Vec<ReadError>,
    pub(crate) duplicates: Vec<DuplicateKey>,
    pub(crate) unreadable: Option<String>,
}

impl Sources {
    /// Reads every YAML file, and every JSON file that speaks of an apiVersion, except what is no YAML
    /// yet: the templates of Helm charts.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let charts: Vec<&str> = snapshot
            .entries()
            .filter(|(path, _)| file_name(path) == "Chart.yaml")
            .map(|(path, _)| parent(path))
            .collect();
        let in_chart_templates = |path: &str| {
            charts.iter().any(|chart| {
                let rest = if chart.is_empty() { Some(path) } else { path.strip_prefix(chart) };
                rest.is_some_and(|rest| rest.trim_start_matches('/').starts_with("templates/"))
            })
        };
        let files = snapshot
            .entries()
            .filter(|(_, entry)| matches!(entry.kind, EntryKind::File | EntryKind::Executable))
            .filter(|(path, _)| is_candidate(path) && !in_chart_templates(path))
            .filter_map(|(path, _)| Source::read(snapshot, path))
            .collect();
        Self { files }
    }

    /// The file at `path`, if it is one of these.
    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        let index = self.files.binary_search_by(|source| source.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }
}

impl Source {
    fn read(snapshot: &Snapshot, path: &str) -> Option<Self> {
        let mut source = Self {
            path: path.to_owned(),
            text: None,
            documents: Vec::new(),
            manifests: Vec::new(),
            errors: Vec::new(),
            duplicates: Vec::new(),
            unreadable: None,
        };
        let bytes: Arc<[u8]> = match snapshot.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                source.unreadable = Some(error.to_string());
                return Some(source);
            }
        };
        if path.ends_with(".json") && !contains(&bytes, b"\"apiVersion\"") {
            return None;
        }
        source.text = std::str::from_utf8(&bytes).ok().map(str::to_owned);
        let reading = yaml::read_each(path, &bytes);
        source.duplicates = reading.duplicates;
        for document in reading.documents {
            match document {
                Ok(node) => source.add(node),
                Err(error) => source.errors.push(error),
            }
        }
        Some(source)
    }

    fn add(&mut self, document: Node) {
        if !is_object(&document) {
            self.documents.push(document);
            return;
        }
        for object in objects(document) {
            match object {
                Ok(manifest) => self.manifests.push(manifest),
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Whether a kustomization file, which is no cluster object.
    pub(crate) fn is_kustomization(&self) -> bool {
        KUSTOMIZATION_FILES.contains(&file_name(&self.path))
    }

    /// The finding with the lines around it, the values of Secrets masked.
    pub(crate) fn quote(&self, diagnostic: Diagnostic) -> Diagnostic {
        match &self.text {
            Some(text) if self.may_be_quoted(text) => diagnostic.excerpt(text, &self.secret_spans()),
            _ => diagnostic,
        }
    }

    /// What cannot be read cannot be masked, nor what reading drops: comments, and all but the last of
    /// keys that stand twice.
    fn may_be_quoted(&self, text: &str) -> bool {
        let speaks_of_secrets = ["Secret", "secret", "stringData"].iter().any(|word| text.contains(word));
        let whole = self.errors.is_empty() && self.duplicates.is_empty() && !text.contains('#');
        whole || !speaks_of_secrets
    }

    /// The bytes that no excerpt shows.
    pub(crate) fn secret_spans(&self) -> Vec<Range<usize>> {
        let roots = self.manifests.iter().map(Manifest::root).chain(&self.documents);
        roots.flat_map(secret_spans).collect()
    }
}

/// Whether a document is meant for a cluster: it has apiVersion and kind, and is no configuration of a
/// tool that only borrows their shape.
fn is_object(document: &Node) -> bool {
    let text = |field| document.get(field).and_then(Node::as_str).unwrap_or_default();
    let group = text("apiVersion").split('/').next().unwrap_or_default();
    !text("kind").is_empty()
        && !group.is_empty()
        && group != "kustomize.config.k8s.io"
        && group != "test.gatekeeper.sh"
}

/// Whether a file of this name is read.
pub(crate) fn is_candidate(path: &str) -> bool {
    let name = file_name(path);
    let extension =
        name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    let known =
        |extension: &str| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    extension.is_some_and(known) || name == "Kustomization"
}

pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
