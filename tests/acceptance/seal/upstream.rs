//! The real sealed-secrets controller as a process on a control plane.
//!
//! It takes in-cluster configuration only, so it gets a mount namespace of its own with a service account's files
//! at the place where it looks for them.

use std::fs;
use std::path::Path;

use sealward_acceptance::{Process, Workbench, free_port};
use sealward_controlplane::{ControlPlane, tools};
use serde_json::Value;

use super::scene::SYSTEM;

const ACCOUNT: &str = "upstream";

/// The controller, running; ends with this value.
#[derive(Debug)]
pub(super) struct Upstream {
    _process: Process,
    /// Its HTTP API.
    pub(super) url: String,
}

/// Gives it a service account in the namespace of our keys. What it may do is not what these tests are about.
pub(super) fn install(plane: &ControlPlane) {
    plane
        .apply_text(&format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {ACCOUNT}, namespace: {SYSTEM}}}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {ACCOUNT}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\n\
             subjects: [{{kind: ServiceAccount, name: {ACCOUNT}, namespace: {SYSTEM}}}]\n"
        ))
        .unwrap();
}

/// Starts it with its keys in our namespace, without its own limit of requests, and with `flags`.
pub(super) fn start(bench: &Workbench<'_>, flags: &[&str]) -> Upstream {
    let plane = bench.plane;
    let account = bench.folder.join("account");
    write_account(plane, &account);
    let port = free_port().unwrap();
    let (host, server_port) = plane.server_url().trim_start_matches("https://").rsplit_once(':').unwrap();
    let script = "mount -t tmpfs tmpfs /run\n\
        mkdir -p /run/secrets/kubernetes.io/serviceaccount\n\
        cp \"$1\"/* /run/secrets/kubernetes.io/serviceaccount/\n\
        export KUBERNETES_SERVICE_HOST=\"$2\" KUBERNETES_SERVICE_PORT=\"$3\"\n\
        shift 3\n\
        exec \"$@\"";
    let program = tools::path("sealed-secrets-controller").unwrap();
    let fixed = [
        "-m".to_owned(),
        "sh".to_owned(),
        "-ec".to_owned(),
        script.to_owned(),
        "sh".to_owned(),
        account.display().to_string(),
        host.to_owned(),
        server_port.to_owned(),
        program.display().to_string(),
        format!("--listen-addr=127.0.0.1:{port}"),
        format!("--listen-metrics-addr=127.0.0.1:{}", free_port().unwrap()),
        "--kubeclient-qps=1000".to_owned(),
        "--kubeclient-burst=1000".to_owned(),
        "--key-renew-period=0".to_owned(),
    ];
    let args: Vec<String> = fixed.into_iter().chain(flags.iter().map(|&flag| flag.to_owned())).collect();
    let process = Process::start(Path::new("unshare"), &args, bench.folder.join("upstream.log")).unwrap();
    Upstream { _process: process, url: format!("http://127.0.0.1:{port}") }
}

fn write_account(plane: &ControlPlane, folder: &Path) {
    let kubeconfig = plane.service_account_kubeconfig(SYSTEM, ACCOUNT).unwrap();
    let kubeconfig: Value = serde_json::from_str(&fs::read_to_string(kubeconfig).unwrap()).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("token"), kubeconfig["users"][0]["user"]["token"].as_str().unwrap()).unwrap();
    fs::write(folder.join("ca.crt"), plane.ca_pem()).unwrap();
    fs::write(folder.join("namespace"), SYSTEM).unwrap();
}
