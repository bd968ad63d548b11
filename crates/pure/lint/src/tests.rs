//! Cases of the rules on source files and of what renders.

use sealward_diagnostic::{Report, text};
use sealward_snapshot::Snapshot;

use crate::sources::Sources;
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
    lint(&snapshot, &Options { wanted: &|_| true, rules: None, now_ns: 0 }).diagnostics
}

fn shown(files: &[(&str, &str)]) -> String {
    let diagnostics = run(files);
    let report = Report {
        tool: "t",
        version: "0",
        rule_set: None,
        files: 1,
        rules: &crate::rules(None),
        diagnostics: &diagnostics,
    };
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
fn a_value_of_the_format_before_0_7_is_looked_at_too() {
    let value = rsa_value();
    let old = |value: &str| {
        sealed("web", "x").replace("  encryptedData:\n    password: x\n", &format!("  data: {value}\n"))
    };
    assert!(old("x").contains("data: x"), "{}", old("x"));
    check(&[("a.yaml", &old(&value))], &[]);
    check(&[("a.yaml", &old("hunter2"))], &["sealed-secret/malformed a.yaml:7:9"]);
    let both = sealed("web", &value).replace("spec:\n", &format!("spec:\n  data: {value}\n"));
    check(&[("a.yaml", &both)], &["sealed-secret/malformed a.yaml:7:9"]);
}

#[test]
fn a_text_that_is_no_template_is_found_at_its_item_and_not_quoted() {
    let with = |template: &str| {
        let text = format!("spec:\n  template:\n    data:\n      url: {template}\n");
        sealed("web", &rsa_value()).replace("spec:\n", &text)
    };
    check(&[("a.yaml", &with("'{{ .password }}'"))], &[]);
    for template in ["'{{ .password'", "'{{ nothing .password }}'", "'{{ env \"HOME\" }}'"] {
        check(&[("a.yaml", &with(template))], &["sealed-secret/template a.yaml:9:12"]);
    }
    let text = shown(&[("a.yaml", &with("'pass{{hunter2 word}}'"))]);
    assert!(text.contains("not defined") && !text.contains("hunter2"), "{text}");
    let text = shown(&[("a.yaml", &with("'{{ env \"HOME\" }}'"))]);
    assert!(text.contains("env"), "{text}");
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
    let vector = include_str!("../../../../testdata/sealing/vectors/age-strict.json");
    let value = vector.split("\"value\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    check(&[("a.yaml", &sealed("web", value))], &["sealed-secret/sealward-only a.yaml:8:15"]);
    let cut = &value[..value.len() / 8 * 4];
    check(
        &[("a.yaml", &sealed("web", cut))],
        &["sealed-secret/malformed a.yaml:8:15", "sealed-secret/sealward-only a.yaml:8:15"],
    );
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

#[test]
fn kustomizations_that_include_each_other_are_told_of() {
    let found = run(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].rule, "kustomization/does-not-render");
    assert!(found[0].message.contains("includes itself"), "{found:?}");
}

#[test]
fn a_value_that_a_patch_gives_a_secret_is_found() {
    let base = ("db.yaml", SECRET);
    let inline = "resources: [db.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |\n    - op: add\n      path: /stringData\n      value: {p: hunter2}\n";
    check(&[("kustomization.yaml", inline), base], &["secret/plaintext kustomization.yaml:7:18"]);
    let by_path = "resources: [db.yaml]\npatches:\n- target: {name: db}\n  path: patch.yaml\n";
    let operations = "- op: add\n  path: /data\n  value: {p: aHVudGVyMg==}\n";
    let files = [("kustomization.yaml", by_path), base, ("patch.yaml", operations)];
    check(&files, &["secret/plaintext patch.yaml:3:14"]);
    for files in [&[("kustomization.yaml", inline), base][..], &files] {
        let text = shown(files);
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    }
    let strategic = "resources: [db.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: db, namespace: web}\n    stringData: {p: hunter2}\n";
    check(&[("kustomization.yaml", strategic), base], &["secret/plaintext kustomization.yaml:7:21"]);
    assert!(!shown(&[("kustomization.yaml", strategic), base]).contains("hunter2"));
}

#[test]
fn a_secret_is_one_whatever_stands_beside_it() {
    let secret = format!("$schema: https://example.com/x\n{SECRET}stringData:\n  password: hunter2\n");
    check(&[("a.yaml", &secret)], &["secret/plaintext a.yaml:1:1"]);
    let number = format!("{SECRET}stringData:\n  pin: 4711\n");
    let text = shown(&[("a.yaml", &number)]);
    assert!(text.contains("stringData.pin is not text") && !text.contains("4711"), "{text}");
}

/// A finding on the line before a value does not show the value.
#[test]
fn neighbours_are_masked() {
    let twice = "x: 1\nx: 1\n";
    for (file, text) in [
        ("no-version.yaml", "kind: Secret\nstringData:\n  x: 1\n  x: 1\n  p: hunter2\n".to_owned()),
        ("values.yaml", "extra:\n- kind: Secret\n  data:\n    x: 1\n    x: 1\n    p: hunter2\n".to_owned()),
        ("next-document.yaml", format!("{twice}---\n{SECRET}stringData: {{p: hunter2}}\n")),
        ("alias.yaml", format!("{twice}y: &p hunter2\n{SECRET}stringData: {{p: *p}}\n")),
        ("folded.yaml", format!("{SECRET}stringData:\n  p: >\n    hunter2\n    and more\n{twice}")),
        (
            "applied.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: hunter2\n{twice}"
            ),
        ),
        ("sealed.yaml", sealed("web", "hunter2")),
        (
            "template.yaml",
            sealed("web", &rsa_value()) + "  template:\n    data:\n      x: 1\n      x: hunter2\n",
        ),
    ] {
        let sources = Sources::read(&Snapshot::from_files([(file, text.as_str())]), &|_| true);
        let spans = sources.files[0].secret_spans();
        let at = text.find("hunter2").unwrap();
        assert!(spans.iter().any(|span| span.contains(&at) && span.end >= at + 7), "{file}: {spans:?}");
        let text = shown(&[(file, &text)]);
        assert!(text.contains(file) && !text.contains("hunter2"), "{text}");
    }
}

fn flux(path: &str, extra: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: app, namespace: flux-system}}\n\
         spec:\n  interval: 10m\n  prune: true\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: app}}\n{extra}"
    )
}

/// A rule set with one rule, which selects by `matches` and always fires.
fn always(matches: &str) -> sealward_policy::CompiledRules {
    rule(matches, "violation[{\"msg\": m}] { m := sprintf(\"%d\", [time.now_ns()]) }")
}

/// A rule set with one rule, which selects by `matches`.
fn rule(matches: &str, rego: &str) -> sealward_policy::CompiledRules {
    let text = format!(
        "{{apiVersion: sealward.dev/v1alpha1, kind: RuleSet, metadata: {{name: r}}, spec: {{templates: [\
         {{apiVersion: templates.gatekeeper.sh/v1, kind: ConstraintTemplate, metadata: {{name: probe}}, spec: {{\
         crd: {{spec: {{names: {{kind: Probe}}}}}}, targets: [{{target: admission.k8s.gatekeeper.sh, code: [{{engine: Rego, source: {{\
         rego: 'package p\n\n  {rego}'}}}}]}}]}}}}], constraints: [\
         {{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Probe, metadata: {{name: probe}}, spec: {{match: {matches}}}}}]}}}}"
    );
    let object = sealward_manifest::read("rules.yaml", text.as_bytes()).unwrap().remove(0);
    let spec = object.root().get("spec").unwrap().to_json_redacted();
    let spec = <sealward_api::ruleset::RuleSetSpec as serde::Deserialize>::deserialize(spec).unwrap();
    sealward_policy::RuleSet::load(&[spec]).unwrap()
}

/// `message path:line` of what a rule that selects by `matches` says of `files`.
fn judge(matches: &str, files: &[(&str, &str)], expect: &[&str]) {
    let snapshot = Snapshot::from_files(files.iter().map(|(path, text)| (*path, *text)));
    let rules = always(matches);
    let found =
        lint(&snapshot, &Options { wanted: &|_| true, rules: Some(&rules), now_ns: 1_700 }).diagnostics;
    let found: Vec<String> = found
        .iter()
        .filter(|diagnostic| diagnostic.rule == "policy/probe")
        .map(|diagnostic| {
            format!("{} {}:{}", diagnostic.message, diagnostic.origin.path, diagnostic.origin.line)
        })
        .collect();
    assert_eq!(found, expect, "{matches}");
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: web}\n";
const HOMELESS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";

#[test]
fn rules_are_told_the_time() {
    judge("{}", &[("p.yaml", POD)], &["1700 p.yaml:1"]);
}

#[test]
fn selectors_of_namespaces_see_what_the_api_server_shows() {
    let by_name = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let both = ["1700 ns.yaml:1", "1700 p.yaml:1"];
    judge(by_name, &[("ns.yaml", namespace), ("p.yaml", POD)], &both);
    judge("{scope: Namespaced}", &[("p.yaml", HOMELESS)], &["1700 p.yaml:1"]);
    let role =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, namespace: web}\n";
    judge("{excludedNamespaces: [web]}", &[("r.yaml", role)], &["1700 r.yaml:1"]);
}

#[test]
fn a_namespace_is_first_looked_for_where_the_object_is_declared() {
    let namespace = |team: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: web, labels: {{team: {team}}}}}\n")
    };
    let (a, b) = (namespace("a"), namespace("b"));
    let list = "resources: [ns.yaml, p.yaml]\n";
    let files = [
        ("a/kustomization.yaml", list),
        ("a/ns.yaml", &a),
        ("a/p.yaml", POD),
        ("b/kustomization.yaml", list),
        ("b/ns.yaml", &b),
        ("b/p.yaml", POD),
    ];
    let of_b = "{kinds: [{kinds: [Pod]}], namespaceSelector: {matchLabels: {team: b}}}";
    judge(of_b, &files, &["1700 b/p.yaml:1"]);
}

#[test]
fn what_flux_is_told_decides_where_objects_arrive() {
    let web_only = "{kinds: [{kinds: [Pod]}], namespaces: [web]}";
    let list = ("app/kustomization.yaml", "resources: [p.yaml]\n");
    let (web, other) =
        (flux("./app", "  targetNamespace: web\n"), flux("./app", "  targetNamespace: other\n"));
    judge(web_only, &[("flux.yaml", &web), list, ("app/p.yaml", HOMELESS)], &["1700 app/p.yaml:1"]);
    judge(web_only, &[("flux.yaml", &other), list, ("app/p.yaml", POD)], &[]);
    judge(web_only, &[("flux.yaml", &other), ("app/p.yaml", POD)], &[]);
    // A base that an overlay moves elsewhere, and that is applied as it stands too.
    let overlay = ("overlay/kustomization.yaml", "resources: [../app]\nnamespace: other\n");
    judge(web_only, &[list, overlay, ("app/p.yaml", POD)], &[]);
    let base = flux("./app", "");
    judge(web_only, &[("flux.yaml", &base), list, overlay, ("app/p.yaml", POD)], &["1700 app/p.yaml:1"]);
    // A folder of another repository is nobody's fault.
    check(&[("flux.yaml", &flux("./elsewhere", ""))], &[]);
    // What Flux is told can be wrong by itself.
    let patched =
        flux("./app", "  patches:\n  - patch: '[{op: remove, path: /no}]'\n    target: {kind: Pod}\n");
    check(
        &[("flux.yaml", &patched), list, ("app/p.yaml", POD)],
        &["kustomization/does-not-render flux.yaml:10:13"],
    );
    let sneaky = flux(
        "./db",
        "  patches:\n  - patch: |\n      - op: add\n        path: /stringData\n        value: {p: hunter2}\n    target: {kind: Secret}\n",
    );
    let files = [("flux.yaml", &*sneaky), ("db/db.yaml", SECRET)];
    check(&files, &["secret/plaintext flux.yaml:13:14"]);
    assert!(!shown(&files).contains("hunter2"));
}

#[test]
fn a_flux_field_that_is_not_supported_is_named() {
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: app\n  \
                         namespace: flux-system\nspec:\n  interval: 10m\n  path: ./x\n  prune: true\n  sourceRef: \
                         {kind: GitRepository, name: app}\n  postBuild: {substitute: {a: b}}\n";
    check(&[("app.yaml", kustomization)], &["flux/unsupported app.yaml:1:1"]);
    let found = run(&[("app.yaml", kustomization)]);
    assert!(found[0].message.contains("postBuild"), "{}", found[0].message);
}

#[test]
fn what_reading_drops_is_not_shown() {
    let twice = format!("{SECRET}stringData:\n  p: hunter2\n  p: other\n");
    let whole = format!("{SECRET}stringData: {{p: hunter2}}\nstringData: {{}}\n");
    let comment = format!("{SECRET}stringData:\n  p: other # hunter2\n");
    let literals = "secretGenerator:\n- name: x\n  literals: [p=hunter2]\n  literals: [p=other]\n";
    for (path, text) in
        [("a.yaml", &*twice), ("a.yaml", &*whole), ("a.yaml", &*comment), ("kustomization.yaml", literals)]
    {
        let text = shown(&[(path, text)]);
        assert!(text.contains("error[") && !text.contains("hunter2"), "{text}");
    }
}

/// `path:line:column` of what `rules` say when only `wanted` is linted.
fn told(rules: &sealward_policy::CompiledRules, files: &[(&str, &str)], wanted: &str) -> Vec<String> {
    let snapshot = Snapshot::from_files(files.iter().map(|(path, text)| (*path, *text)));
    let is_wanted = |path: &str| path == wanted || wanted.is_empty();
    let found = lint(&snapshot, &Options { wanted: &is_wanted, rules: Some(rules), now_ns: 0 });
    found.diagnostics.iter().map(|found| format!("{} {}", found.rule, found.origin)).collect()
}

#[test]
fn a_violation_stands_at_its_field() {
    let of_field = |field: &str| {
        rule(
            "{}",
            &format!(
                "violation[{{\"msg\": \"m\", \"details\": {{\"field\": \"{field}\"}}}}] {{ input.review.kind.kind == \"Pod\" }}"
            ),
        )
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    a.b/c: x\nspec:\n  containers:\n  - name: one\n    image: i\n  - name: two\n    securityContext:\n      privileged: true\n";
    let list = ("base/kustomization.yaml", "resources: [p.yaml]\n");
    let overlay = ("over/kustomization.yaml", "resources: [../base]\nnamePrefix: x-\n");
    for files in [&[("base/p.yaml", pod)][..], &[list, overlay, ("base/p.yaml", pod)]] {
        for (field, place) in [
            ("spec.containers[1].securityContext.privileged", "13:7"),
            ("spec.containers[0].securityContext.privileged", "9:5"),
            ("spec.containers[7].image", "8:3"),
            ("metadata.labels[\\\"a.b/c\\\"]", "6:5"),
            ("metadata.annotations", "3:1"),
            ("", "1:1"),
            ("status.nothing[", "1:1"),
        ] {
            assert_eq!(
                told(&of_field(field), files, ""),
                [format!("policy/probe base/p.yaml:{place}")],
                "{field}"
            );
        }
    }
    let patch = "resources: [../base]\npatches:\n- path: patch.yaml\n  target: {kind: Pod}\n";
    let patched = [
        list,
        ("base/p.yaml", HOMELESS),
        ("over/kustomization.yaml", patch),
        ("over/patch.yaml", "- op: add\n  path: /spec\n  value:\n    hostNetwork: true\n"),
    ];
    let rules = of_field("spec.hostNetwork");
    assert_eq!(told(&rules, &patched, ""), ["policy/probe over/patch.yaml:4:5"]);
    assert_eq!(told(&rules, &patched, "base/p.yaml"), ["policy/probe base/p.yaml:1:1"]);
}

/// What one file gets does not depend on whether the others were asked for too.
#[test]
fn one_file_gets_what_all_get() {
    let by_team = "{kinds: [{kinds: [Pod]}], namespaceSelector: {matchLabels: {team: a}}}";
    let rules = always(by_team);
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let files = [
        ("app/kustomization.yaml", "resources: [p.yaml]\n"),
        ("app/p.yaml", HOMELESS),
        ("broken/kustomization.yaml", "resources: [gone.yaml]\n"),
        ("clusters/one.yaml", &flux("./far", "  targetNamespace: web\n")),
        ("far/p.yaml", HOMELESS),
        ("namespaces/kustomization.yaml", "resources: [web.yaml]\nlabels: [{pairs: {team: a}}]\n"),
        ("namespaces/web.yaml", namespace),
        (
            "over/kustomization.yaml",
            "resources: [../app]\nnamespace: web\npatches:\n- path: patches/p.yaml\n",
        ),
        (
            "over/patches/p.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostNetwork: true}\n",
        ),
        ("plain/p.yaml", POD),
        ("secret.yaml", SECRET),
    ];
    let all = told(&rules, &files, "");
    assert_eq!(
        all,
        [
            "policy/probe app/p.yaml:1:1",
            "kustomization/does-not-render broken/kustomization.yaml:1:13",
            "policy/probe far/p.yaml:1:1",
            "policy/probe plain/p.yaml:1:1",
        ]
    );
    let mut one_by_one = Vec::new();
    for (path, _) in files {
        one_by_one.extend(
            told(&rules, &files, path).into_iter().filter(|told| told.contains(&format!(" {path}:"))),
        );
    }
    // A patch, or what Flux is told, gets what it makes of the object, unless the object is asked for.
    one_by_one.retain(|told| !told.contains("over/") && !told.contains("clusters/"));
    assert_eq!(one_by_one, all);
}

#[test]
fn what_decides_nothing_is_not_parsed() {
    let files = [
        ("a.yaml", SECRET),
        ("b.yaml", "a: [\n"),
        ("c/Chart.yaml", "name: c\n"),
        ("ns.yaml", "kind: Namespace\n"),
    ];
    let snapshot = Snapshot::from_files(files);
    let read = |wanted: &str| {
        let sources = Sources::read(&snapshot, &|path| path == wanted || wanted.is_empty());
        sources.files.iter().map(|source| source.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(read("a.yaml"), ["a.yaml", "ns.yaml"]);
    assert_eq!(read(""), ["a.yaml", "b.yaml", "c/Chart.yaml", "ns.yaml"]);
    let findings = lint(&snapshot, &Options { wanted: &|path| path == "a.yaml", rules: None, now_ns: 0 });
    assert_eq!((findings.diagnostics, findings.files), (Vec::new(), 1));
}

#[test]
fn an_object_without_its_version_is_told_of() {
    check(&[("a.yaml", "kind: Pod\nmetadata: {name: p}\n")], &["yaml/unreadable a.yaml:1:1"]);
    check(&[("a.yaml", "apiVersion: v1\nmetadata: {name: p}\n")], &["yaml/unreadable a.yaml:1:1"]);
    check(
        &[("a.json", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}}")],
        &["yaml/unreadable a.json:1:1"],
    );
    check(
        &[("a.json", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"")],
        &["yaml/unreadable a.json:1:41"],
    );
    check(&[("a.yaml", "apiVersion: v1\nkind: Pod\nspec: {}\n")], &["yaml/unreadable a.yaml:1:1"]);
    // Configurations of tools.
    let kind = "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: []\n";
    check(&[("kind.yaml", kind), ("kubeconfig.yaml", "apiVersion: v1\nkind: Config\nusers: []\n")], &[]);
    // Values of a chart, and the chart itself, say such words too.
    check(
        &[("values.yaml", "kind: DaemonSet\nreplicas: 1\n"), ("Chart.yaml", "apiVersion: v2\nname: c\n")],
        &[],
    );
}

#[test]
fn every_value_in_plaintext_is_named() {
    let say =
        |data: &str| run(&[("a.yaml", &format!("{SECRET}stringData: {{{data}}}\n"))])[0].message.clone();
    assert_eq!(say("a: x"), "Secret \"db\" holds its value of \"a\" in plaintext");
    assert_eq!(
        say("a: x, empty: \"\", b: w, c: z"),
        "Secret \"db\" holds its values of \"a\", \"b\" and \"c\" in plaintext"
    );
    let many = (0..20).map(|index| format!("k{index}: x")).collect::<Vec<_>>().join(", ");
    let message = say(&many);
    assert!(message.contains("\"k7\" and 12 more in plaintext"), "{message}");
}
