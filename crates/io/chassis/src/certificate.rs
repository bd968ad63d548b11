//! The certificate that new TLS connections are answered with.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A place for one certificate chain with its key, swapped whole. A handshake takes what stands in it
/// at that moment; connections that are open keep what they have.
#[derive(Default)]
pub struct CertificateSlot(ArcSwapOption<CertifiedKey>);

/// Why a pair was not taken. None of the texts holds a byte of the input.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No certificate in the chain's PEM text, or one that is no certificate.
    #[error("the certificate chain is not PEM with at least one certificate")]
    Chain,
    /// No private key in the key's PEM text.
    #[error("the private key is not PEM with one private key")]
    Key,
    /// A key that cannot sign, or that belongs to another certificate.
    #[error("the private key cannot be used with the certificate: {0}")]
    Pair(rustls::Error),
}

impl CertificateSlot {
    /// A slot without a certificate: handshakes are refused until [`CertificateSlot::replace`].
    pub fn empty() -> Arc<Self> {
        Arc::default()
    }

    /// Takes a chain (leaf first) and its key, both PEM, for all new connections.
    ///
    /// # Errors
    /// [`CertificateError`]; what stood in the slot stays.
    pub fn replace(&self, chain_pem: &[u8], key_pem: &[u8]) -> Result<(), CertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain_pem)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::Chain)?;
        if chain.is_empty() {
            return Err(CertificateError::Chain);
        }
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| CertificateError::Key)?;
        let pair = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(CertificateError::Pair)?;
        self.0.store(Some(Arc::new(pair)));
        Ok(())
    }

    /// Whether there is a certificate to answer with.
    pub fn is_filled(&self) -> bool {
        self.0.load().is_some()
    }
}

impl ResolvesServerCert for CertificateSlot {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

impl fmt::Debug for CertificateSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateSlot({})", if self.is_filled() { "filled" } else { "empty" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn check(chain: &str, key: &str, expect: &str) {
        let slot = CertificateSlot::empty();
        let (good_chain, good_key) = pair();
        slot.replace(good_chain.as_bytes(), good_key.as_bytes()).unwrap();
        let before = slot.0.load_full();
        let error = slot.replace(chain.as_bytes(), key.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
        assert!(Arc::ptr_eq(&before.unwrap(), &slot.0.load_full().unwrap()), "the last good pair stays");
    }

    #[test]
    fn a_bad_pair_never_replaces_a_good_one() {
        let (chain, key) = pair();
        let (_, other_key) = pair();
        check("", &key, "the certificate chain is not PEM");
        check("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n", &key, "the certificate chain");
        check(&chain, "", "the private key is not PEM");
        check(&chain, &other_key, "the private key cannot be used with the certificate");
        check(&key, &key, "the certificate chain is not PEM");
    }
}
