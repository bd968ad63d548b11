//! A control plane with the webhook as `deploy/` ships it, but for `clientConfig.url`.

use std::path::PathBuf;
use std::sync::OnceLock;

use sealward_controlplane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::role::{Role, eventually, free_port, root};

pub(crate) const APPLIER: &str = "sealward-applier";
pub(crate) const REPOSITORY: &str = "https://git.example/shop.git";
pub(crate) const REVISION: &str = "main@sha1:0123456789abcdef0123456789abcdef01234567";

/// The webhook in this process, with the rights of its own service account.
pub(crate) struct Webhook {
    pub(crate) port: u16,
    role: Role,
}

impl Webhook {
    /// Starts it on `port`, with further flags.
    pub(crate) fn start(plane: &ControlPlane, port: u16, flags: &[&str]) -> Self {
        let probes = free_port();
        let mut all = vec![
            format!("--listen-addr=127.0.0.1:{port}"),
            format!("--listen-metrics-addr=127.0.0.1:{probes}"),
            "--extra-san=127.0.0.1".to_owned(),
            "--certificate-interval=200ms".to_owned(),
        ];
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Self { port, role: Role::start(plane, "webhook", probes, &all, sealward_webhook::run_until) }
    }

    pub(crate) fn readyz(&self) -> (u16, String) {
        self.role.probe("/readyz")
    }

    pub(crate) fn metrics(&self) -> String {
        self.role.probe("/metrics").1
    }

    pub(crate) fn wait_ready(&self) {
        eventually("the webhook is ready", || self.readyz().0 == 200);
    }

    /// Stops it and waits until it has ended.
    pub(crate) fn stop(mut self) {
        self.role.stop();
    }
}

/// A control plane with what `deploy/` puts into a cluster for the webhook; the webhook is to listen on
/// the port that comes back.
pub(crate) fn installed() -> (ControlPlane, u16) {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let deploy = root().join("deploy");
    for part in ["namespace", "crds", "applier"] {
        plane.apply(&deploy.join(part)).unwrap();
    }
    for namespace in ["sealward-system", "flux-system"] {
        let binding =
            ["create", "rolebinding", "edit", "-n", namespace, "--clusterrole=edit", "--user=developer"];
        plane.kubectl(&binding).unwrap();
    }
    plane.apply(&deploy.join("webhook")).unwrap();
    let port = free_port();
    let configuration = ["patch", "validatingwebhookconfiguration", "sealward-webhook", "--type=json", "-p"];
    plane.kubectl(&[&configuration[..], &[&urls(port)]].concat()).unwrap();
    let developer = plane.kubeconfig_for("developer").unwrap();
    eventually("the policies of our namespaces are in force", || {
        let create = ["create", "configmap", "probe", "-n", "flux-system", "--dry-run=server"];
        let refused = plane.kubectl_as(&developer, &create, None);
        refused.is_err_and(|error| error.to_string().contains("sealward-own-namespaces"))
    });
    (plane, port)
}

/// What `overlays/local` does.
fn urls(port: u16) -> String {
    let client = |path: &str| json!({"url": format!("https://127.0.0.1:{port}/{path}")});
    json!([
        {"op": "replace", "path": "/webhooks/0/clientConfig", "value": client("policy")},
        {"op": "replace", "path": "/webhooks/1/clientConfig", "value": client("guard")},
    ])
    .to_string()
}

/// The plane that most tests share, its webhook running. It ends with the process.
pub(crate) struct Shared {
    pub(crate) plane: ControlPlane,
    /// Runs as long as this.
    pub(crate) webhook: Webhook,
    pub(crate) applier: PathBuf,
    pub(crate) developer: PathBuf,
}

impl Shared {
    pub(crate) fn instance() -> &'static Self {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (plane, port) = installed();
            let webhook = Webhook::start(&plane, port, &["--certificate-settle=1s"]);
            webhook.wait_ready();
            let applier = plane.service_account_kubeconfig("flux-system", APPLIER).unwrap();
            let developer = plane.kubeconfig_for("developer").unwrap();
            eventually("the API server calls the webhook", || {
                plane.kubectl(&["create", "configmap", "probe", "-n", "default", "--dry-run=server"]).is_ok()
            });
            Self { plane, webhook, applier, developer }
        })
    }

    /// A namespace in which the developer has the `edit` role: it is not RBAC that refuses.
    pub(crate) fn namespace(&self, prefix: &str) -> String {
        let name = self.plane.namespace(prefix).unwrap();
        let binding =
            ["create", "rolebinding", "edit", "-n", &name, "--clusterrole=edit", "--user=developer"];
        self.plane.kubectl(&binding).unwrap();
        name
    }

    /// Applies as the reconciler does: as the applier's account, under the reconciler's field manager.
    pub(crate) fn apply_from_git(&self, object: &Value) {
        let args =
            ["apply", "--server-side", "--force-conflicts", "--field-manager=sealward-reconciler", "-f", "-"];
        self.plane.kubectl_as(&self.applier, &args, Some(&object.to_string())).unwrap();
    }

    /// kubectl as the developer; what it wrote to stdout, or to stderr.
    pub(crate) fn developer(&self, args: &[&str], stdin: Option<&Value>) -> Result<String, String> {
        let stdin = stdin.map(Value::to_string);
        let out = self.plane.kubectl_as(&self.developer, args, stdin.as_deref());
        out.map_err(|error| error.to_string())
    }

    /// The denial of the guard that the developer gets.
    pub(crate) fn refused(&self, args: &[&str], stdin: Option<&Value>) -> String {
        let error = self.developer(args, stdin).expect_err(&format!("{args:?} went through"));
        assert!(
            error.contains("admission webhook \"guard.sealward.dev\" denied the request"),
            "{args:?}: {error}"
        );
        error
    }

    pub(crate) fn read(&self, namespace: &str, object: &str) -> Value {
        let text = self
            .plane
            .kubectl(&["get", object, "-n", namespace, "-o", "json", "--show-managed-fields"])
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }
}
