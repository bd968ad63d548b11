//! `sealward policy test` and `build`: rules that a cluster would not take pass nowhere.

use std::fs;

use sealward_acceptance::{Ran, repository_root};

use super::workplace::Workplace;

const RULE: &str = "# METADATA\n# title: T\n# description: D\n# custom:\n#   kind: Foo\npackage a.b\n\n\
                    violation contains {\"msg\": \"no\"} if input.review.object.metadata.labels.bad\n";

const TEST: &str = "package a.b_test\n\nimport data.a.b\n\ntest_bad if count(b.violation) == 1 with input as {\"review\": {\"object\": {\"metadata\": {\"labels\": {\"bad\": \"x\"}}}}}\n";

fn both(files: &[(&str, &str)]) -> [Ran; 2] {
    let place = Workplace::new();
    fs::create_dir(place.path().join("rules")).unwrap();
    for (path, text) in files {
        let path = format!("rules/{path}");
        fs::create_dir_all(place.path().join(&path).parent().unwrap()).unwrap();
        place.file(&path, text);
    }
    ["test", "build"].map(|verb| place.sealward(&["policy", verb, "rules"], ""))
}

/// Both verbs refuse these files with this text on stderr.
fn refused(files: &[(&str, &str)], expect: &str) {
    for ran in both(files) {
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{}\nexpected: {expect}", ran.stderr);
    }
}

#[test]
fn rules_that_do_not_load_are_refused_with_their_file() {
    let other = |from: &str, to: &str| RULE.replace(from, to);
    let file = |text: &str, expect: &str| {
        refused(&[("a/b/rule.rego", text), ("a/b/rule_test.rego", TEST)], expect);
    };
    file(&other("# METADATA", "# nothing"), "error: rules/a/b/rule.rego: no METADATA block");
    file(&other("#   kind: Foo\n", ""), "error: rules/a/b/rule.rego: METADATA");
    file(&other("kind: Foo\n", "kind: Foo\n#   match: {nope: 1}\n"), "a/b/rule.rego: Foo a-b: spec.match");
    file(
        &other("package a.b", "package a.b\n\nimport data.lib.gone"),
        "rules/a/b/rule.rego: imports data.lib.gone",
    );
    file(
        &other(" if input", " if {\n  some x\n  x > 1\n}\n\nviolation contains {\"msg\": \"no\"} if input"),
        "a/b/rule.rego:10:3: var x is unsafe: nothing gives it a value",
    );
    refused(
        &[("a/b/rule.rego", RULE), ("a/c/rule.rego", RULE)],
        "two templates define this constraint kind: those of a/b and of a/c",
    );
    refused(
        &[("a/b/rule.rego", RULE), ("a/c/rules.rego", RULE)],
        "error: rules/a/c/rules.rego: is not read: a rule is <category>/<rule>/rule.rego",
    );
    refused(&[], "error: rules: no rules: expected <category>/<rule>/rule.rego");
}

#[test]
fn nothing_to_test_is_no_success() {
    let [test, build] = both(&[("a/b/rule.rego", RULE)]);
    assert_eq!((test.code, build.code), (1, 0), "{}", build.stderr);
    assert!(test.stderr.starts_with("error: there is nothing to test in rules\nhint: "), "{}", test.stderr);
}

#[test]
fn tests_and_samples_are_counted() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {bad: x}}\n";
    let files = [("a/b/rule.rego", RULE), ("a/b/rule_test.rego", TEST), ("a/b/samples/deny-one.yaml", pod)];
    let [test, _] = both(&files);
    assert_eq!((test.code, test.stdout.as_str()), (0, "2 passed, 0 failed\n"), "{}", test.stderr);
    let wrong = [files[0], files[1], ("a/b/samples/allow-one.yaml", pod)];
    let [test, _] = both(&wrong);
    assert_eq!(
        (test.code, test.stdout.as_str()),
        (1, "rules/a/b/samples/allow-one.yaml: allowed: a/b says: no\n1 passed, 1 failed\n")
    );
}

#[test]
fn the_shipped_rules_pass() {
    let place = Workplace::new();
    let folder = repository_root().unwrap().join("policies");
    let ran = place.sealward(&["policy", "test", folder.to_str().unwrap()], "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.ends_with(" passed, 0 failed\n"), "{}", ran.stdout);
}

#[test]
fn a_name_that_no_object_can_have_is_refused() {
    let place = Workplace::new();
    for name in ["Bad Name", "", "a-", "a_b"] {
        let ran = place.sealward(&["policy", "build", "--name", name], "");
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("cannot be the name of an object"), "{}", ran.stderr);
    }
}
