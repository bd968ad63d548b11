use expect_test::{Expect, expect};
use proptest::prelude::*;
use sealward_diagnostic::Origin;
use sealward_document::{Node, yaml};
use serde_json::json;

use super::*;
use crate::Manifest;

fn node(text: &str) -> Node {
    yaml::read("t.yaml", text.as_bytes()).unwrap().remove(0)
}

fn set(text: &str) -> FieldSet {
    FieldSet::from_node(&node(text)).unwrap()
}

fn check(declared: &str, old: &str, new: &str, expect: &[&str]) {
    assert_eq!(FieldSet::changed(&node(old), &node(new), &set(declared)).paths(), expect);
}

const DEPLOYMENT: &str = r#"
f:metadata: {f:annotations: {.: {}, "f:example.com/a.b": {}}, f:labels: {f:app: {}}}
f:spec:
  f:template:
    f:spec:
      f:containers:
        'k:{"name":"app"}': {.: {}, f:name: {}, f:image: {}, f:ports: {'k:{"containerPort":80,"protocol":"TCP"}': {.: {}, f:containerPort: {}}}}
  f:finalizers: {.: {}, 'v:"x"': {}}
"#;

#[test]
fn paths_are_readable() {
    let expect: Expect = expect![[r#"
        metadata.annotations
        metadata.annotations["example.com/a.b"]
        metadata.labels.app
        spec.finalizers
        spec.finalizers[="x"]
        spec.template.spec.containers[name="app"]
        spec.template.spec.containers[name="app"].image
        spec.template.spec.containers[name="app"].name
        spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"]
        spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].containerPort"#]];
    expect.assert_eq(&set(DEPLOYMENT).paths().join("\n"));
}

#[test]
fn what_is_read_is_written_back() {
    let json = node(DEPLOYMENT).expose_json();
    assert_eq!(FieldSet::from_json(&json).unwrap().to_json(), json);
    assert_eq!(FieldSet::from_json(&json!({"i:3": {}, "v:1": {}})).unwrap().paths(), ["[=1]", "[3]"]);
}

#[test]
fn what_is_no_set_is_refused() {
    let element = |key: &str| FieldsError::Element { key: key.into() };
    let check = |json: serde_json::Value, error: FieldsError| {
        assert_eq!(FieldSet::from_json(&json).unwrap_err(), error);
    };
    check(json!([]), FieldsError::NotAMap);
    check(json!({"f:a": 1}), FieldsError::NotAMap);
    check(json!({"x:a": {}}), element("x:a"));
    check(json!({"a": {}}), element("a"));
    check(json!({"k:{": {}}), element("k:{"));
    check(json!({"k:{}": {}}), element("k:{}"));
    check(json!({"i:x": {}}), element("i:x"));
    check(json!({"v:": {}}), element("v:"));
}

#[test]
fn leaves_differ_by_value_and_undeclared_fields_pass() {
    let declared = "f:spec: {f:image: {}}";
    check(declared, "spec: {image: a, replicas: 1}", "spec: {image: a, replicas: 5}", &[]);
    check(declared, "spec: {image: a}", "spec: {image: b}", &["spec.image"]);
    check(declared, "spec: {image: a}", "spec: {}", &["spec.image"]);
    check(declared, "spec: {image: a}", "{}", &["spec.image"]);
    check(declared, "spec: {image: a}", "spec: null", &["spec.image"]);
    check(declared, "spec: {image: null}", "spec: {}", &[]);
    check(declared, "spec: {image: {deep: [1]}}", "spec: {image: {deep: [2]}}", &["spec.image"]);
}

#[test]
fn items_are_found_by_their_keys() {
    let declared = r#"f:c: {'k:{"name":"app"}': {.: {}, f:image: {}}}"#;
    let change = |new: &str, expect: &[&str]| check(declared, "c: [{name: app, image: a}]", new, expect);
    change("c: [{name: side, image: x}, {name: app, image: a}]", &[]);
    change("c: [{name: app, image: a, extra: 1}]", &[]);
    change("c: [{name: app, image: b}]", &[r#"c[name="app"].image"#]);
    change("c: [{name: ap, image: a}]", &[r#"c[name="app"]"#, r#"c[name="app"].image"#]);
    change("c: []", &[r#"c[name="app"]"#, r#"c[name="app"].image"#]);
    change(
        "c: [{name: app, image: a}, {name: app, image: b}]",
        &[r#"c[name="app"]"#, r#"c[name="app"].image"#],
    );
    change("c: {name: app, image: a}", &[r#"c[name="app"]"#, r#"c[name="app"].image"#]);
    change("c: text", &[r#"c[name="app"]"#, r#"c[name="app"].image"#]);
}

#[test]
fn order_among_declared_items_counts() {
    let declared = r#"f:c: {'k:{"id":1}': {.: {}}, 'k:{"id":2}': {.: {}}}"#;
    check(declared, "c: [{id: 1}, {id: 2}]", "c: [{id: 1}, {id: 3}, {id: 2}]", &[]);
    check(declared, "c: [{id: 1}, {id: 2}]", "c: [{id: 2}, {id: 1}]", &["c[id=1]", "c[id=2]"]);
    let declared = r#"f:c: {'v:"a"': {}, 'v:"b"': {}}"#;
    check(declared, "c: [a, b]", "c: [x, a, b]", &[]);
    check(declared, "c: [a, b]", "c: [a]", &[r#"c[="b"]"#]);
}

#[test]
fn emptied_maps_of_labels_stay_granular() {
    check("f:metadata: {f:labels: {}}", "metadata: {labels: {}}", "metadata: {labels: {a: b}}", &[]);
    check("f:metadata: {f:labels: {}}", "metadata: {labels: {}}", "metadata: {}", &["metadata.labels"]);
    check("f:spec: {f:emptyDir: {}}", "spec: {emptyDir: {}}", "spec: {emptyDir: {a: b}}", &["spec.emptyDir"]);
}

#[test]
fn sets_of_mixed_shape_are_changed_by_any_change() {
    check("f:c: {f:a: {}, i:0: {}}", "c: {a: 1, b: 1}", "c: {a: 1, b: 2}", &["c.a", "c[0]"]);
    check("f:c: {f:a: {}, i:0: {}}", "{c: {a: 1}, d: 1}", "{c: {a: 1}, d: 2}", &[]);
}

#[test]
fn sets_combine() {
    let (a, b) = (set("f:a: {}\nf:b: {f:c: {}, f:d: {}}"), set("f:b: {.: {}, f:c: {}}"));
    assert_eq!(a.union(&b).paths(), ["a", "b", "b.c", "b.d"]);
    assert_eq!(a.intersection(&b).paths(), ["b.c"]);
    assert_eq!(a.difference(&b).paths(), ["a", "b.d"]);
    assert_eq!(b.difference(&a).paths(), ["b"]);
    let path = |text: &str| text.split('.').map(Element::field).collect::<Vec<_>>();
    assert!(a.contains(&path("b.c")) && !a.contains(&path("b")) && b.contains(&path("b")));
    assert_eq!(a.below(&path("b")).paths(), ["c", "d"]);
    assert!(a.below(&path("x")).is_empty() && !a.contains(&[]));
}

#[test]
fn managers_are_read_or_refused() {
    let read = |fields: serde_json::Value| {
        let json =
            json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "managedFields": fields}});
        managers(&Manifest::from_json(&json, &Origin::file("t")).unwrap())
    };
    let entry = json!({"manager": "m", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}}});
    let entries = read(json!([entry])).unwrap();
    assert_eq!((entries[0].manager.as_str(), entries[0].operation), ("m", Operation::Apply));
    assert_eq!(entries[0].fields.paths(), ["a"]);
    assert_eq!(read(json!(null)).unwrap(), []);
    assert_eq!(read(json!([])).unwrap(), []);
    assert_eq!(read(json!([{}])), Err(FieldsError::Entry { index: 0, field: "operation" }));
    assert_eq!(read(json!({})), Err(FieldsError::Entry { index: 0, field: "managedFields" }));
    assert_eq!(
        read(json!([{"operation": "Update", "fieldsType": "FieldsV2"}])),
        Err(FieldsError::Entry { index: 0, field: "fieldsType" })
    );
}

fn any_set() -> impl Strategy<Value = FieldSet> {
    let element = prop_oneof![
        "[a-c]".prop_map(Element::Field),
        "[a-c]".prop_map(|name| Element::Key(vec![("name".into(), format!("\"{name}\""))])),
        (0usize..3).prop_map(Element::Index),
    ];
    let path = proptest::collection::vec(element, 1..4);
    proptest::collection::vec(path, 0..8).prop_map(|paths| {
        let mut set = FieldSet::default();
        paths.iter().for_each(|path| set.insert(path));
        set
    })
}

proptest! {
    #[test]
    fn json_round_trips(set in any_set()) {
        prop_assert_eq!(FieldSet::from_json(&set.to_json()).unwrap(), set);
    }

    #[test]
    fn sets_obey_their_laws(a in any_set(), b in any_set()) {
        let union = a.union(&b);
        prop_assert_eq!(&union, &b.union(&a));
        prop_assert_eq!(&a.difference(&b).union(&a.intersection(&b)), &a);
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.intersection(&union), a.clone());
        for path in union.members() {
            prop_assert_eq!(a.contains(&path) || b.contains(&path), true);
            prop_assert_eq!(a.contains(&path) && b.contains(&path), a.intersection(&b).contains(&path));
        }
    }
}
