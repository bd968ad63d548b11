//! A fresh sealing pair with its self-signed certificate, as the upstream controller makes it.
//!
//! X.509 v3, SHA256WithRSA, random 128-bit serial, subject and issuer `CN` (or empty), KeyUsage encipherOnly and
//! BasicConstraints CA:TRUE, both critical, a subject key identifier, no alternative names.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use thiserror::Error;

use crate::certificate::Certificate;
use crate::rsa::RsaPrivateKey;

/// Sizes of key that can be made. Keys of other sizes can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaKeySize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits, upstream's default.
    #[default]
    Bits4096,
    /// 8192 bits; takes many seconds to make.
    Bits8192,
}

impl RsaKeySize {
    /// The size with this number of bits, if it is one of those that can be made.
    pub fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            2048 => Some(Self::Bits2048),
            3072 => Some(Self::Bits3072),
            4096 => Some(Self::Bits4096),
            8192 => Some(Self::Bits8192),
            _ => None,
        }
    }
}

/// What pair to make.
#[derive(Clone, Debug)]
pub struct KeyRequest {
    /// Length of the modulus.
    pub size: RsaKeySize,
    /// Common name of subject and issuer; empty leaves both names empty.
    pub common_name: String,
    /// First second of validity, normally now.
    pub not_before: Timestamp,
    /// How long the certificate is valid; upstream's default is 87600 hours.
    pub lifetime: Duration,
}

/// Why no pair was made.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// AWS-LC could not make a key.
    #[error("the RSA key could not be generated")]
    Key,
    /// The validity asked for cannot be written into a certificate (years 1970 to 9999).
    #[error("the certificate's validity lies outside of the years 1970 to 9999")]
    Validity,
    /// The certificate could not be made.
    #[error("the certificate could not be made")]
    Certificate,
}

/// Makes an RSA pair and its self-signed certificate. Takes about a second for 4096 bits.
pub fn generate(request: &KeyRequest) -> Result<(RsaPrivateKey, Certificate), GenerateError> {
    let key = PrivateDecryptingKey::generate(key_size(request.size)).map_err(|_| GenerateError::Key)?;
    let pkcs8 = key.as_der().map_err(|_| GenerateError::Key)?;
    let signer = Signer { pair: RsaKeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| GenerateError::Key)? };
    let der =
        parameters(request)?.self_signed(&signer).map_err(|_| GenerateError::Certificate)?.der().to_vec();
    let certificate = Certificate::from_der(der).map_err(|_| GenerateError::Certificate)?;
    let private = RsaPrivateKey::from_key(key).map_err(|_| GenerateError::Key)?;
    Ok((private, certificate))
}

fn key_size(size: RsaKeySize) -> KeySize {
    match size {
        RsaKeySize::Bits2048 => KeySize::Rsa2048,
        RsaKeySize::Bits3072 => KeySize::Rsa3072,
        RsaKeySize::Bits4096 => KeySize::Rsa4096,
        RsaKeySize::Bits8192 => KeySize::Rsa8192,
    }
}

fn parameters(request: &KeyRequest) -> Result<CertificateParams, GenerateError> {
    const YEAR_10000: u64 = 253_402_300_800;
    let start = u64::try_from(request.not_before.as_second()).map_err(|_| GenerateError::Validity)?;
    let end = start.checked_add(request.lifetime.as_secs()).ok_or(GenerateError::Validity)?;
    if end >= YEAR_10000 {
        return Err(GenerateError::Validity);
    }
    let epoch = date_time_ymd(1970, 1, 1);

    let mut serial = [0u8; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| GenerateError::Certificate)?;
    let mut name = DistinguishedName::new();
    if !request.common_name.is_empty() {
        name.push(DnType::CommonName, request.common_name.as_str());
    }
    let mut parameters = CertificateParams::default();
    parameters.not_before = epoch + Duration::from_secs(start);
    parameters.not_after = epoch + Duration::from_secs(end);
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    parameters.distinguished_name = name;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::EncipherOnly];
    Ok(parameters)
}

/// Lets rcgen sign with a key that it never holds as bytes.
struct Signer {
    pair: RsaKeyPair,
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| rcgen::Error::RingUnspecified)?;
        Ok(signature)
    }
}
