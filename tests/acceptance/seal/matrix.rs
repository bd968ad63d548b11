//! Whatever is sealed by one of the two programs is opened by either controller: every scope, every size of key,
//! the newest key and an older one, and the format before 0.7. The matrix is printed (`--nocapture`).
//!
//! Both controllers use the same key Secrets in turn, so each opens with keys that the other one made, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::{Process, Ran, Workbench, free_port, repository_root, wait_until};
use sealward_controlplane::{ControlPlane, Options, tools};
use sealward_keys::{KeyRequest, RsaKeySize, generate};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::scene::{KEY_LABEL, SYSTEM, flags, install, key_secret, seal, secret, vector_key};
use super::upstream;

const SIZES: [(u32, RsaKeySize); 3] =
    [(2048, RsaKeySize::Bits2048), (3072, RsaKeySize::Bits3072), (4096, RsaKeySize::Bits4096)];
const SCOPES: [&str; 3] = ["strict", "namespace-wide", "cluster-wide"];
const AGES: [&str; 2] = ["newest", "older"];
const SEALERS: [&str; 2] = ["kubeseal", "sealward"];
const BOUND: Duration = Duration::from_secs(180);

/// A controller that runs, whosever it is.
struct Opener<'a> {
    who: &'static str,
    url: String,
    log: PathBuf,
    bench: &'a Workbench<'a>,
}

#[test]
fn whatever_either_program_seals_either_controller_opens() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    install(&plane);
    upstream::install(&plane);
    let bench = Workbench::new(&plane, "matrix").unwrap();
    let mut table = String::new();

    // A key that upstream makes on an empty cluster, put away as its users back it up.
    let theirs = upstream::start(&bench, &[]);
    let made_by_upstream = Opener::upstream(&bench, &theirs).certificate("made-by-upstream", |_| true);
    drop(theirs);
    let backup = take_keys_away(&plane);

    plane.apply_text(&key_secret("v1-key", "rsa-2048.key", "rsa-2048.crt").to_string()).unwrap();
    // The keys of one size come after those of another, and each is newer than all before it.
    for (bits, [older, newest]) in make_keys(&bench) {
        plane.apply_text(&older.secret.to_string()).unwrap();
        plane.apply_text(&newest.secret.to_string()).unwrap();
        let is_newest = |pem: &str| pem.trim() == newest.pem.trim();

        let theirs = upstream::start(&bench, &[]);
        let opener = Opener::upstream(&bench, &theirs);
        opener.certificate("newest", is_newest);
        table += &opener.open_all(bits, [&newest.file, &older.file]);
        table += &opener.open_v1();
        if bits == 4096 {
            table += &opener.refuses_age();
        }
        drop(theirs);

        let (ours, opener) = start_sealer(&bench);
        opener.certificate("newest", is_newest);
        table += &opener.open_all(bits, [&newest.file, &older.file]);
        table += &opener.open_v1();
        if bits == 4096 {
            table += &opener.open_age();
            plane.apply_text(&backup).unwrap();
            table += &opener.open_one("made by upstream", &made_by_upstream);
        }
        drop(ours);
    }

    // And the other way: a key that the sealer made on an empty cluster, restored from its backup.
    take_keys_away(&plane);
    let (ours, opener) = start_sealer(&bench);
    let made_by_us = opener.certificate("made-by-sealward", |_| true);
    drop(ours);
    let backup = take_keys_away(&plane);
    plane.apply_text(&backup).unwrap();
    let theirs = upstream::start(&bench, &[]);
    table += &Opener::upstream(&bench, &theirs).open_one("made by sealward", &made_by_us);
    drop(theirs);

    println!("sealed by | opened by | key | which | scope | result\n{table}");
    let opened = table.lines().filter(|line| line.ends_with("| opened")).count();
    let expect =
        SIZES.len() * 2 * (SEALERS.len() * AGES.len() * SCOPES.len() + SCOPES.len()) + SCOPES.len() + 4;
    assert_eq!(opened, expect, "{table}");
}

fn start_sealer<'a>(bench: &'a Workbench<'a>) -> (Process, Opener<'a>) {
    let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
    let mut flags = flags("127.0.0.1", port, metrics, "2s").to_vec();
    // The keys are old on purpose: no newer one is to be made.
    flags.push("--key-renew-period=0".to_owned());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let process = bench.role("sealer", &flags).unwrap();
    let log = bench.folder.join("sealer.log");
    (process, Opener { who: "sealward", url: format!("http://127.0.0.1:{port}"), log, bench })
}

/// Deletes the RSA key Secrets; what `kubectl get` showed of them before.
fn take_keys_away(plane: &ControlPlane) -> String {
    let backup = plane.kubectl(&["get", "secrets", "-n", SYSTEM, "-l", KEY_LABEL, "-o", "json"]).unwrap();
    plane.kubectl(&["delete", "secrets", "-n", SYSTEM, "-l", KEY_LABEL]).unwrap();
    backup
}

/// A key Secret, and its certificate as a file.
struct Pair {
    secret: Value,
    pem: String,
    file: PathBuf,
}

/// An older and a newer pair of each size; every pair is newer than those before it.
fn make_keys(bench: &Workbench<'_>) -> Vec<(u32, [Pair; 2])> {
    let mut day = 0;
    let mut pair = |bits: u32, size, which: &str| {
        day += 1;
        let request = KeyRequest {
            size,
            common_name: String::new(),
            not_before: format!("2026-02-{day:02}T00:00:00Z").parse().unwrap(),
            lifetime: Duration::from_secs(3650 * 86_400),
        };
        let (key, certificate) = generate(&request).unwrap();
        let pem = certificate.to_pem();
        let name = format!("key-{bits}-{which}");
        let file = bench.folder.join(format!("{name}.crt"));
        fs::write(&file, &pem).unwrap();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": SYSTEM, "labels": {KEY_LABEL: "active"}},
            "stringData": {"tls.key": key.to_pkcs1_pem().unwrap().expose_secret(), "tls.crt": pem},
        });
        Pair { secret, pem, file }
    };
    SIZES
        .iter()
        .map(|&(bits, size)| (bits, [pair(bits, size, "older"), pair(bits, size, "newest")]))
        .collect()
}

impl<'a> Opener<'a> {
    fn upstream(bench: &'a Workbench<'a>, upstream: &upstream::Upstream) -> Self {
        let log = bench.folder.join("upstream.log");
        Self { who: "sealed-secrets", url: upstream.url.clone(), log, bench }
    }

    fn plane(&self) -> &'a ControlPlane {
        self.bench.plane
    }

    fn wait<T>(&self, what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
        wait_until(what, BOUND, || Ok(seen())).unwrap_or_else(|error| {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" TRACE ")).collect();
            panic!("{}: {error:#}\n{}", self.who, lines[lines.len().saturating_sub(30)..].join("\n"));
        })
    }

    /// The certificate that it serves, as a file, as soon as it is `expected`.
    fn certificate(&self, name: &str, expected: impl Fn(&str) -> bool) -> PathBuf {
        let url = format!("{}/v1/cert.pem", self.url);
        let pem = self.wait(&format!("it serves the certificate {name}"), || {
            self.bench.fetch(&url).ok().filter(|pem| expected(pem))
        });
        let file = self.bench.folder.join(format!("{name}.crt"));
        fs::write(&file, pem).unwrap();
        file
    }

    /// Every scope, sealer and age of key of one size.
    fn open_all(&self, bits: u32, certificates: [&Path; 2]) -> String {
        let namespace = self.plane().namespace("matrix").unwrap();
        let mut cells = Vec::new();
        for sealer in SEALERS {
            for (which, certificate) in AGES.iter().zip(certificates) {
                for scope in SCOPES {
                    let name = format!("{sealer}-{which}-{scope}");
                    let sealed = sealed_by(sealer, &namespace, &name, scope, certificate, self.bench);
                    cells.push((
                        format!("{sealer} | {} | RSA {bits} | {which} | {scope}", self.who),
                        name,
                        sealed,
                    ));
                }
            }
        }
        self.open(&namespace, cells)
    }

    /// What was sealed for one certificate, by both programs.
    fn open_one(&self, which: &str, certificate: &Path) -> String {
        let namespace = self.plane().namespace("matrix").unwrap();
        let cell = |sealer: &str| {
            let sealed = sealed_by(sealer, &namespace, sealer, "strict", certificate, self.bench);
            (format!("{sealer} | {} | RSA 4096 | {which} | strict", self.who), sealer.to_owned(), sealed)
        };
        self.open(&namespace, SEALERS.map(cell).into())
    }

    /// What upstream's code sealed in the format before 0.7, for a key that is not the newest.
    fn open_v1(&self) -> String {
        let mut lines = String::new();
        for scope in SCOPES {
            let file = format!("testdata/sealing/objects/v1-{scope}.json");
            let text = fs::read_to_string(repository_root().unwrap().join(file)).unwrap();
            let mut object: Value = serde_json::from_str(&text).unwrap();
            // Bound to shop/database, or to shop; each opener looks at an object of its own.
            let namespace =
                if scope == "cluster-wide" { self.plane().namespace("v1").unwrap() } else { "shop".into() };
            let name =
                if scope == "strict" { "database".to_owned() } else { format!("{scope}-{}", self.who) };
            self.plane()
                .apply_text(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"))
                .unwrap();
            object["metadata"]["namespace"] = json!(namespace);
            object["metadata"]["name"] = json!(name);
            object["spec"].as_object_mut().unwrap().remove("template");
            object["spec"]["encryptedData"] = json!({});
            self.forget(&namespace, &name);
            let cell = format!("upstream's V1 | {} | RSA 2048 | older | {scope}", self.who);
            self.plane().apply_text(&object.to_string()).unwrap();
            self.wait_values(&namespace, &[(&name, "correct horse battery staple")]);
            self.forget(&namespace, &name);
            lines += &format!("{cell} | opened\n");
        }
        lines
    }

    /// age values in every scope, which only the sealer opens.
    fn open_age(&self) -> String {
        let namespace = self.plane().namespace("matrix").unwrap();
        let recipients = self.bench.fetch(&format!("{}/v1/recipients", self.url)).unwrap();
        let recipient = recipients.lines().next().unwrap();
        let cell = |scope: &str| {
            let source = secret(&namespace, scope, &[("password", scope)]);
            let sealed = seal(&source, &["--recipient", recipient, "--scope", scope]);
            (format!("sealward | {} | age | current | {scope}", self.who), scope.to_owned(), sealed)
        };
        self.open(&namespace, SCOPES.map(cell).into())
    }

    /// The upstream controller says so when it meets an age value, and makes no Secret of it.
    fn refuses_age(&self) -> String {
        let namespace = self.plane().namespace("matrix").unwrap();
        let recipient = vector_recipient();
        let sealed = seal(&secret(&namespace, "age", &[("password", "x")]), &["--recipient", &recipient]);
        self.plane().apply_text(&sealed.to_string()).unwrap();
        self.wait("upstream marks an age value as failed", || {
            let object = self.get("sealedsecret", &namespace, "age")?;
            (object["status"]["conditions"][0]["status"] == "False").then_some(())
        });
        assert_eq!(self.get("secret", &namespace, "age"), None);
        self.forget(&namespace, "age");
        format!("sealward | {} | age | any | strict | refused\n", self.who)
    }

    /// Applies all, then waits until each Secret holds its own name and each SealedSecret says so.
    fn open(&self, namespace: &str, cells: Vec<(String, String, Value)>) -> String {
        let all: Vec<String> = cells.iter().map(|(.., sealed)| sealed.to_string()).collect();
        self.plane().apply_text(&all.join("\n---\n")).unwrap();
        let expect: Vec<(&str, &str)> =
            cells.iter().map(|(_, name, _)| (name.as_str(), name.as_str())).collect();
        self.wait_values(namespace, &expect);
        cells.into_iter().map(|(cell, ..)| format!("{cell} | opened\n")).collect()
    }

    /// Waits until each Secret has this password, and each SealedSecret is Synced.
    fn wait_values(&self, namespace: &str, expect: &[(&str, &str)]) {
        self.wait(&format!("Secrets in {namespace}: {expect:?}"), || {
            let args = ["get", "secrets,sealedsecrets", "-n", namespace, "-o", "json"];
            let list: Value = serde_json::from_str(&self.plane().kubectl(&args).unwrap()).unwrap();
            let find = |kind: &str, name: &str| {
                let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
                list["items"].as_array().unwrap().iter().find(is)
            };
            let opened = |(name, value): &(&str, &str)| {
                let password = STANDARD.encode(value);
                find("Secret", name).is_some_and(|secret| secret["data"]["password"] == password)
                    && find("SealedSecret", name)
                        .is_some_and(|object| object["status"]["conditions"][0]["status"] == "True")
            };
            expect.iter().all(opened).then_some(())
        });
    }

    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let args = ["get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found"];
        let text = self.plane().kubectl(&args).unwrap();
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    fn forget(&self, namespace: &str, name: &str) {
        for kind in ["sealedsecret", "secret"] {
            self.plane().kubectl(&["delete", kind, name, "-n", namespace, "--ignore-not-found"]).unwrap();
        }
    }
}

/// A Secret whose password is its name, sealed.
fn sealed_by(
    sealer: &str,
    namespace: &str,
    name: &str,
    scope: &str,
    certificate: &Path,
    bench: &Workbench<'_>,
) -> Value {
    let source = secret(namespace, name, &[("password", name)]);
    let certificate = certificate.display().to_string();
    if sealer == "sealward" {
        return seal(&source, &["--cert", &certificate, "--scope", scope]);
    }
    let mut command = Command::new(tools::path("kubeseal").unwrap());
    command.args(["--cert", &certificate, "--scope", scope]).current_dir(&bench.folder);
    command.env("KUBECONFIG", "/nonexistent").env("HOME", &bench.folder);
    let ran = Ran::of(&mut command, source.to_string().as_bytes()).unwrap();
    assert_eq!(ran.code, 0, "kubeseal: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn vector_recipient() -> String {
    let identity = vector_key("alice.txt");
    let line = identity.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}
