//! Rule folders: `policies/<category>/<rule>/` to the object that a cluster takes.
//!
//! ```text
//! policies/lib/*.rego                        package lib.…
//! policies/<category>/<rule>/rule.rego       its METADATA block says kind, match, parameters
//!                          rule_test.rego    test_… rules
//!                          README.md         what, why, how to repair
//!                          samples/{allow,deny}-*.yaml
//! ```
//! The block is OPA's own annotation format; what OPA does not know stands under `custom`:
//! `kind`, `enforcementAction`, `match`, `schema` (of the parameters) and `parameters`.

use std::collections::{BTreeMap, BTreeSet};

use sealward_api::gatekeeper::{
    CONSTRAINT_GROUP, CONSTRAINT_VERSION, DESCRIPTION_ANNOTATION, REGO_ENGINE, RULE_ANNOTATION, TARGET,
    TEMPLATE_GROUP, TEMPLATE_KIND, TITLE_ANNOTATION,
};
use sealward_api::ruleset::RuleSetSpec;
use sealward_document::yaml;
use sealward_manifest::Manifest;
use sealward_snapshot::Snapshot;
use serde::Deserialize;
use serde_json::{Value, json};

/// Folder of shared modules below the policies' folder.
const LIBRARIES: &str = "lib";

/// The rule's own module.
const RULE: &str = "rule.rego";

/// Why rule folders cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FolderError {
    /// The file or folder, with line where that is known.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl FolderError {
    fn new(path: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self { path: path.into(), message: message.to_string() }
    }
}

/// What a METADATA block says of a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    title: String,
    description: String,
    custom: Custom,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Custom {
    kind: String,
    #[serde(default)]
    enforcement_action: Option<String>,
    #[serde(default, rename = "match")]
    matches: Value,
    #[serde(default)]
    schema: Value,
    #[serde(default)]
    parameters: Value,
}

/// The ids of the rules below folder `policies`, `<category>/<rule>`, in order.
pub fn rules(snapshot: &Snapshot, policies: &str) -> Vec<String> {
    let prefix = prefix(policies);
    let rules: BTreeSet<String> = snapshot
        .under(policies)
        .filter_map(|(path, _)| path.strip_prefix(&prefix)?.strip_suffix(RULE)?.strip_suffix('/'))
        .filter(|rule| rule.split('/').count() == 2 && !rule.starts_with("lib/"))
        .map(str::to_owned)
        .collect();
    rules.into_iter().collect()
}

fn prefix(policies: &str) -> String {
    if policies.is_empty() { String::new() } else { format!("{policies}/") }
}

/// The spec of the RuleSet that the rule folders below `policies` make: one template and one constraint
/// a rule.
///
/// # Errors
/// [`FolderError`] when there is no rule, a file cannot be read, a Rego file stands where it is neither
/// rule nor test nor library, a METADATA block is missing or says something unknown, or an imported
/// library does not exist. The Rego itself, and what METADATA says, are checked by
/// [`crate::RuleSet::load`].
pub fn read(snapshot: &Snapshot, policies: &str) -> Result<RuleSetSpec, FolderError> {
    refuse_strays(snapshot, policies)?;
    let libraries = libraries(snapshot, policies)?;
    let mut spec = RuleSetSpec::default();
    for rule in rules(snapshot, policies) {
        let path = format!("{}{rule}/{RULE}", prefix(policies));
        let text = text(snapshot, &path)?;
        let metadata = metadata(&path, &text)?;
        let libs = imported(&path, &text, &libraries)?;
        spec.templates.push(template(&rule, &text, &libs, &metadata));
        spec.constraints.push(constraint(&rule, metadata.custom));
    }
    if spec.templates.is_empty() {
        let path = if policies.is_empty() { "." } else { policies };
        return Err(FolderError::new(path, "no rules: expected <category>/<rule>/rule.rego"));
    }
    Ok(spec)
}

/// A rule in a misnamed file would be in force nowhere, and nobody would be told.
fn refuse_strays(snapshot: &Snapshot, policies: &str) -> Result<(), FolderError> {
    for (path, _) in snapshot.under(policies).filter(|(path, _)| path.ends_with(".rego")) {
        let inside = path.strip_prefix(&prefix(policies)).unwrap_or(path);
        let parts: Vec<&str> = inside.split('/').collect();
        let known = match parts.as_slice() {
            [LIBRARIES, ..] => true,
            [_, _, name] => *name == RULE || name.ends_with("_test.rego"),
            [.., name] => name.ends_with("_test.rego"),
            [] => false,
        };
        if !known {
            let message = format!(
                "is not read: a rule is <category>/<rule>/{RULE}, a test ends in _test.rego, a library stands in {LIBRARIES}/"
            );
            return Err(FolderError::new(path, message));
        }
    }
    Ok(())
}

pub(crate) fn text(snapshot: &Snapshot, path: &str) -> Result<String, FolderError> {
    let bytes = snapshot.read(path).map_err(|error| FolderError::new(path, error))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| FolderError::new(path, "not UTF-8"))
}

/// Text of each library by its package.
fn libraries(snapshot: &Snapshot, policies: &str) -> Result<BTreeMap<String, String>, FolderError> {
    let folder = format!("{}{LIBRARIES}", prefix(policies));
    let files = snapshot.under(&folder).map(|(path, _)| path.to_owned());
    let files = files.filter(|path| path.ends_with(".rego") && !path.ends_with("_test.rego"));
    let mut libraries = BTreeMap::new();
    for path in files {
        let text = text(snapshot, &path)?;
        let package =
            text.lines().find_map(|line| line.strip_prefix("package ")).map(str::trim).map(str::to_owned);
        let package = package.ok_or_else(|| FolderError::new(&path, "no line with its package"))?;
        if libraries.insert(package.clone(), text).is_some() {
            return Err(FolderError::new(&path, format!("package {package} is already in another file")));
        }
    }
    Ok(libraries)
}

/// The libraries that a module needs, those of its libraries included, in the order of their names.
fn imported(
    path: &str,
    text: &str,
    libraries: &BTreeMap<String, String>,
) -> Result<Vec<String>, FolderError> {
    let mut found = BTreeSet::new();
    let mut open = vec![text];
    while let Some(text) = open.pop() {
        for line in text.lines().filter_map(|line| line.strip_prefix("import data.")) {
            let package = line.split_whitespace().next().unwrap_or_default();
            let Some((package, library)) = libraries.get_key_value(package) else {
                return Err(FolderError::new(
                    path,
                    format!("imports data.{package}, which no file in {LIBRARIES}/ defines"),
                ));
            };
            if found.insert(package) {
                open.push(library);
            }
        }
    }
    Ok(found.into_iter().filter_map(|package| libraries.get(package)).cloned().collect())
}

/// The METADATA block in front of the package.
fn metadata(path: &str, text: &str) -> Result<Metadata, FolderError> {
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != "# METADATA");
    let (start, _) = lines.next().ok_or_else(|| FolderError::new(path, "no METADATA block"))?;
    // Kept on their own lines, so that places in messages are true.
    let mut block = "\n".repeat(start + 1);
    for line in lines.map_while(|(_, line)| line.strip_prefix('#')) {
        block.push_str(line.strip_prefix(' ').unwrap_or(line));
        block.push('\n');
    }
    let documents = yaml::read(path, block.as_bytes()).map_err(|error| FolderError::new(path, error))?;
    let [node] = documents.as_slice() else {
        return Err(FolderError::new(path, "the METADATA block is not one YAML mapping"));
    };
    crate::json::read(&node.to_json_redacted())
        .map_err(|error| FolderError::new(path, format!("METADATA: {error}")))
}

fn template(rule: &str, text: &str, libs: &[String], metadata: &Metadata) -> Value {
    let kind = &metadata.custom.kind;
    let source = if libs.is_empty() {
        json!({"version": "v1", "rego": text})
    } else {
        json!({"version": "v1", "rego": text, "libs": libs})
    };
    let crd = match &metadata.custom.schema {
        Value::Null => json!({"names": {"kind": kind}}),
        schema => json!({"names": {"kind": kind}, "validation": {"openAPIV3Schema": schema}}),
    };
    json!({
        "apiVersion": format!("{TEMPLATE_GROUP}/v1"),
        "kind": TEMPLATE_KIND,
        "metadata": {
            "name": kind.to_lowercase(),
            "annotations": {
                RULE_ANNOTATION: rule,
                TITLE_ANNOTATION: metadata.title,
                DESCRIPTION_ANNOTATION: metadata.description.trim_end(),
            },
        },
        "spec": {
            "crd": {"spec": crd},
            "targets": [{"target": TARGET, "code": [{"engine": REGO_ENGINE, "source": source}]}],
        },
    })
}

fn constraint(rule: &str, custom: Custom) -> Value {
    let action = Value::from(custom.enforcement_action.as_deref().unwrap_or("deny"));
    let fields =
        [("enforcementAction", action), ("match", custom.matches), ("parameters", custom.parameters)];
    let spec: serde_json::Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.into(), value))
        .collect();
    json!({
        "apiVersion": format!("{CONSTRAINT_GROUP}/{CONSTRAINT_VERSION}"),
        "kind": custom.kind,
        "metadata": {"name": constraint_name(rule)},
        "spec": spec,
    })
}

/// The name of the constraint of a rule: `workload/privileged` is `workload-privileged`.
pub fn constraint_name(rule: &str) -> String {
    rule.replace('/', "-")
}

/// What a sample is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No rule of the set refuses it.
    Allow,
    /// Its rule refuses it.
    Deny,
}

/// A sample manifest of a rule.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The rule's id.
    pub rule: String,
    /// The file.
    pub path: String,
    /// What it is to get.
    pub verdict: Verdict,
    /// The only manifest in the file.
    pub manifest: Manifest,
}

/// The samples of all rules below folder `policies`.
///
/// # Errors
/// [`FolderError`] when a sample is named neither `allow-` nor `deny-`, or does not hold exactly one
/// manifest.
pub fn samples(snapshot: &Snapshot, policies: &str) -> Result<Vec<Sample>, FolderError> {
    let mut samples = Vec::new();
    for rule in rules(snapshot, policies) {
        let folder = format!("{}{rule}/samples", prefix(policies));
        for (path, _) in snapshot.under(&folder) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let verdict = match name.split_once('-') {
                Some(("allow", _)) => Verdict::Allow,
                Some(("deny", _)) => Verdict::Deny,
                _ => return Err(FolderError::new(path, "a sample is named allow-….yaml or deny-….yaml")),
            };
            let bytes = snapshot.read(path).map_err(|error| FolderError::new(path, error))?;
            let manifests =
                sealward_manifest::read(path, &bytes).map_err(|error| FolderError::new(path, error))?;
            let Ok([manifest]) = <[Manifest; 1]>::try_from(manifests) else {
                return Err(FolderError::new(path, "a sample is exactly one manifest"));
            };
            samples.push(Sample { rule: rule.clone(), path: path.to_owned(), verdict, manifest });
        }
    }
    Ok(samples)
}
