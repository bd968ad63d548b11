//! A real control plane for tests and the demo.
//!
//! ```text
//!   tools/<name>/go.mod ──go install──▶ cache of programs
//!                                          │
//!   ControlPlane::start ── etcd ◀── kube-apiserver ◀── kube-controller-manager
//!        │    (loopback ports 20000+10·n, folder run-n)      audit.log ──▶ audit_events
//!        └── kubeconfigs: admin, users of the token file, service accounts (TokenRequest)
//!
//!   Node::start ──── the same inside a network namespace, with kube-scheduler, containerd and kubelet:
//!        │           Pods really run
//!   host ─┴─veth── 10.77.n.2 node ──bridge── 10.88.n.0/24 Pods
//! ```
//!
//! **Invariants**
//! - Nothing here is simulated: every program is the upstream one, built from pinned Go modules or
//!   (for the node) installed from Debian.
//! - A run leaves nothing behind. Dropping it stops its servers in order and removes its folder; when its
//!   owner dies without dropping, the kernel kills the servers (`setpriv --pdeathsig`) and a janitor
//!   process removes the rest; when that was killed too, the next start sweeps.
//! - Runs side by side share nothing: each has its own number, and ports, names and addresses from it.
//! - The node needs root; [`ControlPlane`] does not.

pub mod image;
pub mod node;
pub mod tools;

mod audit;
mod control_plane;
mod credentials;
mod flags;
mod kubeconfig;
mod kubectl;
mod process;
mod run_dir;
mod shared;

pub use audit::{AuditError, AuditEvent};
pub use control_plane::{ControlPlane, Options, ServerError, StartError};
pub use kubeconfig::{CredentialError, User};
pub use kubectl::KubectlError;
pub use node::Node;
pub use run_dir::{RunDirError, sweep};
