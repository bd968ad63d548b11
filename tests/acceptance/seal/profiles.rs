//! Each profile of `deploy/sealer` under exactly its rights, and flags that need a right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::{Process, Workbench, free_port, repository_root};
use sealward_controlplane::{ControlPlane, Options};
use serde_json::{Value, json};

use super::scene::{KEY_LABEL, SYSTEM, Scene, seal, secret};

/// A sealer with `more` flags beside those of its addresses.
fn start<'a>(plane: &'a ControlPlane, name: &str, more: &[&str]) -> (Process, Scene<'a>) {
    let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
    let bench = Workbench::new(plane, name).unwrap();
    let flags = [
        format!("--listen-addr=127.0.0.1:{port}"),
        format!("--listen-metrics-addr=127.0.0.1:{metrics}"),
        format!("--namespace={SYSTEM}"),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let sealer = bench.role("sealer", &flags).unwrap();
    let log = bench.folder.join("sealer.log");
    (sealer, Scene::of(bench, port, metrics, log))
}

fn alter(scene: &Scene<'_>, namespace: &str, name: &str) {
    let altered = json!({"data": {"key": STANDARD.encode("altered")}}).to_string();
    scene.plane().kubectl(&["patch", "secret", name, "-n", namespace, "-p", &altered]).unwrap();
}

fn seal_and_open(scene: &Scene<'_>, namespace: &str, name: &str) {
    scene.apply(&scene.seal_rsa(&secret(namespace, name, &[("key", "value")]), &[]));
    scene.wait_value(namespace, name, "key", "value");
    scene.wait_synced(namespace, name, "True");
}

#[test]
fn each_profile_of_the_sealer_does_its_work_under_exactly_its_rights() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let deploy = repository_root().unwrap().join("deploy");
    for part in ["namespace", "crds", "sealer/namespaced"] {
        plane.apply(&deploy.join(part)).unwrap();
    }
    plane.kubectl(&["wait", "--for=condition=Established", "crd/sealedsecrets.bitnami.com"]).unwrap();
    for namespace in ["team-a", "team-b"] {
        plane.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let watched = deploy.join("sealer/namespaced/watched").display().to_string();
    plane.kubectl(&["apply", "-n", "team-a", "-k", &watched]).unwrap();

    // Roles alone: the sealer's own namespace and those that it is told of.
    let more = ["--all-namespaces=false", "--additional-namespaces=team-a", "--resync-period=1s"];
    let (mut sealer, scene) = start(&plane, "namespaced", &more);
    scene.wait_ready();
    let allowed_from = plane.audit_events().unwrap().len();
    scene.apply(&scene.seal_rsa(&secret("team-b", "db", &[("key", "value")]), &[]));
    seal_and_open(&scene, "team-a", "db");
    seal_and_open(&scene, SYSTEM, "db");
    alter(&scene, "team-a", "db");
    scene.wait_value("team-a", "db", "key", "value");
    assert_eq!(scene.get("secret", "team-b", "db"), None);
    scene.assert_rights_suffice(allowed_from);
    sealer.stop();
    crowd(&scene, "busy", 200);
    crowd(&scene, "calm", 1);

    // All namespaces, Secrets by name.
    plane.apply(&deploy.join("sealer")).unwrap();
    let (mut sealer, scene) = start(&plane, "default", &["--resync-period=1s"]);
    scene.wait_value("team-b", "db", "key", "value");
    assert_took_turns(&scene);
    alter(&scene, "team-b", "db");
    scene.wait_value("team-b", "db", "key", "value");
    sealer.stop();

    // Secrets watched: at once, without the clock.
    plane.apply(&deploy.join("sealer/healing/rbac.yaml")).unwrap();
    let (mut sealer, scene) = start(&plane, "healing", &["--resync-period=0s"]);
    scene.wait_ready();
    seal_and_open(&scene, "team-b", "second");
    alter(&scene, "team-b", "second");
    scene.wait_value("team-b", "second", "key", "value");
    scene.wait_event("team-b", "second", "Healed");
    scene.plane().kubectl(&["delete", "secret", "second", "-n", "team-b"]).unwrap();
    scene.wait_value("team-b", "second", "key", "value");
    scene.assert_rights_suffice(allowed_from);
    sealer.stop();

    flags_that_change_what_is_done(&plane);
}

/// So many SealedSecrets in a namespace of their own. The sealer is not running: they are for its next start.
fn crowd(scene: &Scene<'_>, namespace: &str, count: usize) {
    scene.plane().kubectl(&["create", "namespace", namespace]).unwrap();
    let certificate = scene.plane().folder().join("crowd.crt");
    let keys = scene.bench.get(&["secrets", "-n", SYSTEM, "-l", KEY_LABEL]).unwrap();
    let text = STANDARD.decode(keys["items"][0]["data"]["tls.crt"].as_str().unwrap()).unwrap();
    std::fs::write(&certificate, text).unwrap();
    let flags = ["--cert", &certificate.display().to_string(), "--scope", "cluster-wide"];
    let sealed = seal(&secret(namespace, "any", &[("key", "value")]), &flags);
    let many: Vec<Value> = (0..count)
        .map(|number| {
            let mut sealed = sealed.clone();
            sealed["metadata"]["name"] = json!(format!("crowd-{number}"));
            sealed
        })
        .collect();
    scene.apply(&json!({"apiVersion": "v1", "kind": "List", "items": many}));
}

/// The one of the calm namespace was not opened behind all those of the busy one.
fn assert_took_turns(scene: &Scene<'_>) {
    let created = || {
        let events = scene.plane().audit_events().unwrap().into_iter();
        let created = events.filter(|event| event.verb == "create" && event.resource == "secrets");
        created.filter(|event| event.name.starts_with("crowd-")).collect::<Vec<_>>()
    };
    let created = scene.wait("all are opened", || Some(created()).filter(|created| created.len() == 201));
    let place = created.iter().position(|event| event.namespace == "calm").unwrap();
    assert!(place < 50, "it came as number {place} of 201");
}

fn flags_that_change_what_is_done(plane: &ControlPlane) {
    // Without the right to delete, that flag is refused before anything is done.
    let (mut refused, scene) = start(plane, "old-gc", &["--old-gc-behavior"]);
    let log = scene.wait("the flag is refused", || {
        let log = refused.log_tail();
        log.contains("ended: exit status: 1").then_some(log)
    });
    assert!(log.contains("--old-gc-behavior needs the right to delete Secrets in all namespaces"), "{log}");

    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "sealward-sealer-healing"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch", "delete"]}],
    });
    plane.apply_text(&role.to_string()).unwrap();
    let more =
        ["--old-gc-behavior", "--update-status=false", "--label-selector=opened=yes", "--kubeclient-qps=200"];
    let (mut sealer, scene) = start(plane, "flags", &more);
    scene.wait_ready();
    let labelled = |name: &str, label: &str| {
        let mut source = secret("team-b", name, &[("key", "value")]);
        // Without an owner reference the garbage collector lets it be.
        source["metadata"]["annotations"] =
            json!({"sealedsecrets.bitnami.com/skip-set-owner-references": "true"});
        let mut sealed = scene.seal_rsa(&source, &[]);
        sealed["metadata"]["labels"] = json!({"opened": label});
        scene.apply(&sealed);
    };
    labelled("passed-over", "no");
    labelled("labelled", "yes");
    scene.wait_value("team-b", "labelled", "key", "value");
    scene.wait_event("team-b", "labelled", "Unsealed");
    assert_eq!(scene.get("secret", "team-b", "passed-over"), None);
    plane.kubectl(&["delete", "sealedsecret", "labelled", "-n", "team-b"]).unwrap();
    scene.wait("the Secret is deleted", || scene.get("secret", "team-b", "labelled").is_none().then_some(()));
    let writes = scene.requests("team-b", false);
    let status = |name: &str| writes.iter().any(|event| event.subresource == "status" && event.name == name);
    assert!(!status("labelled"), "--update-status=false");
    sealer.stop();

    // What is skipped stays altered until its SealedSecret changes.
    let (mut sealer, scene) = start(plane, "skip", &["--skip-recreate"]);
    scene.wait_ready();
    seal_and_open(&scene, "team-b", "skipped");
    scene.plane().kubectl(&["delete", "secret", "skipped", "-n", "team-b"]).unwrap();
    seal_and_open(&scene, "team-b", "marker");
    assert_eq!(scene.get("secret", "team-b", "skipped"), None);
    let mut next = scene.seal_rsa(&secret("team-b", "skipped", &[("key", "next")]), &[]);
    next["metadata"]["labels"] = json!({"a": "b"});
    scene.apply(&next);
    scene.wait_value("team-b", "skipped", "key", "next");
    sealer.stop();
}
