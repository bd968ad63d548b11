//! Which files `sealward lint` looks at, and how it names them.

use std::fs;
use std::os::unix::fs::symlink;

use super::workplace::{Workplace, sample};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: web\n  labels: {app.kubernetes.io/name: p}\n\
                   spec:\n  containers:\n  - name: c\n    image: r.example/c:1.0.0@sha256:0000000000000000000000000000000000000000000000000000000000000000\n    \
                   resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {memory: 1Mi}}\n";

/// A place with these files; a Git repository if `in_git`.
fn place(files: &[(&str, &str)], in_git: bool) -> Workplace {
    let place = Workplace::new();
    if in_git {
        fs::create_dir(place.path().join(".git")).unwrap();
    }
    for (path, text) in files {
        fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
        place.file(path, text);
    }
    place
}

#[test]
fn paths_are_told_from_where_one_stands() {
    let place = place(&[("apps/web/secret.yaml", &sample("secret.yaml"))], true);
    let lint = |folder: &str, args: &[&str]| {
        let mut command = place.command(&sealward_acceptance::binary("sealward").unwrap());
        command.arg("lint").args(args).current_dir(place.path().join(folder));
        place.run(&mut command, "")
    };
    let text = lint("apps", &[]);
    assert_eq!(text.code, 1, "{}", text.stderr);
    assert!(text.stdout.contains("--> web/secret.yaml:"), "{}", text.stdout);
    let above = lint("apps/web", &["../../apps"]);
    assert!(above.stdout.contains("--> secret.yaml:"), "{}", above.stdout);
    for format in ["github", "sarif", "json"] {
        let told = lint("apps/web", &["--format", format]).stdout;
        assert!(told.contains("apps/web/secret.yaml"), "{format}: {told}");
    }
}

#[test]
fn the_last_line_says_how_much_and_by_which_rules() {
    let place = place(&[("a.yaml", POD), ("b.yaml", "x: 1\n"), ("notes.txt", "")], true);
    let ran = place.sealward(&["lint"], "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("no findings in 2 files (rules built into sealward, sha256:"),
        "{}",
        ran.stdout
    );
    let one = place.sealward(&["lint", "a.yaml"], "").stdout;
    assert!(one.starts_with("no findings in 1 file ("), "{one}");
    let set = place.sealward(&["policy", "build", &policies()], "");
    assert_eq!(set.code, 0, "{}", set.stderr);
    fs::create_dir(place.path().join("rules")).unwrap();
    place.file("rules/set.yaml", &set.stdout);
    let own = place.sealward(&["lint", "a.yaml"], "").stdout;
    assert!(own.contains("(rules of RuleSet \"sealward\" in rules/set.yaml, sha256:"), "{own}");
    let given = place.sealward(&["lint", "--rule-set", &policies(), "a.yaml"], "").stdout;
    assert!(given.contains("(rules of /") && given.contains("/policies, sha256:"), "{given}");
}

fn policies() -> String {
    sealward_acceptance::repository_root().unwrap().join("policies").display().to_string()
}

#[test]
fn a_rule_set_that_does_not_load_is_told_once_with_its_file() {
    let broken = "apiVersion: sealward.dev/v1alpha1\nkind: RuleSet\nmetadata: {name: own}\nspec:\n  constraints:\n  - {kind: Gone, metadata: {name: x}}\n";
    let place = place(&[("rules.yaml", broken), ("a.yaml", POD)], true);
    let ran = place.sealward(&["lint"], "");
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        "error: the rules of RuleSet \"own\" in rules.yaml do not load:\n  Gone x: no template defines kind Gone\n"
    );
}

#[test]
fn links_end_no_run() {
    let place = place(&[("a.yaml", POD)], true);
    symlink("nowhere.yaml", place.path().join("dangling.yaml")).unwrap();
    symlink(".", place.path().join("loop")).unwrap();
    let all = place.sealward(&["lint"], "");
    assert_eq!((all.code, all.stderr.as_str()), (0, ""), "{}", all.stdout);
    let named = place.sealward(&["lint", "dangling.yaml", "a.yaml"], "");
    assert_eq!(named.code, 0, "{}{}", named.stdout, named.stderr);
    assert!(named.stderr.starts_with("warning: dangling.yaml is a symbolic link"), "{}", named.stderr);
    assert!(named.stdout.starts_with("no findings in 1 file"), "{}", named.stdout);
    let alone = place.sealward(&["lint", "dangling.yaml"], "");
    assert_eq!(alone.code, 0, "{}", alone.stderr);
    assert!(alone.stdout.starts_with("no findings in 0 files"), "{}", alone.stdout);
}

#[test]
fn outside_a_repository_only_what_is_named_is_looked_at() {
    let kustomization = "resources: [a.yaml]\n";
    let files = [
        ("a/a.yaml", POD),
        ("a/kustomization.yaml", kustomization),
        ("b/b.yaml", POD),
        ("c/secret.yaml", &sample("secret.yaml")),
    ];
    let place = place(&files, false);
    let found = |args: &[&str]| {
        let ran = place.sealward(&[&["lint"], args].concat(), "");
        (ran.code, ran.stdout.lines().last().unwrap_or_default().split(" (").next().unwrap().to_owned())
    };
    assert_eq!(found(&["a/a.yaml"]), (0, "no findings in 1 file".to_owned()));
    assert_eq!(found(&["a/kustomization.yaml"]), (0, "no findings in 1 file".to_owned()));
    assert_eq!(found(&["a", "b/b.yaml"]), (0, "no findings in 3 files".to_owned()));
    assert_eq!(found(&["c", "b"]), (1, "1 error in 1 file; looked at 2 files".to_owned()));
    assert_eq!(found(&[]), (1, "1 error in 1 file; looked at 4 files".to_owned()));
}

#[test]
fn a_path_of_another_repository_is_refused_in_words() {
    let (place, other) = (place(&[("a.yaml", POD)], true), place(&[("b.yaml", POD)], false));
    let elsewhere = other.path().join("b.yaml");
    let ran = place.sealward(&["lint", "a.yaml", elsewhere.to_str().unwrap()], "");
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("does not stand in the repository") && ran.stderr.contains("hint: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_not_read_by_its_name_is_left_out_beside_others() {
    let place = place(&[("a.yaml", POD), ("README.md", "# x\n")], true);
    let beside = place.sealward(&["lint", "README.md", "a.yaml"], "");
    assert_eq!(beside.code, 0, "{}", beside.stderr);
    assert_eq!(beside.stderr, "warning: README.md is neither YAML nor JSON by its name, and is left out\n");
    let alone = place.sealward(&["lint", "README.md"], "");
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.starts_with("error: README.md is neither YAML nor JSON"), "{}", alone.stderr);
}

/// Lint of a folder and `render` of it agree on what is no object.
#[test]
fn lint_and_render_agree() {
    for (name, text) in [
        ("a.yaml", "kind: Pod\nmetadata: {name: p}\n"),
        ("a.yaml", "apiVersion: v1\nmetadata: {name: p}\n"),
        ("a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {}\n"),
        ("a.json", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}}"),
        ("a.json", "{\"kind\": \"Pod\", "),
    ] {
        let place = place(
            &[("k/kustomization.yaml", &format!("resources: [{name}]\n")), (&format!("k/{name}"), text)],
            true,
        );
        let (linted, rendered) = (place.sealward(&["lint"], ""), place.sealward(&["render", "k"], ""));
        assert_eq!((linted.code, rendered.code), (1, 1), "{text}\n{}{}", linted.stdout, rendered.stdout);
        assert!(linted.stdout.contains(&format!("k/{name}:1:")), "{}", linted.stdout);
        assert!(rendered.stderr.contains(&format!("error: k/{name}:1:")), "{}", rendered.stderr);
    }
}
