//! The real kubectl, as one user or another.

use crate::ControlPlane;
use std::{
    io::{self, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

/// Why a kubectl call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// It could not be started.
    #[error("kubectl could not be run: {0}")]
    Run(#[from] io::Error),
    /// It ended with an error.
    #[error("kubectl {args} failed ({status}): {stderr}")]
    Failed {
        /// Its arguments.
        args: String,
        /// Its exit status.
        status: String,
        /// What it wrote to stderr, trimmed.
        stderr: String,
    },
}

impl ControlPlane {
    /// A kubectl with that kubeconfig, to be given arguments; it leaves no cache and reads no preferences.
    pub fn kubectl_command(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--cache-dir")
            .arg(self.run.path().join("kubectl-cache"))
            .env("KUBERC", "off")
            .env_remove("KUBECONFIG");
        command
    }

    /// What kubectl writes to stdout, as the admin.
    ///
    /// # Errors
    /// [`KubectlError`], with what it wrote to stderr.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, KubectlError> {
        self.kubectl_as(self.admin_kubeconfig(), args, None)
    }

    /// What kubectl writes to stdout, as the user of `kubeconfig`, with `stdin` as its input.
    ///
    /// # Errors
    /// [`KubectlError`], with what it wrote to stderr: a denial by RBAC or admission is in there.
    pub fn kubectl_as(
        &self,
        kubeconfig: &Path,
        args: &[&str],
        stdin: Option<&str>,
    ) -> Result<String, KubectlError> {
        let mut command = self.kubectl_command(kubeconfig);
        command.args(args);
        let output = output(command, stdin)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(KubectlError::Failed {
            args: args.join(" "),
            status: output.status.to_string(),
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Applies a file, a folder of manifests, or a folder with a kustomization, as the admin.
    ///
    /// # Errors
    /// [`KubectlError`].
    pub fn apply(&self, path: &Path) -> Result<String, KubectlError> {
        let flag = if path.join("kustomization.yaml").is_file() { "-k" } else { "-f" };
        self.kubectl(&["apply", flag, &path.to_string_lossy()])
    }

    /// Applies manifests given as text, as the admin.
    ///
    /// # Errors
    /// [`KubectlError`].
    pub fn apply_text(&self, manifests: &str) -> Result<String, KubectlError> {
        self.kubectl_as(self.admin_kubeconfig(), &["apply", "-f", "-"], Some(manifests))
    }
}

fn output(mut command: Command, stdin: Option<&str>) -> io::Result<Output> {
    let input = if stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pipe = child.stdin.take();
    thread::scope(|scope| {
        if let (Some(mut pipe), Some(text)) = (pipe, stdin) {
            // A child that ends before it has read everything says why by itself.
            scope.spawn(move || drop(pipe.write_all(text.as_bytes())));
        }
        child.wait_with_output()
    })
}
