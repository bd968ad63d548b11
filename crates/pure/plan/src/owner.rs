//! Whose an object is.

use std::fmt;

use sealward_api::flux;
use sealward_api::names::{OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL};
use sealward_manifest::document::Node;
use sealward_manifest::{Manifest, ManifestError};

/// A Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Owner {
    /// The Kustomization that the labels of `object` name.
    pub fn of(object: &Manifest) -> Option<Self> {
        let name = object.label(OWNER_NAME_LABEL)?;
        let namespace = object.label(OWNER_NAMESPACE_LABEL)?;
        Some(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// `object` with labels that name this Kustomization.
    ///
    /// # Errors
    /// [`ManifestError::Missing`] when its metadata or labels are no mapping.
    pub fn mark(&self, object: &Manifest) -> Result<Manifest, ManifestError> {
        let mut marked = false;
        let next = object.with(|root| {
            let metadata = root.as_map_mut().and_then(|map| map.get_mut("metadata"));
            let Some(metadata) = metadata else { return };
            let origin = metadata.origin.clone();
            if let Some(labels) = metadata.child_map("labels") {
                labels.insert(OWNER_NAME_LABEL, Node::text(&self.name, origin.clone()));
                labels.insert(OWNER_NAMESPACE_LABEL, Node::text(&self.namespace, origin));
                marked = true;
            }
        })?;
        if !marked {
            return Err(ManifestError::Missing { field: "metadata.labels", origin: object.origin().clone() });
        }
        Ok(next)
    }
}

/// Whether a label or annotation of `object` says `disabled` for `key`.
pub fn is_disabled(object: &Manifest, key: &str) -> bool {
    let says = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case(flux::DISABLED));
    says(object.label(key)) || says(object.annotation(key))
}
