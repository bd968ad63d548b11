//! What holds while the webhook is away, and how it comes and goes: its certificate, its rules.

use std::path::Path;

use sealward_controlplane::ControlPlane;
use serde_json::{Value, json};

use crate::admit_harness::{Webhook, installed};
use crate::role::{eventually, free_port, root};

const CONFIGURATION: &str = "validatingwebhookconfiguration";

fn refused(plane: &ControlPlane, kubeconfig: &Path, args: &[&str], stdin: Option<&str>, by: &str) {
    let error =
        plane.kubectl_as(kubeconfig, args, stdin).expect_err(&format!("{args:?} went through")).to_string();
    assert!(error.contains(by), "{args:?} was not refused by {by}: {error}");
}

#[test]
fn admit_policies_hold_with_the_webhook_down() {
    let (plane, _) = installed();
    let developer = plane.kubeconfig_for("developer").unwrap();
    let ours = "ValidatingAdmissionPolicy 'sealward-own-namespaces'";
    for namespace in ["sealward-system", "flux-system"] {
        eventually("its controller has made the namespace's default account", || {
            plane.kubectl(&["get", "serviceaccount", "default", "-n", namespace]).is_ok()
        });
        let no =
            |args: &[&str]| refused(&plane, &developer, &[args, &["-n", namespace]].concat(), None, ours);
        no(&["create", "configmap", "x"]);
        no(&["create", "secret", "generic", "x"]);
        no(&["create", "serviceaccount", "x"]);
        no(&["delete", "serviceaccount", "default"]);
    }
    // `edit` may ask for tokens, scale, exec and delete; here it may not.
    let no = |args: &[&str]| {
        refused(&plane, &developer, &[args, &["-n", "sealward-system"]].concat(), None, ours);
    };
    no(&["create", "token", "sealward-webhook"]);
    no(&["scale", "deployment/sealward-webhook", "--replicas=0"]);
    no(&["delete", "deployment", "sealward-webhook"]);
    eventually("our Pods are made although the webhook is down", || {
        plane.kubectl(&["get", "pods", "-n", "sealward-system", "-o", "name"]).unwrap().lines().count() == 2
    });
    eventually("the budget for their disruption is kept", || {
        let expected = ["get", "pdb", "sealward-webhook", "-o", "jsonpath={.status.expectedPods}"];
        plane.kubectl(&[&expected[..], &["-n", "sealward-system"]].concat()).unwrap() == "2"
    });
    no(&["delete", "pod", "--all"]);
    let exec = ["exec", "-n", "sealward-system", "deploy/sealward-webhook", "--", "true"];
    refused(&plane, &developer, &exec, None, ours);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "thief", "namespace": "flux-system"},
        "spec": {"serviceAccountName": "sealward-applier", "containers": [{"name": "x", "image": "x:1.0.0"}]},
    });
    refused(&plane, &developer, &["create", "-f", "-"], Some(&pod.to_string()), ours);

    // Gone and back: the controllers of the cluster start our Pods without asking us.
    plane
        .kubectl(&["delete", "pod", "--all", "-n", "sealward-system", "--force", "--grace-period=0"])
        .unwrap();
    eventually("our Pods are back", || {
        plane.kubectl(&["get", "pods", "-n", "sealward-system", "-o", "name"]).unwrap().lines().count() == 2
    });
    // Administrators repair us meanwhile, and nothing else happens.
    plane.kubectl(&["set", "env", "deployment/sealward-webhook", "-n", "sealward-system", "A=b"]).unwrap();
    let error = plane.kubectl(&["create", "configmap", "x", "-n", "default"]).unwrap_err().to_string();
    assert!(error.contains("failed calling webhook"), "{error}");
    // On a new cluster they go on without waiting for us: the rule set, the applier.
    plane.apply(&root().join("deploy/policies")).unwrap();
    for object in [
        &["create", "namespace", "flux-system"][..],
        &["create", "serviceaccount", "sealward-applier", "-n", "flux-system"],
        &["create", "clusterrolebinding", "sealward-applier", "--clusterrole=cluster-admin"],
    ] {
        // It stands already, and nothing else was in the way.
        let error = plane.kubectl(object).unwrap_err().to_string();
        assert!(error.contains("already exists"), "{object:?}: {error}");
    }
    for object in [
        &["create", "namespace", "sealward-applier"][..],
        &["create", "serviceaccount", "sealward-applier", "-n", "default"],
        &["create", "clusterrolebinding", "other", "--clusterrole=cluster-admin"],
    ] {
        let error = plane.kubectl(object).unwrap_err().to_string();
        assert!(error.contains("failed calling webhook"), "{object:?}: {error}");
    }

    let admin = plane.admin_kubeconfig();
    let as_editor = ["--as=editor", "--as-group=system:authenticated"];
    plane.kubectl(&["delete", CONFIGURATION, "sealward-webhook"]).unwrap();
    plane
        .kubectl(&[
            "create",
            "clusterrole",
            "rules",
            "--verb=*",
            "--resource=rulesets.sealward.dev,renderings.sealward.dev",
        ])
        .unwrap();
    plane
        .kubectl(&["create", "clusterrolebinding", "rules", "--clusterrole=rules", "--user=editor"])
        .unwrap();
    for kind in ["RuleSet", "Rendering"] {
        let spec = match kind {
            "RuleSet" => json!({}),
            _ => json!({"application": "a/b", "repository": "https://x", "revision": "r", "objects": []}),
        };
        let object = json!({"apiVersion": "sealward.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        let create = [&["create", "-f", "-"][..], &as_editor].concat();
        refused(
            &plane,
            admin,
            &create,
            Some(&object.to_string()),
            "ValidatingAdmissionPolicy 'sealward-git-sources'",
        );
        plane.kubectl_as(admin, &["create", "-f", "-"], Some(&object.to_string())).unwrap();
    }
}

#[test]
fn admit_the_webhook_changes_nothing_but_its_bundle() {
    let (plane, _) = installed();
    let webhook = plane.service_account_kubeconfig("sealward-system", "sealward-webhook").unwrap();
    let patch = |patch: Value| {
        ["patch", CONFIGURATION, "sealward-webhook", "--type=json", "-p", &patch.to_string()]
            .map(str::to_owned)
    };
    let run = |operation: Value| {
        let args = patch(json!([operation]));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        plane.kubectl_as(&webhook, &args, None).map_err(|error| error.to_string())
    };
    run(json!({"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": ca_bundle(&plane)}))
        .unwrap();
    for (op, path, value) in [
        ("replace", "/webhooks/0/failurePolicy", json!("Ignore")),
        ("replace", "/webhooks/1/timeoutSeconds", json!(1)),
        ("replace", "/webhooks/1/clientConfig/url", json!("https://127.0.0.1:1/guard")),
        ("replace", "/webhooks/0/rules/0/operations", json!(["CREATE"])),
        ("add", "/webhooks/0/objectSelector", json!({"matchLabels": {"a": "b"}})),
        ("add", "/webhooks/0/namespaceSelector", json!({"matchLabels": {"a": "b"}})),
        ("add", "/webhooks/0/matchConditions/0", json!({"name": "never", "expression": "false"})),
        ("remove", "/webhooks/0/matchConditions/0", Value::Null),
        ("remove", "/webhooks/1", Value::Null),
        ("add", "/metadata/labels/a", json!("b")),
        ("add", "/metadata/annotations", json!({"a": "b"})),
        ("add", "/metadata/finalizers", json!(["a/b"])),
    ] {
        let error = run(json!({"op": op, "path": path, "value": value})).expect_err(path);
        assert!(error.contains("nothing in its configuration but caBundle"), "{path}: {error}");
    }
    refused(&plane, &webhook, &["delete", CONFIGURATION, "sealward-webhook"], None, "cannot delete");
    // A right on the configuration alone does not make an administrator.
    let admin = plane.admin_kubeconfig();
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "sealward-reconciler"},
        "rules": [{"apiGroups": ["admissionregistration.k8s.io"], "resources": ["validatingwebhookconfigurations"], "verbs": ["*"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "sealward-reconciler"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "sealward-reconciler"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "editor"}],
    });
    for object in [role, binding] {
        // Objects of these names are ours to repair, webhook or not.
        plane.kubectl_as(admin, &["create", "-f", "-"], Some(&object.to_string())).unwrap();
    }
    let delete = ["delete", CONFIGURATION, "sealward-webhook", "--as=editor"];
    refused(&plane, admin, &delete, None, "only administrators change the webhook's configuration");
    plane.kubectl(&["delete", CONFIGURATION, "sealward-webhook"]).unwrap();
}

fn ca_bundle(plane: &ControlPlane) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(plane.ca_pem())
}

#[test]
fn admit_certificates_rotate_without_a_refusal() {
    let (plane, port) = installed();
    let flags = ["--certificate-lifetime=45s", "--certificate-settle=2s"];
    let webhook = Webhook::start(&plane, port, &flags);
    webhook.wait_ready();
    let read = |path: &str| {
        plane.kubectl(&["get", CONFIGURATION, "sealward-webhook", "-o", &format!("jsonpath={path}")]).unwrap()
    };
    let bundles = || read("{.webhooks[*].clientConfig.caBundle}");
    let served = || {
        let args = [
            "get",
            "secret",
            "sealward-webhook-certificate",
            "-n",
            "sealward-system",
            "-o",
            "jsonpath={.data.tls\\.crt}",
        ];
        plane.kubectl(&args).unwrap()
    };
    let create = || plane.kubectl(&["create", "configmap", "probe", "-n", "default", "--dry-run=server"]);
    eventually("the API server calls the webhook", || create().is_ok());
    let (first, first_bundle) = (served(), bundles());
    let mut two_at_once = false;
    // A third of the lifetime before its end the certificate is replaced; no call is refused on the way.
    eventually("another certificate is served", || {
        create().unwrap_or_else(|error| panic!("refused during the rotation: {error}"));
        two_at_once |= bundles().len() > first_bundle.len() + 100;
        served() != first
    });
    assert!(two_at_once, "the new CA was announced beside the old one");
    eventually("the old CA is dropped", || {
        create().unwrap_or_else(|error| panic!("refused after the rotation: {error}"));
        let now = bundles();
        now != first_bundle && now.len() < first_bundle.len() + 100
    });
    // A bundle that somebody emptied comes back.
    let empty = r#"[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]"#;
    plane.kubectl(&["patch", CONFIGURATION, "sealward-webhook", "--type=json", "-p", empty]).unwrap();
    eventually("the bundle is back", || webhook.readyz().0 == 200 && create().is_ok());

    // Two replicas share one certificate; when one goes the other answers on.
    let second = Webhook::start(&plane, free_port(), &flags);
    second.wait_ready();
    let before = served();
    webhook.stop();
    let error = create().unwrap_err().to_string();
    assert!(error.contains("failed calling webhook"), "{error}");
    let again = Webhook::start(&plane, port, &["--certificate-lifetime=2160h", "--certificate-settle=2s"]);
    again.wait_ready();
    assert!(!before.is_empty());
    eventually("the webhook is called again", || create().is_ok());
    drop(second);
}
