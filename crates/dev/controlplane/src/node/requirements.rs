//! Whether a node can run here, and how to get what it lacks.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Debian's packages with the programs below.
const PACKAGES: &[&str] = &["containerd", "runc", "containernetworking-plugins", "iproute2", "util-linux"];

const PROGRAMS: &[&str] =
    &["containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip", "nsenter", "unshare", "mount"];

/// Debian's folder, then the one of the upstream archives.
const CNI_FOLDERS: &[&str] = &["/usr/lib/cni", "/opt/cni/bin"];
const CNI_PLUGINS: &[&str] = &["bridge", "host-local", "loopback"];

/// Says `required` where a run without the node is a failure.
const SWITCH: &str = "SEALWARD_NODE";

/// Why a node cannot run here.
#[derive(Debug, thiserror::Error)]
#[error("no node can run here: {what}; {remedy}")]
pub struct Missing {
    /// What is not there.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Why the packages could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// apt-get could not be run.
    #[error("apt-get could not be run: {0}")]
    Run(#[from] io::Error),
    /// It failed, twice.
    #[error("apt-get install failed twice: {stderr}")]
    Failed {
        /// What it wrote to stderr.
        stderr: String,
    },
}

/// Whether a node can run here: root, the programs, the CNI plugins, and namespaces that may be made.
///
/// # Errors
/// [`Missing`], with what to do.
pub fn available() -> Result<(), Missing> {
    if !rustix::process::geteuid().is_root() {
        return Err(missing("this is not root".to_owned(), "run it as root"));
    }
    let absent: Vec<&str> = PROGRAMS.iter().copied().filter(|program| !on_path(program)).collect();
    if !absent.is_empty() || plugins().is_none() {
        let mut what = absent.join(", ");
        if plugins().is_none() {
            what.push_str(if absent.is_empty() { "CNI plugins" } else { ", CNI plugins" });
        }
        return Err(missing(format!("no {what}"), &format!("apt-get install {}", PACKAGES.join(" "))));
    }
    let probe = Command::new("unshare").args(["--net", "--mount", "--pid", "--fork", "true"]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err(missing(
        "namespaces may not be made".to_owned(),
        "give the container or machine the capability CAP_SYS_ADMIN",
    ))
}

/// Whether tests of the node run: `false`, with one line on stderr that says what is left out, where a node
/// cannot run.
///
/// # Errors
/// [`Missing`], if a node cannot run although `SEALWARD_NODE=required` says that it must.
pub fn wanted() -> Result<bool, Missing> {
    let Err(missing) = available() else { return Ok(true) };
    if std::env::var_os(SWITCH).is_some_and(|value| value == "required") {
        return Err(missing);
    }
    drop(writeln!(io::stderr(), "left out: everything that needs a real node ({missing})"));
    Ok(false)
}

/// Installs what the node needs from Debian's archive; tries once more after `apt-get update`.
///
/// # Errors
/// [`InstallError`].
pub fn install() -> Result<(), InstallError> {
    let install = [&["install", "--yes", "--no-install-recommends"], PACKAGES].concat();
    if apt_get(&install)?.is_none() {
        return Ok(());
    }
    apt_get(&["update"])?;
    apt_get(&install)?.map_or(Ok(()), |stderr| Err(InstallError::Failed { stderr }))
}

/// The folder of the CNI plugins.
pub(super) fn plugins() -> Option<PathBuf> {
    let whole = |folder: &&Path| CNI_PLUGINS.iter().all(|plugin| folder.join(plugin).is_file());
    CNI_FOLDERS.iter().map(Path::new).find(whole).map(Path::to_owned)
}

fn missing(what: String, remedy: &str) -> Missing {
    Missing { what, remedy: remedy.to_owned() }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What it wrote to stderr, if it failed.
fn apt_get(args: &[&str]) -> io::Result<Option<String>> {
    let mut command = Command::new("apt-get");
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok((!output.status.success()).then_some(stderr))
}
