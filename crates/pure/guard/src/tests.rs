//! The decision, as tables.

use sealward_manifest::{Manifest, Origin};
use serde_json::{Value, json};

use crate::*;

mod deputies;

const DEVELOPER: &str = "dev";
const APPLIER: &str = "system:serviceaccount:flux-system:sealward-applier";
const GC: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
const NAMESPACES: &str = "system:serviceaccount:kube-system:namespace-controller";
const HPA: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

fn trust() -> Trust {
    Trust {
        actors: [APPLIER.to_owned()].into(),
        managers: ["sealward-reconciler".to_owned(), "kustomize-controller".to_owned()].into(),
    }
}

fn manifest(json: &Value) -> Manifest {
    Manifest::from_json(json, &Origin::file("test")).unwrap()
}

fn entry(manager: &str, operation: &str, api_version: &str, fields: Value) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": api_version,
        "time": "2026-11-21T10:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// What the reconciler declares of the Deployment below: labels, the image, not the replicas.
fn declared() -> Value {
    json!({
        "f:metadata": {"f:labels": {
            "f:app": {},
            "f:kustomize.toolkit.fluxcd.io/name": {},
            "f:kustomize.toolkit.fluxcd.io/namespace": {},
        }},
        "f:spec": {
            "f:selector": {},
            "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"api\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {}},
            }}},
        },
    })
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "api", "namespace": "web", "uid": "1", "resourceVersion": "5",
            "labels": {
                "app": "api",
                "kustomize.toolkit.fluxcd.io/name": "shop",
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            },
            "managedFields": [
                entry("sealward-reconciler", "Apply", "apps/v1", declared()),
                entry("kubectl", "Update", "apps/v1", json!({"f:spec": {"f:replicas": {}}})),
            ],
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "api"}},
            "template": {
                "metadata": {"labels": {"app": "api"}},
                "spec": {"containers": [{"name": "api", "image": "api:1", "args": ["-v"]}]},
            },
        },
    })
}

fn unmanaged() -> Value {
    let mut object = deployment();
    object["metadata"]["managedFields"].as_array_mut().unwrap().remove(0);
    object["metadata"]["labels"] = json!({"app": "api"});
    object
}

struct Case<'a> {
    operation: Operation,
    user: &'a str,
    resource: (&'a str, &'a str, &'a str),
    old: Option<Value>,
    new: Option<Value>,
    facts: Facts,
}

fn case(operation: Operation, user: &str) -> Case<'_> {
    Case {
        operation,
        user,
        resource: ("apps", "deployments", ""),
        old: None,
        new: None,
        facts: Facts::default(),
    }
}

/// In short: why allowed or denied, the fields, or what is needed.
fn outcome(case: &Case<'_>) -> String {
    let (old, new) = (case.old.as_ref().map(manifest), case.new.as_ref().map(manifest));
    let (group, plural, subresource) = case.resource;
    let request = Request {
        operation: case.operation,
        resource: Resource { group, version: "v1", plural, subresource },
        namespace: "web",
        name: old.as_ref().or(new.as_ref()).map_or("api", Manifest::name),
        user: case.user,
        old: old.as_ref(),
        new: new.as_ref(),
    };
    match judge(&request, &trust(), &case.facts) {
        Outcome::Verdict(Verdict::Allow(reason)) => format!("allow {}", reason.word()),
        Outcome::Verdict(Verdict::Deny(denial)) => {
            format!("deny {} {}", denial.cause.word(), denial.fields.join(" ")).trim_end().to_owned()
        }
        Outcome::Need(need) => format!("need {need:?}"),
    }
}

fn check(case: &Case<'_>, expect: &str) {
    assert_eq!(outcome(case), expect);
}

/// An UPDATE of the managed Deployment by `user` that does `change`.
fn update(user: &str, change: impl FnOnce(&mut Value), expect: &str) {
    let mut new = deployment();
    change(&mut new);
    check(&Case { old: Some(deployment()), new: Some(new), ..case(Operation::Update, user) }, expect);
}

/// Takes a field out of the reconciler's entry, as the API server does when somebody else changes it.
fn lose(object: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let entry = &mut object["metadata"]["managedFields"][0]["fieldsV1"];
    entry.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
}

const IMAGE: &str = "spec.template.spec.containers[name=\"api\"].image";
const CONTAINER: &str = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"api\"}";

#[test]
fn declared_fields_are_changed_in_git_only() {
    let image = |object: &mut Value| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("evil:1");
        lose(object, &format!("{CONTAINER}/f:image"));
    };
    update(DEVELOPER, image, &format!("deny declared-fields {IMAGE}"));
    update("system:admin", image, &format!("deny declared-fields {IMAGE}"));
    update(HPA, image, &format!("deny declared-fields {IMAGE}"));
    update(GC, image, &format!("deny declared-fields {IMAGE}"));
    update(APPLIER, image, "allow trusted-actor");
    update("system:serviceaccount:web:sealward-applier", image, &format!("deny declared-fields {IMAGE}"));
    // The entry stays as it is when somebody applies under the manager's name.
    update(
        DEVELOPER,
        |object| object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("evil:1"),
        &format!("deny declared-fields {IMAGE}"),
    );
    update(
        DEVELOPER,
        |object| drop(object["metadata"]["labels"].as_object_mut().unwrap().remove("app")),
        "deny declared-fields metadata.labels.app",
    );
}

#[test]
fn undeclared_fields_pass() {
    update(DEVELOPER, |_| (), "allow undeclared");
    update(DEVELOPER, |object| object["spec"]["replicas"] = json!(7), "allow undeclared");
    update(DEVELOPER, |object| object["metadata"]["annotations"] = json!({"note": "hi"}), "allow undeclared");
    update(
        DEVELOPER,
        |object| object["spec"]["template"]["metadata"]["annotations"] = json!({"restartedAt": "now"}),
        "allow undeclared",
    );
    update(
        DEVELOPER,
        |object| {
            let containers = &mut object["spec"]["template"]["spec"]["containers"];
            containers.as_array_mut().unwrap().push(json!({"name": "sidecar", "image": "mesh:1"}));
        },
        "allow undeclared",
    );
    // Timestamps, the order of entries and other managers' entries say nothing.
    update(
        DEVELOPER,
        |object| {
            let entries = object["metadata"]["managedFields"].as_array_mut().unwrap();
            entries[0]["time"] = json!("2026-11-21T11:00:00Z");
            entries.reverse();
            entries.push(entry("kubectl-edit", "Update", "apps/v1", json!({"f:spec": {"f:paused": {}}})));
        },
        "allow undeclared",
    );
}

#[test]
fn ownership_is_not_for_the_taking() {
    let expect = |path: &str| format!("deny ownership {path}");
    // Another manager applies the same value, then the trusted one's entry is emptied: no value changes.
    update(
        DEVELOPER,
        |object| {
            let co_owner = entry("mine", "Apply", "apps/v1", declared());
            object["metadata"]["managedFields"].as_array_mut().unwrap().push(co_owner);
        },
        "allow undeclared",
    );
    update(DEVELOPER, |object| lose(object, &format!("{CONTAINER}/f:image")), &expect(IMAGE));
    for (managed, expect) in [
        (json!([{}]), "deny unknown"),
        (json!([]), "deny ownership metadata.labels"),
        (Value::Null, "deny ownership"),
    ] {
        let mut new = deployment();
        new["metadata"]["managedFields"] = managed;
        let case = Case { old: Some(deployment()), new: Some(new), ..case(Operation::Update, DEVELOPER) };
        assert!(outcome(&case).starts_with(expect), "{}", outcome(&case));
    }
    // A hand-written PUT that keeps the entry's place but not its content, operation, version or name.
    for (field, value) in
        [("operation", "Update"), ("apiVersion", "apps/v1beta1"), ("manager", "sealward-reconciler2")]
    {
        let mut new = deployment();
        new["metadata"]["managedFields"][0][field] = json!(value);
        let case = Case { old: Some(deployment()), new: Some(new), ..case(Operation::Update, DEVELOPER) };
        assert!(outcome(&case).starts_with("deny ownership"), "{field}: {}", outcome(&case));
    }
    // An entry of a trusted name beside the true one.
    update(
        DEVELOPER,
        |object| {
            let forged =
                entry("kustomize-controller", "Apply", "apps/v1", json!({"f:spec": {"f:paused": {}}}));
            object["metadata"]["managedFields"].as_array_mut().unwrap().push(forged);
        },
        &expect("spec.paused"),
    );
}

#[test]
fn marks_and_owners_are_not_for_the_taking() {
    update(
        DEVELOPER,
        |object| {
            object["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})
        },
        "deny marks metadata.annotations[\"kustomize.toolkit.fluxcd.io/reconcile\"]",
    );
    update(
        DEVELOPER,
        |object| {
            object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("other");
        },
        "deny declared-fields metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
    let owner = |object: &mut Value| {
        object["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "throwaway", "uid": "9"}]);
    };
    update(DEVELOPER, owner, "deny owner-references metadata.ownerReferences");
    update(GC, owner, "allow garbage-collector");
    // On what Git does not declare they are free, but for the marks.
    let mut new = unmanaged();
    owner(&mut new);
    check(
        &Case { old: Some(unmanaged()), new: Some(new), ..case(Operation::Update, DEVELOPER) },
        "allow unmanaged",
    );
    let mut new = unmanaged();
    new["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("shop");
    check(
        &Case { old: Some(unmanaged()), new: Some(new.clone()), ..case(Operation::Update, DEVELOPER) },
        "deny marks metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
    check(
        &Case { old: Some(new), new: Some(unmanaged()), ..case(Operation::Update, DEVELOPER) },
        "deny marks metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
}

#[test]
fn nobody_creates_what_looks_managed() {
    let create =
        |user: &'static str, object: Value| Case { new: Some(object), ..case(Operation::Create, user) };
    check(&create(DEVELOPER, unmanaged()), "allow unmanaged");
    check(&create(APPLIER, deployment()), "allow trusted-actor");
    let forged = outcome(&create(DEVELOPER, deployment()));
    assert!(forged.starts_with("deny ownership "), "{forged}");
    let mut marked = unmanaged();
    marked["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("shop");
    check(
        &create(DEVELOPER, marked.clone()),
        "deny marks metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
    // The endpoint slice controller copies a Service's labels.
    let slice = Case {
        resource: ("discovery.k8s.io", "endpointslices", ""),
        new: Some(marked.clone()),
        ..case(Operation::Create, "system:serviceaccount:kube-system:endpointslice-controller")
    };
    check(&slice, "allow endpointslice-controller");
    check(
        &Case { user: DEVELOPER, ..slice },
        "deny marks metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
    check(&case(Operation::Create, DEVELOPER), "deny unknown");
}

#[test]
fn deletion_is_for_git() {
    let delete = |user: &'static str| Case { old: Some(deployment()), ..case(Operation::Delete, user) };
    check(&delete(DEVELOPER), "deny declared-object");
    check(&delete("system:admin"), "deny declared-object");
    check(&delete(APPLIER), "allow trusted-actor");
    check(&Case { old: Some(unmanaged()), ..delete(DEVELOPER) }, "allow unmanaged");
    // The garbage collector takes what Git declares only along with an owner that is declared with it.
    let mut owned = deployment();
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "throwaway", "uid": "9"}]);
    check(&Case { old: Some(owned.clone()), ..delete(GC) }, "deny declared-object");
    owned["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]["f:ownerReferences"] =
        json!({".": {}, "k:{\"uid\":\"9\"}": {}});
    check(&Case { old: Some(owned), ..delete(GC) }, "allow garbage-collector");
    check(&Case { old: Some(unmanaged()), ..delete(GC) }, "allow unmanaged");
    check(&delete(GC), "deny declared-object");
    check(&Case { old: None, ..delete(DEVELOPER) }, "deny unknown");
    let mut going = deployment();
    going["metadata"]["deletionTimestamp"] = json!("2026-11-21T10:00:00Z");
    check(&Case { old: Some(going.clone()), ..delete(DEVELOPER) }, "allow being-deleted");
    let finalized = Case { new: Some(deployment()), old: Some(going), ..case(Operation::Update, DEVELOPER) };
    check(&finalized, "allow being-deleted");

    check(&delete(NAMESPACES), "need Namespace { name: \"web\" }");
    for (state, expect) in [
        (NamespaceState::Terminating, "allow namespace-controller"),
        (NamespaceState::Active, "deny declared-object"),
        (NamespaceState::Unknown, "deny declared-object"),
    ] {
        let facts = Facts { namespace: Some(state), ..Facts::default() };
        check(&Case { facts, ..delete(NAMESPACES) }, expect);
    }
}

#[test]
fn a_finalizer_of_ours_does_not_make_an_object_gits() {
    let mut object = unmanaged();
    object["metadata"]["managedFields"] = json!([entry(
        "sealward-reconciler",
        "Update",
        "apps/v1",
        json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"finalizers.fluxcd.io\"": {}}}})
    )]);
    object["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    check(&Case { old: Some(object.clone()), ..case(Operation::Delete, DEVELOPER) }, "allow unmanaged");
    let mut without = object.clone();
    without["metadata"].as_object_mut().unwrap().remove("finalizers");
    let case = Case { old: Some(object), new: Some(without), ..case(Operation::Update, DEVELOPER) };
    assert!(outcome(&case).starts_with("deny declared-fields metadata.finalizers"), "{}", outcome(&case));
}

#[test]
fn a_namespace_goes_when_it_is_empty_of_git() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}});
    let delete = |facts: Facts| Case {
        resource: ("", "namespaces", ""),
        old: Some(namespace.clone()),
        facts,
        ..case(Operation::Delete, DEVELOPER)
    };
    check(&delete(Facts::default()), "need NamespaceContents { name: \"web\" }");
    let holding = |count| Facts { contents: Some(Contents { count, examples: vec![] }), ..Facts::default() };
    check(&delete(holding(0)), "allow unmanaged");
    check(&delete(holding(2)), "deny contents");
    // A namespace that is given an owner is not collected either.
    check(&Case { user: GC, ..delete(holding(2)) }, "deny contents");

    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Shop"}},
    });
    let delete = |facts| Case { old: Some(definition.clone()), facts, ..case(Operation::Delete, DEVELOPER) };
    check(&delete(Facts::default()), "need KindContents { group: \"example.com\", kind: \"Shop\" }");
    check(&delete(holding(1)), "deny contents");
}

#[test]
fn scaling_is_held_by_the_parents_declaration() {
    let scale = |replicas: u32| {
        json!({
            "apiVersion": "autoscaling/v1", "kind": "Scale",
            "metadata": {"name": "api", "namespace": "web"}, "spec": {"replicas": replicas},
        })
    };
    let rescale = |user: &'static str, parent: Option<Parent>| Case {
        resource: ("apps", "deployments", "scale"),
        old: Some(scale(2)),
        new: Some(scale(9)),
        facts: Facts { parent, ..Facts::default() },
        ..case(Operation::Update, user)
    };
    let found = |object: &Value| Some(Parent::Found(Box::new(manifest(object))));
    let mut with_replicas = deployment();
    with_replicas["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"] = json!({});

    assert!(outcome(&rescale(DEVELOPER, None)).starts_with("need Parent { group: \"apps\""));
    check(&rescale(DEVELOPER, found(&with_replicas)), "deny declared-fields spec.replicas");
    check(&rescale(DEVELOPER, found(&deployment())), "allow undeclared");
    check(&rescale(DEVELOPER, found(&unmanaged())), "allow unmanaged");
    check(&rescale(DEVELOPER, Some(Parent::Unmanaged)), "allow unmanaged");
    check(&rescale(DEVELOPER, Some(Parent::Unreadable("no".into()))), "deny unknown");
    check(&rescale(HPA, found(&with_replicas)), "allow autoscaler");
    check(&rescale(APPLIER, None), "allow trusted-actor");
    check(&Case { new: Some(scale(2)), ..rescale(DEVELOPER, None) }, "allow undeclared");
    check(&Case { new: None, ..rescale(DEVELOPER, None) }, "deny unknown");
    // Where a custom resource's replicas stand is not known: any declared field may be it.
    let custom =
        Case { resource: ("example.com", "shops", "scale"), ..rescale(DEVELOPER, found(&deployment())) };
    check(&custom, "deny declared-fields spec.replicas");
}

#[test]
fn other_subresources_are_let_be() {
    for (plural, subresource) in [("pods", "eviction"), ("pods", "binding"), ("serviceaccounts", "token")] {
        check(
            &Case { resource: ("", plural, subresource), ..case(Operation::Create, DEVELOPER) },
            "allow not-guarded",
        );
    }
    check(
        &Case { resource: ("", "pods", "exec"), ..case(Operation::Connect, DEVELOPER) },
        "allow not-guarded",
    );
}

#[test]
fn another_version_of_the_object_hides_nothing() {
    // Git declares in v2, the developer writes in v1: the server takes the field from the v2 entry.
    let mut old = deployment();
    old["metadata"]["managedFields"][0]["apiVersion"] = json!("apps/v2");
    let mut new = old.clone();
    new["spec"]["template"]["spec"]["containers"][0]["image"] = json!("evil:1");
    lose(&mut new, &format!("{CONTAINER}/f:image"));
    let case = Case { old: Some(old), new: Some(new), ..case(Operation::Update, DEVELOPER) };
    check(&case, &format!("deny ownership {IMAGE}"));
}

#[test]
fn what_does_not_parse_is_denied() {
    let mut broken = deployment();
    broken["metadata"]["managedFields"][0]["fieldsV1"] = json!({"x:what": {}});
    let case = Case { old: Some(broken), new: Some(deployment()), ..case(Operation::Update, DEVELOPER) };
    check(&case, "deny unknown");
}
