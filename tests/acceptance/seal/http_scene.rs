//! A sealer whose HTTP API is asked by strangers: on a control plane of its own, behind the API server's
//! proxy too.

use std::io::Write;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;

use sealward_acceptance::{Workbench, free_port};
use sealward_controlplane::{ControlPlane, Options};
use serde_json::json;

use super::scene::{SYSTEM, Scene, flags, install};

/// The name and namespace under which kubeseal looks for a controller.
pub(super) const SERVICE: [&str; 2] = ["--controller-name=sealer", "--controller-namespace=sealward-system"];

/// The port with TLS.
static TLS_PORT: OnceLock<u16> = OnceLock::new();

/// Where the shared sealer serves with TLS.
pub(super) fn tls_url() -> String {
    format!("https://127.0.0.1:{}", TLS_PORT.get().unwrap())
}

/// The sealer that these tests share: 2048-bit keys, one request a second and two more at once, and its own
/// machine believed about who asks.
pub(super) fn http_scene() -> &'static Scene<'static> {
    static SHARED: OnceLock<Scene<'static>> = OnceLock::new();
    SHARED.get_or_init(|| {
        static PLANE: OnceLock<ControlPlane> = OnceLock::new();
        let plane = PLANE.get_or_init(|| ControlPlane::start(Options::default()).unwrap());
        install(plane);
        allow_token_reviews(plane);
        let (port, metrics) = (free_port().unwrap(), free_port().unwrap());
        let tls = TLS_PORT.get_or_init(|| free_port().unwrap());
        let bench = Workbench::new(plane, "http").unwrap();
        let log = bench.folder.join("sealer.log");
        let (started, wait) = mpsc::channel();
        thread::spawn(move || {
            let bench = Workbench::new(plane, "http").unwrap();
            let mut all = flags("0.0.0.0", port, metrics, "10m").to_vec();
            all.extend(["--key-size=2048", "--rate-limit=1"].map(str::to_owned));
            all.push("--allowed-scopes=*=strict+namespace-wide+cluster-wide,strict-only=strict".to_owned());
            all.push(format!("--trusted-proxies=127.0.0.0/8,{}", address()));
            all.extend(tls_flags(&bench, tls));
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let sealer = bench.role("sealer", &all);
            started.send(()).unwrap();
            let _sealer = sealer.unwrap();
            loop {
                thread::park();
            }
        });
        wait.recv().unwrap();
        let scene = Scene::of(bench, port, metrics, log);
        scene.wait_ready();
        expose(&scene, port);
        scene
    })
}

/// The right that the TLS port needs beyond what `deploy/sealer` gives.
fn allow_token_reviews(plane: &ControlPlane) {
    plane
        .apply_text(&format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: sealer-token-reviews}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator'}}\n\
             subjects: [{{kind: ServiceAccount, name: sealward-sealer, namespace: {SYSTEM}}}]\n"
        ))
        .unwrap();
}

/// A certificate in files, as a mounted Secret has them.
fn tls_flags(bench: &Workbench<'_>, port: &u16) -> [String; 4] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (bench.folder.join("tls.crt"), bench.folder.join("tls.key"));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    [
        format!("--listen-tls-addr=127.0.0.1:{port}"),
        format!("--tls-cert-file={}", chain.display()),
        format!("--tls-private-key-file={}", key.display()),
        "--tls-token-audience=sealward".to_owned(),
    ]
}

/// An address of this machine that a Pod may have: those of the loopback may not stand in Endpoints.
fn address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it only chooses the address that such a packet would have.
    socket.connect("192.0.2.1:9").expect("a network, even one without the Internet");
    socket.local_addr().unwrap().ip().to_string()
}

/// A Service in front of the sealer, its port without a name as in Bitnami's manifest, and a Pod with the
/// address of this machine: the API server's proxy goes only to addresses of Pods.
fn expose(scene: &Scene<'_>, port: u16) {
    let ip = address();
    // Pods need the account that the controller manager makes in each namespace.
    scene.wait("the default account is there", || scene.get("serviceaccount", SYSTEM, "default"));
    scene.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sealer", "namespace": SYSTEM},
            "spec": {"containers": [{
                "name": "sealer", "image": "example.com/sealer:1",
                "securityContext": {
                    "allowPrivilegeEscalation": false, "runAsNonRoot": true,
                    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
                },
            }]},
        },
        {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "sealer", "namespace": SYSTEM},
            "spec": {"ports": [{"port": 8080, "targetPort": port}]},
        },
        {
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "sealer", "namespace": SYSTEM},
            "subsets": [{
                "addresses": [{"ip": ip, "targetRef": {"kind": "Pod", "name": "sealer", "namespace": SYSTEM}}],
                "ports": [{"port": port}],
            }],
        },
    ]}));
    let status = json!({"status": {"podIP": ip, "podIPs": [{"ip": ip}]}}).to_string();
    let patch =
        ["patch", "pod", "sealer", "-n", SYSTEM, "--subresource=status", "--type=merge", "-p", &status];
    scene.plane().kubectl(&patch).unwrap();
    scene.wait("the Service is reached", || {
        let path = format!("/api/v1/namespaces/{SYSTEM}/services/http:sealer:/proxy/healthz");
        scene.plane().kubectl(&["get", "--raw", &path]).ok()
    });
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    headers: String,
    pub(super) body: String,
}

impl Answer {
    /// The value of a header, its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A client that nobody else is: requests are counted for the address that the trusted proxy names.
pub(super) fn stranger() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    format!("198.51.100.{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `curl args… url` with `body`.
pub(super) fn curl(args: &[&str], url: &str, body: &[u8]) -> Answer {
    let mut command = Command::new("curl");
    command.args(["-sS", "-m", "150", "-D", "/dev/stderr", "--data-binary", "@-", "-H", "Expect:"]);
    command.args(["-H", "Content-Type: application/json"]).args(args).arg(url);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(body));
        child.wait_with_output().unwrap()
    });
    let headers = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = headers.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        code: code.unwrap_or_else(|| panic!("{url}: {headers}")),
        body: String::from_utf8_lossy(&output.stdout).into_owned(),
        headers,
    }
}

/// A POST by somebody who has not asked before.
pub(super) fn post(scene: &Scene<'_>, path: &str, body: &[u8]) -> Answer {
    post_as(scene, &stranger(), path, body)
}

pub(super) fn post_as(scene: &Scene<'_>, client: &str, path: &str, body: &[u8]) -> Answer {
    let forwarded = format!("X-Forwarded-For: {client}");
    curl(&["-X", "POST", "-H", &forwarded], &format!("{}{path}", scene.url), body)
}

/// A file with `text`, for programs that want one.
pub(super) fn file(scene: &Scene<'_>, name: &str, text: &str) -> PathBuf {
    let path = scene.bench.folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
