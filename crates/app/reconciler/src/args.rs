//! Flags of `sealwardd reconciler`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Brings what Git declares into the cluster, and keeps it there.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Kubeconfig file; without it the Pod's own service account, else $KUBECONFIG.
    #[arg(long, env = "SEALWARD_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// Where /metrics, /healthz, /livez and /readyz are served.
    #[arg(long, env = "SEALWARD_LISTEN_ADDR", default_value = "127.0.0.1:8080")]
    pub listen_addr: String,
    /// Folder for mirrors of repositories; it may be lost at any time.
    #[arg(long, env = "SEALWARD_CACHE_DIR", default_value = "/var/cache/sealward")]
    pub cache_dir: PathBuf,
    /// Account, in the Kustomization's namespace, as which objects are applied when the Kustomization
    /// names none; without it such a Kustomization is refused.
    #[arg(long, env = "SEALWARD_DEFAULT_SERVICE_ACCOUNT", default_value = "")]
    pub default_service_account: String,
    /// Only GitRepositories and Kustomizations whose labels match are touched. Required beside a
    /// running Flux, which must be told to leave them alone.
    #[arg(long, env = "SEALWARD_LABEL_SELECTOR", default_value = "")]
    pub label_selector: String,
    /// Allow GitRepositories with file:// URLs: object databases below this folder of this machine, for
    /// whoever may write a GitRepository; repeatable.
    #[arg(long, value_name = "FOLDER")]
    pub allow_local_repositories: Vec<PathBuf>,
    /// Refuse references to sources and dependencies in other namespaces.
    #[arg(long)]
    pub no_cross_namespace_refs: bool,
    /// Kustomizations worked on at a time; as many GitRepositories beside them.
    #[arg(long, env = "SEALWARD_CONCURRENCY", default_value = "4")]
    pub concurrency: NonZeroUsize,
    /// Name of this instance in events; the Pod's.
    #[arg(long, env = "POD_NAME", default_value = "sealward-reconciler")]
    pub instance: String,
}
