//! `sealward render`: what the reconciler would apply.

use std::path::PathBuf;
use std::process::ExitCode;

use sealward_document::{json, yaml};
use sealward_manifest::Manifest;
use sealward_render::{Application, render};

use crate::failure::Failure;
use crate::output;
use crate::repository::Repository;

/// Prints the manifests of a folder or kustomization as the reconciler would apply them; values of
/// Secrets are masked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Namespace that the objects get, as a Kustomization's targetNamespace.
    #[arg(long)]
    target_namespace: Option<String>,
    /// JSON, one object after the other, instead of YAML.
    #[arg(long)]
    json: bool,
}

/// Renders and prints.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { path, target_namespace, json } = args;
    if !path.is_dir() {
        return Err(Failure::of(format!("no folder {}", path.display())));
    }
    let repository = Repository::around(std::slice::from_ref(&path))?;
    let application = Application { target_namespace, ..Application::new(repository.relative(&path)?) };
    let manifests = render(&repository.snapshot, &application).map_err(|error| {
        let message = error.origin().map_or_else(|| error.to_string(), |origin| format!("{origin}: {error}"));
        let failure = Failure::of(message);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    let roots: Vec<_> = manifests.into_iter().map(Manifest::into_root).collect();
    let text =
        if json { roots.iter().map(json::write_redacted).collect() } else { yaml::write_redacted(&roots) };
    output::data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
