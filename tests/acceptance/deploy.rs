//! What is installed: fresh, narrow, and the same wherever it is looked at.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use sealward_acceptance::{binary, repository_root};
use sealward_controlplane::tools;
use serde_json::Value;

/// The objects of a kustomization or file below `deploy/`, as `sealward render` gives them.
fn rendered(folder: &str) -> Vec<Value> {
    let output = Command::new(binary("sealward").unwrap())
        .current_dir(repository_root().unwrap())
        .args(["render", "--json", folder])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stream = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    stream.map(Result::unwrap).collect()
}

/// The same as the real kustomize builds it. Each document goes through kubectl-free YAML to JSON: our
/// own reader, whose agreement with Kubernetes' is tested elsewhere.
fn built_by_kustomize(folder: &str) -> Vec<Value> {
    let output = Command::new(tools::path("kustomize").unwrap())
        .current_dir(repository_root().unwrap())
        .args(["build", folder])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = sealward_document::yaml::read("built", &output.stdout).unwrap();
    documents.iter().map(|node| node.to_json_redacted()).collect()
}

fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap()
}

fn of_kind<'a>(objects: &'a [Value], wanted: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| kind(object) == wanted).collect()
}

#[test]
fn deploy_our_renderer_and_kustomize_agree() {
    let profiles = [
        "deploy/overlays/healing",
        "deploy/sealer",
        "deploy/sealer/namespaced",
        "deploy/sealer/namespaced/watched",
    ];
    for folder in ["deploy/install", "deploy/install-beside-flux", "deploy/overlays/local", "deploy/applier"]
        .into_iter()
        .chain(profiles)
    {
        assert_eq!(rendered(folder), built_by_kustomize(folder), "{folder}");
    }
}

#[test]
fn deploy_the_local_overlay_differs_only_in_the_webhooks_url() {
    let (mut local, mut install) = (rendered("deploy/overlays/local"), rendered("deploy/install"));
    let strip = |objects: &mut Vec<Value>, field: &str| {
        let configuration =
            objects.iter_mut().find(|object| kind(object) == "ValidatingWebhookConfiguration").unwrap();
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            let client = webhook.as_object_mut().unwrap().remove("clientConfig").unwrap();
            assert!(client.get(field).is_some() && client.as_object().unwrap().len() == 1, "{client}");
        }
    };
    strip(&mut local, "url");
    strip(&mut install, "service");
    assert_eq!(local, install);
}

#[test]
fn deploy_beside_flux_leaves_its_kinds_alone_and_waits_for_a_label() {
    let beside = rendered("deploy/install-beside-flux");
    let crds: BTreeSet<&str> = of_kind(&beside, "CustomResourceDefinition")
        .iter()
        .map(|crd| crd["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        crds.into_iter().collect::<Vec<_>>(),
        ["renderings.sealward.dev", "rulesets.sealward.dev", "sealedsecrets.bitnami.com"]
    );
    let reconciler = of_kind(&beside, "Deployment")
        .into_iter()
        .find(|object| object["metadata"]["name"] == "sealward-reconciler");
    let args = &reconciler.unwrap()["spec"]["template"]["spec"]["containers"][0]["args"];
    assert!(args.as_array().unwrap().iter().any(|arg| arg == "--label-selector=sealward.dev/reconcile=true"));
}

#[test]
fn deploy_pods_are_locked_down() {
    for deployment in of_kind(&rendered("deploy/install"), "Deployment") {
        let name = &deployment["metadata"]["name"];
        let pod = &deployment["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["capabilities"]["drop"][0], "ALL", "{name}");
            assert!(
                container["livenessProbe"].is_object() && container["readinessProbe"].is_object(),
                "{name}"
            );
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        }
    }
}

#[test]
fn deploy_rights_are_narrow() {
    let objects = rendered("deploy/install");
    for binding in of_kind(&objects, "ClusterRoleBinding").into_iter().chain(of_kind(&objects, "RoleBinding"))
    {
        for subject in binding["subjects"].as_array().unwrap() {
            assert_eq!(
                subject["kind"], "ServiceAccount",
                "{} binds a {}",
                binding["metadata"]["name"], subject["kind"]
            );
        }
        assert_ne!(binding["roleRef"]["name"], "cluster-admin");
    }
    for role in of_kind(&objects, "ClusterRole").into_iter().chain(of_kind(&objects, "Role")) {
        let name = role["metadata"]["name"].as_str().unwrap();
        let text = role["rules"].to_string();
        assert!(!text.contains("\"*\""), "{name} has a star");
        if name.contains("sealer") {
            assert!(!text.contains("delete"), "the sealer may delete");
        }
    }
}

#[test]
fn deploy_the_sealer_reads_secrets_by_name_unless_it_is_given_more() {
    let may_list = |folder: &str| {
        let objects = rendered(folder);
        let roles = of_kind(&objects, "ClusterRole");
        let mut rules = roles.iter().flat_map(|role| role["rules"].as_array().unwrap());
        rules.any(|rule| {
            let has =
                |field: &str, word: &str| rule[field].as_array().unwrap().iter().any(|item| item == word);
            has("resources", "secrets") && (has("verbs", "list") || has("verbs", "watch"))
        })
    };
    assert!(!may_list("deploy/install"));
    assert!(!may_list("deploy/sealer"));
    let namespaced = rendered("deploy/sealer/namespaced");
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        assert!(of_kind(&namespaced, kind).is_empty(), "Roles alone");
    }
    let healing = fs::read(repository_root().unwrap().join("deploy/sealer/healing/rbac.yaml")).unwrap();
    let healing = sealward_document::yaml::read("healing", &healing).unwrap();
    let rules = healing[0].to_json_redacted()["rules"].clone();
    assert_eq!(
        rules,
        serde_json::json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"]}])
    );
}

#[test]
fn deploy_passes_its_own_rules() {
    let output = Command::new(binary("sealward").unwrap())
        .current_dir(repository_root().unwrap())
        .args(["lint", "deploy"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn deploy_every_right_has_its_reason_in_a_comment() {
    let sealer = ["sealer", "sealer/workload", "sealer/healing", "sealer/namespaced/watched"];
    for role in ["webhook", "reconciler"].into_iter().chain(sealer) {
        let path = repository_root().unwrap().join(format!("deploy/{role}/rbac.yaml"));
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  - apiGroups:")) {
            let before = lines[..index]
                .iter()
                .rev()
                .find(|line| !line.starts_with("    ") && !line.starts_with("  - "));
            assert!(before.unwrap().starts_with("  # "), "{role}: no reason before {line:?}");
        }
    }
}
