//! With the real kubeseal, both ways.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::Ran;
use sealward_controlplane::tools;
use serde_json::{Value, json};

use super::scene::{KEY_LABEL, SYSTEM, secret, shared};

fn kubeseal(args: &[&str], input: &str, folder: &Path) -> String {
    let mut command = Command::new(tools::path("kubeseal").unwrap());
    command.args(args).current_dir(folder).env("KUBECONFIG", "/nonexistent").env("HOME", folder);
    let ran = Ran::of(&mut command, input.as_bytes()).unwrap();
    assert_eq!(ran.code, 0, "kubeseal {args:?}: {}", ran.stderr);
    ran.stdout
}

#[test]
fn what_kubeseal_seals_the_sealer_opens() {
    let scene = shared();
    let namespace = scene.namespace();
    let certificate = format!("{}/v1/cert.pem", scene.url);
    for (scope, format) in [("strict", "json"), ("namespace-wide", "yaml"), ("cluster-wide", "json")] {
        let mut source = secret(&namespace, scope, &[("password", "by kubeseal"), ("empty", "")]);
        source["metadata"]["labels"] = json!({"sealed-by": "kubeseal"});
        let args = ["--cert", &certificate, "--scope", scope, "-o", format];
        let sealed = kubeseal(&args, &source.to_string(), &scene.bench.folder);
        scene.plane().apply_text(&sealed).unwrap();
        let opened = scene.wait_value(&namespace, scope, "password", "by kubeseal");
        assert_eq!(opened["data"]["empty"], "");
        assert_eq!(opened["metadata"]["labels"], json!({"sealed-by": "kubeseal"}));
        scene.wait_synced(&namespace, scope, "True");
    }
}

#[test]
fn what_sealward_seals_kubeseal_recovers_with_a_backup_of_our_keys() {
    let scene = shared();
    let args = ["get", "secrets", "-n", SYSTEM, "-l", KEY_LABEL, "-o", "json"];
    let mut backup: Value = serde_json::from_str(&scene.plane().kubectl(&args).unwrap()).unwrap();
    // Other tests put broken keys beside it, which kubeseal refuses as a whole.
    backup["items"].as_array_mut().unwrap().retain(|key| key["metadata"]["generateName"].is_string());
    let file = scene.bench.folder.join("backup.json");
    fs::write(&file, backup.to_string()).unwrap();
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        let mut source = secret("some-namespace", scope, &[("password", "by sealward"), ("empty", "")]);
        source["metadata"]["labels"] = json!({"app": "shop"});
        source["type"] = json!("example.com/login");
        let sealed = scene.seal_rsa(&source, &["--scope", scope]);
        let args = ["--recovery-unseal", "--recovery-private-key", &file.display().to_string()];
        let recovered: Value =
            serde_json::from_str(&kubeseal(&args, &sealed.to_string(), &scene.bench.folder)).unwrap();
        // kubeseal writes an empty value as null.
        assert_eq!(recovered["data"], json!({"password": STANDARD.encode("by sealward"), "empty": null}));
        assert_eq!(recovered["type"], "example.com/login");
        assert_eq!(recovered["metadata"]["labels"], json!({"app": "shop"}));
        assert_eq!(recovered["metadata"]["name"], scope);
    }
}
