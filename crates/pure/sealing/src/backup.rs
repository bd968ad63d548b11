//! Keys out of a file that somebody kept: what `kubeseal --recovery-private-key` takes, and age identities beside it.
//!
//! ```text
//! -----BEGIN RSA PRIVATE KEY-----       PEM
//! kind: Secret | List | SecretList      data: tls.key, or identity
//! AGE-SECRET-KEY-1…                     an identity file, as age-keygen writes it
//! ```
//! Only private halves are read: a certificate that has run out, or is missing, keeps nothing from being opened.

use std::collections::BTreeMap;

use sealward_api::bitnami::{AGE_KEY_SECRET_IDENTITY, KEY_SECRET_PRIVATE_KEY};
use sealward_document::ReadError;
use sealward_keys::{
    AgeIdentity, AgeKeyError, KeyFileError, KeyRing, PrivateKeyError, RsaPrivateKey, parse_identities,
};
use sealward_manifest::{Gvk, Manifest, read};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::seal::{SealSecretError, plaintexts};

/// Private keys and identities of one or more backups.
#[derive(Debug, Default)]
pub struct Backup {
    /// RSA keys, in the order in which they were read.
    pub private_keys: Vec<RsaPrivateKey>,
    /// age identities, in that order.
    pub identities: Vec<AgeIdentity>,
}

/// Why a file is no backup of keys. Nothing of the keys is repeated.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A PEM text without an RSA private key.
    #[error(transparent)]
    Pem(#[from] PrivateKeyError),
    /// An identity file with a broken line.
    #[error(transparent)]
    Identities(#[from] KeyFileError),
    /// Neither PEM nor YAML nor JSON.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An object that is no Secret.
    #[error("expected a Secret but found {0}")]
    NotASecret(Gvk),
    /// No object at all.
    #[error("no key found: expected a PEM private key, a Secret or List of Secrets, or age identities")]
    Empty,
    /// A Secret without a key. The words are upstream's.
    #[error("secret must contain a 'tls.data' key")]
    NoKey,
    /// Its `data` cannot be read.
    #[error("Secret {name:?}: {source}")]
    Data {
        /// The Secret's name.
        name: String,
        /// Why.
        source: SealSecretError,
    },
    /// Its `tls.key` is no RSA key.
    #[error("Secret {name:?}: {source}")]
    PrivateKey {
        /// The Secret's name.
        name: String,
        /// Why.
        source: PrivateKeyError,
    },
    /// Its `identity` is none.
    #[error("Secret {name:?}: {source}")]
    Identity {
        /// The Secret's name.
        name: String,
        /// Why.
        source: AgeKeyError,
    },
}

impl Backup {
    /// Reads one file's bytes; `path` is for messages.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, BackupError> {
        let text = String::from_utf8_lossy(bytes);
        if text.lines().any(|line| line.starts_with("-----BEGIN ")) {
            let key = RsaPrivateKey::from_pem(bytes)?;
            return Ok(Self { private_keys: vec![key], identities: Vec::new() });
        }
        if text.lines().any(|line| line.trim_start().starts_with("AGE-SECRET-KEY-1")) {
            return Ok(Self { private_keys: Vec::new(), identities: parse_identities(&text)? });
        }
        let mut backup = Self::default();
        let secrets = read(path, bytes)?;
        if secrets.is_empty() {
            return Err(BackupError::Empty);
        }
        for secret in &secrets {
            backup.add(secret)?;
        }
        Ok(backup)
    }

    /// Adds what another file holds.
    pub fn extend(&mut self, other: Self) {
        self.private_keys.extend(other.private_keys);
        self.identities.extend(other.identities);
    }

    /// The RSA keys as a ring to open with, and the identities.
    pub fn into_keys(self) -> (KeyRing, Vec<AgeIdentity>) {
        (KeyRing::of_private_keys(self.private_keys), self.identities)
    }

    fn add(&mut self, secret: &Manifest) -> Result<(), BackupError> {
        if !secret.is_secret() {
            return Err(BackupError::NotASecret(secret.gvk().clone()));
        }
        let name = || secret.name().to_owned();
        let data: BTreeMap<String, Zeroizing<Vec<u8>>> =
            plaintexts(secret).map_err(|source| BackupError::Data { name: name(), source })?;
        if let Some(pem) = data.get(KEY_SECRET_PRIVATE_KEY) {
            let key = RsaPrivateKey::from_pem(pem);
            self.private_keys.push(key.map_err(|source| BackupError::PrivateKey { name: name(), source })?);
        } else if let Some(text) = data.get(AGE_KEY_SECRET_IDENTITY) {
            let identity = std::str::from_utf8(text).unwrap_or_default().parse();
            self.identities.push(identity.map_err(|source| BackupError::Identity { name: name(), source })?);
        } else {
            return Err(BackupError::NoKey);
        }
        Ok(())
    }
}
