//! Which rules a repository is held against.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sealward_api::{names, ruleset};
use sealward_document::Node;
use sealward_files::{Folder, Limits};
use sealward_manifest::{Manifest, read, read_each};
use sealward_policy::{CompiledRules, RuleSet};
use sealward_snapshot::Snapshot;

use crate::failure::Failure;

/// Sealward's own rules, used where a repository has none.
const BUILT_IN: &str = include_str!("../../../../deploy/policies/ruleset.yaml");

/// The rules of `given` (files of RuleSet objects, folders of policies); without any, the RuleSet
/// objects of the repository; without any of those, the built-in ones.
pub(crate) fn load(repository: &Snapshot, given: &[PathBuf]) -> Result<CompiledRules, Failure> {
    let mut specs = Vec::new();
    for path in given {
        specs.extend(if path.is_dir() { from_folder(path)? } else { from_file(path)? });
    }
    if given.is_empty() {
        specs = in_repository(repository)?;
        if specs.is_empty() {
            specs = rule_sets(&read("built-in rules", BUILT_IN.as_bytes())?)?;
        }
    }
    compile(&specs)
}

/// Compiles `specs`, all causes in one failure.
pub(crate) fn compile(specs: &[ruleset::RuleSetSpec]) -> Result<CompiledRules, Failure> {
    RuleSet::load(specs).map_err(|error| Failure::of(format!("the rule set does not load:\n{error}")))
}

/// The rule set of a folder of policies.
pub(crate) fn from_folder(path: &Path) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let listing = Folder::at(path, Limits::default())?.list(&[])?;
    Ok(vec![sealward_policy::folder::read(&listing.snapshot, "")?])
}

fn from_file(path: &Path) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let bytes =
        fs::read(path).map_err(|error| Failure::of(format!("cannot read {}: {error}", path.display())))?;
    let specs = rule_sets(&read(&path.display().to_string(), &bytes)?)?;
    if specs.is_empty() {
        return Err(Failure::of(format!("{} holds no RuleSet", path.display())));
    }
    Ok(specs)
}

fn in_repository(repository: &Snapshot) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let files = repository.entries().filter(|(path, _)| path.ends_with(".yaml") || path.ends_with(".yml"));
    let bytes = files.filter_map(|(path, _)| Some((path, repository.read(path).ok()?)));
    let candidates = bytes.filter(|(_, bytes)| {
        String::from_utf8_lossy(bytes).lines().any(|line| line.trim_end() == "kind: RuleSet")
    });
    let read: Result<Vec<Manifest>, _> =
        candidates.flat_map(|(path, bytes)| read_each(path, &bytes).manifests).collect();
    // Judging by other rules than the repository's own would be no verdict.
    rule_sets(&read.map_err(|error| Failure::of(format!("a file with a RuleSet cannot be read: {error}")))?)
}

/// The specs of the RuleSets among `manifests`, by name; one that stands in several files counts once.
fn rule_sets(manifests: &[Manifest]) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let mut found: BTreeMap<&str, &Manifest> = BTreeMap::new();
    for manifest in manifests.iter().filter(|manifest| manifest.gvk().is(names::GROUP, ruleset::KIND)) {
        let known = found.entry(manifest.name()).or_insert(manifest);
        if known.root().get("spec") != manifest.root().get("spec") {
            let message = format!(
                "two RuleSets are called {:?} and differ: {} and {}",
                manifest.name(),
                known.origin(),
                manifest.origin()
            );
            return Err(Failure::of(message).hint("say which one counts here by --rule-set FILE"));
        }
    }
    found.into_values().map(spec_of).collect()
}

fn spec_of(manifest: &Manifest) -> Result<ruleset::RuleSetSpec, Failure> {
    let spec = manifest.root().get("spec").map(Node::to_json_redacted).unwrap_or_default();
    serde_json::from_value(spec).map_err(|error| {
        Failure::of(format!("{}: the RuleSet does not have its shape: {error}", manifest.origin()))
    })
}
