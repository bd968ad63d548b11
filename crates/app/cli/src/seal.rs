//! `sealward seal`: Secrets in, SealedSecrets out.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use sealward_chassis::clock;
use sealward_cluster::{Cluster, ConnectOptions};
use sealward_document::{Node, ReadError, json, yaml};
use sealward_files::{Folder, Limits};
use sealward_keys::{AgeRecipient, Certificate, parse_recipients};
use sealward_keyservice::{FetchOptions, Pin};
use sealward_manifest::{Manifest, Origin, objects, read};
use sealward_sealing::{AgeRecipients, Recipients, Scope, SealOptions, SealSecretError, seal_secret};
use sealward_snapshot::Edit;

use crate::failure::Failure;
use crate::output;

/// Largest input.
const MAX_INPUT: u64 = 16 << 20;

/// kubeseal's variable for `--cert`; any of the flags that say whom to seal for beats it.
const CERT_VARIABLE: &str = "SEALED_SECRETS_CERT";

/// Seals the Secrets of a file or of stdin, for the owner of a certificate (RSA, Bitnami's format) or
/// for age recipients. Without --cert, --recipient or --age the certificate is fetched from the cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of Secrets, YAML or JSON, one or several documents; `-` or nothing is stdin.
    #[arg(short = 'f', long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Certificate to seal for: a file or an http(s) URL; else what $SEALED_SECRETS_CERT names.
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["recipient", "age"])]
    cert: Option<String>,
    /// age recipient to seal for; may be repeated.
    #[arg(long, value_name = "age1…", conflicts_with = "age")]
    recipient: Vec<String>,
    /// Seal for the age recipients that the cluster's sealer names.
    #[arg(long)]
    age: bool,
    /// Where --age asks: an https URL, or any URL with --digest; the API server by default.
    #[arg(long, value_name = "URL", requires = "age")]
    recipients_url: Option<String>,
    /// SHA-256 that the fetched certificate or list of recipients must have, `sha256:<hex>`.
    #[arg(long, value_name = "sha256:…")]
    digest: Option<Pin>,
    /// Where the values open: strict (this namespace and name), namespace-wide, cluster-wide. Without it
    /// the Secret's annotations decide.
    #[arg(long, value_enum)]
    scope: Option<ScopeArg>,
    /// Namespace of Secrets that name none.
    #[arg(short = 'n', long)]
    namespace: Option<String>,
    /// Name instead of the Secret's.
    #[arg(long)]
    name: Option<String>,
    /// Seal a Secret without data too.
    #[arg(long)]
    allow_empty_data: bool,
    /// Format of the output; by default what the output file's name says, else YAML.
    #[arg(short = 'o', long, value_enum)]
    format: Option<Format>,
    /// File to write, atomically; stdout by default.
    #[arg(short = 'w', long, value_name = "FILE")]
    sealed_secret_file: Option<PathBuf>,
    /// Kubeconfig file; else what $KUBECONFIG lists, else ~/.kube/config.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long)]
    context: Option<String>,
    /// The sealer's Service.
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAME", default_value = "sealward-sealer")]
    controller_name: String,
    /// The sealer's namespace.
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAMESPACE", default_value = "sealward-system")]
    controller_namespace: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeArg {
    Strict,
    NamespaceWide,
    ClusterWide,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Strict => Self::Strict,
            ScopeArg::NamespaceWide => Self::NamespaceWide,
            ScopeArg::ClusterWide => Self::ClusterWide,
        }
    }
}

/// Seals and writes.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(seal(args))
}

async fn seal(args: Args) -> Result<ExitCode, Failure> {
    let (path, bytes) = input(args.secret_file.as_deref())?;
    let secrets = secrets(&path, &bytes, args.name.as_deref()).map_err(|error| {
        let hint = error.hint.clone();
        let failure = Failure::from(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    if secrets.is_empty() {
        return Err(
            Failure::of(format!("{path} holds no Secret")).hint("give a Secret by -f FILE or on stdin")
        );
    }
    if args.name.is_some() && secrets.len() > 1 {
        return Err(Failure::of(format!("--name names one Secret, and {path} holds {}", secrets.len()))
            .hint("seal them one by one, or name each in its metadata"));
    }
    let kubeconfig = ConnectOptions { kubeconfig: args.kubeconfig.clone(), context: args.context.clone() };
    let default_namespace = default_namespace(&args, &secrets, &kubeconfig).await;
    let recipients = recipients(&args, &kubeconfig).await?;
    let options = SealOptions {
        scope: args.scope.map(Scope::from),
        name: args.name.as_deref(),
        namespace: args.namespace.as_deref(),
        default_namespace: default_namespace.as_deref(),
        allow_empty_data: args.allow_empty_data,
    };
    let mut sealed = Vec::new();
    for secret in &secrets {
        let one = seal_secret(secret, &recipients, &options).map_err(|error| not_sealed(secret, &error))?;
        sealed.push(one.into_root());
    }
    write(&args, &sealed)?;
    Ok(ExitCode::SUCCESS)
}

fn input(file: Option<&Path>) -> Result<(String, Vec<u8>), Failure> {
    let mut bytes = Vec::new();
    let path = match file.filter(|path| *path != Path::new("-")) {
        None => {
            std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
            "<stdin>".to_owned()
        }
        Some(path) => {
            let failed = |error| Failure::of(format!("cannot read {}: {error}", path.display()));
            let opened = fs::File::open(path).map_err(failed)?;
            opened.take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(failed)?;
            path.display().to_string()
        }
    };
    if bytes.len() as u64 > MAX_INPUT {
        return Err(Failure::of(format!("{path} is larger than 16 MiB")));
    }
    Ok((path, bytes))
}

/// The Secrets of `bytes`. With a `name` to give them, they need not have one.
fn secrets(path: &str, bytes: &[u8], name: Option<&str>) -> Result<Vec<Manifest>, ReadError> {
    let Some(name) = name else { return read(path, bytes) };
    let named = yaml::read(path, bytes)?.into_iter().map(|mut document| {
        let origin = document.origin.clone();
        if let Some(metadata) =
            document.child_map("metadata").filter(|metadata| metadata.get("name").is_none())
        {
            metadata.insert("name", Node::text(name, origin));
        }
        document
    });
    named.flat_map(objects).collect()
}

/// The namespace of the kubeconfig's context, looked up only when a Secret needs it.
async fn default_namespace(args: &Args, secrets: &[Manifest], kubeconfig: &ConnectOptions) -> Option<String> {
    let needed = args.namespace.is_none() && secrets.iter().any(|secret| secret.namespace().is_empty());
    if !needed || matches!(args.scope, Some(ScopeArg::ClusterWide)) {
        return None;
    }
    let cluster = Cluster::connect(kubeconfig).await.ok()?;
    let namespace = cluster.default_namespace().to_owned();
    output::talk(&format!("note: sealing for namespace {namespace:?}, which the kubeconfig names\n"));
    Some(namespace)
}

async fn recipients(args: &Args, kubeconfig: &ConnectOptions) -> Result<Recipients, Failure> {
    if args.age {
        return age(fetched_recipients(args, kubeconfig).await?);
    }
    if !args.recipient.is_empty() {
        let parse =
            |text: &String| text.parse().map_err(|error| Failure::of(format!("--recipient: {error}")));
        return age(args.recipient.iter().map(parse).collect::<Result<Vec<_>, _>>()?);
    }
    let variable = || std::env::var(CERT_VARIABLE).ok().filter(|source| !source.is_empty());
    let (name, pem) = match args.cert.clone().or_else(variable) {
        Some(source) => {
            if source.starts_with("http://") && args.digest.is_none() {
                output::talk(
                    "warning: a certificate fetched over http can be anybody's; use https or --digest\n",
                );
            }
            let options =
                FetchOptions { pin: args.digest, allow_plain_http: true, ..FetchOptions::default() };
            let pem = sealward_keyservice::certificate(&source, &options).await?;
            // A URL may hold credentials.
            let name = if source.contains("://") { "the fetched certificate".to_owned() } else { source };
            (name, pem)
        }
        None => ("the sealer's certificate".to_owned(), ask_sealer(args, kubeconfig, "/v1/cert.pem").await?),
    };
    let certificate = Certificate::from_pem(&pem).map_err(|error| {
        Failure::of(format!("{name}: {error}")).hint("the sealer serves its certificate at /v1/cert.pem")
    })?;
    certificate.check_validity(clock::now()).map_err(|error| {
        Failure::from(error).hint("fetch the sealer's newest certificate, or ask its operator to renew it")
    })?;
    Ok(Recipients::Rsa(certificate.public_key().clone()))
}

fn age(recipients: Vec<AgeRecipient>) -> Result<Recipients, Failure> {
    Ok(Recipients::Age(AgeRecipients::new(recipients)?))
}

/// Whoever changes this list reads every value sealed for it: it comes over the API server, over
/// verified https, or with a digest.
async fn fetched_recipients(args: &Args, kubeconfig: &ConnectOptions) -> Result<Vec<AgeRecipient>, Failure> {
    let bytes = match &args.recipients_url {
        None => ask_sealer(args, kubeconfig, "/v1/recipients").await?,
        Some(url) => {
            let options = FetchOptions { pin: args.digest, ..FetchOptions::default() };
            sealward_keyservice::recipients(url, &options).await.map_err(|error| {
                Failure::from(error).hint("use an https URL, or pin what it answers by --digest sha256:…")
            })?
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| Failure::of("the list of recipients is no text"))?;
    parse_recipients(&text).map_err(|error| Failure::of(format!("the sealer's recipients: {error}")))
}

/// What the sealer's Service answers, asked through the API server and held against --digest.
async fn ask_sealer(args: &Args, kubeconfig: &ConnectOptions, path: &str) -> Result<Vec<u8>, Failure> {
    let cluster = Cluster::connect(kubeconfig).await.map_err(|error| {
        Failure::from(error).hint("seal without a cluster by --cert FILE|URL or --recipient age1…")
    })?;
    let answer = cluster.through_service(&args.controller_namespace, &args.controller_name, path).await;
    let bytes = answer
        .map_err(|error| {
            Failure::from(error).hint(
                "name the sealer's Service by --controller-name and --controller-namespace, or seal by --cert FILE|URL",
            )
        })?
        .into_bytes();
    match args.digest {
        Some(pin) if pin != Pin::of(&bytes) => {
            let found = Pin::of(&bytes);
            Err(Failure::of(format!(
                "{path} of the sealer has the digest {found}, not the one that --digest gives"
            ))
            .hint("do not seal with it before you know why"))
        }
        Some(_) | None => Ok(bytes),
    }
}

/// Where, why, and what to do.
fn not_sealed(secret: &Manifest, error: &SealSecretError) -> Failure {
    let failure = Failure::of(format!("{}: {error}", place(secret, error)));
    match error {
        SealSecretError::NotASecret(_) => failure.hint("give only Secrets; other documents stay as they are"),
        SealSecretError::UnknownField { .. } => failure.hint(
            "a Secret has data, stringData, type and immutable; values belong under data or stringData",
        ),
        SealSecretError::NoName => failure.hint("give the Secret a metadata.name, or name it by --name"),
        SealSecretError::NoNamespace => {
            failure.hint("give the Secret a metadata.namespace, or name it by --namespace")
        }
        SealSecretError::NamespaceMismatch { .. } => {
            failure.hint("leave --namespace out, or change the Secret's metadata.namespace")
        }
        SealSecretError::EmptyData
        | SealSecretError::Field { .. }
        | SealSecretError::Binding(_)
        | SealSecretError::Value { .. }
        | SealSecretError::Manifest(_) => failure,
    }
}

/// The place of the field that `error` is about, else of the Secret.
fn place<'a>(secret: &'a Manifest, error: &SealSecretError) -> &'a Origin {
    let node = match error {
        SealSecretError::UnknownField { field } => secret.root().get(field),
        SealSecretError::NamespaceMismatch { .. } => secret.root().at(&["metadata", "namespace"]),
        SealSecretError::Field { field, .. } => {
            // Item keys, labels and annotations may have dots of their own.
            let parts = if field.starts_with("metadata.") { 3 } else { 2 };
            secret.root().at(&field.splitn(parts, '.').collect::<Vec<_>>())
        }
        SealSecretError::NotASecret(_)
        | SealSecretError::NoName
        | SealSecretError::NoNamespace
        | SealSecretError::EmptyData
        | SealSecretError::Binding(_)
        | SealSecretError::Value { .. }
        | SealSecretError::Manifest(_) => None,
    };
    node.map_or(secret.origin(), |node| &node.origin)
}

fn write(args: &Args, sealed: &[Node]) -> Result<(), Failure> {
    let file = args.sealed_secret_file.as_deref();
    let by_name = file.and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    let text = match args.format.unwrap_or(if by_name { Format::Json } else { Format::Yaml }) {
        // A SealedSecret holds no plaintext; `redacted` would mask it if one ever did.
        Format::Yaml => yaml::write_redacted(sealed),
        Format::Json => sealed.iter().map(json::write_redacted).collect(),
    };
    match file {
        None => Ok(output::data(text.as_bytes())?),
        Some(path) => replace(path, text),
    }
}

/// Puts `text` in the place of the file `path`, or of the file that the link `path` leads to.
fn replace(path: &Path, text: String) -> Result<(), Failure> {
    let target = if path.is_symlink() {
        path.canonicalize()
            .map_err(|error| Failure::of(format!("cannot follow {}: {error}", path.display())))?
    } else {
        path.to_owned()
    };
    let (folder, name) =
        (target.parent().filter(|parent| !parent.as_os_str().is_empty()), target.file_name());
    let name = name.and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::of(format!("{} is no file name in UTF-8", path.display())))?;
    let written = Folder::at(folder.unwrap_or(Path::new(".")), Limits::default())
        .map_err(anyhow::Error::from)
        .and_then(|folder| Ok(folder.write(&[Edit::write(name, text.into_bytes())])?));
    Ok(written.with_context(|| format!("cannot write {}", path.display()))?)
}
