//! age identity files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealward_keys::{AgeIdentity, KeyFileError, parse_identities};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::fetch::MAX_BYTES;

/// Why an identity file gives no identities. Its content is never repeated.
#[derive(Debug, Error)]
pub enum IdentityFileError {
    /// The file cannot be read.
    #[error("cannot read identity file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no identity file.
    #[error("identity file {}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the number of the line.
        source: KeyFileError,
    },
}

/// Reads an identity file as `age-keygen` writes it, 1 MiB at most.
pub fn identities_from_file(path: &Path) -> Result<Vec<AgeIdentity>, IdentityFileError> {
    let text = read(path).map_err(|source| IdentityFileError::Read { path: path.to_owned(), source })?;
    parse_identities(&text).map_err(|source| IdentityFileError::Content { path: path.to_owned(), source })
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = File::open(path)?;
    // Reserved whole, so that no growth leaves a copy of the secret behind in freed memory.
    let expected = usize::try_from(file.metadata()?.len()).unwrap_or(MAX_BYTES).min(MAX_BYTES);
    let mut text = Zeroizing::new(String::with_capacity(expected + 64));
    file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(text)
}
