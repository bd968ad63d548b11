//! The shipped rules: they load, their own tests pass, their samples get the verdict they are named for.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{Action, CompiledRules, Review, RuleSet, Verdict, folder, test};
use sealward_snapshot::Snapshot;

#[expect(clippy::disallowed_methods, reason = "a test reads the repository's own files")]
fn shipped() -> Snapshot {
    fn add(folder: &Path, name: &str, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                add(&entry.path(), &name, files);
            } else {
                files.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../policies"), "policies", &mut files);
    Snapshot::from_files(files)
}

fn rules() -> CompiledRules {
    RuleSet::load(&[folder::read(&shipped(), "policies").unwrap()]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_rule_is_whole() {
    let snapshot = shipped();
    let rules = folder::rules(&snapshot, "policies");
    assert!(rules.len() >= 6, "{rules:?}");
    let samples = folder::samples(&snapshot, "policies").unwrap();
    for rule in &rules {
        for file in ["rule_test.rego", "README.md"] {
            assert!(snapshot.entry(&format!("policies/{rule}/{file}")).is_some(), "{rule} has no {file}");
        }
        for verdict in [Verdict::Allow, Verdict::Deny] {
            let count =
                samples.iter().filter(|sample| sample.rule == *rule && sample.verdict == verdict).count();
            assert!(count >= 2, "{rule} has {count} samples for {verdict:?}");
        }
    }
    let kinds: BTreeSet<&str> = samples.iter().map(|sample| sample.manifest.gvk().kind.as_str()).collect();
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn their_own_tests_pass() {
    let outcomes = test::run(&shipped(), "policies").unwrap_or_else(|error| panic!("{error}"));
    assert!(outcomes.len() > 40, "{}", outcomes.len());
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn samples_get_the_verdict_they_are_named_for() {
    let rules = rules();
    for sample in folder::samples(&shipped(), "policies").unwrap() {
        let violations = rules.review(&Review::of_manifest(&sample.manifest, None));
        match sample.verdict {
            Verdict::Allow => assert!(violations.is_empty(), "{}: {violations:#?}", sample.path),
            Verdict::Deny => {
                let own: BTreeSet<&str> =
                    violations.iter().map(|violation| violation.rule.as_str()).collect();
                assert_eq!(own, BTreeSet::from([sample.rule.as_str()]), "{}", sample.path);
                assert!(
                    violations.iter().all(|violation| violation.action == Action::Deny),
                    "{}",
                    sample.path
                );
            }
        }
    }
}

#[test]
fn the_digest_follows_the_content() {
    let snapshot = shipped();
    let spec = folder::read(&snapshot, "policies").unwrap();
    let digest = crate::digest(std::slice::from_ref(&spec));
    assert_eq!(digest, rules().digest());
    assert!(digest.starts_with("sha256:") && digest.len() == 71);
    let text = serde_json::to_string(&spec).unwrap();
    let again = serde_json::from_str(&text).unwrap();
    assert_eq!(crate::digest(&[again]), digest);
    let mut other = spec;
    other.constraints[0]["spec"]["enforcementAction"] = "warn".into();
    assert_ne!(crate::digest(&[other]), digest);
}
