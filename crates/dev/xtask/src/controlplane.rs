//! `cargo xtask controlplane up`: a control plane until ctrl-c.

use crate::interrupt::Interrupt;
use clap::Subcommand;
use sealward_controlplane::{ControlPlane, Node, Options, tools};
use std::io::{Write as _, stdout};

/// What to do with a control plane.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start one and keep it until ctrl-c
    Up {
        /// With a real node, on which Pods run (needs root, containerd, runc and the CNI plugins)
        #[arg(long)]
        node: bool,
    },
}

/// Starts it, prints how to use it, waits, and tears it down.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let Args { verb: Verb::Up { node } } = args;
    let interrupt = Interrupt::catch()?;
    if node {
        let node = Node::start(Options::default())?;
        explain(node.control_plane())?;
        interrupt.wait();
    } else {
        let plane = ControlPlane::start(Options::default())?;
        explain(&plane)?;
        interrupt.wait();
    }
    Ok(())
}

fn explain(plane: &ControlPlane) -> anyhow::Result<()> {
    let developer = plane.kubeconfig_for("developer")?;
    let kubectl = tools::path("kubectl")?;
    let mut out = stdout().lock();
    writeln!(out, "a control plane is up at {}\n", plane.server_url())?;
    writeln!(out, "  export KUBECONFIG={}", plane.admin_kubeconfig().display())?;
    writeln!(out, "  {} get namespaces\n", kubectl.display())?;
    writeln!(out, "as a user without rights: KUBECONFIG={}", developer.display())?;
    writeln!(out, "logs, audit log, keys:    {}", plane.folder().display())?;
    writeln!(out, "ctrl-c stops it and removes all of it")?;
    Ok(out.flush()?)
}
