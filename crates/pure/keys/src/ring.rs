//! The set of RSA keys that a sealer holds: which one is newest, and in what order they are tried.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use crate::certificate::{Certificate, CertificateError};
use crate::rsa::{Fingerprint, PrivateKeyError, RsaPrivateKey};

/// Why a key and a certificate do not make a sealing key. Neither is repeated in the message.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SealingKeyError {
    /// The private key cannot be read.
    #[error("private key: {0}")]
    PrivateKey(#[from] PrivateKeyError),
    /// The certificate cannot be read.
    #[error("certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// Values sealed with the certificate could not be opened with the key.
    #[error("the certificate belongs to another private key")]
    Mismatch,
}

/// A private key, its certificate, and where it came from. Cheap to clone: the key itself is shared.
#[derive(Clone)]
pub struct SealingKey {
    name: String,
    created: Timestamp,
    private: Arc<RsaPrivateKey>,
    certificate: Certificate,
}

impl SealingKey {
    /// Joins a pair under the name of the Secret that holds it; `created` is that Secret's creation time.
    pub fn new(
        name: impl Into<String>,
        created: Timestamp,
        private: RsaPrivateKey,
        certificate: Certificate,
    ) -> Result<Self, SealingKeyError> {
        if private.public_key() != certificate.public_key() {
            return Err(SealingKeyError::Mismatch);
        }
        Ok(Self { name: name.into(), created, private: Arc::new(private), certificate })
    }

    /// Reads `tls.key` and `tls.crt` of a key Secret. An expired certificate is no error: old values still open.
    pub fn from_pem(
        name: impl Into<String>,
        created: Timestamp,
        private_key: &[u8],
        certificate: &[u8],
    ) -> Result<Self, SealingKeyError> {
        let private = RsaPrivateKey::from_pem(private_key)?;
        let certificate = Certificate::from_pem(certificate)?;
        Self::new(name, created, private, certificate)
    }

    /// Name of the Secret that holds the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creation time of that Secret.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The certificate to hand out.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The private half.
    pub fn private_key(&self) -> &RsaPrivateKey {
        &self.private
    }

    /// Fingerprint of the public half.
    pub fn fingerprint(&self) -> Fingerprint {
        self.certificate.public_key().fingerprint()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealingKey")
            .field("name", &self.name)
            .field("fingerprint", &self.fingerprint())
            .field("not_before", &self.certificate.not_before())
            .field("created", &self.created)
            .finish()
    }
}

/// What makes one key newer than another: upstream's `--key-order-priority`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyOrder {
    /// The certificate's NotBefore.
    #[default]
    CertNotBefore,
    /// The creation time of the Secret that holds the key.
    SecretCreationTimestamp,
}

/// RSA sealing keys, newest first, and private keys that only open.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    order: KeyOrder,
    keys: Vec<SealingKey>,
    without_certificate: Vec<Arc<RsaPrivateKey>>,
}

impl KeyRing {
    /// Ranks the keys; of two that are equally new, the one that comes first stays first.
    ///
    /// One private key may stand here twice, under certificates of different times.
    pub fn new(order: KeyOrder, keys: impl IntoIterator<Item = SealingKey>) -> Self {
        let mut keys: Vec<SealingKey> = keys.into_iter().collect();
        keys.sort_by_key(|key| Reverse(rank(order, key)));
        Self { order, keys, without_certificate: Vec::new() }
    }

    /// A ring of private keys without certificates, as a backup gives them: they open, in this order, and nothing is
    /// sealed for them.
    pub fn of_private_keys(keys: impl IntoIterator<Item = RsaPrivateKey>) -> Self {
        let without_certificate = keys.into_iter().map(Arc::new).collect();
        Self { order: KeyOrder::default(), keys: Vec::new(), without_certificate }
    }

    /// How this ring ranks its keys.
    pub fn order(&self) -> KeyOrder {
        self.order
    }

    /// All keys with a certificate, newest first.
    pub fn keys(&self) -> &[SealingKey] {
        &self.keys
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.without_certificate.is_empty()
    }

    /// The key to seal new values for: the newest whose certificate is already valid at `now`, in either order.
    ///
    /// A key with a NotBefore in the future is passed over: whoever could plant one would otherwise own all new
    /// values, and clients would refuse its certificate.
    pub fn newest(&self, now: Timestamp) -> Option<&SealingKey> {
        self.keys.iter().find(|key| key.certificate.not_before() <= now)
    }

    /// The key with this fingerprint.
    pub fn find(&self, fingerprint: Fingerprint) -> Option<&SealingKey> {
        self.keys.iter().find(|key| key.fingerprint() == fingerprint)
    }

    /// All private keys in the order to try them: the one that worked last (if it is still here), then newest first.
    pub fn trial_order(&self, worked_last: Option<Fingerprint>) -> impl Iterator<Item = &RsaPrivateKey> {
        let is_hint = move |key: &&RsaPrivateKey| Some(key.public_key().fingerprint()) == worked_last;
        self.private_keys().filter(is_hint).chain(self.private_keys().filter(move |key| !is_hint(key)))
    }

    fn private_keys(&self) -> impl Iterator<Item = &RsaPrivateKey> {
        self.keys.iter().map(SealingKey::private_key).chain(self.without_certificate.iter().map(Arc::as_ref))
    }
}

fn rank(order: KeyOrder, key: &SealingKey) -> Timestamp {
    match order {
        KeyOrder::CertNotBefore => key.certificate.not_before(),
        KeyOrder::SecretCreationTimestamp => key.created,
    }
}
