//! A Git server, a repository and a reconciler with the rights that `deploy/` gives it, in one world
//! for each test.

use std::path::{Path, PathBuf};
use std::time::Instant;

use sealward_controlplane::{AuditEvent, ControlPlane};
use sealward_testkit::{GitRepo, GitServer};
use serde_json::Value;

use crate::role::{Role, eventually_ok, free_port, root};

/// The account as which the tests' Kustomizations are applied.
pub(crate) const APPLIER: &str = "applier";

fn start(plane: &ControlPlane, cache: &Path, flags: &[String]) -> Role {
    let port = free_port();
    let mut all = vec![format!("--listen-addr=127.0.0.1:{port}"), format!("--cache-dir={}", cache.display())];
    all.extend_from_slice(flags);
    Role::start(plane, "reconciler", port, &all, sealward_reconciler::run_until)
}

/// One test's own repository, namespace and reconciler on a control plane.
pub(crate) struct World<'p> {
    pub(crate) plane: &'p ControlPlane,
    pub(crate) namespace: String,
    pub(crate) repo: GitRepo,
    pub(crate) url: String,
    pub(crate) server: GitServer,
    pub(crate) reconciler: Role,
    folder: tempfile::TempDir,
    served: PathBuf,
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
            .kubectl(&["wait", "--for=condition=Established", &format!("crd/{kind}"), "--timeout=180s"])
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
        let reconciler = start(plane, &folder.path().join("cache"), &all);
        let served = folder.path().join("server/app.git");
        Self { plane, namespace, repo, url, server, reconciler, folder, served, flags: all }
    }

    /// Stops the reconciler and starts a new one, that knows nothing.
    pub(crate) fn restart(&mut self) {
        self.reconciler.stop();
        self.start();
    }

    /// Starts a reconciler that knows nothing, where the one before was stopped.
    pub(crate) fn start(&mut self) {
        self.reconciler = start(self.plane, &self.cache(), &self.flags);
    }

    /// Where the reconciler keeps its mirrors.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
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
        self.repo.push(self.served.to_str().unwrap());
        commit
    }

    /// The repository as a path of this machine.
    pub(crate) fn local_url(&self) -> String {
        format!("file://{}", self.served.display())
    }

    /// Moves the repository away from the server to another place of this machine.
    pub(crate) fn move_served(&mut self, to: &Path) {
        let moved = std::process::Command::new("mv").arg(&self.served).arg(to).status().unwrap();
        assert!(moved.success());
        to.clone_into(&mut self.served);
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
        eventually_ok(&format!("{kind} {name} says {text:?}"), || {
            let found = self.ready(kind, name);
            if found.contains(text) { Ok(found) } else { Err(found) }
        })
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

/// A ConfigMap manifest.
pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: {value}\n")
}

/// A kustomization of `resources` in `namespace`.
pub(crate) fn kustomization_yaml(namespace: &str, resources: &[&str]) -> String {
    let list: String = resources.iter().map(|name| format!("  - {name}\n")).collect();
    format!("namespace: {namespace}\nresources:\n{list}")
}
