//! Which rules a repository is held against.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sealward_api::{names, ruleset};
use sealward_document::Node;
use sealward_files::{Folder, Limits};
use sealward_manifest::{Manifest, read, read_each};
use sealward_policy::{CompiledRules, LoadError, RuleSet};
use sealward_snapshot::Snapshot;

use crate::failure::Failure;
use crate::repository::Repository;

/// Sealward's own rules, used where a repository has none.
const BUILT_IN: &str = include_str!("../../../../deploy/policies/ruleset.yaml");

/// Rules that were understood whole.
pub(crate) struct Rules {
    pub(crate) compiled: CompiledRules,
    /// Where they come from, in words.
    pub(crate) source: String,
}

/// What is to be compiled.
struct Found {
    specs: Vec<ruleset::RuleSetSpec>,
    source: String,
}

/// The rules of `given` (files of RuleSet objects, folders of policies); without any, the RuleSet
/// objects of the repository; without any of those, the built-in ones.
pub(crate) fn load(repository: &Repository, given: &[PathBuf]) -> Result<Rules, Failure> {
    let found = match given {
        [] => match in_repository(repository)? {
            Some(found) => found,
            None => built_in()?,
        },
        given => {
            let mut specs = Vec::new();
            for path in given {
                specs.extend(if path.is_dir() {
                    vec![Policies::at(path)?.spec()?]
                } else {
                    from_file(path)?
                });
            }
            let names: Vec<String> = given.iter().map(|path| path.display().to_string()).collect();
            Found { specs, source: format!("rules of {}", names.join(" and ")) }
        }
    };
    compile(found)
}

fn compile(Found { specs, source }: Found) -> Result<Rules, Failure> {
    match RuleSet::load(&specs) {
        Ok(compiled) => Ok(Rules { compiled, source }),
        Err(LoadError { causes }) => {
            let causes: Vec<String> = causes.iter().map(|cause| format!("\n  {cause}")).collect();
            Err(Failure::of(format!("the {source} do not load:{}", causes.concat())))
        }
    }
}

/// A folder of policies, `<category>/<rule>/rule.rego`.
pub(crate) struct Policies {
    folder: PathBuf,
    pub(crate) snapshot: Snapshot,
}

impl Policies {
    pub(crate) fn at(folder: &Path) -> Result<Self, Failure> {
        let listing = Folder::at(folder, Limits::default())?.list(&[])?;
        Ok(Self { folder: folder.to_owned(), snapshot: listing.snapshot })
    }

    /// The spec of the RuleSet that the folder makes.
    pub(crate) fn spec(&self) -> Result<ruleset::RuleSetSpec, Failure> {
        sealward_policy::folder::read(&self.snapshot, "").map_err(|error| self.failure(error))
    }

    /// The rules of the folder.
    pub(crate) fn rules(&self) -> Result<Rules, Failure> {
        compile(Found { specs: vec![self.spec()?], source: format!("rules of {}", self.folder.display()) })
    }

    /// `error` with the path as the user knows it.
    pub(crate) fn failure(&self, error: sealward_policy::folder::FolderError) -> Failure {
        let path = if error.path == "." { self.folder.clone() } else { self.folder.join(&error.path) };
        Failure::of(format!("{}: {}", path.display(), error.message))
    }
}

fn built_in() -> Result<Found, Failure> {
    let specs = rule_sets(&read("built-in rules", BUILT_IN.as_bytes())?)?;
    Ok(Found { specs, source: "rules built into sealward".to_owned() })
}

fn from_file(path: &Path) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let bytes =
        fs::read(path).map_err(|error| Failure::of(format!("cannot read {}: {error}", path.display())))?;
    let specs = rule_sets(&read(&path.display().to_string(), &bytes)?)?;
    if specs.is_empty() {
        return Err(Failure::of(format!("{} holds no RuleSet", path.display()))
            .hint("`sealward policy build FOLDER` makes one of a folder of policies"));
    }
    Ok(specs)
}

fn in_repository(repository: &Repository) -> Result<Option<Found>, Failure> {
    let snapshot = &repository.snapshot;
    let files = snapshot.entries().filter(|(path, _)| path.ends_with(".yaml") || path.ends_with(".yml"));
    let bytes = files.filter_map(|(path, _)| Some((path, snapshot.read(path).ok()?)));
    let candidates = bytes.filter(|(_, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        text.contains(ruleset::KIND) && text.lines().any(|line| line.trim_end() == "kind: RuleSet")
    });
    let read: Result<Vec<Manifest>, _> =
        candidates.flat_map(|(path, bytes)| read_each(&repository.shown(path), &bytes).manifests).collect();
    // Judging by other rules than the repository's own would be no verdict.
    let manifests =
        read.map_err(|error| Failure::of(format!("a file with a RuleSet cannot be read: {error}")))?;
    let sets = manifests.iter().filter(|manifest| is_rule_set(manifest));
    let mut names: Vec<String> =
        sets.map(|set| format!("RuleSet {:?} in {}", set.name(), set.origin().path)).collect();
    names.dedup();
    let specs = rule_sets(&manifests)?;
    Ok((!specs.is_empty()).then(|| Found { specs, source: format!("rules of {}", names.join(" and ")) }))
}

fn is_rule_set(manifest: &Manifest) -> bool {
    manifest.gvk().is(names::GROUP, ruleset::KIND)
}

/// The specs of the RuleSets among `manifests`, by name; one that stands in several files counts once.
fn rule_sets(manifests: &[Manifest]) -> Result<Vec<ruleset::RuleSetSpec>, Failure> {
    let mut found: BTreeMap<&str, &Manifest> = BTreeMap::new();
    for manifest in manifests.iter().filter(|manifest| is_rule_set(manifest)) {
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
