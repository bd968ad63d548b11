//! `sealward render`: what the reconciler would apply.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sealward_document::{json, yaml};
use sealward_manifest::{Manifest, is_dns_label};
use sealward_render::{Application, RenderError, render};

use crate::failure::Failure;
use crate::output;
use crate::repository::Repository;

/// Which folder, and how to print it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Values of Secrets come out as [redacted], so what is printed cannot be applied. A \
    folder with a kustomization comes to what the kustomization makes of it; a folder without, to every \
    .yaml and .yml file below it, as for Flux.")]
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
    if let Some(namespace) = target_namespace.as_ref().filter(|namespace| !is_dns_label(namespace)) {
        return Err(Failure::of(format!("{namespace:?} cannot be the name of a namespace"))
            .hint("at most 63 lower-case letters, digits and -, with a letter or digit at each end"));
    }
    if !path.is_dir() {
        let what = if path.exists() { "is a file" } else { "does not exist" };
        return Err(Failure::of(format!("{} {what}; render takes a folder", path.display())));
    }
    let repository = Repository::around(std::slice::from_ref(&path))?;
    let [folder] = repository.scope.as_slice() else {
        return Err(Failure::of(format!("{} is a symbolic link; name the folder itself", path.display())));
    };
    let application = Application { target_namespace, ..Application::new(folder) };
    let manifests =
        render(&repository.snapshot, &application).map_err(|error| told(&repository, &path, &error))?;
    let roots: Vec<_> = manifests.into_iter().map(Manifest::into_root).collect();
    let text =
        if json { roots.iter().map(json::write_redacted).collect() } else { yaml::write_redacted(&roots) };
    output::data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn told(repository: &Repository, path: &Path, error: &RenderError) -> Failure {
    let place = match error.origin() {
        Some(origin) => repository.shown_origin(origin).to_string(),
        None => path.display().to_string(),
    };
    if matches!(error, RenderError::NoFolder { .. }) {
        // It was looked at before: only what Git would know of it is missing.
        return Failure::of(format!("{place}: there is nothing to render: no file that Git does not ignore"));
    }
    let failure = Failure::of(format!("{place}: {error}"));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
