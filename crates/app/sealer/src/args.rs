//! Flags of `sealwardd sealer`; names, variables and defaults are the sealed-secrets controller's where
//! it has them.

mod controller;
mod http;
mod keys;
mod restrictions;
mod selector;
mod values;

use std::path::PathBuf;

pub(crate) use controller::ControllerArgs;
pub(crate) use http::{HttpArgs, Network};
pub(crate) use keys::KeyArgs;
pub(crate) use restrictions::RestrictionArgs;
pub use values::switch;

/// Opens SealedSecrets into Secrets.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kubeconfig file; without it the Pod's own service account, else $KUBECONFIG.
    #[arg(long, env = "SEALWARD_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The sealer's own namespace, where its keys are; the Pod's or the kubeconfig's by default.
    #[arg(long, env = "POD_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    #[command(flatten)]
    pub(crate) controller: ControllerArgs,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    #[command(flatten)]
    pub(crate) restrictions: RestrictionArgs,
}
