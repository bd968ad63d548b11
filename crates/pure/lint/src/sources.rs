//! The files of a repository that Kubernetes could mean: those that are wanted, and those that decide
//! what the wanted ones mean.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use sealward_api::flux::KUSTOMIZE_GROUP;
use sealward_diagnostic::Diagnostic;
use sealward_document::yaml::{self, DuplicateKey};
use sealward_document::{Node, ReadError};
use sealward_manifest::{Gvk, Manifest, Scope, objects};
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
    /// Reads the wanted YAML files, and the wanted JSON files that look like objects, except what is no
    /// YAML yet: the templates of Helm charts. Of the others those are read that may decide what a wanted
    /// file comes to: kustomizations, Flux' Kustomizations, and Namespaces.
    pub(crate) fn read(snapshot: &Snapshot, wanted: &dyn Fn(&str) -> bool) -> Self {
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
            .filter_map(|(path, _)| Source::read(snapshot, path, wanted(path) || is_kustomization(path)))
            .collect();
        Self { files }
    }

    /// Reads those of `paths` too.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, paths: &BTreeSet<String>) {
        let missing: Vec<&String> =
            paths.iter().filter(|path| is_candidate(path) && self.get(path).is_none()).collect();
        let read = missing.into_iter().filter_map(|path| Source::read(snapshot, path, true));
        let read: Vec<Source> = read.collect();
        self.files.extend(read);
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// The file at `path`, if it is one of these.
    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        let index = self.files.binary_search_by(|source| source.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }
}

impl Source {
    /// `None` for JSON that is no object, and, unless it `counts` whatever is in it, for what decides
    /// about no other file.
    fn read(snapshot: &Snapshot, path: &str, counts: bool) -> Option<Self> {
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
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                source.unreadable = Some(format!("{error}{}", cause.unwrap_or_default()));
                return counts.then_some(source);
            }
        };
        let lossy = String::from_utf8_lossy(&bytes);
        let says = |word: &str| lossy.contains(word);
        let is_json = path.rsplit('.').next().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let like_object = says("\"apiVersion\"") || (says("\"kind\"") && says("\"metadata\""));
        if (is_json && !like_object) || !(counts || says(KUSTOMIZE_GROUP) || says("Namespace")) {
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
        is_kustomization(&self.path)
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

/// Whether a document is meant for a cluster: it has apiVersion and kind, or one of them and metadata,
/// and is no configuration of a tool that only borrows their shape. Those mostly have no metadata (kind,
/// kubeadm, a kubeconfig), which an object of a kind that every cluster has must have.
fn is_object(document: &Node) -> bool {
    let text = |field| document.get(field).and_then(Node::as_str).unwrap_or_default();
    let group = text("apiVersion").split('/').next().unwrap_or_default();
    let has_metadata = document.get("metadata").is_some_and(|metadata| metadata.as_map().is_some());
    let is_meant = match (text("apiVersion"), text("kind")) {
        ("", "") => false,
        ("", _) | (_, "") => has_metadata,
        (version, kind) => {
            let known = Scope::of(&Gvk::from_api_version(version, kind)) != Scope::Unknown;
            has_metadata || known || document.get("items").is_some()
        }
    };
    is_meant && group != "kustomize.config.k8s.io" && group != "test.gatekeeper.sh"
}

fn is_kustomization(path: &str) -> bool {
    KUSTOMIZATION_FILES.contains(&file_name(path))
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
