//! What `sealward render` says when it cannot.

use std::fs;

use super::workplace::Workplace;

fn check(files: &[(&str, &str)], args: &[&str], expect: &str) {
    let place = Workplace::new();
    fs::create_dir(place.path().join(".git")).unwrap();
    for (path, text) in files {
        fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
        place.file(path, text);
    }
    let ran = place.sealward(&[&["render"], args].concat(), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with(expect), "{}\nexpected: {expect}", ran.stderr);
}

#[test]
fn errors_say_what_and_where() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\n";
    check(&[], &["gone"], "error: gone does not exist; render takes a folder\n");
    check(&[("a.yaml", config)], &["a.yaml"], "error: a.yaml is a file; render takes a folder\n");
    check(&[("a/x.txt", "")], &["a"], "error: a: there is nothing to render in folder \"a\"");
    check(&[("x.txt", "")], &["."], "error: .: there is nothing to render in folder \".\"");
    check(
        &[("a.yaml", config)],
        &["--target-namespace", "BAD NS", "."],
        "error: \"BAD NS\" cannot be the name of a namespace\nhint: ",
    );
    let twice =
        [("kustomization.yaml", "resources:\n- a.yaml\n- b.yaml\n"), ("a.yaml", config), ("b.yaml", config)];
    check(
        &twice,
        &["."],
        "error: b.yaml:1:1: ConfigMap web/a is declared twice; first at a.yaml:1:1; brought in again by kustomization.yaml:3:3\n",
    );
}

#[test]
fn help_says_that_secrets_are_redacted() {
    let place = Workplace::new();
    let help = place.sealward(&["render", "--help"], "");
    assert!(help.stdout.contains("[redacted]"), "{}", help.stdout);
}
