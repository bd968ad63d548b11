//! A sealer's life on a control plane of its own: first start, an API server that goes away, a restart.

use sealward_acceptance::{Process, Workbench, free_port, repository_root};
use sealward_controlplane::{ControlPlane, Options};
use serde_json::Value;

use super::scene::{AGE_LABEL, KEY_LABEL, SYSTEM, Scene, flags, install, secret};

fn start(bench: &Workbench<'_>, port: u16, metrics: u16) -> Process {
    let flags = flags("127.0.0.1", port, metrics, "10m");
    bench.role("sealer", &flags.each_ref().map(String::as_str)).unwrap()
}

fn version(scene: &Scene<'_>, kind: &str, name: &str) -> String {
    scene.get(kind, "default", name).unwrap()["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

fn key_names(scene: &Scene<'_>) -> Vec<String> {
    let list =
        |label: &str| scene.plane().kubectl(&["get", "secrets", "-n", SYSTEM, "-l", label, "-o", "name"]);
    [KEY_LABEL, AGE_LABEL].map(|label| list(label).unwrap().trim().to_owned()).to_vec()
}

#[test]
fn a_sealer_outlives_the_api_server_and_a_restart_changes_nothing() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let deploy = repository_root().unwrap().join("deploy");
    for part in ["namespace", "sealer"] {
        plane.apply(&deploy.join(part)).unwrap();
    }
    let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
    let bench = Workbench::new(&plane, "seal").unwrap();
    let log = bench.folder.join("sealer.log");
    // Without its role it can make no key; it goes on trying.
    plane.kubectl(&["delete", "clusterrolebinding", "sealward-sealer"]).unwrap();
    let mut sealer = start(&bench, port, metrics);
    let scene = Scene::of(bench, port, metrics, log);
    scene.wait("no key can be made", || scene_log(&scene).contains("cannot make a key").then_some(()));
    let unready = scene.bench.fetch(&format!("{}/readyz", scene.url)).unwrap_err();
    assert!(unready.to_string().contains("503"), "{unready:#}");
    plane.apply(&deploy.join("sealer")).unwrap();
    scene.wait_ready();
    let allowed_from = plane.audit_events().unwrap().len();

    // The kind comes after the sealer, as in one `kubectl apply -k`.
    install(&plane);
    scene.apply(&scene.seal_rsa(&secret("default", "first", &[("key", "one")]), &[]));
    scene.wait_value("default", "first", "key", "one");
    scene.wait_synced("default", "first", "True");
    let keys = key_names(&scene);
    assert!(keys.iter().all(|names| names.lines().count() == 1), "one key of each kind: {keys:?}");

    // An API server that starts refuses everybody until it has read its roles: only before that is a
    // refusal ours.
    scene.assert_rights_suffice(allowed_from);
    plane.kill_apiserver();
    let second = scene.seal_age(&secret("default", "second", &[("key", "two")]), &[]);
    scene.bench.fetch(&format!("{}/healthz", scene.url)).unwrap();
    scene.wait("the sealer notices", || scene_log(&scene).contains(" broke").then_some(()));
    plane.restart_apiserver().unwrap();
    scene.apply(&second);
    scene.wait_value("default", "second", "key", "two");
    scene.wait_synced("default", "second", "True");
    assert_eq!(scene.get("secret", "default", "first").unwrap()["data"]["key"], "b25l");

    sealer.stop();
    assert!(sealer.log_tail().contains("exit status: 0"), "{}", sealer.log_tail());
    let objects =
        [("secret", "first"), ("sealedsecret", "first"), ("secret", "second"), ("sealedsecret", "second")];
    let versions = || objects.map(|(kind, name)| version(&scene, kind, name));
    let (before, certificate) = (versions(), scene_certificate(&plane));
    let reads = || scene.requests("default", true).iter().filter(|event| event.resource == "secrets").count();
    let (read_before, written) = (reads(), scene.requests("default", false).len());
    let _sealer = start(&scene.bench, port, metrics);
    scene.wait_ready();
    scene.wait("both are looked at", || (reads() >= read_before + 2).then_some(()));
    scene.apply(&scene.seal_rsa(&secret("default", "third", &[("key", "three")]), &[]));
    scene.wait_value("default", "third", "key", "three");
    assert_eq!(versions(), before);
    let about_old = |name: &str| name.starts_with("first") || name.starts_with("second");
    let writes = scene.requests("default", false).split_off(written);
    assert!(!writes.iter().any(|event| about_old(&event.name)), "a restart wrote: {writes:?}");
    assert_eq!(key_names(&scene), keys);
    assert_eq!(scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap(), certificate);
}

fn scene_log(scene: &Scene<'_>) -> String {
    std::fs::read_to_string(&scene.log).unwrap()
}

/// The certificate in the cluster's one key Secret.
fn scene_certificate(plane: &ControlPlane) -> String {
    use base64::Engine;
    let args = ["get", "secrets", "-n", SYSTEM, "-l", KEY_LABEL, "-o", "json"];
    let list: Value = serde_json::from_str(&plane.kubectl(&args).unwrap()).unwrap();
    let text = list["items"][0]["data"]["tls.crt"].as_str().unwrap();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}
