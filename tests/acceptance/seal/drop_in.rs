//! Our program under Bitnami's name, variables, account and rights: the roles of `controller.yaml`, as
//! sealed-secrets 0.40 ships it, and nothing more.

use std::path::PathBuf;
use std::sync::{OnceLock, mpsc};
use std::thread;

use sealward_acceptance::{Process, Workbench, binary, free_port, repository_root};
use sealward_controlplane::{AuditEvent, ControlPlane, Options};
use serde_json::{Value, json};

use super::scene::Scene;

pub(super) const NAMESPACE: &str = "kube-system";
pub(super) const ACCOUNT: &str = "system:serviceaccount:kube-system:sealed-secrets-controller";
const NAME: &str = "sealed-secrets-controller";

/// `unsealerRole`, `unsealKeyRole` and their bindings, from `controller.jsonnet`.
pub(super) fn bitnamis_roles() -> Vec<Value> {
    let rule = |group: &str, resource: &str, verbs: &[&str]| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs});
    let rbac = |kind: &str, name: &str, more: Value| {
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
        });
        if !kind.starts_with("Cluster") {
            object["metadata"]["namespace"] = json!(NAMESPACE);
        }
        for (field, value) in more.as_object().unwrap() {
            object[field] = value.clone();
        }
        object
    };
    let bound = |kind: &str, role: &str| {
        json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        })
    };
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": NAMESPACE}}),
        rbac(
            "ClusterRole",
            "secrets-unsealer",
            json!({"rules": [
                rule("bitnami.com", "sealedsecrets", &["get", "list", "watch"]),
                rule("bitnami.com", "sealedsecrets/status", &["update"]),
                rule("", "secrets", &["get", "list", "create", "update", "delete", "watch"]),
                rule("", "events", &["create", "patch"]),
                rule("", "namespaces", &["get"]),
            ]}),
        ),
        rbac("ClusterRoleBinding", NAME, bound("ClusterRole", "secrets-unsealer")),
        rbac(
            "Role",
            "sealed-secrets-key-admin",
            json!({"rules": [rule("", "secrets", &["create", "list"])]}),
        ),
        rbac("RoleBinding", NAME, bound("Role", "sealed-secrets-key-admin")),
    ]
}

/// Installs Bitnami's account and rights, and our CRD of their kind.
pub(super) fn install(plane: &ControlPlane) {
    plane.apply(&repository_root().unwrap().join("deploy/crds/sealedsecrets.yaml")).unwrap();
    plane.kubectl(&["wait", "--for=condition=Established", "crd/sealedsecrets.bitnami.com"]).unwrap();
    for object in bitnamis_roles() {
        plane.apply_text(&object.to_string()).unwrap();
    }
}

/// Our program, linked under Bitnami's name in `bench`.
pub(super) fn program(bench: &Workbench<'_>) -> PathBuf {
    let link = bench.folder.join("controller");
    if !link.exists() {
        std::os::unix::fs::symlink(binary("sealwardd").unwrap(), &link).unwrap();
    }
    link
}

/// Starts `controller flags…` as Bitnami's account, with `variables`.
pub(super) fn start(bench: &Workbench<'_>, variables: &[(&str, String)], flags: &[&str]) -> Process {
    let kubeconfig = bench.plane.service_account_kubeconfig(NAMESPACE, NAME).unwrap();
    let mut words: Vec<String> = vec![format!("POD_NAMESPACE={NAMESPACE}")];
    words.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
    words.push(program(bench).display().to_string());
    words.push(format!("--kubeconfig={}", kubeconfig.display()));
    words.extend(flags.iter().map(|&flag| flag.to_owned()));
    Process::start("env".as_ref(), &words, bench.folder.join("controller.log")).unwrap()
}

/// The drop-in that most tests share, on a control plane of its own. Were Secrets not watched, it would look
/// at them every second.
pub(super) fn shared() -> &'static Scene<'static> {
    static SHARED: OnceLock<Scene<'static>> = OnceLock::new();
    SHARED.get_or_init(|| {
        let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
        let (started, wait) = mpsc::channel();
        // Process and control plane die with the thread that starts them, not with the first test.
        thread::spawn(move || {
            let plane: &'static ControlPlane =
                Box::leak(Box::new(ControlPlane::start(Options::default()).unwrap()));
            install(plane);
            let bench = Workbench::new(plane, "drop-in").unwrap();
            let variables = [
                ("SEALED_SECRETS_LISTEN_ADDR", format!("0.0.0.0:{port}")),
                ("SEALED_SECRETS_LISTEN_METRICS_ADDR", format!("127.0.0.1:{metrics}")),
                ("SEALED_SECRETS_LOG_LEVEL", "DEBUG".to_owned()),
                ("SEALWARD_RESYNC_PERIOD", "1s".to_owned()),
            ];
            let _controller = start(&bench, &variables, &["--update-status", "--max-unseal-retries", "3"]);
            started.send(plane).unwrap();
            loop {
                thread::park();
            }
        });
        let plane = wait.recv().unwrap();
        let bench = Workbench::new(plane, "drop-in").unwrap();
        let log = bench.folder.join("controller.log");
        let scene = Scene::of(bench, port, metrics, log);
        scene.wait_ready();
        scene.wait("Secrets are watched", || {
            let watching = |event: &AuditEvent| {
                event.verb == "watch" && event.resource == "secrets" && event.namespace.is_empty()
            };
            requests(&scene).iter().any(watching).then_some(())
        });
        scene
    })
}

/// What Bitnami's account asked for.
pub(super) fn requests(scene: &Scene<'_>) -> Vec<AuditEvent> {
    let events = scene.plane().audit_events().unwrap().into_iter();
    events.filter(|event| event.user == ACCOUNT).collect()
}

/// What it asked for about objects in `namespace`.
pub(super) fn requests_in(scene: &Scene<'_>, namespace: &str) -> Vec<AuditEvent> {
    requests(scene).into_iter().filter(|event| event.namespace == namespace).collect()
}
