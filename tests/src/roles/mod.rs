//! The three roles, however they run.
//!
//! ```text
//! Roles ── Processes: deploy/overlays/local, sealwardd beside the control plane, logs at trace level
//!     └─── Pods:      deploy/install.yaml and our image on a node, as everybody runs it
//! ```

mod pods;
mod processes;

use std::fmt::Debug;

use anyhow::Result;

use crate::cluster::Cluster;
use crate::narrator::Narrator;
use crate::workbench::Workbench;

use pods::Pods;
use processes::Processes;

/// Name and content of something that may hold what it must not.
pub(crate) type Text = (String, String);

/// The namespace of our roles.
pub(crate) const NAMESPACE: &str = "sealward-system";

/// What a journey asks of sealer, webhook and reconciler, which run until this is dropped.
pub(crate) trait Roles: Debug {
    /// Puts back what belongs to the installation and is gone.
    fn install_again(&self, bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<()>;

    /// Takes all of them away at once where something brings them back by itself: the command that did it,
    /// as a person would type it; nothing where nothing would bring them back.
    fn take_away(&mut self, bench: &Workbench<'_>) -> Result<Option<String>>;

    /// Waits until all of them are ready.
    fn wait_ready(&mut self, bench: &Workbench<'_>) -> Result<()>;

    /// Arguments by which `sealward seal` seals for the sealer by RSA, as kubeseal does.
    fn seal_by_rsa(&self) -> Vec<String>;

    /// Arguments by which `sealward seal` seals for the sealer by age.
    fn seal_by_age(&self, bench: &Workbench<'_>) -> Result<Vec<String>>;

    /// The level at which the roles log.
    fn log_level(&self) -> &'static str;

    /// All that they logged, those that are gone included.
    fn logs(&mut self, bench: &Workbench<'_>) -> Result<Vec<Text>>;

    /// What they logged last for people, and whether they run.
    fn log_tails(&mut self, bench: &Workbench<'_>) -> Vec<Text>;

    /// Their metrics.
    fn metrics(&self, bench: &Workbench<'_>) -> Result<Vec<Text>>;

    /// Where a person finds their logs.
    fn where_logs_are(&self, bench: &Workbench<'_>) -> String;
}

/// Installs Sealward into the empty `cluster` and waits until the three roles are ready.
pub(crate) fn install(
    cluster: &Cluster,
    bench: &Workbench<'_>,
    narrator: &mut Narrator,
) -> Result<Box<dyn Roles>> {
    Ok(match cluster {
        Cluster::ControlPlane(_) => Box::new(Processes::install(bench, narrator)?),
        Cluster::Node(_) => Box::new(Pods::install(bench, narrator)?),
    })
}
