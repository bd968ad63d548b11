//! `sealward open`: SealedSecrets in, Secrets out, with keys from files and no cluster.

use std::path::PathBuf;
use std::process::ExitCode;

use sealward_chassis::clock;
use sealward_cluster::KubectlOptions;
use sealward_document::Node;
use sealward_keys::{AgeIdentity, KeyRing};
use sealward_manifest::Manifest;
use sealward_sealing::{
    Backup, Environment, Keys, Limits, OpenOptions, open_sealed_secret, read_sealed_secret, secret_for,
    system_random,
};

use crate::failure::Failure;
use crate::seal::error::SealError;
use crate::seal::input::Input;
use crate::seal::request::{Format, Manner, Request, Source};
use crate::seal::{documents, standing};

/// Opens SealedSecrets at the desk, with keys from files: kubeseal's --recovery-unseal. Templates are rendered. What
/// it prints are Secrets in plaintext.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of SealedSecrets, YAML or JSON, one or several documents; `-` or nothing is stdin.
    #[arg(short = 'f', long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Keys to open with: a PEM private key, a Secret or List of Secrets as kubectl prints it, or age identities. May
    /// be repeated, and take several files with commas between them.
    #[arg(
        long = "key",
        visible_alias = "recovery-private-key",
        env = "SEALED_SECRETS_RECOVERY_PRIVATE_KEY",
        hide_env_values = true,
        value_name = "FILE",
        value_delimiter = ',',
        required = true
    )]
    keys: Vec<String>,
    /// Format of the output; by default what the output file's name says, else YAML.
    #[arg(short = 'o', long, value_enum)]
    format: Option<Format>,
    /// File to write, atomically; stdout by default.
    #[arg(short = 'w', long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

/// Opens and writes.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { secret_file, keys, format, output_file } = args;
    let request = Request {
        manner: Manner::Sealward,
        input: secret_file,
        output: output_file,
        format,
        source: Source::Cluster,
        digest: None,
        scope: None,
        name: None,
        allow_empty_data: false,
        from_file: Vec::new(),
        keys,
        kubectl: KubectlOptions::default(),
        controller_namespace: String::new(),
        controller_name: String::new(),
    };
    open(&request)?;
    Ok(ExitCode::SUCCESS)
}

/// Opens all SealedSecrets of the input and writes the Secrets.
pub(crate) fn open(request: &Request) -> Result<(), SealError> {
    let (ring, identities) = keys(request)?;
    let input = Input::read(request.input.as_deref(), "json/yaml k8s resource")?;
    let keys = Keys { ring: &ring, identities: &identities, worked_last: None };
    let mut secrets = Vec::new();
    for object in standing::sealed_secrets(&input)? {
        secrets.push(opened(&object, keys)?);
    }
    let text = documents::exposed_text(request.manner, request.format(), &secrets);
    documents::write(request, text.as_bytes())
}

/// The keys of all files that `request` names.
pub(crate) fn keys(request: &Request) -> Result<(KeyRing, Vec<AgeIdentity>), SealError> {
    let mut all = Backup::default();
    for path in &request.keys {
        let file = Input::file("--recovery-private-key", path.as_ref())?;
        let backup = Backup::read(&file.path, &file.bytes)
            .map_err(|error| SealError::Keys { path: file.path.clone(), error: Box::new(error) })?;
        all.extend(backup);
    }
    Ok(all.into_keys())
}

fn opened(object: &Manifest, keys: Keys<'_>) -> Result<Node, SealError> {
    let place = || object.origin().clone();
    let sealed =
        read_sealed_secret(object).map_err(|error| SealError::NotSealed { place: place(), error })?;
    let opened = open_sealed_secret(&sealed, keys, OpenOptions::default())
        .map_err(|error| SealError::Open { place: place(), error })?;
    let mut environment =
        Environment { now: clock::now(), random: &mut system_random, limits: Limits::default() };
    let secret = secret_for(&sealed, &opened, object.origin(), &mut environment)
        .map_err(|error| SealError::Render { place: place(), error })?;
    Ok(secret.into_root())
}
