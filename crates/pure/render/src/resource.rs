//! An object on its way through kustomizations, and what kustomize remembers of it.

use std::borrow::Cow;

use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};
use sealward_manifest::ManifestError;

use crate::error::RenderError;
use crate::tables;

/// The namespace of kinds that have none, in [`ResourceId::namespace`].
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// What a generator does with an object that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    Create,
    Merge,
    Replace,
}

/// An object, with the names it had before and the prefixes and suffixes that it got.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) root: Node,
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) hashed: bool,
    pub(crate) behavior: Behavior,
    pub(crate) deleted: bool,
    /// How many values it shares between fields; see [`crate::shared`].
    pub(crate) marks: usize,
}

/// An identity that an object had before something changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// kustomize's identity of an object; the version is a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ResourceId {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// `default` when none is given, [`NO_NAMESPACE`] for kinds without.
    pub(crate) namespace: String,
}

impl std::fmt::Display for ResourceId {
    /// `Deployment.apps web/api`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if self.namespace == NO_NAMESPACE {
            return write!(f, " {}", self.name);
        }
        write!(f, " {}/{}", self.namespace, self.name)
    }
}

impl Resource {
    /// From a document.
    ///
    /// # Errors
    /// When apiVersion, kind or name are missing or no text.
    pub(crate) fn from_node(root: Node) -> Result<Self, RenderError> {
        check(&root)?;
        Ok(Self {
            root,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            hashed: false,
            behavior: Behavior::Create,
            deleted: false,
            marks: 0,
        })
    }

    fn text(&self, path: &[&str]) -> &str {
        self.root.at(path).and_then(Node::as_str).unwrap_or_default()
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    pub(crate) fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    pub(crate) fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// As written, `""` when none is.
    pub(crate) fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.root.origin
    }

    /// Group and version.
    pub(crate) fn group_version(&self) -> (&str, &str) {
        let api_version = self.api_version();
        api_version.split_once('/').unwrap_or(("", api_version))
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        tables::is_cluster_scoped(self.api_version(), self.kind())
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        if self.is_cluster_scoped() {
            return NO_NAMESPACE;
        }
        match self.namespace() {
            "" => "default",
            namespace => namespace,
        }
    }

    pub(crate) fn id(&self) -> ResourceId {
        let (group, version) = self.group_version();
        ResourceId {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: self.kind().to_owned(),
            name: self.name().to_owned(),
            namespace: self.effective_namespace().to_owned(),
        }
    }

    /// The identities it had, oldest first, and the one it has.
    pub(crate) fn all_ids(&self) -> impl Iterator<Item = ResourceId> {
        let id = self.id();
        let older = self.previous.iter().map(|previous| ResourceId {
            group: id.group.clone(),
            version: id.version.clone(),
            kind: previous.kind.clone(),
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        });
        older.collect::<Vec<_>>().into_iter().chain([id])
    }

    /// Kind, name and effective namespace as they were first.
    pub(crate) fn original(&self) -> (&str, &str, &str) {
        match self.previous.first() {
            Some(first) => (&first.kind, &first.name, &first.namespace),
            None => (self.kind(), self.name(), self.effective_namespace()),
        }
    }

    /// Keeps the present identity before something changes it.
    pub(crate) fn remember(&mut self) {
        let previous = PreviousId {
            kind: self.kind().to_owned(),
            name: self.name().to_owned(),
            namespace: self.effective_namespace().to_owned(),
        };
        self.previous.push(previous);
    }

    pub(crate) fn set_name(&mut self, name: String) {
        self.set_metadata("name", name);
    }

    /// Sets the namespace, or takes it away when it is empty.
    pub(crate) fn set_namespace(&mut self, namespace: String) {
        if namespace.is_empty() {
            if let Some(metadata) = self.root.child_map("metadata") {
                metadata.remove("namespace");
            }
            return;
        }
        self.set_metadata("namespace", namespace);
    }

    /// Keeps the old origin when the text does not change.
    fn set_metadata(&mut self, field: &str, text: String) {
        let origin = self.root.origin.clone();
        let Some(metadata) = self.root.child_map("metadata") else { return };
        match metadata.get_mut(field) {
            Some(node) => node.value = Value::String(text),
            None => {
                metadata.insert(field, Node::text(text, origin));
            }
        }
    }

    /// The texts of `metadata.labels` or `metadata.annotations`.
    pub(crate) fn metadata_map(&self, field: &str) -> Option<&Map> {
        self.root.at(&["metadata", field]).and_then(Node::as_map)
    }
}

/// Tests that apiVersion, kind and name are there, and that the namespace is text.
///
/// # Errors
/// [`RenderError::NotAnObject`] or [`RenderError::Invalid`].
pub(crate) fn check(root: &Node) -> Result<(), RenderError> {
    let missing = |field| RenderError::NotAnObject {
        source: ManifestError::Missing { field, origin: root.origin.clone() },
    };
    if root.as_map().is_none() {
        return Err(RenderError::NotAnObject {
            source: ManifestError::NotAMap { origin: root.origin.clone() },
        });
    }
    let has = |path: &[&str]| root.at(path).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    if !has(&["apiVersion"]) {
        return Err(missing("apiVersion"));
    }
    if !has(&["kind"]) {
        return Err(missing("kind"));
    }
    if !has(&["metadata", "name"]) {
        return Err(missing("metadata.name"));
    }
    match root.at(&["metadata", "namespace"]) {
        Some(node) if node.as_str().is_none() && !node.is_null() => Err(RenderError::Invalid {
            field: "metadata.namespace".into(),
            problem: "must be text".into(),
            origin: node.origin.clone(),
        }),
        _ => Ok(()),
    }
}

/// A scalar as it is written; `""` for everything else.
pub(crate) fn scalar_text(node: &Node) -> Cow<'_, str> {
    match &node.value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null | Value::Secret(_) | Value::List(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}
