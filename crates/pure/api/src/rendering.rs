//! `Rendering`: what one application's revision rendered to, and from where.
//!
//! The reconciler writes one per Kustomization, named `<namespace>.<name>` (cluster-scoped); the
//! webhook reads them to name file and commit in a denial. Objects themselves carry neither.

use serde::{Deserialize, Serialize};

/// Kind of the object.
pub const KIND: &str = "Rendering";

/// Plural, as in URLs.
pub const PLURAL: &str = "renderings";

/// What a Rendering holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderingSpec {
    /// The Kustomization, as `namespace/name`.
    pub application: String,
    /// The repository's URL, without credentials.
    pub repository: String,
    /// `main@sha1:…`
    pub revision: String,
    /// Digest of the rule set under which it was checked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule_set_digest: String,
    /// The applied objects.
    pub objects: Vec<RenderedObject>,
}

/// One applied object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderedObject {
    /// `<namespace>_<name>_<group>_<kind>`, as in Flux's inventory.
    pub id: String,
    /// File that declares it, relative to the repository's root.
    pub path: String,
    /// Line in that file, from 1.
    pub line: u32,
}

/// The name of the Rendering of Kustomization `name` in `namespace`.
pub fn rendering_name(namespace: &str, name: &str) -> String {
    format!("{namespace}.{name}")
}
