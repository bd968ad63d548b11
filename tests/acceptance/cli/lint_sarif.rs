//! `sealward lint --format sarif` is SARIF 2.1.0, and says what code scanning shows.

use std::fs;

use sealward_acceptance::repository_root;
use serde_json::Value;

use super::workplace::{PLANTED, Workplace, python_environment, sample};

/// Findings of several kinds, in files with odd names.
fn place() -> Workplace {
    let place = Workplace::new();
    for folder in [".git", "a b", "k"] {
        fs::create_dir(place.path().join(folder)).unwrap();
    }
    place.file("a b/secret ü%.yaml", &sample("secret.yaml"));
    place.file("k/kustomization.yaml", "resources:\n- gone.yaml\n");
    place.file("broken.yaml", "a: [\n");
    place.file("twice.yaml", "a: 1\na: 2\n");
    place.file(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostNetwork: true\n  containers:\n  - name: c\n    image: c:latest\n",
    );
    place
}

fn report(place: &Workplace, args: &[&str]) -> (String, Value) {
    let ran = place.sealward(&[&["lint", "--format", "sarif"], args].concat(), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    assert!(!ran.stdout.contains(PLANTED));
    let report = serde_json::from_str(&ran.stdout).unwrap();
    (ran.stdout, report)
}

#[test]
fn it_keeps_to_the_schema() {
    let place = place();
    let (text, _) = report(&place, &[]);
    place.file("report.sarif", &text);
    fs::create_dir(place.path().join("clean")).unwrap();
    place.file("clean/a.yaml", "a: 1\n");
    let clean = place.sealward(&["lint", "--format", "sarif", "clean"], "");
    assert_eq!(clean.code, 0, "{}", clean.stderr);
    place.file("clean.sarif", &clean.stdout);
    let schema = repository_root().unwrap().join("testdata/sarif/sarif-2.1.0-rtm.5.json");
    let python = python_environment("jsonschema", "4.26.0").join("bin/python");
    let program = "import json, sys, jsonschema\nschema = json.load(open(sys.argv[1]))\n\
                   check = jsonschema.validators.validator_for(schema)(schema)\n\
                   for path in sys.argv[2:]:\n  for error in check.iter_errors(json.load(open(path))):\n    \
                   print(path, error.json_path, error.message)\nprint('checked')\n";
    let mut command = place.command(&python);
    command.args(["-c", program]).arg(schema).args(["report.sarif", "clean.sarif"]);
    let checked = place.run(&mut command, "");
    assert_eq!((checked.code, checked.stdout.as_str()), (0, "checked\n"), "{}", checked.stderr);
}

#[test]
fn rules_and_results_fit_each_other() {
    let (_, report) = report(&place(), &[]);
    let run = &report["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for field in ["shortDescription", "fullDescription", "help"] {
            let text = rule[field]["text"].as_str().unwrap_or_default();
            assert!(text.len() > 10 && text != rule["id"], "{field} of {rule}");
        }
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'), "{rule}");
        let is_own = !rule["id"].as_str().unwrap().starts_with("policy/");
        assert_eq!(rule["helpUri"].as_str().is_some_and(|uri| uri.starts_with("https://")), is_own, "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    let mut seen = Vec::new();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let line = place["region"]["startLine"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        seen.push(
            format!("{} {}{line}", result["ruleId"], place["artifactLocation"]["uri"]).replace('"', ""),
        );
    }
    for expect in [
        "secret/plaintext a%20b/secret%20%C3%BC%25.yaml:1",
        "yaml/unreadable broken.yaml:2",
        "kustomization/does-not-render k/kustomization.yaml:2",
        "policy/workload-host-namespaces pod.yaml:5",
        "policy/workload-mutable-image-tag pod.yaml:8",
        "yaml/duplicate-key twice.yaml:2",
    ] {
        assert!(seen.iter().any(|seen| seen == expect), "{expect} is not in {seen:#?}");
    }
    assert!(
        run["properties"]["ruleSource"].as_str().unwrap().contains("built into"),
        "{}",
        run["properties"]
    );
}
