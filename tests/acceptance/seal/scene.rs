//! A sealer on a control plane, and the words in which these tests talk about it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::{Ran, Workbench, binary, free_port, repository_root, wait_until};
use sealward_controlplane::{AuditEvent, ControlPlane};
use serde_json::{Value, json};

pub(super) const SYSTEM: &str = "sealward-system";
pub(super) const KEY_LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";
pub(super) const AGE_LABEL: &str = "sealward.dev/age-identity";
const ACCOUNT: &str = "system:serviceaccount:sealward-system:sealward-sealer";
const BOUND: Duration = Duration::from_secs(180);

/// A sealer that runs, and its cluster.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) bench: Workbench<'a>,
    /// Its HTTP API.
    pub(super) url: String,
    pub(super) metrics_url: String,
    pub(super) log: PathBuf,
}

/// The sealer that most tests share. It looks at everything every two seconds.
pub(super) fn shared() -> &'static Scene<'static> {
    static SHARED: OnceLock<Scene<'static>> = OnceLock::new();
    SHARED.get_or_init(|| {
        let plane = ControlPlane::shared().unwrap();
        install(plane);
        let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
        let bench = Workbench::new(plane, "seal").unwrap();
        let log = bench.folder.join("sealer.log");
        // The process dies with the thread that starts it: not with the first test that asks for it.
        let (started, wait) = mpsc::channel();
        thread::spawn(move || {
            let bench = Workbench::new(plane, "seal").unwrap();
            let sealer =
                bench.role("sealer", &flags("0.0.0.0", port, metrics, "2s").each_ref().map(String::as_str));
            started.send(()).unwrap();
            let _sealer = sealer.unwrap();
            loop {
                thread::park();
            }
        });
        wait.recv().unwrap();
        let scene = Scene::of(bench, port, metrics, log);
        scene.wait_ready();
        scene
    })
}

/// What `deploy/` puts into a cluster for the sealer.
pub(super) fn install(plane: &ControlPlane) {
    let deploy = repository_root().unwrap().join("deploy");
    for part in ["namespace", "crds", "sealer"] {
        plane.apply(&deploy.join(part)).unwrap();
    }
    plane.kubectl(&["wait", "--for=condition=Established", "crd/sealedsecrets.bitnami.com"]).unwrap();
}

/// Flags of a sealer on these ports.
pub(super) fn flags(host: &str, port: u16, metrics: u16, resync: &str) -> [String; 4] {
    [
        format!("--listen-addr={host}:{port}"),
        format!("--listen-metrics-addr=127.0.0.1:{metrics}"),
        format!("--namespace={SYSTEM}"),
        format!("--resync-period={resync}"),
    ]
}

impl<'a> Scene<'a> {
    pub(super) fn of(bench: Workbench<'a>, port: u16, metrics: u16, log: PathBuf) -> Self {
        let url = |port| format!("http://127.0.0.1:{port}");
        Self { bench, url: url(port), metrics_url: url(metrics), log }
    }

    pub(super) fn plane(&self) -> &'a ControlPlane {
        self.bench.plane
    }

    pub(super) fn namespace(&self) -> String {
        self.plane().namespace("seal").unwrap()
    }

    pub(super) fn wait_ready(&self) {
        self.wait("the sealer is ready", || self.bench.fetch(&format!("{}/readyz", self.url)).ok());
    }

    /// Waits for `seen`; when that is in vain, the end of the sealer's log is shown.
    pub(super) fn wait<T>(&self, what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
        wait_until(what, BOUND, || Ok(seen())).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().filter(|line| line.contains("sealward_sealer")).collect();
            panic!("{error:#}\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        })
    }

    pub(super) fn recipient(&self) -> String {
        let recipients = self.bench.fetch(&format!("{}/v1/recipients", self.url)).unwrap();
        recipients.lines().next().unwrap().to_owned()
    }

    /// `sealward seal` for the newest RSA key.
    pub(super) fn seal_rsa(&self, secret: &Value, more: &[&str]) -> Value {
        seal(secret, &[&["--cert", &format!("{}/v1/cert.pem", self.url)], more].concat())
    }

    /// `sealward seal` for the age identity.
    pub(super) fn seal_age(&self, secret: &Value, more: &[&str]) -> Value {
        seal(secret, &[&["--recipient", &self.recipient()], more].concat())
    }

    pub(super) fn apply(&self, object: &Value) {
        self.plane().apply_text(&object.to_string()).unwrap();
    }

    pub(super) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let args = ["get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found"];
        let text = self.plane().kubectl(&args).unwrap();
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    pub(super) fn wait_secret(&self, namespace: &str, name: &str) -> Value {
        self.wait(&format!("Secret {namespace}/{name}"), || self.get("secret", namespace, name))
    }

    /// The Secret, as soon as it holds `value` under `key`.
    pub(super) fn wait_value(&self, namespace: &str, name: &str, key: &str, value: &str) -> Value {
        self.wait(&format!("{value:?} in Secret {namespace}/{name}"), || {
            self.get("secret", namespace, name).filter(|secret| secret["data"][key] == STANDARD.encode(value))
        })
    }

    /// The SealedSecret, as soon as its newest generation was looked at with this verdict.
    pub(super) fn wait_synced(&self, namespace: &str, name: &str, status: &str) -> Value {
        self.wait(&format!("SealedSecret {namespace}/{name} is Synced={status}"), || {
            self.get("sealedsecret", namespace, name).filter(|object| {
                let synced = &object["status"]["conditions"][0];
                object["status"]["observedGeneration"] == object["metadata"]["generation"]
                    && synced["type"] == "Synced"
                    && synced["status"] == status
            })
        })
    }

    /// Waits for the verdict Synced=False; what it says.
    pub(super) fn wait_failure(&self, namespace: &str, name: &str) -> String {
        let object = self.wait_synced(namespace, name, "False");
        object["status"]["conditions"][0]["message"].as_str().unwrap().to_owned()
    }

    /// The first event of `reason` about the SealedSecret.
    pub(super) fn wait_event(&self, namespace: &str, name: &str, reason: &str) -> Value {
        self.wait(&format!("event {reason} about {namespace}/{name}"), || {
            let args = ["get", "events.events.k8s.io", "-n", namespace, "-o", "json"];
            let events: Value = serde_json::from_str(&self.plane().kubectl(&args).unwrap()).unwrap();
            let matches = |event: &&Value| event["regarding"]["name"] == name && event["reason"] == reason;
            events["items"].as_array().unwrap().iter().find(matches).cloned()
        })
    }

    /// How often the sealer counted a failure of that reason in `namespace`.
    pub(super) fn failures(&self, reason: &str, namespace: &str) -> u64 {
        let text = self.bench.fetch(&format!("{}/metrics", self.metrics_url)).unwrap();
        let labels = format!("{{reason=\"{reason}\",namespace=\"{namespace}\"}} ");
        let line = text.lines().find_map(|line| {
            line.strip_prefix("sealed_secrets_controller_unseal_errors_total")?.strip_prefix(&labels)
        });
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// The sealer's requests about objects in `namespace` so far, reads left out or not.
    pub(super) fn requests(&self, namespace: &str, reads: bool) -> Vec<AuditEvent> {
        let events = self.plane().audit_events().unwrap().into_iter();
        let reading = |event: &AuditEvent| matches!(event.verb.as_str(), "get" | "list" | "watch");
        events
            .filter(|event| event.user == ACCOUNT && event.namespace == namespace)
            .filter(|event| reads || !reading(event))
            .collect()
    }

    /// From request number `start` on, nothing that the sealer asked for was forbidden, and of SealedSecrets
    /// it wrote only the status.
    pub(super) fn assert_rights_suffice(&self, start: usize) {
        let events = self.plane().audit_events().unwrap();
        for event in events.iter().skip(start).filter(|event| event.user == ACCOUNT) {
            assert_ne!(event.code, 403, "{event:?}");
            if event.group == "bitnami.com" && !matches!(event.verb.as_str(), "get" | "list" | "watch") {
                assert_eq!(
                    (event.verb.as_str(), event.subresource.as_str()),
                    ("update", "status"),
                    "{event:?}"
                );
            }
            assert_ne!(event.verb, "delete", "{event:?}");
        }
    }
}

/// A Secret of texts.
pub(super) fn secret(namespace: &str, name: &str, items: &[(&str, &str)]) -> Value {
    let items: BTreeMap<&str, &str> = items.iter().copied().collect();
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": items,
    })
}

/// `sealward seal flags…` of one Secret.
pub(super) fn seal(secret: &Value, flags: &[&str]) -> Value {
    let mut command = Command::new(binary("sealward").unwrap());
    command.args(["seal", "-o", "json"]).args(flags).env_remove("KUBECONFIG");
    let sealed = Ran::of(&mut command, secret.to_string().as_bytes()).unwrap();
    assert_eq!(sealed.code, 0, "{flags:?}: {}", sealed.stderr);
    serde_json::from_str(&sealed.stdout).unwrap()
}

/// The text of a file in `testdata/sealing/keys`.
pub(super) fn vector_key(name: &str) -> String {
    std::fs::read_to_string(vector_key_path(name)).unwrap()
}

pub(super) fn vector_key_path(name: &str) -> PathBuf {
    repository_root().unwrap().join("testdata/sealing/keys").join(name)
}

/// A key Secret of Bitnami's shape with a pair from `testdata/sealing/keys`.
pub(super) fn key_secret(name: &str, private: &str, certificate: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": SYSTEM, "labels": {KEY_LABEL: "active"}},
        "stringData": {"tls.key": vector_key(private), "tls.crt": vector_key(certificate)},
    })
}
