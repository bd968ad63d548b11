//! What is refused, with place and words; where nodes say they come from; what is secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealward_diagnostic::Origin;
use sealward_document::{ExposeSecret, Node, Value};
use sealward_manifest::Manifest;
use sealward_snapshot::{BlobError, Blobs, Entry, EntryKind, Snapshot};

use crate::{Application, Image, Patch, PatchBody, RenderError, Selector, render};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";

fn built(files: &[(&str, &str)], path: &str) -> Result<Vec<Manifest>, RenderError> {
    let snapshot = Snapshot::from_files(files.iter().map(|(path, text)| (*path, *text)));
    render(&snapshot, &Application::new(path))
}

/// `expect` is `path:line:column: message`.
fn check_refused(files: &[(&str, &str)], path: &str, expect: &str) {
    let error = built(files, path).unwrap_err();
    let place = error.origin().map(|origin| format!("{origin}: ")).unwrap_or_default();
    assert_eq!(format!("{place}{error}"), expect);
}

fn check_kustomization(text: &str, expect: &str) {
    check_refused(&[("app/kustomization.yaml", text), ("app/a.yaml", CONFIG)], "app", expect);
}

#[test]
fn fields_that_are_not_supported_are_refused_by_name() {
    for field in [
        "replacements",
        "vars",
        "helmCharts",
        "helmGlobals",
        "helmChartInflationGenerator",
        "generators",
        "transformers",
        "validators",
        "configurations",
        "crds",
        "openapi",
        "buildMetadata",
        "sortOptions",
        "imageTags",
    ] {
        let text = format!("resources: [a.yaml]\n{field}: []\n");
        let error = built(&[("app/kustomization.yaml", &text), ("app/a.yaml", CONFIG)], "app").unwrap_err();
        assert_eq!(error.to_string(), format!("kustomization field {field:?} is not supported"));
        assert_eq!(error.origin(), Some(&Origin::new("app/kustomization.yaml", 2, 1)));
        assert!(error.hint().is_some());
    }
    check_kustomization(
        "resources: [a.yaml]\nlabels:\n- pairs: {a: b}\n  fields: []\n",
        "app/kustomization.yaml:4:3: kustomization field \"labels[].fields\" is not supported",
    );
}

#[test]
fn fields_that_do_not_exist_are_refused_with_their_place() {
    check_kustomization(
        "resources: [a.yaml]\nnameprefix: x\n",
        "app/kustomization.yaml:2:1: unknown field \"nameprefix\" in kustomization",
    );
    check_kustomization(
        "images:\n- name: a\n  tag: b\n",
        "app/kustomization.yaml:3:3: unknown field \"tag\" in images[]",
    );
    check_kustomization(
        "patches:\n- path: p.yaml\n  target: {names: a}\n",
        "app/kustomization.yaml:3:12: unknown field \"names\" in target",
    );
    check_kustomization(
        "configMapGenerator:\n- name: a\n  type: b\n",
        "app/kustomization.yaml:3:3: unknown field \"type\" in configMapGenerator[]",
    );
}

#[test]
fn wrong_values_are_refused_with_their_place() {
    check_kustomization(
        "images:\n- name: a\n  newTag: 1.0\n",
        "app/kustomization.yaml:3:11: newTag: must be text; put it in quotes",
    );
    check_kustomization(
        "configMapGenerator:\n- name: a\n  behavior: add\n",
        "app/kustomization.yaml:3:13: behavior: must be create, merge or replace",
    );
    check_kustomization(
        "configMapGenerator:\n- name: a\n  literals: [nothing]\n",
        "app/kustomization.yaml:3:14: literals[]: must be key=value",
    );
    check_kustomization(
        "kind: Kustomize\nresources: [a.yaml]\n",
        "app/kustomization.yaml:1:7: kind: must be Kustomization or Component",
    );
    check_kustomization(
        "resources: [a.yaml]\npatches:\n- target: {labelSelector: a b}\n  patch: '[]'\n",
        "app/kustomization.yaml:3:3: target.labelSelector: in, notin, =, != or nothing must follow a key",
    );
}

#[test]
fn paths_never_leave_the_repository() {
    check_kustomization(
        "resources: [../../etc/passwd]\n",
        "app/kustomization.yaml:1:13: path \"../../etc/passwd\" leaves the repository",
    );
    check_kustomization(
        "resources: [/etc/passwd]\n",
        "app/kustomization.yaml:1:13: path \"/etc/passwd\" is absolute; paths are relative to the repository",
    );
    check_kustomization(
        "configMapGenerator:\n- name: a\n  files: [x=../../../proc/self/environ]\n",
        "app/kustomization.yaml:3:11: path \"../../../proc/self/environ\" leaves the repository",
    );
    check_kustomization(
        "resources: [a.yaml]\npatches:\n- path: ../../p.yaml\n",
        "app/kustomization.yaml:3:3: path \"../../p.yaml\" leaves the repository",
    );
    check_kustomization(
        "resources:\n- https://user:word@git.example/base?ref=main\n",
        "app/kustomization.yaml:2:3: \"https://git.example/base\" is remote; only files and folders of this repository are rendered",
    );
    check_refused(&[("a.yaml", CONFIG)], "../x", "cannot render the application");
    check_refused(&[("a.yaml", CONFIG)], "./apps", "no folder \"apps\" in the repository");
    check_refused(
        &[("a/note.txt", "")],
        "a",
        "there is nothing to render in folder \"a\": no kustomization.yaml and no .yaml or .yml file",
    );
}

struct Links;

impl Blobs for Links {
    fn read(&self, id: &str) -> Result<Arc<[u8]>, BlobError> {
        Ok(id.as_bytes().into())
    }
}

#[test]
fn links_are_not_followed() {
    let check = |kustomization: &str, expect: &str| {
        let entries = [
            ("app/kustomization.yaml", EntryKind::File, kustomization),
            ("app/link.yaml", EntryKind::Symlink, "/etc/passwd"),
            ("app/folder", EntryKind::Symlink, "../other"),
            ("other/a.yaml", EntryKind::File, CONFIG),
        ];
        let entries: BTreeMap<_, _> = entries
            .map(|(path, kind, id)| (path.to_owned(), Entry { kind, id: id.to_owned() }))
            .into_iter()
            .collect();
        let error = render(&Snapshot::new(entries, Arc::new(Links)), &Application::new("app")).unwrap_err();
        assert_eq!(error.to_string(), expect);
    };
    let link = "\"app/link.yaml\" is a symbolic link, and links are not followed";
    check("resources: [link.yaml]\n", link);
    check("configMapGenerator: [{name: a, files: [link.yaml]}]\n", link);
    check("resources: [folder/a.yaml]\n", "\"app/folder\" is a symbolic link, and links are not followed");
}

#[test]
fn circles_and_depth_are_bounded() {
    check_refused(
        &[("a/kustomization.yaml", "resources: [../b]\n"), ("b/kustomization.yaml", "resources: [../a]\n")],
        "a",
        "b/kustomization.yaml:1:13: folder \"a\" includes itself",
    );
    let deep: Vec<_> = (0..60)
        .map(|level| (format!("l{level}/kustomization.yaml"), format!("resources: [../l{}]\n", level + 1)))
        .collect();
    let error = render(&Snapshot::from_files(deep), &Application::new("l0")).unwrap_err();
    assert_eq!(error.to_string(), "more than 50 kustomizations inside each other in one application");
    // Each layer takes the next twice: 2^40 folders, were they not counted.
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    let wide = (0..40).map(|level| {
        let text = format!("{component}components: [../c{0}, ../c{0}]\n", level + 1);
        (format!("c{level}/kustomization.yaml"), text)
    });
    let ends = [
        ("app/kustomization.yaml".to_owned(), "components: [../c0]\n".to_owned()),
        ("c40/kustomization.yaml".to_owned(), format!("{component}namePrefix: x\n")),
    ];
    let error = render(&Snapshot::from_files(wide.chain(ends)), &Application::new("app")).unwrap_err();
    assert_eq!(error.to_string(), "more than 5000 folders in one application");
}

#[test]
fn errors_quote_no_value_of_a_document() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  k: hunter2\n";
    let test = "resources: [s.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |-\n    - op: test\n      path: /stringData/k\n      value: hunter3\n";
    let shape = "resources: [s.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n    metadata:\n      name: s\n    stringData: [hunter2]\n";
    for (text, line) in [(test, 5), (shape, 8)] {
        let error = built(&[("app/kustomization.yaml", text), ("app/s.yaml", secret)], "app").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
        assert_eq!(error.origin().map(|origin| origin.line), Some(line), "{error}");
    }
}

#[test]
fn nodes_say_where_they_come_from() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n";
    let files = [
        ("base/kustomization.yaml", "resources: [d.yaml]\n"),
        ("base/d.yaml", deployment),
        (
            "over/kustomization.yaml",
            "resources: [../base]\nnamespace: team\npatches:\n- path: p.yaml\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      paused: true\n",
        ),
        (
            "over/p.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n",
        ),
    ];
    let made = built(&files, "over").unwrap();
    let root = made.first().unwrap().root();
    let check = |path: &[&str], expect: &str| {
        assert_eq!(root.at(path).unwrap().origin.to_string(), expect, "{path:?}");
    };
    check(&[], "base/d.yaml:1:1");
    check(&["metadata", "name"], "base/d.yaml:4:9");
    check(&["spec", "replicas"], "over/p.yaml:6:13");
    check(&["spec", "paused"], "over/kustomization.yaml:10:15");
    check(&["metadata", "namespace"], "over/kustomization.yaml:2:12");
}

#[test]
fn generated_secrets_are_secret_leaves() {
    let text = "secretGenerator:\n- name: s\n  literals:\n  - k=hunter2\n";
    let made = built(&[("kustomization.yaml", text)], "").unwrap();
    let node = made.first().unwrap().root().at(&["data", "k"]).unwrap();
    let Value::Secret(value) = &node.value else { panic!("{node:?}") };
    assert_eq!(value.expose_secret(), "aHVudGVyMg==");
    assert_eq!(node.origin.to_string(), "kustomization.yaml:4:5");
    assert!(!format!("{made:?}").contains("aHVudGVyMg"));
}

#[test]
fn an_application_adds_to_its_kustomization() {
    let kustomization =
        "namespace: own\nnamePrefix: own-\nimages: [{name: a, newTag: own}]\nresources: [p.yaml]\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {x: own}}\nspec: {containers: [{name: a, image: a}]}\n";
    let snapshot = Snapshot::from_files([("app/kustomization.yaml", kustomization), ("app/p.yaml", pod)]);
    let mut application = Application::new("./app/");
    let at = Origin::file("apps/web");
    application.origin = at.clone();
    application.target_namespace = Some("given".into());
    application.name_suffix = Some("-s".into());
    application.images = vec![Image { new_tag: "given".into(), ..Image::new("a", at.clone()) }];
    application.common_labels = [("x".to_owned(), "given".to_owned())].into();
    application.patches = vec![Patch {
        body: PatchBody::Inline {
            text: "[{\"op\": \"add\", \"path\": \"/spec/hostNetwork\", \"value\": false}]".into(),
            start: at.clone(),
        },
        target: Some(Selector { kind: "Pod".into(), ..Selector::default() }),
        allow_name_change: false,
        allow_kind_change: false,
        origin: at,
    }];
    let made = render(&snapshot, &application).unwrap();
    let pod = made.first().unwrap();
    assert_eq!((pod.name(), pod.namespace(), pod.label("x")), ("own-p-s", "given", Some("given")));
    let containers = pod.root().at(&["spec", "containers"]).and_then(Node::as_list).unwrap();
    assert_eq!(containers.first().unwrap().get("image").and_then(Node::as_str), Some("a:given"));
    assert_eq!(pod.root().at(&["spec", "hostNetwork"]).unwrap().value, Value::Bool(false));
}

#[test]
fn a_plain_folder_renders_to_what_stands_below_it() {
    let other = CONFIG.replace("name: a", "name: b");
    let third = CONFIG.replace("name: a", "name: c");
    let files = [
        ("app/a.yaml", CONFIG),
        ("app/deep/b.yml", &*other),
        ("app/k/kustomization.yaml", "namePrefix: k-\nresources: [c.txt]\n"),
        ("app/k/c.txt", &*third),
        ("app/.hidden/x.yaml", "no: manifest"),
    ];
    let names: Vec<_> = built(&files, "app").unwrap().iter().map(|made| made.name().to_owned()).collect();
    assert_eq!(names, ["a", "b", "k-c"]);
    check_refused(
        &[("app/a.yaml", CONFIG), ("app/values.yaml", "replicas: 1\n")],
        "app",
        "app/values.yaml:1:1: not a Kubernetes object: apiVersion is missing or not text",
    );
}

#[test]
fn thousands_of_objects_take_no_squared_time() {
    let count = 4_000;
    let mut objects = String::new();
    let mut patches = String::from("namePrefix: p-\nnamespace: n1\nresources: [all.yaml]\npatches:\n");
    for index in 0..count {
        objects += &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{index}}}\n---\n");
        objects += &format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{index}}}\nspec: {{volumes: [{{name: v, configMap: {{name: c{index}}}}}]}}\n---\n"
        );
        if index % 4 == 0 {
            patches += &format!(
                "- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: c{index}}}\n    data: {{a: b}}\n"
            );
        }
    }
    let made = built(&[("kustomization.yaml", &patches), ("all.yaml", &objects)], "").unwrap();
    assert_eq!(made.len(), 2 * count);
    let pod = made.iter().find(|made| made.name() == "p-p17").unwrap();
    let volumes = pod.root().at(&["spec", "volumes"]).and_then(Node::as_list).unwrap();
    assert_eq!(volumes.first().unwrap().at(&["configMap", "name"]).and_then(Node::as_str), Some("p-c17"));
}

#[test]
fn what_is_declared_twice_is_told_with_the_entry_that_repeats_it() {
    let twice = "resources:\n- a.yaml\n- b.yaml\n";
    check_refused(
        &[("app/kustomization.yaml", twice), ("app/a.yaml", CONFIG), ("app/b.yaml", CONFIG)],
        "app",
        "app/b.yaml:1:1: ConfigMap default/a is declared twice; first at app/a.yaml:1:1; brought in again by app/kustomization.yaml:3:3",
    );
    let overlay = "resources:\n- ../base\n- ../base2\n";
    let base = "resources: [a.yaml]\n";
    check_refused(
        &[
            ("base/kustomization.yaml", base),
            ("base/a.yaml", CONFIG),
            ("base2/kustomization.yaml", base),
            ("base2/a.yaml", CONFIG),
            ("overlay/kustomization.yaml", overlay),
        ],
        "overlay",
        "base2/a.yaml:1:1: ConfigMap default/a is declared twice; first at base/a.yaml:1:1; brought in again by overlay/kustomization.yaml:3:3",
    );
}
