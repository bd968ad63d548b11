//! The manifest itself.

use sealward_diagnostic::Origin;
use sealward_document::{Field, Node, Value};

use crate::{Gvk, ObjectId};

/// A Kubernetes object as somebody wrote it or as the API server gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    root: Node,
    gvk: Gvk,
}

/// Why a document is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The document is not a mapping.
    #[error("not a Kubernetes object: expected a mapping")]
    NotAMap {
        /// Where.
        origin: Origin,
    },
    /// A field that every object has is missing or empty.
    #[error("not a Kubernetes object: {field} is missing or not text")]
    Missing {
        /// Its name, such as `apiVersion`.
        field: &'static str,
        /// Where the object stands.
        origin: Origin,
    },
    /// A Secret's `data` or `stringData` is no map of texts. The API server refuses it; here a value
    /// that is no text could not be kept from being seen.
    #[error("{field} {problem}")]
    SecretValue {
        /// Its path, such as `stringData.pin`.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
        /// Where it stands.
        origin: Origin,
    },
}

impl ManifestError {
    /// Where the document stands.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::NotAMap { origin } | Self::Missing { origin, .. } | Self::SecretValue { origin, .. } => {
                origin
            }
        }
    }
}

impl Manifest {
    /// Reads a document as one object. The values of a Secret's `data` and `stringData` become
    /// secret leaves.
    ///
    /// # Errors
    /// [`ManifestError`] when it is no mapping, or apiVersion, kind, or both name and generateName
    /// are missing, or it is a Secret with values that are no text.
    pub fn from_node(mut root: Node) -> Result<Self, ManifestError> {
        let origin = root.origin.clone();
        if root.as_map().is_none() {
            return Err(ManifestError::NotAMap { origin });
        }
        let text = |path: &[&str]| root.at(path).and_then(Node::as_str).filter(|text| !text.is_empty());
        let missing = |field| ManifestError::Missing { field, origin: origin.clone() };
        let api_version = text(&["apiVersion"]).ok_or_else(|| missing("apiVersion"))?;
        let kind = text(&["kind"]).ok_or_else(|| missing("kind"))?;
        if text(&["metadata", "name"]).or_else(|| text(&["metadata", "generateName"])).is_none() {
            return Err(missing("metadata.name"));
        }
        let gvk = Gvk::from_api_version(api_version, kind);
        if gvk.is("", "Secret") {
            hide_values(&mut root)?;
        }
        Ok(Self { root, gvk })
    }

    /// From JSON as the API server gives it; every part has `origin`.
    ///
    /// # Errors
    /// As [`Manifest::from_node`].
    pub fn from_json(json: &serde_json::Value, origin: &Origin) -> Result<Self, ManifestError> {
        Self::from_node(Node::from_json(json, origin))
    }

    /// The whole tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Changes the tree by `change` and reads it anew.
    ///
    /// # Errors
    /// As [`Manifest::from_node`], when `change` took away what makes it an object.
    pub fn with(&self, change: impl FnOnce(&mut Node)) -> Result<Self, ManifestError> {
        let mut root = self.root.clone();
        change(&mut root);
        Self::from_node(root)
    }

    /// The tree, given up.
    pub fn into_root(self) -> Node {
        self.root
    }

    /// Where it was written.
    pub fn origin(&self) -> &Origin {
        &self.root.origin
    }

    /// Group, version, kind.
    pub fn gvk(&self) -> &Gvk {
        &self.gvk
    }

    /// `metadata.name`, or `""` when only generateName is given.
    pub fn name(&self) -> &str {
        self.root.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default()
    }

    /// `metadata.namespace`, or `""`.
    pub fn namespace(&self) -> &str {
        self.root.at(&["metadata", "namespace"]).and_then(Node::as_str).unwrap_or_default()
    }

    /// `metadata.uid`, or `""`.
    pub fn uid(&self) -> &str {
        self.root.at(&["metadata", "uid"]).and_then(Node::as_str).unwrap_or_default()
    }

    /// `metadata.resourceVersion`, or `""`.
    pub fn resource_version(&self) -> &str {
        self.root.at(&["metadata", "resourceVersion"]).and_then(Node::as_str).unwrap_or_default()
    }

    /// Which object it is.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            group: self.gvk.group.clone(),
            kind: self.gvk.kind.clone(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// The label of `key`.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.root.at(&["metadata", "labels"])?.get(key)?.as_str()
    }

    /// The annotation of `key`.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.root.at(&["metadata", "annotations"])?.get(key)?.as_str()
    }

    /// Whether it is a core Secret.
    pub fn is_secret(&self) -> bool {
        self.gvk.is("", "Secret")
    }
}

fn hide_values(root: &mut Node) -> Result<(), ManifestError> {
    for field in ["data", "stringData"] {
        let Some(node) = root.as_map_mut().and_then(|map| map.get_mut(field)).filter(|node| !node.is_null())
        else {
            continue;
        };
        let origin = node.origin.clone();
        let Some(map) = node.as_map_mut() else {
            return Err(ManifestError::SecretValue { field: field.into(), problem: "is not a map", origin });
        };
        for Field { key, node, .. } in map.iter_mut() {
            hide(node);
            if !matches!(node.value, Value::Secret(_) | Value::Null) {
                let problem = "is not text (put it in quotes)";
                let origin = node.origin.clone();
                return Err(ManifestError::SecretValue { field: format!("{field}.{key}"), problem, origin });
            }
        }
    }
    let annotations = root.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut);
    let annotations = annotations.and_then(|map| map.get_mut("annotations")).and_then(Node::as_map_mut);
    if let Some(annotations) = annotations {
        let copies = annotations.iter_mut().filter(|field| LAST_APPLIED.contains(&field.key.as_str()));
        copies.for_each(|field| hide(&mut field.node));
    }
    Ok(())
}

/// The annotations in which `kubectl apply` and kubecfg keep a copy of what they applied: of a Secret,
/// its plaintext.
pub const LAST_APPLIED: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

fn hide(node: &mut Node) {
    if let Value::String(text) = &mut node.value {
        node.value = Value::Secret(std::mem::take(text).into());
    }
}
