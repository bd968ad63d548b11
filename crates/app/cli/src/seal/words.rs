//! Why nothing was sealed or opened, in our own words: where, why, and what to do.

use sealward_keyservice::FetchError;
use sealward_manifest::{Manifest, Origin};
use sealward_sealing::{BackupError, SealSecretError};

use super::error::{Asked, SealError};
use crate::failure::Failure;

const NAME_THE_SERVICE: &str =
    "name the sealer's Service by --controller-name and --controller-namespace, or seal by --cert FILE|URL";

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::File { path, error, .. } => Self::of(format!("cannot read {path}: {error}")),
            SealError::TooLarge { path } => Self::of(format!("{path} is larger than 16 MiB")),
            SealError::Read(error) => {
                let hint = error.hint.clone();
                let failure = Self::from(error);
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            SealError::Empty { path, kind } => Self::of(format!("{path} holds no {kind}"))
                .hint(format!("give a {kind} by -f FILE or on stdin")),
            SealError::ManyForOneName { path, count } => {
                Self::of(format!("--name names one Secret, and {path} holds {count}"))
                    .hint("seal them one by one, or name each in its metadata")
            }
            SealError::Fetch(error @ FetchError::PlainHttp { .. }) => {
                Self::from(error).hint("use an https URL, or pin what it answers by --digest sha256:…")
            }
            SealError::Fetch(error) => Self::from(error),
            SealError::Certificate { name, error } => {
                let hint = match error {
                    sealward_keys::CertificateError::Expired { .. }
                    | sealward_keys::CertificateError::NotYetValid { .. } => {
                        "fetch the sealer's newest certificate, or ask its operator to renew it"
                    }
                    _ => "--fetch-cert prints the sealer's certificate, which is served at /v1/cert.pem",
                };
                Self::of(format!("{name}: {error}")).hint(hint)
            }
            SealError::Recipient { place, problem } => Self::of(format!("{place}: {problem}")),
            SealError::Recipients(problem) => Self::of(problem),
            SealError::Digest { path, found } => Self::of(format!(
                "{path} of the sealer has the digest {found}, not the one that --digest gives"
            ))
            .hint("do not seal with it before you know why"),
            SealError::Connect(error) => {
                Self::from(error).hint("seal without a cluster by --cert FILE|URL or --recipient age1…")
            }
            SealError::Service { asked: Asked::ToVerify(name), error } if refused(&error) == Some(409) => {
                Self::of(format!("unable to decrypt sealed secret: {name}"))
                    .hint("its name, namespace or scope was changed after it was sealed, or its key is gone")
            }
            SealError::Service { asked: Asked::ToRotate, error } if refused(&error) == Some(409) => {
                Self::of("unable to rotate secret")
                    .hint("its name, namespace or scope was changed after it was sealed, or its key is gone")
            }
            SealError::Service { error, .. } if refused(&error) == Some(429) => {
                Self::from(error).hint("the sealer limits how often it is asked; try again in a moment")
            }
            SealError::Service { error, .. } => Self::from(error).hint(NAME_THE_SERVICE),
            SealError::Answer(problem) => Self::of(problem),
            SealError::Secret { place, error, mixed } => not_sealed(&place, error, mixed),
            SealError::RawUnbound { flag, scope, .. } => {
                Self::of(format!("must provide the --{flag} flag with --raw and --scope {scope}"))
                    .hint("a value opens only where it was sealed for; --scope says how narrowly that is")
            }
            SealError::RawFiles => {
                Self::of("must provide only one --from-file when encrypting a single item with --raw")
            }
            SealError::RawInput => Self::of(
                "--raw reads one value from --from-file FILE or stdin, not objects from --secret-file",
            ),
            SealError::RawValue(problem) => Self::of(problem),
            SealError::NotSealed { place, error } => {
                Self::of(format!("{place}: {error}")).hint("give only SealedSecrets of bitnami.com/v1alpha1")
            }
            SealError::MergeMany { path, count } => {
                Self::of(format!("{path} holds {count} objects, and items are merged into one"))
                    .hint("keep the SealedSecret in a file of its own")
            }
            SealError::MergeFromMany { path, count } => {
                Self::of(format!("--merge-into takes one Secret, and {path} holds {count}"))
                    .hint("seal them one by one, each into the file of its own SealedSecret")
            }
            SealError::MergeNone { path } => Self::of(format!("{path} holds no SealedSecret"))
                .hint("there is nothing to merge into yet: seal the whole Secret by -w FILE"),
            SealError::MergeScope { path, file, asked } => Self::of(format!(
                "{path} is sealed {file}, and --scope asks for {asked}: such values would not open there"
            ))
            .hint("leave --scope out, or seal the whole Secret anew"),
            SealError::Keys { path, error } => {
                let said = match *error {
                    // Its place begins with the path.
                    BackupError::Read(error) => error.to_string(),
                    error => format!("{path}: {error}"),
                };
                Self::of(said).hint(
                    "give a PEM private key, a Secret or List of Secrets as kubectl prints it, or age identities",
                )
            }
            SealError::Open { place, error } => Self::of(format!("{place}: {error}")).hint(
                "give the keys of that time; values open only under their own name, namespace and scope",
            ),
            SealError::Render { place, error } => Self::of(format!("{place}: {error}")),
            SealError::Rotate { place, error } => Self::of(format!("{place}: {error}")),
            SealError::Write { path: Some(path), error } => {
                Self::from(error.context(format!("cannot write {}", path.display())))
            }
            SealError::Write { path: None, error } => Self::from(error.context("cannot write to stdout")),
            SealError::System(error) => Self::from(error),
        }
    }
}

/// The HTTP status with which the sealer refused.
pub(crate) fn refused(error: &sealward_cluster::ServiceError) -> Option<u16> {
    match error {
        sealward_cluster::ServiceError::Refused { status, .. } => Some(*status),
        _ => None,
    }
}

fn not_sealed(place: &Origin, error: SealSecretError, mixed: bool) -> Failure {
    let hint = match &error {
        SealSecretError::NotASecret(_) => {
            Some("give only Secrets; other documents need no sealing, keep them in files of their own")
        }
        SealSecretError::UnknownField { .. } => {
            Some("a Secret has data, stringData, type and immutable; values belong under data or stringData")
        }
        SealSecretError::NoName => Some("give the Secret a metadata.name, or name it by --name"),
        SealSecretError::NoNamespace if mixed => {
            Some("other Secrets of this input name their namespace: give this one a metadata.namespace too")
        }
        SealSecretError::NoNamespace => {
            Some("give the Secret a metadata.namespace, or name it by --namespace")
        }
        SealSecretError::NamespaceMismatch { .. } if mixed => Some(
            "--namespace must agree with all Secrets of the input: leave it out, and write metadata.namespace \
             into those that have none",
        ),
        SealSecretError::NamespaceMismatch { .. } => {
            Some("leave --namespace out, or change the Secret's metadata.namespace")
        }
        _ => None,
    };
    let failure = Failure::of(format!("{place}: {error}"));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The place of the field that `error` is about, else of the Secret.
pub(super) fn place(secret: &Manifest, error: &SealSecretError) -> Origin {
    let node = match error {
        SealSecretError::UnknownField { field } => secret.root().get(field),
        SealSecretError::Sops => secret.root().get("sops"),
        SealSecretError::NamespaceMismatch { .. } => secret.root().at(&["metadata", "namespace"]),
        SealSecretError::Field { field, .. } => {
            // Item keys, labels and annotations may have dots of their own.
            let parts = if field.starts_with("metadata.") { 3 } else { 2 };
            secret.root().at(&field.splitn(parts, '.').collect::<Vec<_>>())
        }
        _ => None,
    };
    node.map_or(secret.origin(), |node| &node.origin).clone()
}
