//! Keys over time: made, renewed, asked for, restored from a backup, found without a label, and under rights
//! that allow no watch.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use sealward_acceptance::{Process, Ran, Workbench, binary, free_port};
use sealward_controlplane::{ControlPlane, Options};
use serde_json::{Value, json};

use super::scene::{
    AGE_LABEL, KEY_LABEL, SYSTEM, Scene, flags, install, key_secret, seal, secret, vector_key_path,
};

/// A control plane of its own and a place for one sealer on it.
struct Stage<'a> {
    scene: Scene<'a>,
    port: u16,
    metrics: u16,
}

impl<'a> Stage<'a> {
    fn new(plane: &'a ControlPlane) -> Self {
        install(plane);
        let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
        let bench = Workbench::new(plane, "keys").unwrap();
        let log = bench.folder.join("sealer.log");
        Self { scene: Scene::of(bench, port, metrics, log), port, metrics }
    }

    /// Starts a sealer, and does not wait until it is ready.
    fn start(&self, more: &[&str]) -> Process {
        let fixed = flags("127.0.0.1", self.port, self.metrics, "10m");
        let fixed = fixed.each_ref().map(String::as_str);
        let all = [&fixed[..], &["--key-size=2048"], more].concat();
        self.scene.bench.role("sealer", &all).unwrap()
    }

    fn certificate(&self) -> String {
        self.scene.bench.fetch(&format!("{}/v1/cert.pem", self.scene.url)).unwrap()
    }

    /// Waits for as many key Secrets of a kind.
    fn wait_keys(&self, label: &str, count: usize) -> Vec<Value> {
        self.scene.wait(&format!("{count} Secrets labelled {label}"), || {
            let keys = self.keys(label);
            (keys.len() == count).then_some(keys)
        })
    }

    fn keys(&self, label: &str) -> Vec<Value> {
        let args = ["get", "secrets", "-n", SYSTEM, "-l", &format!("{label}=active"), "-o", "json"];
        let list: Value = serde_json::from_str(&self.scene.plane().kubectl(&args).unwrap()).unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// Seals for a certificate given as text, applies it, and waits until it is open.
    fn opens(&self, name: &str, certificate: &str) {
        let file = self.scene.bench.folder.join(format!("{name}.crt"));
        std::fs::write(&file, certificate).unwrap();
        let object = secret("default", name, &[("key", name)]);
        self.scene.apply(&seal(&object, &["--cert", &file.display().to_string()]));
        self.scene.wait_value("default", name, "key", name);
    }
}

fn signal(process: &Process, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn date() -> String {
    let output = Command::new("date").arg("-R").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn keys_are_made_once_renewed_when_due_and_asked_for_by_signal() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let stage = Stage::new(&plane);
    let decorated = [
        "--my-cn=sealing.example.com",
        "--privatekey-labels=team=platform,sealedsecrets.bitnami.com/sealed-secrets-key=compromised",
        "--privatekey-annotations=example.com/note=made by the sealer",
        "--key-prefix=our-keys-",
    ];
    let mut sealer = stage.start(&decorated);
    stage.scene.wait_ready();
    let first = stage.wait_keys(KEY_LABEL, 1).remove(0);
    assert_eq!(first["metadata"]["labels"]["team"], "platform");
    assert_eq!(first["metadata"]["annotations"]["example.com/note"], "made by the sealer");
    assert!(first["metadata"]["name"].as_str().unwrap().starts_with("our-keys-"));
    let old = stage.certificate();
    let file = stage.scene.bench.folder.join("first.crt");
    std::fs::write(&file, &old).unwrap();
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-subject", "-text", "-in"])
        .arg(&file)
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("sealing.example.com") && shown.contains("(2048 bit)"), "{shown}");

    // Two keys of one second are equally new, and the first stays first.
    let made = second();
    stage.scene.wait("a second has gone by", || (second() > made + 1).then_some(()));
    signal(&sealer, "USR1");
    stage.wait_keys(KEY_LABEL, 2);
    let asked_for = stage.scene.wait("the new certificate is served", || {
        let now = stage.certificate();
        (now != old).then_some(now)
    });
    stage.opens("for-the-old-key", &old);
    stage.opens("for-the-new-key", &asked_for);
    let metrics = stage.scene.bench.fetch(&format!("{}/metrics", stage.scene.metrics_url)).unwrap();
    assert!(metrics.contains("sealed_secrets_controller_keys{kind=\"rsa\"} 2"), "{metrics}");
    assert!(metrics.contains("sealed_secrets_controller_keys{kind=\"age\"} 1"), "{metrics}");
    sealer.stop();

    // A restart makes none, nor does a cut-off from before; one from after the newest makes one, once.
    let cut = second();
    stage.scene.wait("a second has gone by", || (second() > cut + 1).then_some(()));
    let cutoff = format!("--key-cutoff-time={}", date());
    for (more, count) in [
        (&["--rotate-period=0"][..], 2),
        (&["--key-cutoff-time=Mon, 02 Jan 2006 15:04:05 -0700"][..], 2),
        (&[cutoff.as_str()][..], 3),
        (&[cutoff.as_str()][..], 3),
    ] {
        let mut sealer = stage.start(more);
        stage.scene.wait_ready();
        stage.wait_keys(KEY_LABEL, count);
        stage.wait_keys(AGE_LABEL, 1);
        sealer.stop();
        assert_eq!(stage.keys(KEY_LABEL).len(), count, "{more:?}");
    }

    let mut sealer = stage.start(&["--key-renew-period=2s"]);
    stage.scene.wait("keys are renewed by age", || (stage.keys(KEY_LABEL).len() >= 5).then_some(()));
    sealer.stop();
    let _sealer = stage.start(&[]);
    stage.scene.wait_ready();
    stage.opens("for-the-oldest-key", &old);
}

#[test]
fn keys_come_back_from_a_backup_and_none_is_made_beside_them() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let stage = Stage::new(&plane);
    let mut sealer = stage.start(&[]);
    stage.scene.wait_ready();
    let by_rsa = stage.scene.seal_rsa(&secret("default", "by-rsa", &[("key", "from before")]), &[]);
    let by_age = stage.scene.seal_age(&secret("default", "by-age", &[("key", "from before")]), &[]);
    // The command of docs/sealer-keys.md, word by word but for the namespace.
    let text =
        std::fs::read_to_string(sealward_acceptance::repository_root().unwrap().join("docs/sealer-keys.md"))
            .unwrap();
    let selectors: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kubectl get secrets -n sealward-system -l "))
        .filter_map(|rest| rest.split(" -o yaml").next())
        .collect();
    assert_eq!(selectors, [KEY_LABEL, AGE_LABEL], "the documented commands take both kinds of key");
    let backup: String = selectors
        .iter()
        .map(|label| {
            let list = plane.kubectl(&["get", "secrets", "-n", SYSTEM, "-l", label, "-o", "yaml"]).unwrap();
            format!("---\n{list}")
        })
        .collect();
    sealer.stop();
    drop(sealer);
    // A flag that needs a right which is not there ends the start with the reason.
    let mut refused =
        stage.start(&["--listen-tls-addr=127.0.0.1:0", "--tls-cert-file=/x", "--tls-private-key-file=/x"]);
    stage.scene.wait("the right is missed", || {
        refused.log().contains("needs the right to create tokenreviews").then_some(())
    });
    stage.scene.wait("it has ended", || refused.log_tail().contains("(ended: exit status: 1)").then_some(()));

    let other = ControlPlane::start(Options::default()).unwrap();
    let restored = Stage::new(&other);
    let _sealer = restored.start(&["--make-first-keys=false"]);
    let unready = restored.scene.wait("it waits for keys", || {
        let error = restored.scene.bench.fetch(&format!("{}/readyz", restored.scene.url)).unwrap_err();
        error.to_string().contains("503").then_some(error)
    });
    assert!(unready.to_string().contains("503"), "{unready:#}");
    restored.scene.apply(&by_rsa);
    restored.scene.apply(&by_age);
    restored.scene.wait_failure("default", "by-rsa");
    other.apply_text(&backup).unwrap();
    restored.scene.wait_ready();
    for name in ["by-rsa", "by-age"] {
        restored.scene.wait_value("default", name, "key", "from before");
    }
    assert_eq!(restored.keys(KEY_LABEL).len(), 1);
    assert_eq!(restored.keys(AGE_LABEL).len(), 1);
}

#[test]
fn keys_without_a_label_are_found_by_name_and_with_rights_that_allow_no_watch() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    let stage = Stage::new(&plane);
    // As Bitnami's Role has it.
    let rules = json!([{"op": "replace", "path": "/rules", "value": [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "list"]},
    ]}]);
    let patch =
        ["patch", "role", "sealward-sealer-keys", "-n", SYSTEM, "--type=json", "-p", &rules.to_string()];
    plane.kubectl(&patch).unwrap();
    let mut legacy = key_secret("sealed-secrets-key", "rsa-2048.key", "rsa-2048.crt");
    legacy["metadata"].as_object_mut().unwrap().remove("labels");
    stage.scene.apply(&legacy);
    // It is the only key, so no other is made; its certificate is of years ago, so it would be renewed.
    let sealer = stage.start(&["--key-renew-period=0"]);
    stage.scene.wait_ready();
    assert!(sealer.log().contains("key Secrets may not be watched"), "{}", sealer.log());
    let certificate = std::fs::read_to_string(vector_key_path("rsa-2048.crt")).unwrap();
    assert_eq!(stage.certificate().trim(), certificate.trim());
    stage.opens("by-the-old-key", &certificate);
    assert_eq!(stage.keys(KEY_LABEL).len(), 0, "none is made beside it");

    // What changes is seen at the next list, a minute later at most.
    stage.scene.apply(&key_secret("brought", "rsa-3072.key", "rsa-3072.crt"));
    let off = format!("{KEY_LABEL}=compromised");
    plane.kubectl(&["label", "secret", "sealed-secrets-key", "-n", SYSTEM, &off]).unwrap();
    let brought = std::fs::read_to_string(vector_key_path("rsa-3072.crt")).unwrap();
    stage.opens("by-the-key-that-was-brought", &brought);
    stage
        .scene
        .wait("the old key is out of use", || (stage.certificate().trim() == brought.trim()).then_some(()));
    stage.scene.apply(&seal(
        &secret("default", "too-late", &[("key", "x")]),
        &["--cert", &vector_key_path("rsa-2048.crt").display().to_string()],
    ));
    stage.scene.wait_failure("default", "too-late");
}

#[test]
fn wrong_flags_about_keys_are_refused_at_the_start() {
    let check = |flag: &str, reason: &str| {
        let mut command = Command::new(binary("sealwardd").unwrap());
        command.args(["sealer", flag]).env("KUBECONFIG", "/nonexistent");
        let ran = Ran::of(&mut command, b"").unwrap();
        assert_ne!(ran.code, 0, "{flag}");
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(reason), "{flag}: {said}");
    };
    check("--key-prefix=Sealed", "it may hold a-z, 0-9 and -");
    check(&format!("--key-prefix={}", "a".repeat(246)), "1 to 245 characters");
    check("--key-size=1024", "none of 2048, 3072, 4096, 8192");
    check("--key-ttl=0s", "it must be longer than nothing");
    check("--key-renew-period=monthly", "is no duration");
    check("--key-cutoff-time=2026-01-01", "is no time as `date -R` writes it");
    check("--key-order-priority=Newest", "neither CertNotBefore nor SecretCreationTimestamp");
    check("--privatekey-labels=team", "has no =");
    check("--privatekey-annotations==x", "is no key of a label or annotation");
    check("--watch-for-secrets=perhaps", "neither true nor false");
    check("--rate-limit=0", "--rate-limit");
    check("--trusted-proxies=gateway", "neither an address nor a network");
    check("--read-timeout=0", "it must be longer than nothing");
    check("--listen-tls-addr=:8443", "--tls-cert-file");
    check("--allowed-scopes=team-a=strict", "what all other namespaces may use");
    check("--allow-secret-types=Opaque", "other types need no flag");
}
