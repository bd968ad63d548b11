//! What is wrong in a folder of rules is told with its file.

use sealward_snapshot::Snapshot;

use crate::{RuleSet, folder, test};

const RULE: &str = "# METADATA\n# title: T\n# description: D\n# custom:\n#   kind: Foo\npackage a.b\n\n\
                    violation contains {\"msg\": \"no\"} if input.review.object.metadata.labels.bad\n";

/// What a folder with these files says when it is loaded.
fn check(files: &[(&str, &str)], expect: &str) {
    let snapshot = Snapshot::from_files(files.iter().map(|(path, text)| (*path, *text)));
    let error = match folder::read(&snapshot, "") {
        Err(error) => error.to_string(),
        Ok(spec) => {
            RuleSet::load(&[spec]).map(|_| "it loads".to_owned()).unwrap_or_else(|error| error.to_string())
        }
    };
    assert!(error.contains(expect), "{error}\nexpected: {expect}");
}

#[test]
fn what_does_not_load_is_told_with_its_file() {
    check(&[("a/b/rule.rego", RULE)], "it loads");
    check(&[], "no rules: expected <category>/<rule>/rule.rego");
    for path in ["a/b/rules.rego", "a/rule.rego", "rule.rego", "a/b/c/rule.rego", "a/b/samples/x.rego"] {
        check(&[("a/b/rule.rego", RULE), (path, RULE)], &format!("{path}: is not read: a rule is"));
    }
    let other = |from: &str, to: &str| RULE.replace(from, to);
    let file = |text: &str, expect: &str| check(&[("a/b/rule.rego", text)], expect);
    file(&other("# METADATA", "#"), "a/b/rule.rego: no METADATA block");
    file(&other("#   kind: Foo\n", "#   other: 1\n"), "a/b/rule.rego: METADATA: custom");
    file(&other("kind: Foo\n", "kind: Foo\n#   match: {nope: 1}\n"), "a/b/rule.rego: Foo a-b: spec.match");
    file(
        &other(
            "kind: Foo\n",
            "kind: Foo\n#   parameters: {x: 1}\n#   schema: {type: object, properties: {}}\n",
        ),
        "a/b/rule.rego: Foo a-b: ",
    );
    file(&other("package a.b", "package a.b\nimport data.lib.gone"), "a/b/rule.rego: imports data.lib.gone");
    let twice = [("a/b/rule.rego", RULE), ("a/c/rule.rego", RULE)];
    check(&twice, "two templates define this constraint kind: those of a/b and of a/c");
}

#[test]
fn samples_are_held_against_their_names() {
    let pod =
        |label: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{{label}: x}}}}\n");
    let (good, bad) = (pod("good"), pod("bad"));
    let files = [
        ("a/b/rule.rego", RULE),
        ("a/b/samples/allow-one.yaml", &*good),
        ("a/b/samples/allow-two.yaml", &*bad),
        ("a/b/samples/deny-one.yaml", &*bad),
        ("a/b/samples/deny-two.yaml", &*good),
    ];
    let snapshot = Snapshot::from_files(files);
    let rules = RuleSet::load(&[folder::read(&snapshot, "").unwrap()]).unwrap();
    let outcomes = test::judge(&rules, &folder::samples(&snapshot, "").unwrap());
    let told: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome.name.as_str(), outcome.error.as_deref().unwrap_or("ok")))
        .collect();
    assert_eq!(
        told,
        [
            ("allowed", "ok"),
            ("allowed", "a/b says: no"),
            ("denied by a/b", "ok"),
            ("denied by a/b", "its rule finds nothing wrong with it"),
        ]
    );
}
