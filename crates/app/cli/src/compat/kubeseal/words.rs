//! What went wrong, in the words that scripts match: kubeseal's where it has some.

use std::io;

use sealward_cluster::{ConnectError, ServiceError};
use sealward_keys::CertificateError;
use sealward_keyservice::FetchError;
use sealward_sealing::SealSecretError;

use crate::failure::Failure;
use crate::seal::error::{Asked, SealError};
use crate::seal::words::refused;

/// What kubeseal says about a file that it cannot read.
pub(super) const NO_INPUT: &str = "Could not read file specified with --secret-file";
const NO_SECRETS: &str = "no secrets found. Ensure the input is valid and UTF-8 encoded";
const NOWHERE: &str = "invalid configuration: no configuration has been provided, try setting \
                       KUBERNETES_MASTER environment variable";
const NAME_THE_SERVICE: &str = "Please, use the flag --controller-name and --controller-namespace to set up the name \
                                and namespace of the sealed secrets controller";

/// The words, without `error: ` before them and without a line's end; what we know beyond kubeseal's words stands in
/// lines of its own after them.
pub(super) fn of(error: SealError) -> String {
    match error {
        SealError::File { what: "--secret-file", .. } => NO_INPUT.to_owned(),
        SealError::File { path, error, .. } => format!("open {path}: {}", go(&error)),
        SealError::Fetch(FetchError::File { path, source }) => format!("open {path}: {}", go(&source)),
        SealError::Read(error) => format!("{NO_SECRETS}\nhint: {error}"),
        SealError::Empty { kind: "Secret", .. } => NO_SECRETS.to_owned(),
        SealError::Certificate { name, error: error @ CertificateError::NoCertificate } => {
            format!("data does not contain any valid RSA or ECDSA certificates\nhint: {name}: {error}")
        }
        SealError::Certificate { error, .. } => error.to_string(),
        SealError::Connect(ConnectError::Nowhere { .. }) => NOWHERE.to_owned(),
        SealError::Connect(error) => error.to_string(),
        SealError::Service { error: ServiceError::Lookup { message, .. }, .. } => {
            format!("cannot get sealed secret service: {message}.\n{NAME_THE_SERVICE}")
        }
        SealError::Service { asked, error } => of_service(&asked, &error),
        SealError::Secret { place, error, .. } => of_secret(&place.to_string(), &error),
        SealError::RawUnbound { configured: false, .. } => NOWHERE.to_owned(),
        SealError::RawUnbound { flag, scope, .. } => {
            format!("must provide the --{flag} flag with --raw and --scope {scope}")
        }
        SealError::Open { place, error } => format!("{error}\nhint: {place}"),
        SealError::Keys { error, .. } if matches!(*error, sealward_sealing::BackupError::NoKey) => {
            error.to_string()
        }
        other => {
            let text = Failure::from(other).text();
            text.trim_start_matches("error: ").trim_end().to_owned()
        }
    }
}

fn of_service(asked: &Asked, error: &ServiceError) -> String {
    match (asked, refused(error)) {
        (Asked::ToVerify(name), Some(409)) => format!("unable to decrypt sealed secret: {name}"),
        (Asked::ToRotate, Some(409)) => "unable to rotate secret".to_owned(),
        (Asked::ToVerify(_), _) => format!("cannot validate sealed secret: {error}"),
        (Asked::ToRotate, _) => format!("cannot re-encrypt secret: {error}"),
        (Asked::ForKeys, _) => format!("cannot fetch certificate: {error}"),
    }
}

fn of_secret(place: &str, error: &SealSecretError) -> String {
    match error {
        SealSecretError::NoName
        | SealSecretError::NoNamespace
        | SealSecretError::NamespaceMismatch { .. }
        | SealSecretError::EmptyData => format!("{error}\nhint: {place}"),
        _ => format!("{place}: {error}"),
    }
}

/// An error of the system as Go writes it: small, and without its number.
fn go(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_read_as_gos() {
        assert_eq!(go(&io::Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(go(&io::Error::from_raw_os_error(13)), "permission denied");
        assert_eq!(go(&io::Error::from_raw_os_error(21)), "is a directory");
    }
}
