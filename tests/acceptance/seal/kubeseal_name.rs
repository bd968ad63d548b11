//! `sealward` under the name of kubeseal and the real kubeseal, against the real controller and our sealer: through
//! the API server, all four pairs alike.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::{Ran, Workbench, binary, free_port, wait_until};
use sealward_controlplane::{ControlPlane, Options, tools};
use serde_json::{Value, json};

use super::scene::{SYSTEM, flags, install, secret};
use super::upstream;

const SERVICE: &str = "sealed-secrets-controller";
const BOUND: Duration = Duration::from_secs(90);

/// A cluster with a controller behind a Service, and one kubeseal.
struct Pair<'a> {
    bench: &'a Workbench<'a>,
    ours: bool,
}

impl Pair<'_> {
    fn run(&self, args: &[&str], input: &str) -> Ran {
        let mut command = if self.ours {
            let mut command = Command::new(binary("sealward").unwrap());
            command.arg0("kubeseal");
            command
        } else {
            Command::new(tools::path("kubeseal").unwrap())
        };
        command.env_clear().env("HOME", &self.bench.folder).current_dir(&self.bench.folder);
        command.env("KUBECONFIG", self.bench.plane.admin_kubeconfig());
        command.env("SEALED_SECRETS_CONTROLLER_NAMESPACE", SYSTEM).args(args);
        Ran::of(&mut command, input.as_bytes()).unwrap()
    }

    /// What it prints when all goes well, without a word on stderr.
    fn done(&self, args: &[&str], input: &str) -> String {
        let ran = self.run(args, input);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        ran.stdout
    }

    fn sealed(&self, args: &[&str], secret: &Value) -> Value {
        serde_json::from_str(&self.done(args, &secret.to_string())).unwrap()
    }

    fn refused(&self, args: &[&str], input: &str) -> String {
        let ran = self.run(args, input);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{args:?}: {}", ran.stderr);
        ran.stderr.trim_end().to_owned()
    }

    fn is_valid(&self, sealed: &Value) {
        assert_eq!(self.done(&["--validate"], &sealed.to_string()), "");
    }

    /// kubeseal's own integration tests.
    fn all(&self, certificate: &str) {
        let bare = secret("", "login", &[("password", "hunter2")]);
        let mut bare = bare;
        bare["metadata"].as_object_mut().unwrap().remove("namespace");
        let mut full = secret("shop", "login", &[("password", "hunter2")]);
        full["metadata"]["labels"] = json!({"app": "shop"});
        full["type"] = json!("example.com/login");

        // No arguments: what stands around the values is kept, and the value opens.
        let sealed = self.sealed(&[], &full);
        assert_eq!(sealed["metadata"], json!({"name": "login", "namespace": "shop"}));
        assert_eq!(sealed["spec"]["template"]["metadata"]["labels"], json!({"app": "shop"}));
        assert_eq!(sealed["spec"]["template"]["type"], "example.com/login");
        self.is_valid(&sealed);
        // No namespace in the input: the kubeconfig's. A namespace by flag.
        assert_eq!(self.sealed(&[], &bare)["metadata"]["namespace"], "default");
        assert_eq!(self.sealed(&["--namespace", "other"], &bare)["metadata"]["namespace"], "other");
        let said = self.refused(&["--namespace", "other"], &full.to_string());
        assert!(said.starts_with("error: namespace mismatch: "), "{said}");
        // A certificate that was fetched serves offline.
        assert_eq!(self.done(&["--fetch-cert"], ""), certificate);
        let file = self.bench.folder.join("fetched.pem").display().to_string();
        self.done(&["--fetch-cert", "-w", &file], "");
        self.is_valid(&self.sealed(&["--cert", &file, "--server", "https://127.0.0.1:1"], &full));
        assert!(self.refused(&[], "junk").starts_with("error: no secrets found. "));
        assert!(self.refused(&["--cert", "missing"], "").starts_with("error: open missing: "));
        self.renamed(&sealed);
        self.sealed_anew(&sealed);
        self.wrong_service(&sealed);
    }

    fn renamed(&self, sealed: &Value) {
        let mut renamed = sealed.clone();
        renamed["metadata"]["name"] = json!("renamed");
        let said = self.refused(&["--validate"], &renamed.to_string());
        assert_eq!(said, "error: unable to decrypt sealed secret: renamed");
        // The second of two is looked at too.
        let both = format!("{sealed}\n{renamed}\n");
        assert_eq!(self.refused(&["--validate"], &both), "error: unable to decrypt sealed secret: renamed");
    }

    fn sealed_anew(&self, sealed: &Value) {
        let file = self.bench.folder.join("anew.json");
        fs::write(&file, sealed.to_string()).unwrap();
        self.done(&["--re-encrypt", "-f", &file.display().to_string()], "");
        let anew: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_ne!(anew["spec"]["encryptedData"], sealed["spec"]["encryptedData"]);
        assert_eq!(anew["metadata"], sealed["metadata"]);
        self.is_valid(&anew);
        let yaml = self.done(&["--re-encrypt", "-o", "yaml"], &format!("{sealed}\n{sealed}\n"));
        assert_eq!(yaml.matches("---\n").count(), 2, "{yaml}");
    }

    fn wrong_service(&self, sealed: &Value) {
        for args in [&["--fetch-cert"][..], &["--validate"], &["--re-encrypt"]] {
            let args = [args, &["--controller-name", "missing"]].concat();
            assert_eq!(
                self.refused(&args, &sealed.to_string()),
                "error: cannot get sealed secret service: services \"missing\" not found.\nPlease, use the flag \
                 --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets \
                 controller"
            );
        }
        let nobody = ["--fetch-cert", "--as", "nobody", "--as-group", "system:authenticated"];
        let said = self.refused(&nobody, "");
        let start = "error: cannot get sealed secret service: services \"sealed-secrets-controller\" is forbidden: User \
                     \"nobody\" cannot get resource";
        assert!(said.starts_with(start), "{said}");
        let start = Instant::now();
        let said = self.refused(&["--fetch-cert", "--controller-name", "empty"], "");
        assert!(said.starts_with("error: cannot fetch certificate: "), "{said}");
        if self.ours {
            let service = format!("the Service {SYSTEM}/empty has no endpoints: no Pod behind it is ready");
            assert!(said.contains(&service) && start.elapsed() < Duration::from_secs(15), "{said}");
        }
    }
}

/// Services in front of `port` of this machine and of nothing. The API server's proxy goes only to addresses of Pods,
/// so there is a Pod with the address of this machine.
fn expose(plane: &ControlPlane, port: u16) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it only chooses the address that such a packet would have.
    socket.connect("192.0.2.1:9").expect("a network, even one without the Internet");
    let ip = socket.local_addr().unwrap().ip().to_string();
    let service = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": SYSTEM},
            "spec": {"ports": [{"name": "http", "port": 8080, "targetPort": port}]},
        })
    };
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sealer", "namespace": SYSTEM},
            "spec": {"serviceAccountName": "upstream", "containers": [{
                "name": "sealer", "image": "example.com/sealer:1",
                "securityContext": {
                    "allowPrivilegeEscalation": false, "runAsNonRoot": true,
                    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
                },
            }]},
        },
        service(SERVICE),
        service("empty"),
        {
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": SERVICE, "namespace": SYSTEM},
            "subsets": [{
                "addresses": [{"ip": ip, "targetRef": {"kind": "Pod", "name": "sealer", "namespace": SYSTEM}}],
                "ports": [{"name": "http", "port": port}],
            }],
        },
    ]});
    plane.apply_text(&objects.to_string()).unwrap();
    let status = json!({"status": {"podIP": ip, "podIPs": [{"ip": ip}]}}).to_string();
    let patch =
        ["patch", "pod", "sealer", "-n", SYSTEM, "--subresource=status", "--type=merge", "-p", &status];
    plane.kubectl(&patch).unwrap();
}

/// The certificate that the controller behind the Service hands out, as soon as it does.
fn certificate(plane: &ControlPlane) -> String {
    let path = format!("/api/v1/namespaces/{SYSTEM}/services/http:{SERVICE}:http/proxy/v1/cert.pem");
    let served =
        || Ok(plane.kubectl(&["get", "--raw", &path]).ok().filter(|pem| pem.contains("CERTIFICATE")));
    wait_until("a certificate behind the Service", BOUND, served).unwrap()
}

#[test]
fn kubeseal_under_either_implementation_works_with_either_controller() {
    let plane = ControlPlane::start(Options::default()).unwrap();
    install(&plane);
    upstream::install(&plane);
    let bench = Workbench::new(&plane, "kubeseal-name").unwrap();
    let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
    expose(&plane, port);
    let pairs = [false, true].map(|ours| Pair { bench: &bench, ours });

    let listen = format!("--listen-addr=0.0.0.0:{port}");
    let theirs = upstream::start(&bench, &[&listen, "--rate-limit=1000", "--rate-limit-burst=1000"]);
    let pem = certificate(&plane);
    pairs.iter().for_each(|pair| pair.all(&pem));
    drop(theirs);

    let mut all = flags("0.0.0.0", port, metrics, "10m").to_vec();
    all.extend(["--rate-limit=1000", "--rate-limit-burst=1000"].map(str::to_owned));
    let _ours = bench.role("sealer", &all.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let pem = certificate(&plane);
    pairs.iter().for_each(|pair| pair.all(&pem));
    native(&bench);
}

/// The native verbs on the same cluster: their texts say more, and what they write keeps its form.
fn native(bench: &Workbench<'_>) {
    let service = format!("--controller-name={SERVICE}");
    let run = |args: &[&str], input: &str| {
        let mut command = Command::new(binary("sealward").unwrap());
        command.arg("seal").arg(&service).args(args).env("KUBECONFIG", bench.plane.admin_kubeconfig());
        Ran::of(command.current_dir(&bench.folder), input.as_bytes()).unwrap()
    };
    let sealed = run(&["-w", "kept.yaml"], &secret("shop", "login", &[("password", "hunter2")]).to_string());
    assert_eq!((sealed.code, sealed.stderr.as_str()), (0, ""));
    let file = bench.folder.join("kept.yaml");
    let commented = format!("# Ours.\n{}", fs::read_to_string(&file).unwrap());
    fs::write(&file, &commented).unwrap();
    let anew = run(&["--re-encrypt", "-f", "kept.yaml"], "");
    assert_eq!((anew.code, anew.stdout.as_str(), anew.stderr.as_str()), (0, "", ""));
    let after = fs::read_to_string(&file).unwrap();
    assert!(
        after.starts_with("# Ours.\napiVersion: bitnami.com/v1alpha1\n") && after != commented,
        "{after}"
    );

    let renamed = after.replace("name: login", "name: renamed");
    let all =
        run(&["--validate"], &format!("{renamed}---\n{after}---\n{}", renamed.replace("renamed", "third")));
    assert_eq!((all.code, all.stdout.as_str()), (1, ""));
    for name in ["renamed", "third"] {
        assert!(
            all.stderr.contains(&format!("error: unable to decrypt sealed secret: {name}\n")),
            "{}",
            all.stderr
        );
    }
    assert!(!all.stderr.contains("secret: login"), "{}", all.stderr);

    let raw = run(&["--raw", "-n", "shop", "--name", "login"], "by itself");
    assert!(raw.code == 0 && STANDARD.decode(&raw.stdout).is_ok(), "{}", raw.stderr);
}
