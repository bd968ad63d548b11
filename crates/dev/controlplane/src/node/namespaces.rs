//! The node's own network, mounts and process numbers, and the cable to the host.
//!
//! Everything of the node runs in one PID namespace: when its first process dies, the kernel kills the rest
//! (containerd's shims and every container too, which are nobody's children), and with the last process go
//! the mounts, the interfaces and the cable. Only the cgroups and the run's folder remain to be removed.

use super::{NodeError, config::Network};
use crate::{
    flags::FIRST_SERVICE_ADDRESS,
    process::{Server, within},
    run_dir::{self, RunDir},
};
use std::{
    ffi::OsString,
    fs, io,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const INIT: &str = include_str!("init.sh");
const ENTER: &str = include_str!("enter.sh");

/// How long the namespaces may take to be prepared.
const READY: Duration = Duration::from_secs(10);

/// How long what runs inside may take to die once it is killed.
const GONE: Duration = Duration::from_secs(10);

/// The namespaces, held by their first process; dropping it ends everything inside.
#[derive(Debug)]
pub(super) struct Namespaces {
    holder: Server,
    first: u32,
}

impl Namespaces {
    /// Makes them and connects them to the host.
    pub(super) fn create(run: &RunDir, network: Network, pause: &Path) -> Result<Self, NodeError> {
        let cgroup = format!("sealward-{}-{}", std::process::id(), run.number());
        run.record_cgroup(&cgroup).map_err(NodeError::Files)?;
        run.record_interface(&network.interface()).map_err(NodeError::Files)?;
        let ready = run.path().join("namespaces-ready");
        let mut line = words(&["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL"]);
        line.extend(words(&["--mount-proc", "--propagation=private", "--", "sh", "-c", INIT]));
        line.extend(words(&["sealward-node", &cgroup]));
        line.extend([ready.clone().into(), pause.into()]);
        let holder = Server::start("namespaces", line, run).map_err(NodeError::Files)?;
        within(READY, || ready.exists() || holder.ended().is_some());
        let first = holder.pid().filter(|_| ready.exists()).and_then(only_child);
        let Some(first) = first else {
            return Err(NodeError::Namespaces { log: holder.log_tail() });
        };
        let namespaces = Self { holder, first };
        namespaces.connect(network)?;
        Ok(namespaces)
    }

    /// Ends everything inside, and waits until it is gone.
    ///
    /// The first process is a child of the holder, not ours to wait for: it ends a moment after its parent, once
    /// the kernel has killed and reaped what was left inside.
    pub(super) fn kill(&self) {
        self.holder.kill();
        within(GONE, || run_dir::started(self.first).is_none());
    }

    /// What enters the network only: for the servers of the control plane, and for tests.
    pub(super) fn network(&self) -> Vec<OsString> {
        words(&["nsenter", &format!("--target={}", self.first), "--net", "--"])
    }

    /// What enters all of them: for programs of the node.
    pub(super) fn all(&self) -> Vec<OsString> {
        words(&[
            "nsenter",
            &format!("--target={}", self.first),
            "--net",
            "--mount",
            "--pid",
            "--cgroup",
            "--",
        ])
    }

    /// What enters all of them and the node's cgroup: for containerd and the kubelet.
    pub(super) fn all_and_cgroup(&self) -> Vec<OsString> {
        let mut line = self.all();
        line.extend(words(&["sh", "-c", ENTER, "sealward-enter"]));
        line
    }

    /// A pair of interfaces; the host routes the Pods' addresses to the node, which routes the rest to the host.
    fn connect(&self, network: Network) -> Result<(), NodeError> {
        let (outside, first) = (network.interface(), self.first.to_string());
        let (host, node) = (network.host().to_string(), network.node().to_string());
        let ip = |args: &str| command(words(&[&["ip"], &split(args)[..]].concat()));
        let inside = |args: &str| {
            let mut line = self.network();
            line.extend(words(&[&["ip"], &split(args)[..]].concat()));
            command(line)
        };
        ip(&format!("link add {outside} type veth peer name node netns {first}"))?;
        ip(&format!("address add {host}/30 dev {outside}"))?;
        ip(&format!("link set {outside} up"))?;
        inside(&format!("address add {FIRST_SERVICE_ADDRESS}/32 dev lo"))?;
        inside(&format!("address add {node}/30 dev node"))?;
        inside("link set node up")?;
        inside(&format!("route add default via {host}"))?;
        ip(&format!("route add {} via {node}", network.pods()))
    }
}

/// Runs a command line to its end.
pub(super) fn command(line: Vec<OsString>) -> Result<(), NodeError> {
    let text = || line.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let failed = |reason: String| NodeError::Command { line: text(), reason };
    let [program, args @ ..] = line.as_slice() else { return Err(failed("it is empty".to_owned())) };
    match Command::new(program).args(args).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Err(error) => Err(failed(io::Error::to_string(&error))),
    }
}

/// The child of `unshare --fork`, which is the first process of the new namespaces.
fn only_child(pid: u32) -> Option<u32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn split(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}
