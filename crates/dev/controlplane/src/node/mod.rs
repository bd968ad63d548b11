//! A real node beside a control plane: Pods that run, with probes, logs, volumes and credentials.
//!
//! ```text
//! host ── sealward<n> 10.77.n.1 ══ node 10.77.n.2 ── bridge ── Pods 10.88.n.0/24
//!             │                     │ 10.96.0.1 (Service kubernetes)
//!   your process, Git servers,      │ etcd, kube-apiserver :443, managers    network namespace only
//!   browsers: reach Pods and        │ containerd, kubelet, containers        and own mounts, processes, cgroup
//!   API server, and are reached     │
//! ```
//! There is no kube-proxy and no DNS: Pods reach the API server at the first Service address, which the node
//! holds itself; the API server reaches webhooks at their endpoints; other Service addresses lead nowhere.

mod config;
mod namespaces;
mod requirements;

use crate::{
    ControlPlane, Options, StartError, User,
    control_plane::{Programs, server},
    flags::{Layout, Site},
    image::Image,
    kubeconfig,
    process::{Server, within},
    run_dir::RunDir,
    tools::{self, ToolError},
};
use config::{Network, PAUSE_IMAGE, SOCKET};
use namespaces::Namespaces;
use std::{ffi::OsString, io, net::Ipv4Addr, path::Path, process::Command, time::Duration};

pub use requirements::{InstallError, Missing, available, install, wanted};

/// The node's name in the cluster.
const NAME: &str = "node";

/// How long containerd may take until it listens, and the node until it is Ready.
const RUNTIME: Duration = Duration::from_secs(120);
const READY: Duration = Duration::from_secs(240);

/// Why a node did not start, or did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A node cannot run here.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The control plane did not start.
    #[error(transparent)]
    ControlPlane(#[from] StartError),
    /// A program could not be had.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A file could not be written, or a process not be started.
    #[error("the node could not be set up: {0}")]
    Files(#[source] io::Error),
    /// The namespaces could not be made.
    #[error("the node's namespaces could not be made:\n{log}")]
    Namespaces {
        /// What was said.
        log: String,
    },
    /// A command of the set-up failed.
    #[error("{line} failed: {reason}")]
    Command {
        /// The command line.
        line: String,
        /// What it wrote to stderr.
        reason: String,
    },
    /// containerd or the kubelet did not come up.
    #[error("{what} after {seconds} s; the end of the log:\n{log}")]
    NotReady {
        /// What is not so.
        what: &'static str,
        /// How long it was given.
        seconds: u64,
        /// The last lines of the log.
        log: String,
    },
}

/// A control plane with a scheduler and one node; dropping it ends all Pods and leaves nothing.
#[derive(Debug)]
pub struct Node {
    // Dropped in this order, after `drop`: the run's folder, which `plane` holds, goes last but one.
    kubelet: Server,
    containerd: Server,
    plane: ControlPlane,
    namespaces: Namespaces,
    network: Network,
}

impl Node {
    /// Starts everything and waits until the node is Ready.
    ///
    /// # Errors
    /// [`NodeError`], with what is missing here or the end of the log of what did not come up.
    pub fn start(options: Options) -> Result<Self, NodeError> {
        available()?;
        let programs = Programs::find(&options)?;
        let (kubelet, scheduler) = (tools::path("kubelet")?, tools::path("kube-scheduler")?);
        let pause = tools::path("pause")?;
        let run = RunDir::create().map_err(StartError::from)?;
        let network = Network(u8::try_from(run.number()).unwrap_or(u8::MAX));
        let namespaces = Namespaces::create(&run, network, &pause)?;
        let site =
            Site { enter: namespaces.network(), address: network.node(), port: 443, serves_pods: true };
        let containerd = start_containerd(&run, network, &namespaces)?;
        let plane = ControlPlane::start_at(with_kubelet(options), programs, run, &site)?;
        let scheduler_flags =
            Layout { run: &plane.run, site: &site, credentials: plane.credentials() }.scheduler();
        plane.add_manager(
            server("kube-scheduler", &scheduler, scheduler_flags, &site, &plane.run)
                .map_err(StartError::from)?,
        );
        wait_listening(&containerd, &namespaces)?;
        import_pause(&plane, &namespaces, &pause)?;
        let kubelet = start_kubelet(&plane, network, &namespaces, &kubelet)?;
        let node = Self { kubelet, containerd, plane, namespaces, network };
        node.wait_ready()?;
        Ok(node)
    }

    /// The control plane: kubeconfigs, kubectl, the audit log. Its URL can be reached from the host too.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// The node's name in the cluster.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The node's address.
    pub fn address(&self) -> Ipv4Addr {
        self.network.node()
    }

    /// The host's address as the node and its Pods see it: what listens there can be reached by Pods.
    pub fn host_address(&self) -> Ipv4Addr {
        self.network.host()
    }

    /// The host's interface to the node.
    pub fn interface(&self) -> String {
        self.network.interface()
    }

    /// Imports an archive of [`Image`] or of `docker save`, for Pods with `imagePullPolicy: Never` or
    /// `IfNotPresent`.
    ///
    /// # Errors
    /// [`NodeError::Command`], with what `ctr` said.
    pub fn import_image(&self, archive: &Path) -> Result<(), NodeError> {
        import(&self.namespaces, archive)
    }

    /// A command inside the node's network, whose loopback the servers listen on.
    pub fn command(&self, program: &Path) -> Command {
        let line = self.namespaces.network();
        let mut words = line.into_iter().chain([OsString::from(program)]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }

    fn wait_ready(&self) -> Result<(), NodeError> {
        let path = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
        let ready = within(READY, || {
            self.kubelet.ended().is_some()
                || self.plane.kubectl(&["get", "node", NAME, "-o", path]).is_ok_and(|status| status == "True")
        });
        if ready && self.kubelet.ended().is_none() {
            return Ok(());
        }
        let log = format!("{}\n{}", self.containerd.log_tail(), self.kubelet.log_tail());
        Err(NodeError::NotReady { what: "the node is not Ready", seconds: READY.as_secs(), log })
    }
}

impl Drop for Node {
    /// The kubelet first, then every Pod with containerd; the control plane and the folder follow.
    fn drop(&mut self) {
        self.kubelet.kill();
        self.containerd.kill();
        self.namespaces.kill();
    }
}

/// The kubelet's user: the Node authorizer knows it by name and group.
fn kubelet_user() -> String {
    format!("system:node:{NAME}")
}

fn with_kubelet(mut options: Options) -> Options {
    options.users.push(User::new(kubelet_user(), &["system:nodes"]));
    options
}

fn start_containerd(run: &RunDir, network: Network, namespaces: &Namespaces) -> Result<Server, NodeError> {
    let plugins = requirements::plugins().unwrap_or_default();
    let configuration = config::write_containerd(run.path(), network, &plugins).map_err(NodeError::Files)?;
    let mut line = namespaces.all_and_cgroup();
    line.extend(["containerd".into(), "--config".into(), configuration.into()]);
    Server::start("containerd", line, run).map_err(NodeError::Files)
}

fn wait_listening(containerd: &Server, namespaces: &Namespaces) -> Result<(), NodeError> {
    let mut line = namespaces.all();
    line.extend(["ctr", "--address", SOCKET, "version"].map(OsString::from));
    if within(RUNTIME, || containerd.ended().is_some() || namespaces::command(line.clone()).is_ok())
        && containerd.ended().is_none()
    {
        return Ok(());
    }
    let (seconds, log) = (RUNTIME.as_secs(), containerd.log_tail());
    Err(NodeError::NotReady { what: "containerd does not listen", seconds, log })
}

fn import_pause(plane: &ControlPlane, namespaces: &Namespaces, pause: &Path) -> Result<(), NodeError> {
    let archive = plane.folder().join("pause.tar");
    let image = Image::new(PAUSE_IMAGE).program("pause", pause).map_err(NodeError::Files)?;
    image.entrypoint(&["/pause"]).write(&archive).map_err(NodeError::Files)?;
    import(namespaces, &archive)
}

fn import(namespaces: &Namespaces, archive: &Path) -> Result<(), NodeError> {
    let mut line = namespaces.all();
    line.extend(
        ["ctr", "--address", SOCKET, "--namespace", "k8s.io", "images", "import"].map(OsString::from),
    );
    line.push(archive.into());
    namespaces::command(line)
}

fn start_kubelet(
    plane: &ControlPlane,
    network: Network,
    namespaces: &Namespaces,
    program: &Path,
) -> Result<Server, NodeError> {
    let folder = plane.folder();
    let configuration = config::write_kubelet(folder, plane.ca_file()).map_err(NodeError::Files)?;
    let user = kubeconfig::file(&plane.kubeconfigs(), &kubelet_user());
    let mut line = namespaces.all_and_cgroup();
    line.push(program.into());
    for (flag, value) in [
        ("config", configuration.as_path()),
        ("kubeconfig", &user),
        ("root-dir", &folder.join("kubelet")),
        ("cert-dir", &folder.join("kubelet-pki")),
        ("hostname-override", Path::new(NAME)),
        ("node-ip", Path::new(&network.node().to_string())),
    ] {
        line.push(format!("--{flag}={}", value.display()).into());
    }
    Server::start("kubelet", line, &plane.run).map_err(NodeError::Files)
}
