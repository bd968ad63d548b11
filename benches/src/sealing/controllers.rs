//! The two controllers, each as a process with the same account.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use sealward_acceptance::{free_port, wait_until};

use super::Programs;
use super::fleet::{ACCOUNT, Fleet, SYSTEM};
use crate::process::{Measured, timed};

/// Whose controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    Theirs,
}

impl Whose {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "sealwardd",
            Self::Theirs => "sealed-secrets",
        }
    }
}

/// A controller that runs.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) process: Measured,
    port: u16,
}

/// Lifts the limit on requests that the controller puts on itself.
pub(super) const NO_LIMIT: [&str; 2] = ["--kubeclient-qps=10000", "--kubeclient-burst=10000"];

impl Controller {
    /// Starts it on `fleet`, with `flags` besides what it needs to run here.
    pub(super) fn start(whose: Whose, programs: &Programs, fleet: &Fleet, flags: &[String]) -> Result<Self> {
        let (port, metrics) = (free_port()?, free_port()?);
        let log = fleet.plane.folder().join(format!("{}-{port}.log", whose.name()));
        let mut command = match whose {
            Whose::Ours => ours(programs, fleet)?,
            Whose::Theirs => theirs(programs, fleet)?,
        };
        command
            .arg(format!("--listen-addr=127.0.0.1:{port}"))
            .arg(format!("--listen-metrics-addr=127.0.0.1:{metrics}"))
            .args(flags);
        Ok(Self { process: Measured::start(command, &log)?, port })
    }

    /// Waits until it says that it is ready.
    pub(super) fn wait_ready(&self, limit: Duration) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        wait_until("the controller is ready", limit, || {
            Ok(timed(Command::new("curl").args(["-sf", "-m", "2", "-o", "/dev/null", &url])).ok())
        })
        .map(drop)
    }
}

fn ours(programs: &Programs, fleet: &Fleet) -> Result<Command> {
    let kubeconfig = fleet.plane.service_account_kubeconfig(SYSTEM, ACCOUNT)?;
    let mut command = Command::new(&programs.sealwardd);
    command.arg("sealer").arg(format!("--kubeconfig={}", kubeconfig.display()));
    command.arg(format!("--namespace={SYSTEM}")).env_remove("KUBECONFIG");
    Ok(command)
}

/// It takes its configuration from a Pod's folder alone, which a mount namespace of its own gives it.
fn theirs(programs: &Programs, fleet: &Fleet) -> Result<Command> {
    const ENTER: &str = "mkdir -p /var/run/secrets/kubernetes.io/serviceaccount && \
        mount --bind \"$0\" /var/run/secrets/kubernetes.io/serviceaccount && exec \"$@\"";
    let folder = fleet.plane.folder().join("serviceaccount");
    fs::create_dir_all(&folder)?;
    let token = fleet.plane.kubectl(&["create", "token", "-n", SYSTEM, ACCOUNT, "--duration=12h"])?;
    fs::write(folder.join("token"), token.trim())?;
    fs::write(folder.join("ca.crt"), fleet.plane.ca_pem())?;
    fs::write(folder.join("namespace"), SYSTEM)?;
    let url = fleet.plane.server_url().strip_prefix("https://").context("the URL is https")?;
    let (host, port) = url.rsplit_once(':').unwrap_or((url, "443"));
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation=private", "--", "sh", "-c", ENTER]).arg(&folder);
    command.arg(&programs.controller);
    command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port);
    Ok(command)
}
