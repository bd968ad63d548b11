//! Cases of the rules on source files and of what renders.

use sealward_diagnostic::{Report, text};
use sealward_snapshot::Snapshot;

use crate::{Options, lint};

/// `rule path:line:column` of each finding in `files`.
fn check(files: &[(&str, &str)], expect: &[&str]) {
    let found = run(files);
    let found: Vec<String> =
        found.iter().map(|diagnostic| format!("{} {}", diagnostic.rule, diagnostic.origin)).collect();
    assert_eq!(found, expect);
}

fn run(files: &[(&str, &str)]) -> Vec<sealward_diagnostic::Diagnostic> {
    let snapshot = Snapshot::from_files(files.iter().map(|(path, text)| (*path, *text)));
    lint(&snapshot, &Options { wanted: &|_| true, rules: None })
}

fn shown(files: &[(&str, &str)]) -> String {
    let diagnostics = run(files);
    let report =
        Report { tool: "t", version: "0", rule_set: None, rules: &crate::rules(), diagnostics: &diagnostics };
    text::write(&report, text::Style::Plain)
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: web\n";

#[test]
fn a_secret_in_plaintext_is_found_wherever_it_hides() {
    let at = |line| format!("secret/plaintext a.yaml:{line}:1");
    check(&[("a.yaml", &format!("{SECRET}stringData:\n  password: hunter2\n"))], &[&at(1)]);
    check(&[("a.yaml", &format!("---\n{SECRET}data:\n  password: aHVudGVyMg==\n"))], &[&at(2)]);
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: db}\n  stringData: {p: x}\n";
    check(&[("a.yaml", list)], &["secret/plaintext a.yaml:4:3"]);
    let json = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"stringData":{"p":"x"}}"#;
    check(&[("a.json", json)], &["secret/plaintext a.json:1:1"]);
}

#[test]
fn what_is_no_plaintext_passes() {
    check(&[("a.yaml", SECRET)], &[]);
    check(&[("a.yaml", &format!("{SECRET}data: {{}}\n"))], &[]);
    check(&[("a.yaml", &format!("{SECRET}data:\n  empty: \"\"\n"))], &[]);
    let sops = "stringData:\n  p: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\nsops:\n  mac: x\n";
    check(&[("a.yaml", &format!("{SECRET}{sops}"))], &[]);
    let half = "stringData:\n  p: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n  q: plain\nsops:\n  mac: x\n";
    check(&[("a.yaml", &format!("{SECRET}{half}"))], &["secret/plaintext a.yaml:1:1"]);
    check(
        &[("a.yaml", &format!("{SECRET}stringData:\n  p: ENC[AES256_GCM,x]\n"))],
        &["secret/plaintext a.yaml:1:1"],
    );
}

#[test]
fn a_generator_is_a_secret_too() {
    let kustomization = "secretGenerator:\n- name: db\n  literals:\n  - password=hunter2\n";
    check(&[("kustomization.yaml", kustomization)], &["secret/plaintext kustomization.yaml:4:5"]);
    let kustomization = "secretGenerator:\n- name: db\n  envs:\n  - secret.env\n";
    check(
        &[("kustomization.yaml", kustomization), ("secret.env", "P=hunter2\n")],
        &["secret/plaintext secret.env"],
    );
}

#[test]
fn no_value_is_ever_shown() {
    let secret =
        format!("{SECRET}stringData:\n  password: hunter2\n  multi: |\n    first-line\n    second-line\n");
    let text = shown(&[("a.yaml", &secret)]);
    assert!(text.contains("secret/plaintext"), "{text}");
    for value in ["hunter2", "first-line", "second-line"] {
        assert!(!text.contains(value), "{value} is shown:\n{text}");
    }
    let broken = format!("{SECRET}stringData:\n  password: hunter2\n bad\n");
    let text = shown(&[("a.yaml", &broken)]);
    assert!(text.contains("yaml/unreadable") && !text.contains("hunter2"), "{text}");
    let literal =
        shown(&[("kustomization.yaml", "secretGenerator:\n- name: db\n  literals:\n  - password=hunter2\n")]);
    assert!(!literal.contains("hunter2"), "{literal}");
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    let found = run(&[("a.yaml", "a: 1\n  b: 2\n"), ("b.yaml", SECRET)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule.as_str(), found[0].origin.line), ("yaml/unreadable", 2));
    check(&[("notes.json", "{ // a comment\n}")], &[]);
    check(&[("chart/Chart.yaml", "name: x\n"), ("chart/templates/a.yaml", "{{ if .x }}\n")], &[]);
}

#[test]
fn a_key_that_stands_twice_is_named() {
    check(&[("a.yaml", "a: 1\nb: 2\na: 3\n")], &["yaml/duplicate-key a.yaml:3:1"]);
}

fn sealed(namespace: &str, value: &str) -> String {
    format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: {namespace}\n\
         spec:\n  encryptedData:\n    password: {value}\n"
    )
}

/// Base64 of the shape of an RSA value: a length of 256, that many bytes, and a tag.
fn rsa_value() -> String {
    let bytes = [1u8, 0].into_iter().chain([7; 256 + 16]);
    let bytes: Vec<u8> = bytes.collect();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let symbol = alphabet[(word >> (18 - 6 * index) & 63) as usize] as char;
            text.push(if index <= chunk.len() { symbol } else { '=' });
        }
    }
    text
}

#[test]
fn a_sealed_value_that_can_never_open_is_found() {
    let value = rsa_value();
    check(&[("a.yaml", &sealed("web", &value))], &[]);
    check(&[("a.yaml", &sealed("web", "not!base64"))], &["sealed-secret/malformed a.yaml:8:15"]);
    check(
        &[("a.yaml", &sealed("web", &value[..value.len() - 40]))],
        &["sealed-secret/malformed a.yaml:8:15"],
    );
    check(&[("a.yaml", &sealed("web", "[1]"))], &["sealed-secret/malformed a.yaml:8:15"]);
}

#[test]
fn a_sealed_secret_that_arrives_elsewhere_is_found() {
    let value = rsa_value();
    let kustomization = |extra: &str| format!("resources:\n- db.yaml\n{extra}");
    let files = |extra: &str, namespace: &str| {
        run(&[("kustomization.yaml", &kustomization(extra)), ("db.yaml", &sealed(namespace, &value))])
            .iter()
            .map(|found| found.rule.clone())
            .collect::<Vec<_>>()
    };
    assert!(files("", "web").is_empty());
    assert!(files("namespace: web\n", "web").is_empty());
    assert_eq!(files("namespace: other\n", "web"), ["sealed-secret/misplaced"]);
    assert_eq!(files("namePrefix: x-\n", "web"), ["sealed-secret/misplaced"]);
    assert_eq!(files("", "\"\""), ["sealed-secret/misplaced"]);
    assert!(files("namespace: web\n", "\"\"").is_empty());
    let wide = sealed("web", &value).replace(
        "  name: db\n",
        "  name: db\n  annotations: {sealedsecrets.bitnami.com/namespace-wide: \"true\"}\n",
    );
    check(&[("kustomization.yaml", &kustomization("namePrefix: x-\n")), ("db.yaml", &wide)], &[]);
}

#[test]
fn an_age_value_is_told_to_those_who_run_the_other_controller() {
    // "age-encryption.org/v1" in base64, and more.
    let value = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCg==";
    check(&[("a.yaml", &sealed("web", value))], &["sealed-secret/sealward-only a.yaml:8:15"]);
}

#[test]
fn a_kustomization_that_does_not_render_is_found_at_its_line() {
    check(
        &[("kustomization.yaml", "resources:\n- missing.yaml\n")],
        &["kustomization/does-not-render kustomization.yaml:2:3"],
    );
    check(
        &[("kustomization.yaml", "helmCharts:\n- name: x\n")],
        &["kustomization/does-not-render kustomization.yaml:1:1"],
    );
}
