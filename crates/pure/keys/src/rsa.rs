//! RSA keys and the one operation that sealing needs of them: OAEP with SHA-256 and a label (RFC 8017 §7.1).

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use thiserror::Error;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use crate::der;
use crate::pem_text::{blocks, private_pem};

/// OpenSSH's SHA-256 fingerprint of an RSA public key; displays as `SHA256:…`, what `ssh-keygen -l` shows.
///
/// The upstream controller names its keys so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SHA256:{}", BASE64_STANDARD_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Why bytes are not an RSA public key that can be sealed for.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PublicKeyError {
    /// The bytes are not a `SubjectPublicKeyInfo`.
    #[error("not a public key in SubjectPublicKeyInfo form")]
    Malformed,
    /// It is a public key of another algorithm; the field names it.
    #[error("expected RSA public key but found {found}")]
    NotRsa {
        /// The algorithm's usual name, or its object identifier.
        found: String,
    },
    /// An RSA key that AWS-LC does not take.
    #[error("this RSA public key is not supported: its modulus must have 2048 to 8192 bits, it has {bits}")]
    Unsupported {
        /// The modulus' length in bits.
        bits: usize,
    },
}

/// Why bytes are not an RSA private key that can open values.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PrivateKeyError {
    /// No PEM block was found.
    #[error(
        "no PEM block found, a private key starts with -----BEGIN RSA PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----"
    )]
    NoPem,
    /// There is a PEM block, but none that holds a private key.
    #[error("expected a PEM block RSA PRIVATE KEY or PRIVATE KEY but found {found}")]
    OtherBlock {
        /// The label of the first block.
        found: String,
    },
    /// The private key is encrypted with a passphrase.
    #[error("the private key is encrypted, decrypt it first (openssl pkey)")]
    Encrypted,
    /// It is a private key of another kind.
    #[error("private key is not an RSA key")]
    NotRsa,
    /// The block's label promises an RSA key, but AWS-LC rejects what is inside.
    #[error("not a valid RSA private key of 2048 to 8192 bits")]
    Invalid,
}

/// An OAEP operation failed. Deliberately says nothing about why.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("RSA-OAEP operation failed")]
pub struct OaepError;

/// An RSA public key of 2048 to 8192 bits.
#[derive(Clone)]
pub struct RsaPublicKey {
    key: PublicEncryptingKey,
    fingerprint: Fingerprint,
}

impl RsaPublicKey {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let (_, spki) = SubjectPublicKeyInfo::from_der(der).map_err(|_| PublicKeyError::Malformed)?;
        let PublicKey::RSA(numbers) = spki.parsed().map_err(|_| PublicKeyError::Malformed)? else {
            return Err(PublicKeyError::NotRsa { found: algorithm_name(&spki) });
        };
        let bits = numbers.key_size();
        let key = PublicEncryptingKey::from_der(der).map_err(|_| PublicKeyError::Unsupported { bits })?;
        let fingerprint = openssh_fingerprint(numbers.exponent, numbers.modulus);
        Ok(Self { key, fingerprint })
    }

    /// The key's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The modulus' length in bytes, which is the length of every ciphertext.
    pub fn modulus_length(&self) -> usize {
        self.key.key_size_bytes()
    }

    /// Encrypts a short secret (a session key) under `label`, OAEP with SHA-256 for both hash and mask.
    pub fn encrypt_oaep(&self, label: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, OaepError> {
        let key = OaepPublicEncryptingKey::new(self.key.clone()).map_err(|_| OaepError)?;
        let mut out = vec![0; key.ciphertext_size()];
        let length = key
            .encrypt(&OAEP_SHA256_MGF1SHA256, plaintext, &mut out, present(label))
            .map_err(|_| OaepError)?
            .len();
        out.truncate(length);
        Ok(out)
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for RsaPublicKey {}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RsaPublicKey({})", self.fingerprint)
    }
}

/// An RSA private key of 2048 to 8192 bits; its operations run in AWS-LC.
pub struct RsaPrivateKey {
    key: PrivateDecryptingKey,
    oaep: OaepPrivateDecryptingKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Reads the first private key of a PEM text: `RSA PRIVATE KEY` (PKCS#1) or `PRIVATE KEY` (PKCS#8).
    ///
    /// As for Go's `ParsePrivateKeyPEM`, other blocks (a certificate, parameters) and broken ones are passed over.
    /// Errors never repeat the input.
    pub fn from_pem(text: &[u8]) -> Result<Self, PrivateKeyError> {
        let mut refused = None;
        for block in blocks(text).flatten() {
            let label = block.tag().to_owned();
            let encrypted = block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
            let der = Zeroizing::new(block.into_contents());
            let refusal = match label.as_str() {
                "EC PRIVATE KEY" | "DSA PRIVATE KEY" | "OPENSSH PRIVATE KEY" => {
                    return Err(PrivateKeyError::NotRsa);
                }
                "PRIVATE KEY" if der::pkcs1_from_pkcs8(&der).is_none() => {
                    return Err(PrivateKeyError::NotRsa);
                }
                "ENCRYPTED PRIVATE KEY" => PrivateKeyError::Encrypted,
                "RSA PRIVATE KEY" if encrypted => PrivateKeyError::Encrypted,
                "RSA PRIVATE KEY" => match Self::from_pkcs8(&der::pkcs8_from_pkcs1(&der)) {
                    Ok(key) => return Ok(key),
                    Err(error) => error,
                },
                "PRIVATE KEY" => match Self::from_pkcs8(&der) {
                    Ok(key) => return Ok(key),
                    Err(error) => error,
                },
                _ => PrivateKeyError::OtherBlock { found: label },
            };
            let is_key = !matches!(refusal, PrivateKeyError::OtherBlock { .. });
            if refused.is_none() || (is_key && matches!(refused, Some(PrivateKeyError::OtherBlock { .. }))) {
                refused = Some(refusal);
            }
        }
        Err(refused.unwrap_or(PrivateKeyError::NoPem))
    }

    /// Reads a PKCS#8 `PrivateKeyInfo` of an RSA key.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| PrivateKeyError::Invalid)?;
        Self::from_key(key)
    }

    pub(crate) fn from_key(key: PrivateDecryptingKey) -> Result<Self, PrivateKeyError> {
        let spki = key.public_key().as_der().map_err(|_| PrivateKeyError::Invalid)?;
        let public = RsaPublicKey::from_spki_der(spki.as_ref()).map_err(|_| PrivateKeyError::Invalid)?;
        let oaep = OaepPrivateDecryptingKey::new(key.clone()).map_err(|_| PrivateKeyError::Invalid)?;
        Ok(Self { key, oaep, public })
    }

    /// The public half.
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The key as PEM `RSA PRIVATE KEY` (PKCS#1), as the upstream controller stores it.
    pub fn to_pkcs1_pem(&self) -> Result<SecretString, PrivateKeyError> {
        let pkcs8 = self.key.as_der().map_err(|_| PrivateKeyError::Invalid)?;
        let pkcs1 = der::pkcs1_from_pkcs8(pkcs8.as_ref()).ok_or(PrivateKeyError::Invalid)?;
        Ok(private_pem("RSA PRIVATE KEY", pkcs1))
    }

    /// Decrypts what [`RsaPublicKey::encrypt_oaep`] made under the same label. Every failure is the same error.
    pub fn decrypt_oaep(&self, label: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, OaepError> {
        let mut out = Zeroizing::new(vec![0; self.oaep.min_output_size()]);
        let length = self
            .oaep
            .decrypt(&OAEP_SHA256_MGF1SHA256, ciphertext, &mut out, present(label))
            .map_err(|_| OaepError)?
            .len();
        // The tail keeps whatever padding was there; it is wiped with the rest when `out` is dropped.
        Ok(Zeroizing::new(out.get(..length).ok_or(OaepError)?.to_vec()))
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RsaPrivateKey({})", self.public.fingerprint)
    }
}

/// An empty label and no label are the same in OAEP; AWS-LC takes only the latter.
fn present(label: &[u8]) -> Option<&[u8]> {
    (!label.is_empty()).then_some(label)
}

/// SHA-256 over the OpenSSH wire form (RFC 4253 §6.6): `string "ssh-rsa"`, `mpint e`, `mpint n`.
fn openssh_fingerprint(exponent: &[u8], modulus: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new();
    for field in [b"ssh-rsa".as_slice(), exponent, modulus] {
        // A DER INTEGER and an mpint agree: big-endian, with a zero byte where the top bit is set.
        hash.update((field.len() as u32).to_be_bytes());
        hash.update(field);
    }
    Fingerprint(hash.finalize().into())
}

fn algorithm_name(spki: &SubjectPublicKeyInfo<'_>) -> String {
    let oid = spki.algorithm.algorithm.to_id_string();
    match oid.as_str() {
        "1.2.840.10045.2.1" => "ECDSA".to_owned(),
        "1.3.101.112" => "Ed25519".to_owned(),
        "1.3.101.110" => "X25519".to_owned(),
        "1.2.840.10040.4.1" => "DSA".to_owned(),
        "1.2.840.113549.1.1.10" => "RSASSA-PSS".to_owned(),
        _ => format!("algorithm {oid}"),
    }
}
