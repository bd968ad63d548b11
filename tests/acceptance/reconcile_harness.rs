//! A Git server, a repository and a reconciler with the rights that `deploy/` gives it, in one world
//! for each test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;
use sealward_controlplane::{AuditEvent, ControlPlane};
use sealward_testkit::{GitRepo, GitServer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// The account as which the tests' Kustomizations are applied.
pub(crate) const APPLIER: &str = "applier";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: sealward_reconciler::Args,
}

/// A reconciler in this process.
pub(crate) struct Reconciler {
    port: u16,
    stopping: CancellationToken,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Reconciler {
    pub(crate) fn start(plane: &ControlPlane, cache: &Path, flags: &[&str]) -> Self {
        let kubeconfig = plane.service_account_kubeconfig("sealward-system", "sealward-reconciler").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut arguments = vec![
            "reconciler".to_owned(),
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--listen-addr=127.0.0.1:{port}"),
            format!("--cache-dir={}", cache.display()),
        ];
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let args = Command::try_parse_from(arguments).unwrap().args;
        let stopping = CancellationToken::new();
        let token = stopping.clone();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(sealward_reconciler::run_until(args, token))
        });
        Self { port, stopping, thread: Some(thread) }
    }

    /// What it serves at `path`.
    pub(crate) fn probe(&self, path: &str) -> String {
        use std::io::{Read, Write};
        let mut text = String::new();
        if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.port)) {
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            stream.read_to_string(&mut text).unwrap();
        }
        text
    }

    /// Stops it and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        self.stopping.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Reconciler {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// One test's own repository, namespace and reconciler on a control plane.
pub(crate) struct World<'p> {
    pub(crate) plane: &'p ControlPlane,
    pub(crate) namespace: String,
    pub(crate) repo: GitRepo,
    pub(crate) url: String,
    pub(crate) server: GitServer,
    pub(crate) reconciler: Reconciler,
    folder: tempfile::TempDir,
    flags: Vec<String>,
}

/// Puts the reconciler's kinds and rights into `plane`.
pub(crate) fn install(plane: &ControlPlane) {
    let deploy = root().join("deploy");
    for part in
        ["crds/flux", "crds/renderings.yaml", "crds/rulesets.yaml", "namespace", "reconciler/rbac.yaml"]
    {
        plane.apply(&deploy.join(part)).unwrap();
    }
    for kind in [
        "gitrepositories.source.toolkit.fluxcd.io",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        "renderings.sealward.dev",
        "rulesets.sealward.dev",
    ] {
        plane
            .kubectl(&["wait", "--for=condition=Established", &format!("crd/{kind}"), "--timeout=30s"])
            .unwrap();
    }
}

fn shared() -> &'static ControlPlane {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    let plane = ControlPlane::shared().unwrap();
    INSTALLED.call_once(|| install(plane));
    plane
}

impl World<'static> {
    /// A world on the shared control plane.
    pub(crate) fn new(name: &str) -> Self {
        Self::on(shared(), name, &[])
    }

    /// A world on the shared control plane with further flags.
    pub(crate) fn with_flags(name: &str, flags: &[&str]) -> Self {
        Self::on(shared(), name, flags)
    }

    /// A world whose Git server is made by `start` from its folder.
    pub(crate) fn serving(name: &str, start: impl FnOnce(&Path) -> GitServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = start(&folder.path().join("server"));
        Self::with_server(shared(), name, &[], folder, server)
    }
}

impl<'p> World<'p> {
    /// A world on `plane` with further flags.
    pub(crate) fn on(plane: &'p ControlPlane, name: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = GitServer::start(&folder.path().join("server"));
        Self::with_server(plane, name, flags, folder, server)
    }

    fn with_server(
        plane: &'p ControlPlane,
        name: &str,
        flags: &[&str],
        folder: tempfile::TempDir,
        server: GitServer,
    ) -> Self {
        let namespace = plane.namespace(name).unwrap();
        plane.kubectl(&["create", "serviceaccount", APPLIER, "-n", &namespace]).unwrap();
        let binding = format!("{namespace}-applier");
        let account = format!("--serviceaccount={namespace}:{APPLIER}");
        plane
            .kubectl(&["create", "clusterrolebinding", &binding, "--clusterrole=cluster-admin", &account])
            .unwrap();
        let url = server.create("app");
        let repo = GitRepo::init(folder.path().join("work"));
        // Worlds share a control plane: each reconciler has its own objects.
        let mut all = vec![format!("--default-service-account={APPLIER}")];
        if !flags.iter().any(|flag| flag.starts_with("--label-selector")) {
            all.push(format!("--label-selector=world={namespace}"));
        }
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let texts: Vec<&str> = all.iter().map(String::as_str).collect();
        let reconciler = Reconciler::start(plane, &folder.path().join("cache"), &texts);
        Self { plane, namespace, repo, url, server, reconciler, folder, flags: all }
    }

    /// Stops the reconciler and starts a new one, that knows nothing.
    pub(crate) fn restart(&mut self) {
        self.reconciler.stop();
        let texts: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        self.reconciler = Reconciler::start(self.plane, &self.folder.path().join("cache"), &texts);
    }

    /// Commits and pushes; the id of the commit.
    pub(crate) fn push(&self, message: &str) -> String {
        let commit = self.repo.commit(message);
        self.repo.push(&self.url);
        commit
    }

    /// Commits and pushes past the server, which may want credentials; the id of the commit.
    pub(crate) fn push_beside(&self, message: &str) -> String {
        let commit = self.repo.commit(message);
        self.repo.push(self.served().to_str().unwrap());
        commit
    }

    /// The repository as a path of this machine.
    pub(crate) fn local_url(&self) -> String {
        format!("file://{}", self.served().display())
    }

    fn served(&self) -> PathBuf {
        self.folder.path().join("server/app.git")
    }

    /// Pushes what is committed; the id of the last commit.
    pub(crate) fn push_head(&self) -> String {
        self.repo.push(&self.url);
        self.repo.head()
    }

    /// The GitRepository of a course, with further lines of its spec.
    pub(crate) fn source(&self, name: &str, extra: &str) {
        self.apply(&format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: {name}\n  \
             namespace: {ns}\n  labels: {{world: {ns}}}\nspec:\n  interval: 1m\n  url: {url}\n  ref:\n    branch: main\n{extra}",
            ns = self.namespace, url = self.url,
        ));
    }

    /// The Kustomization of a course, with further lines of its spec.
    pub(crate) fn kustomization(&self, name: &str, path: &str, extra: &str) {
        self.apply(&format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  \
             namespace: {ns}\n  labels: {{world: {ns}}}\nspec:\n  interval: 10m\n  retryInterval: 2s\n  sourceRef:\n    \
             kind: GitRepository\n    name: app\n  path: {path}\n  prune: true\n{extra}",
            ns = self.namespace,
        ));
    }

    /// Has the source fetched now.
    pub(crate) fn fetch(&self, name: &str) {
        let stamp = format!("reconcile.fluxcd.io/requestedAt={:?}", Instant::now());
        self.kubectl(&["annotate", "--overwrite", "gitrepository", name, &stamp]);
    }

    pub(crate) fn apply(&self, yaml: &str) {
        self.plane.apply_text(yaml).unwrap();
    }

    /// kubectl in the world's namespace.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let mut all = vec!["-n", self.namespace.as_str()];
        all.extend(args);
        self.plane.kubectl(&all).unwrap()
    }

    /// An object as JSON, null when there is none.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Value {
        let args = [
            "-n",
            &self.namespace,
            "get",
            kind,
            name,
            "-o",
            "json",
            "--show-managed-fields",
            "--ignore-not-found",
        ];
        let text = self.plane.kubectl(&args).unwrap();
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    pub(crate) fn exists(&self, kind: &str, name: &str) -> bool {
        !self.get(kind, name).is_null()
    }

    /// The condition `Ready` of an object as `status reason: message`.
    pub(crate) fn ready(&self, kind: &str, name: &str) -> String {
        condition(&self.get(kind, name), "Ready")
    }

    /// Waits until the Ready condition of the Kustomization holds `text`.
    pub(crate) fn wait_for(&self, name: &str, text: &str) -> String {
        self.wait_for_ready("kustomization", name, text)
    }

    pub(crate) fn wait_for_ready(&self, kind: &str, name: &str, text: &str) -> String {
        let start = Instant::now();
        loop {
            let found = self.ready(kind, name);
            if found.contains(text) {
                return found;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{kind} {name}: waited for {text:?}, have {found:?}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the Kustomization's account and the reconciler's own account asked of the server.
    pub(crate) fn requests(&self) -> Vec<AuditEvent> {
        let user = format!("system:serviceaccount:{}:{APPLIER}", self.namespace);
        let events = self.plane.audit_events().unwrap();
        events.into_iter().filter(|event| event.impersonated_user.as_deref() == Some(user.as_str())).collect()
    }

    /// The notes of the events about an object.
    pub(crate) fn notes(&self, name: &str) -> Vec<String> {
        let text = self.kubectl(&["get", "events.events.k8s.io", "-o", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let about = |event: &&Value| event["regarding"]["name"] == name;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(about)
            .map(|event| event["note"].to_string())
            .collect()
    }
}

/// A condition as `status reason: message`.
pub(crate) fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found.map_or(String::new(), |condition| {
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("status"), text("reason"), text("message"))
    })
}

/// Waits until `holds`; how long it took.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

/// A ConfigMap manifest.
pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: {value}\n")
}

/// A kustomization of `resources` in `namespace`.
pub(crate) fn kustomization_yaml(namespace: &str, resources: &[&str]) -> String {
    let list: String = resources.iter().map(|name| format!("  - {name}\n")).collect();
    format!("namespace: {namespace}\nresources:\n{list}")
}
