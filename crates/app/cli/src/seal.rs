//! `sealward seal`: Secrets in, SealedSecrets out; and what else kubeseal does.
//!
//! ```text
//! flags ──▶ Request ──▶ secrets::seal │ merge │ raw │ standing::{validate, re_encrypt} │ open ──▶ documents
//!             ▲             │                                                  │
//! kubeseal's ─┘             └──────────── SealError ──▶ words (ours) │ compat (kubeseal's)
//! ```

pub(crate) mod documents;
pub(crate) mod error;
pub(crate) mod flags;
pub(crate) mod input;
pub(crate) mod merge;
pub(crate) mod raw;
pub(crate) mod recipients;
pub(crate) mod request;
mod sealer;
pub(crate) mod secrets;
pub(crate) mod standing;
pub(crate) mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use clap::builder::FalseyValueParser;
use sealward_keyservice::Pin;
use sealward_sealing::Scope;

use crate::failure::Failure;
use crate::open;
use error::SealError;
use request::{Format, Manner, Request, Source};

/// kubeseal's variable for `--cert`; any of the flags that say whom to seal for beats it.
const CERT_VARIABLE: &str = "SEALED_SECRETS_CERT";

/// Seals the Secrets of a file or of stdin, for the owner of a certificate (RSA, Bitnami's format) or
/// for age recipients. Without --cert, --recipient or --age the certificate is fetched from the cluster.
///
/// Takes kubeseal's flags and variables. It differs in: YAML by default, or what the output file's name says; the
/// names of our own Service; strict input (a key that stands twice, a field that Secrets do not have, a number where
/// text belongs are refused); --re-encrypt and --merge-into keep a file's format and comments; --scope strict removes
/// other scopes' annotations. Started under the name kubeseal, this program is kubeseal in these things too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of Secrets, YAML or JSON, one or several documents; `-` or nothing is stdin.
    #[arg(short = 'f', long, env = "SEALED_SECRETS_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Certificate to seal for: a file or an http(s) URL; else what $SEALED_SECRETS_CERT names.
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["recipient", "age"])]
    cert: Option<String>,
    /// age recipient to seal for; may be repeated, and take several with commas between them.
    #[arg(long, value_name = "age1…", value_delimiter = ',', conflicts_with = "age")]
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
    #[arg(long, env = "SEALED_SECRETS_SCOPE", value_enum)]
    scope: Option<ScopeArg>,
    /// Name instead of the Secret's.
    #[arg(long, env = "SEALED_SECRETS_NAME")]
    name: Option<String>,
    /// Seal a Secret without data too.
    #[arg(long, env = "SEALED_SECRETS_ALLOW_EMPTY_DATA", value_parser = FalseyValueParser::new())]
    allow_empty_data: bool,
    /// Format of the output; by default what the output file's name says, else YAML.
    #[arg(short = 'o', long, env = "SEALED_SECRETS_FORMAT", value_enum)]
    format: Option<Format>,
    /// File to write, atomically; stdout by default.
    #[arg(short = 'w', long, env = "SEALED_SECRETS_SEALED_SECRET_FILE", value_name = "FILE")]
    sealed_secret_file: Option<PathBuf>,
    /// The sealer's Service.
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAME", default_value = "sealward-sealer")]
    controller_name: String,
    /// The sealer's namespace.
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAMESPACE", default_value = "sealward-system")]
    controller_namespace: String,
    #[command(flatten)]
    instead: Instead,
    #[command(flatten)]
    kubectl: flags::Kubectl,
}

/// What else can be done; of several the first that is given, in this order.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Instead of sealing Secrets")]
struct Instead {
    /// Open SealedSecrets with keys from files, as `sealward open` does.
    #[arg(long, env = "SEALED_SECRETS_RECOVERY_UNSEAL", value_parser = FalseyValueParser::new())]
    recovery_unseal: bool,
    /// Keys to open with: PEM, a Secret or List of Secrets, or age identities; may be repeated. With --validate and
    /// --re-encrypt no sealer is asked; --re-encrypt then seals for --cert.
    #[arg(long, env = "SEALED_SECRETS_RECOVERY_PRIVATE_KEY", value_name = "FILE", value_delimiter = ',')]
    recovery_private_key: Vec<String>,
    /// Ask the sealer whether the SealedSecrets of the input open, all documents of it.
    #[arg(long, env = "SEALED_SECRETS_VALIDATE", value_parser = FalseyValueParser::new())]
    validate: bool,
    /// Let the sealer seal SealedSecrets for its newest key; with -f and without -w in place.
    #[arg(long, visible_alias = "rotate", env = "SEALED_SECRETS_RE_ENCRYPT", value_parser = FalseyValueParser::new())]
    re_encrypt: bool,
    /// Print the certificate.
    #[arg(long, env = "SEALED_SECRETS_FETCH_CERT", value_parser = FalseyValueParser::new())]
    fetch_cert: bool,
    /// Seal the Secret under the name, namespace and scope of this SealedSecret, and put its items there.
    #[arg(long, env = "SEALED_SECRETS_MERGE_INTO", value_name = "FILE")]
    merge_into: Option<PathBuf>,
    /// Seal one value and print it in base64. Needs --namespace and --name as far as the scope binds them, and the
    /// SealedSecret that it is put into must have the scope's annotation.
    #[arg(long, env = "SEALED_SECRETS_RAW", value_parser = FalseyValueParser::new())]
    raw: bool,
    /// File of that value; stdin by default.
    #[arg(long, env = "SEALED_SECRETS_FROM_FILE", value_name = "[KEY=]FILE", value_delimiter = ',')]
    from_file: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeArg {
    Strict,
    NamespaceWide,
    ClusterWide,
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

/// What is done with a request; kubeseal's precedence.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Opens SealedSecrets with keys from files.
    Unseal,
    /// Says whether SealedSecrets open.
    Validate,
    /// Seals SealedSecrets anew.
    ReEncrypt,
    /// Prints the certificate.
    FetchCertificate,
    /// Seals into a file that is there.
    MergeInto(PathBuf),
    /// Seals one value.
    Raw,
    /// Seals Secrets.
    Seal,
}

impl Operation {
    /// Does what `request` says.
    pub(crate) fn run(self, mut request: Request) -> Result<(), SealError> {
        match self {
            Self::Unseal => open::open(&request),
            Self::Validate => standing::validate(&request),
            Self::ReEncrypt => {
                // The only operation that writes over its input.
                if request.output.is_none() {
                    request.output.clone_from(&request.input);
                }
                standing::re_encrypt(&request)
            }
            Self::FetchCertificate => {
                let (_, pem) = recipients::certificate(&request)?;
                documents::write(&request, &pem)
            }
            Self::MergeInto(file) => merge::merge_into(&mut request, &file),
            Self::Raw => raw::raw(&request),
            Self::Seal => secrets::seal(&request),
        }
    }
}

/// Seals and writes, or does what else was asked for.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let (operation, request) = args.understood()?;
    operation.run(request)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn understood(self) -> Result<(Operation, Request), Failure> {
        let variable = || std::env::var(CERT_VARIABLE).ok().filter(|source| !source.is_empty());
        let source = match self.cert {
            _ if self.age => Source::ClusterRecipients(self.recipients_url),
            _ if !self.recipient.is_empty() => Source::Recipients(self.recipient),
            Some(source) => Source::Certificate(source),
            None => variable().map_or(Source::Cluster, Source::Certificate),
        };
        let Instead {
            recovery_unseal,
            recovery_private_key,
            validate,
            re_encrypt,
            fetch_cert,
            merge_into,
            raw,
            from_file,
        } = self.instead;
        if !from_file.is_empty() && !raw {
            return Err(Failure::of("--from-file requires --raw"));
        }
        if !(recovery_private_key.is_empty() || recovery_unseal || validate || re_encrypt) {
            return Err(Failure::of(
                "--recovery-private-key is for --recovery-unseal, --validate or --re-encrypt",
            ));
        }
        let operation = match merge_into {
            _ if recovery_unseal => Operation::Unseal,
            _ if validate => Operation::Validate,
            _ if re_encrypt => Operation::ReEncrypt,
            _ if fetch_cert => Operation::FetchCertificate,
            Some(file) => Operation::MergeInto(file),
            None if raw => Operation::Raw,
            None => Operation::Seal,
        };
        let request = Request {
            manner: Manner::Sealward,
            input: self.secret_file,
            output: self.sealed_secret_file,
            format: self.format,
            source,
            digest: self.digest,
            scope: self.scope.map(Scope::from),
            name: self.name,
            allow_empty_data: self.allow_empty_data,
            from_file,
            keys: recovery_private_key,
            kubectl: self.kubectl.into(),
            controller_namespace: self.controller_namespace,
            controller_name: self.controller_name,
        };
        Ok((operation, request))
    }
}
