//! `RuleSet` (`sealward.dev/v1alpha1`, cluster-scoped): the rules that a cluster enforces.
//!
//! One is generated from the folders of `policies/` and applied from Git; all RuleSets of a cluster,
//! sorted by name, form the set that reconciler and webhook enforce. Because it is one static kind,
//! template and constraint can come in the same commit.

use serde::{Deserialize, Serialize};

use crate::meta::Condition;

/// Kind of the object.
pub const KIND: &str = "RuleSet";

/// Plural, as in URLs.
pub const PLURAL: &str = "rulesets";

/// Name of the one that is generated from `policies/`.
pub const NAME: &str = "sealward";

/// Condition that tells whether the set was loaded.
pub const LOADED_CONDITION: &str = "Loaded";

/// What a RuleSet holds. Both lists are kept as they came, so that one that cannot be read is refused
/// by name when the set is loaded, beside all other causes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSetSpec {
    /// Gatekeeper's ConstraintTemplates ([`crate::gatekeeper::ConstraintTemplate`]).
    #[serde(default)]
    pub templates: Vec<serde_json::Value>,
    /// Gatekeeper's Constraints ([`crate::gatekeeper::Constraint`]).
    #[serde(default)]
    pub constraints: Vec<serde_json::Value>,
}

/// What became of a RuleSet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSetStatus {
    /// Digest of the set that is enforced, `sha256:…`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The generation that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Loaded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
