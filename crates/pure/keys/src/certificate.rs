//! Certificates that carry a sealing key: X.509 (RFC 5280) in PEM.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pem::{EncodeConfig, LineEnding, Pem};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::pem_text::blocks;
use crate::rsa::{PublicKeyError, RsaPublicKey};

const LABEL: &str = "CERTIFICATE";

/// Why a text is not a certificate to seal with.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CertificateError {
    /// The text holds no `CERTIFICATE` block without headers.
    #[error("failed to read any certificates: no PEM block -----BEGIN CERTIFICATE----- found")]
    NoCertificate,
    /// The PEM framing or its base64 is broken.
    #[error("not valid PEM: {reason}")]
    BrokenPem {
        /// What the reader stumbled over.
        reason: String,
    },
    /// The block holds no X.509 certificate.
    #[error("the CERTIFICATE block holds no X.509 certificate")]
    Malformed,
    /// The certificate's key cannot be used.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// The certificate's last day has passed.
    #[error("failed to encrypt using an expired certificate on {}", day(*not_after))]
    Expired {
        /// Its last second.
        not_after: Timestamp,
    },
    /// The certificate's first day has not come.
    #[error("the certificate is not yet valid, its first day is {}", day(*not_before))]
    NotYetValid {
        /// Its first second.
        not_before: Timestamp,
    },
}

/// A certificate with an RSA key. No chain is built: trust comes from where it was fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: RsaPublicKey,
}

impl Certificate {
    /// Reads the first `CERTIFICATE` block of a PEM text, as kubeseal does; blocks with headers, and broken
    /// ones, are passed over.
    ///
    /// Does not look at the clock: see [`Certificate::check_validity`].
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let mut broken = None;
        let mut usable = |block: Result<Pem, pem::PemError>| match block {
            Ok(block) => Some(block).filter(|block| block.tag() == LABEL && !has_headers(block)),
            Err(error) => {
                broken.get_or_insert_with(|| error.to_string());
                None
            }
        };
        let found = blocks(text).find_map(&mut usable);
        let none = || match broken {
            Some(reason) => CertificateError::BrokenPem { reason },
            None => CertificateError::NoCertificate,
        };
        let block = found.ok_or_else(none)?;
        Self::from_der(block.into_contents())
    }

    /// Reads a DER certificate.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let public_key = RsaPublicKey::from_spki_der(parsed.public_key().raw)?;
        let not_before = second(parsed.validity().not_before.timestamp())?;
        let not_after = second(parsed.validity().not_after.timestamp())?;
        Ok(Self { not_before, not_after, public_key, der })
    }

    /// Refuses a certificate whose time is over or has not come at `now`; both ends count as valid.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), CertificateError> {
        if now > self.not_after {
            return Err(CertificateError::Expired { not_after: self.not_after });
        }
        if now < self.not_before {
            return Err(CertificateError::NotYetValid { not_before: self.not_before });
        }
        Ok(())
    }

    /// The key to seal for.
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public_key
    }

    /// First second of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as one PEM block with LF line ends.
    pub fn to_pem(&self) -> String {
        let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
        pem::encode_config(&Pem::new(LABEL, self.der.clone()), config)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("public_key", &self.public_key)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish()
    }
}

fn has_headers(block: &Pem) -> bool {
    block.headers().iter().next().is_some()
}

fn second(unix: i64) -> Result<Timestamp, CertificateError> {
    Timestamp::from_second(unix).map_err(|_| CertificateError::Malformed)
}

/// `January 2, 2006`, the form that kubeseal prints, in UTC.
fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%B %-d, %Y").to_string()
}
