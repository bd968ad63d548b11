//! Decisions, from the bytes of a call to the bytes of its answer.

use std::sync::Arc;

use sealward_api::rendering::{RenderedObject, RenderingSpec};
use sealward_api::ruleset::RuleSetSpec;
use sealward_manifest::{Manifest, Origin};
use sealward_policy::RuleSet;
use serde_json::{Value, json};

use crate::*;

const APPLIER: &str = "system:serviceaccount:flux-system:sealward-applier";

fn manifest(json: &Value) -> Manifest {
    Manifest::from_json(json, &Origin::file("t")).unwrap()
}

/// A rule that refuses Pods labelled `bad`, and one that warns of all of them where the namespace's label
/// says so.
fn rules() -> RuleSetSpec {
    let template = |kind: &str, rego: &str| {
        json!({
            "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
            "metadata": {"name": kind.to_lowercase()},
            "spec": {
                "crd": {"spec": {"names": {"kind": kind}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
            },
        })
    };
    let constraint = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": {"name": name}, "spec": spec,
        })
    };
    let bad = "package bad\nviolation[{\"msg\": msg}] { input.review.object.metadata.labels.bad; msg := sprintf(\"%v is bad\", [input.review.object.metadata.name]) }";
    let any = "package any\nviolation[{\"msg\": \"mind the Pods\"}] { true }";
    let pods = json!([{"apiGroups": [""], "kinds": ["Pod"]}]);
    RuleSetSpec {
        templates: vec![template("Bad", bad), template("Any", any)],
        constraints: vec![
            constraint("Bad", "no-bad-pods", json!({"match": {"kinds": pods}})),
            constraint(
                "Any",
                "warn-of-pods",
                json!({
                    "enforcementAction": "warn",
                    "match": {"kinds": pods, "namespaceSelector": {"matchLabels": {"watched": "yes"}}},
                }),
            ),
        ],
    }
}

fn world() -> World {
    let mut renderings = Renderings::default();
    let object = |id: &str, path: &str| RenderedObject { id: id.into(), path: path.into(), line: 7 };
    renderings.insert(
        "flux-system.shop".into(),
        RenderingSpec {
            application: "flux-system/shop".into(),
            repository: "https://git.example/shop".into(),
            revision: "main@sha1:abc".into(),
            rule_set_digest: String::new(),
            objects: vec![
                object("web_api__ConfigMap", "apps/shop/config.yaml"),
                object("web_db_bitnami.com_SealedSecret", "apps/shop/db.yaml"),
                object("web_shop_example.com_Shop", "apps/shop/shop.yaml"),
            ],
        },
    );
    let mut namespaces = Namespaces::default();
    for (name, label) in [("web", "no"), ("watched", "yes")] {
        let labels = json!({"watched": label});
        namespaces.insert(manifest(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
        ));
    }
    World {
        rules: Arc::new(RuleSet::load(&[rules()]).unwrap()),
        trust: Arc::new(Trust {
            actors: [APPLIER.to_owned()].into(),
            managers: ["sealward-reconciler".to_owned(), "sealward-sealer".to_owned()].into(),
        }),
        renderings,
        namespaces,
    }
}

fn review(operation: &str, user: &str, resource: (&str, &str, &str), old: Value, new: Value) -> Review {
    let (group, plural, kind) = resource;
    let (plural, subresource) = plural.split_once('/').unwrap_or((plural, ""));
    let subject = if new.is_null() { &old } else { &new };
    let body = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "operation": operation, "userInfo": {"username": user, "groups": ["system:authenticated"]},
            "kind": {"group": group, "version": "v1", "kind": kind},
            "resource": {"group": group, "version": "v1", "resource": plural}, "subResource": subresource,
            "name": subject["metadata"]["name"].as_str().unwrap_or(""), "namespace": subject["metadata"]["namespace"].as_str().unwrap_or(""),
            "object": new, "oldObject": old,
        },
    });
    parse(body.to_string().as_bytes()).unwrap()
}

fn guard(review: &Review, answers: &Answers) -> Answer {
    decide_guard(review, &world(), answers)
}

fn guarded(review: &Review) -> Decision {
    match guard(review, &Answers::default()) {
        Answer::Decision(decision) => decision,
        Answer::Need(need) => panic!("{need:?}"),
    }
}

fn ruled(review: &Review, answers: &Answers) -> Answer {
    decide_policy(review, &world(), answers, 0)
}

fn pod(namespace: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace, "labels": labels}})
}

fn config(manager: &str, data: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "api", "namespace": "web",
            "managedFields": [{
                "manager": manager, "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}},
            }],
        },
        "data": {"a": data},
    })
}

const CONFIG_MAP: (&str, &str, &str) = ("", "configmaps", "ConfigMap");
const POD: (&str, &str, &str) = ("", "pods", "Pod");

#[test]
fn a_denial_says_where_and_what_instead() {
    let review = review(
        "UPDATE",
        "dev",
        CONFIG_MAP,
        config("sealward-reconciler", "1"),
        config("sealward-reconciler", "2"),
    );
    let decision = guarded(&review);
    assert_eq!(
        decision.message,
        "ConfigMap web/api: Git declares what this request changes\n\
         fields: data.a\n\
         declared in: apps/shop/config.yaml:7 of https://git.example/shop at main@sha1:abc (Kustomization flux-system/shop)\n\
         instead: change apps/shop/config.yaml in https://git.example/shop and push"
    );
    assert_eq!(
        decision.response(&review.request.uid),
        json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {
                "uid": "u-1", "allowed": false,
                "auditAnnotations": {"actor": "dev", "verdict": "declared-fields"},
                "status": {"code": 403, "reason": "Forbidden", "message": decision.message},
            },
        })
    );
}

#[test]
fn a_denial_without_a_place_says_what_it_can() {
    let old = |labels: Value| {
        let mut object = config("sealward-reconciler", "1");
        object["metadata"]["name"] = json!("other");
        object["metadata"]["labels"] = labels;
        object
    };
    let message = |object: Value| guarded(&review("DELETE", "dev", CONFIG_MAP, object, Value::Null)).message;
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    assert!(message(old(labels)).ends_with(
        "declared by: Kustomization flux-system/shop\ninstead: change it in that Kustomization's Git repository and push"
    ));
    assert!(message(old(json!({}))).ends_with("instead: make the change in Git and push"));
    // A Secret that was opened is changed where its SealedSecret is.
    let mut secret = config("sealward-sealer", "c2VjcmV0");
    secret["kind"] = json!("Secret");
    secret["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "db"}]);
    let text = message(secret);
    assert!(text.contains("apps/shop/db.yaml:7") && !text.contains("c2VjcmV0"), "{text}");
}

#[test]
fn trusted_actors_and_undeclared_changes_pass() {
    let (old, new) = (config("sealward-reconciler", "1"), config("sealward-reconciler", "2"));
    let decision = guarded(&review("UPDATE", APPLIER, CONFIG_MAP, old.clone(), new));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Allow, "trusted-actor"));
    let decision = guarded(&review("UPDATE", "dev", CONFIG_MAP, old.clone(), old));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Allow, "undeclared"));
    assert_eq!(decision.response("x")["response"]["allowed"], true);
}

#[test]
fn what_cannot_be_read_is_denied() {
    let broken = json!({"metadata": {"name": "x", "namespace": "web"}});
    let decision = guarded(&review("CREATE", "dev", CONFIG_MAP, Value::Null, broken.clone()));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Deny, "unknown"));
    let decision = guarded(&review("CREATE", APPLIER, CONFIG_MAP, Value::Null, broken));
    assert_eq!(decision.verdict, Verdict::Allow);
    let decision = guarded(&review("DELETE", "dev", CONFIG_MAP, Value::Null, Value::Null));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Deny, "unknown"));
    // A subresource that is created carries no object of the kind.
    let decision =
        guarded(&review("CREATE", "dev", ("", "pods/eviction", "Eviction"), Value::Null, json!({})));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Allow, "not-guarded"));
}

#[test]
fn a_namespace_is_held_by_its_renderings() {
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let delete = |name| {
        guarded(&review("DELETE", "dev", ("", "namespaces", "Namespace"), namespace(name), Value::Null))
    };
    let decision = delete("web");
    assert_eq!(decision.reason, "contents");
    assert!(
        decision.message.starts_with(
            "Namespace web: 3 objects that Git declares would be deleted with it: \
         ConfigMap web/api, SealedSecret.bitnami.com web/db, Shop.example.com web/shop\n"
        ),
        "{}",
        decision.message
    );
    assert_eq!(delete("watched").reason, "unmanaged");
}

#[test]
fn scale_asks_for_the_parent_where_it_can() {
    let scale = |replicas: u32, name: &str| json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": "web"}, "spec": {"replicas": replicas}});
    let rescale = |group: &str, plural: &str, name: &str| {
        review("UPDATE", "dev", (group, plural, "Scale"), scale(1, name), scale(2, name))
    };
    let deployment = rescale("apps", "deployments/scale", "api");
    let Answer::Need(Need::Parent { kind, version, .. }) = guard(&deployment, &Answers::default()) else {
        panic!()
    };
    assert_eq!((kind.as_str(), version.as_str()), ("Deployment", "v1"));
    let answers = Answers { parent: Some(Parent::Unreadable("no right".into())), ..Answers::default() };
    let Answer::Decision(decision) = guard(&deployment, &answers) else { panic!() };
    assert_eq!(decision.reason, "unknown");
    // Other kinds are judged by what Git declares of their group.
    assert_eq!(guarded(&rescale("example.com", "shops/scale", "shop")).reason, "unknown");
    assert_eq!(guarded(&rescale("example.com", "shops/scale", "own")).reason, "unmanaged");
}

#[test]
fn the_namespace_controller_works_only_in_what_is_ending() {
    let user = "system:serviceaccount:kube-system:namespace-controller";
    let mut world = world();
    let delete = review("DELETE", user, CONFIG_MAP, config("sealward-reconciler", "1"), Value::Null);
    let decide = |world: &World| match decide_guard(&delete, world, &Answers::default()) {
        Answer::Decision(decision) => decision.reason.to_owned(),
        Answer::Need(need) => format!("{need:?}"),
    };
    assert_eq!(decide(&world), "declared-object");
    world.namespaces.insert(manifest(&json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}, "status": {"phase": "Terminating"},
    })));
    assert_eq!(decide(&world), "namespace-controller");
    world.namespaces.remove("web");
    assert_eq!(decide(&world), "Namespace { name: \"web\" }");
}

#[test]
fn rules_refuse_and_warn_as_gatekeeper_words_it() {
    let create =
        |namespace: &str, labels: Value| review("CREATE", "dev", POD, Value::Null, pod(namespace, labels));
    let decide = |review: &Review| match ruled(review, &Answers::default()) {
        Answer::Decision(decision) => decision,
        Answer::Need(need) => panic!("{need:?}"),
    };
    let good = decide(&create("web", json!({})));
    assert_eq!((good.verdict, good.reason, good.message.as_str()), (Verdict::Allow, "no-violation", ""));
    assert_eq!(good.audit["rule-set-digest"], sealward_policy::digest(&[rules()]));
    let bad = decide(&create("web", json!({"bad": "yes"})));
    assert_eq!((bad.verdict, bad.message.as_str()), (Verdict::Deny, "[no-bad-pods] p is bad"));
    assert_eq!(bad.audit["violations"], "deny:no-bad-pods");
    let warned = decide(&create("watched", json!({})));
    assert_eq!(
        (warned.verdict, warned.warnings.as_slice()),
        (Verdict::Allow, ["[warn-of-pods] mind the Pods".to_owned()].as_slice())
    );
    assert_eq!(warned.response("u")["response"]["warnings"][0], "[warn-of-pods] mind the Pods");
    let both = decide(&create("watched", json!({"bad": "yes"})));
    assert_eq!((both.verdict, both.warnings.len()), (Verdict::Deny, 1));
    // What had the label and drops it is still seen.
    let dropped = review("UPDATE", "dev", POD, pod("web", json!({"bad": "yes"})), pod("web", json!({})));
    assert_eq!(decide(&dropped).verdict, Verdict::Allow);
}

#[test]
fn rules_need_the_namespace_and_refuse_without_it() {
    let review = review("CREATE", "dev", POD, Value::Null, pod("new", json!({})));
    assert_eq!(ruled(&review, &Answers::default()), Answer::Need(Need::Namespace { name: "new".into() }));
    let answers = |namespace| Answers { namespace: Some(namespace), ..Answers::default() };
    let Answer::Decision(decision) = ruled(&review, &answers(None)) else { panic!() };
    assert!(!decision.warnings.is_empty() || decision.verdict == Verdict::Deny, "not known is not nothing");
    let known = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": {}}});
    let Answer::Decision(decision) = ruled(&review, &answers(Some(manifest(&known)))) else { panic!() };
    assert_eq!(decision.verdict, Verdict::Allow);
}

#[test]
fn long_warnings_are_cut() {
    let decision = Decision {
        verdict: Verdict::Allow,
        reason: "warning",
        message: String::new(),
        warnings: vec!["ä".repeat(300)],
        audit: Default::default(),
    };
    let response = decision.response("u");
    let warning = response["response"]["warnings"][0].as_str().unwrap();
    assert_eq!((warning.chars().count(), warning.chars().last()), (256, Some('…')));
    assert_eq!(malformed("no")["code"], 400);
}

#[test]
fn what_is_older_than_a_rule_may_be_let_go() {
    let owner = |name: &str| json!({"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": name});
    let bad = |finalizers: Value, owners: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "old", "namespace": "web", "labels": {"bad": "yes"},
                "finalizers": finalizers, "ownerReferences": owners,
            },
            "spec": {"nodeName": "a"},
        })
    };
    let check = |operation: &str, old: Value, new: Value, expect: &str| {
        let review = review(operation, "dev", ("", "pods", "Pod"), old, new);
        match ruled(&review, &Answers::default()) {
            Answer::Decision(decision) => assert_eq!(decision.reason, expect),
            Answer::Need(need) => panic!("{need:?}"),
        }
    };
    let old = || bad(json!(["a/b", "c/d"]), json!([owner("one"), owner("two")]));
    check("UPDATE", old(), bad(json!(["c/d"]), json!([owner("two")])), "only-lets-go");
    check("UPDATE", old(), bad(Value::Null, Value::Null), "only-lets-go");
    check("UPDATE", old(), bad(json!(["e/f"]), json!([owner("one")])), "violation");
    check("UPDATE", old(), bad(json!([]), json!([owner("three")])), "violation");
    check("CREATE", Value::Null, old(), "violation");
    for (field, value) in [("spec", json!({"nodeName": "b"})), ("data", json!("x"))] {
        let mut new = bad(json!([]), json!([]));
        new[field] = value;
        check("UPDATE", old(), new, "violation");
    }
    let mut labelled = bad(json!([]), json!([]));
    labelled["metadata"]["labels"]["more"] = json!("x");
    check("UPDATE", old(), labelled, "violation");
}
