//! Where a journey goes on: a control plane alone, or one with a real node.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sealward_controlplane::{ControlPlane, Node, Options};

use crate::narrator::Narrator;
use crate::workbench::wait_until;

/// How long the cluster's own roles may take.
const BOUND: Duration = Duration::from_secs(180);

/// A cluster of one of the two levels; dropping it leaves nothing.
#[derive(Debug)]
pub(crate) enum Cluster {
    /// No Pod runs; our roles are processes beside it.
    ControlPlane(Box<ControlPlane>),
    /// Pods run.
    Node(Box<Node>),
}

impl Cluster {
    /// Starts a control plane; a node too if there is an image `archive` to run on it.
    pub(crate) fn start(archive: Option<&Path>, narrator: &mut Narrator) -> Result<Self> {
        let start = Instant::now();
        let cluster = match archive {
            None => {
                narrator.step("A real control plane: etcd, kube-apiserver, kube-controller-manager");
                Self::ControlPlane(Box::new(ControlPlane::start(Options::default())?))
            }
            Some(archive) => {
                narrator.step("A real control plane and a real node: containerd, kubelet, kube-scheduler");
                // The node has a working folder of its own.
                let image =
                    archive.canonicalize().with_context(|| format!("no image at {}", archive.display()))?;
                let node = Node::start(Options::default())?;
                import(&node, &image, narrator)?;
                Self::Node(Box::new(node))
            }
        };
        narrator.saw(&format!("the cluster is ready after {:.1} s", start.elapsed().as_secs_f64()));
        wait_until("the cluster's own roles are complete", BOUND, || {
            let rules =
                cluster.plane().kubectl(&["get", "clusterrole", "edit", "-o", "jsonpath={.rules}"])?;
            Ok((rules.len() > 2).then_some(()))
        })?;
        Ok(cluster)
    }

    /// Its API server, kubectl and audit log.
    pub(crate) fn plane(&self) -> &ControlPlane {
        match self {
            Self::ControlPlane(plane) => plane,
            Self::Node(node) => node.control_plane(),
        }
    }

    /// The address of this machine at which our roles reach what listens here.
    pub(crate) fn host_address(&self) -> Ipv4Addr {
        match self {
            Self::ControlPlane(_) => Ipv4Addr::LOCALHOST,
            Self::Node(node) => node.host_address(),
        }
    }
}

fn import(node: &Node, image: &Path, narrator: &mut Narrator) -> Result<()> {
    let size = fs::metadata(image)?.len() as f64 / 1e6;
    narrator.does(&format!("ctr images import {}", image.display()));
    node.import_image(image)?;
    narrator.saw(&format!("the node has our image ({size:.1} MB)"));
    Ok(())
}
