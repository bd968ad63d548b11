//! ConstraintTemplate and Constraint of OPA Gatekeeper, as far as Rego rules need them.
//!
//! Source followed: `open-policy-agent/frameworks` `constraint/pkg/apis/templates/v1` and Gatekeeper's
//! `pkg/mutation/match/match.go`. Fields of a kind that we do not know are refused by name when a rule
//! set is loaded, never ignored: a misplaced `excludedNamespaces` would silently widen or narrow a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// API group of [`ConstraintTemplate`].
pub const TEMPLATE_GROUP: &str = "templates.gatekeeper.sh";

/// Kind of [`ConstraintTemplate`].
pub const TEMPLATE_KIND: &str = "ConstraintTemplate";

/// API group of constraints; their kind is the template's `spec.crd.spec.names.kind`.
pub const CONSTRAINT_GROUP: &str = "constraints.gatekeeper.sh";

/// The version of constraints that the rule folders generate.
pub const CONSTRAINT_VERSION: &str = "v1beta1";

/// The only target that Gatekeeper defines: Kubernetes admission reviews.
pub const TARGET: &str = "admission.k8s.gatekeeper.sh";

/// Enforcement point of the admission webhook. Of scoped actions this one decides at every point of
/// ours (lint, reconciler and webhook), so that lint says what admission will say.
pub const WEBHOOK_POINT: &str = "validation.gatekeeper.sh";

/// Gatekeeper's other enforcement points; they are known, and decide nothing here.
pub const OTHER_POINTS: [&str; 3] = ["audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io"];

/// Annotation of a template with the rule's title in a few words, as gatekeeper-library writes it.
pub const TITLE_ANNOTATION: &str = "metadata.gatekeeper.sh/title";

/// Annotation of a template with what the rule is for, as gatekeeper-library writes it.
pub const DESCRIPTION_ANNOTATION: &str = "description";

/// Annotation of a template with the rule's id, `<category>/<rule>`: its folder below `policies/`.
pub const RULE_ANNOTATION: &str = "sealward.dev/rule";

/// `ConstraintTemplate`: Rego, and the schema of the parameters that constraints give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConstraintTemplate {
    /// `templates.gatekeeper.sh/v1`, `/v1beta1` or `/v1alpha1`.
    pub api_version: String,
    /// `ConstraintTemplate`.
    pub kind: String,
    /// Name, annotations, and whatever else the API server keeps there.
    pub metadata: Metadata,
    /// What it says.
    pub spec: TemplateSpec,
    /// Written by Gatekeeper; read by nobody here.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub status: serde_json::Value,
}

/// Metadata of a template or constraint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else of metadata; it decides nothing.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// Spec of a [`ConstraintTemplate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateSpec {
    /// The kind that constraints have, and the schema of their parameters.
    pub crd: TemplateCrd,
    /// The rules; exactly one target, [`TARGET`].
    pub targets: Vec<Target>,
}

/// `spec.crd` of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateCrd {
    /// Its only field.
    pub spec: TemplateCrdSpec,
}

/// `spec.crd.spec` of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateCrdSpec {
    /// Names of the constraint kind.
    pub names: TemplateNames,
    /// Schema of the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// `spec.crd.spec.names` of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateNames {
    /// The kind; the template is named as this in lower case.
    pub kind: String,
    /// Short names of the CRD that Gatekeeper generates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_names: Vec<String>,
}

/// `spec.crd.spec.validation` of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Validation {
    /// Whether the schema may be unstructured; true by default in v1beta1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_schema: Option<bool>,
    /// Schema of `constraint.spec.parameters`.
    #[serde(default, rename = "openAPIV3Schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Value>,
}

/// One target of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// [`TARGET`].
    pub target: String,
    /// Rego v0 (the old place; it wins over `code`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rego: Option<String>,
    /// Library modules of [`Target::rego`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libs: Vec<String>,
    /// Code by engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<Code>,
}

/// Code of one engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// `Rego`, or `K8sNativeValidation` (CEL), which is not evaluated here.
    pub engine: String,
    /// What that engine reads; a [`RegoSource`] for `Rego`.
    pub source: serde_json::Value,
}

/// Engine name of Rego code.
pub const REGO_ENGINE: &str = "Rego";

/// Source of the `Rego` engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegoSource {
    /// `v1` for Rego v1; absent or anything else is v0. Libraries are of the same version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The entry module; it defines the partial set `violation`.
    pub rego: String,
    /// Library modules, each `package lib.…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libs: Vec<String>,
}

/// A constraint: which objects a template's rule looks at, with which parameters, and what follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Constraint {
    /// `constraints.gatekeeper.sh/v1beta1` (or an older version of it).
    pub api_version: String,
    /// The template's constraint kind.
    pub kind: String,
    /// Name, annotations, and whatever else the API server keeps there.
    pub metadata: Metadata,
    /// What it says.
    #[serde(default)]
    pub spec: ConstraintSpec,
    /// Written by Gatekeeper; read by nobody here.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub status: serde_json::Value,
}

/// Spec of a [`Constraint`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConstraintSpec {
    /// `deny` (default), `warn`, `dryrun` or `scoped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement_action: Option<String>,
    /// Actions by enforcement point; used when the action is `scoped`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scoped_enforcement_actions: Vec<ScopedAction>,
    /// Which objects; everything when empty.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Given to Rego as `input.parameters`.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub parameters: serde_json::Value,
}

/// An action at named enforcement points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScopedAction {
    /// `deny`, `warn` or `dryrun`.
    pub action: String,
    /// Where.
    pub enforcement_points: Vec<EnforcementPoint>,
}

/// The name of an enforcement point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnforcementPoint {
    /// [`WEBHOOK_POINT`], one of [`OTHER_POINTS`], or `*`.
    pub name: String,
}

/// Which objects a constraint looks at; all fields must match, an empty field matches.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// Any of these groups and kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindMatch>,
    /// `*`, `Cluster` or `Namespaced`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Globs of namespace names, any of which must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Globs of namespace names, none of which may match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_namespaces: Vec<String>,
    /// Selects by the object's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Selects by the labels of the object's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Glob of the object's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `All` or `Original`; `Generated` needs expansion templates, which are not supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Groups and kinds; `*` or nothing matches all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KindMatch {
    /// API groups, `""` for core.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// Kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// Kubernetes' label selector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels with exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Conditions, all of which must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelRequirement>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// Values for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}
