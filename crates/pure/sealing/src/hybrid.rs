//! Bitnami's format: RSA-OAEP wraps a session key, AES-GCM under that key holds the value.
//!
//! ```text
//! u16 big-endian L ‖ RSA-OAEP-SHA256(session key, label), L bytes ‖ AES-GCM ciphertext ‖ 16-byte tag
//! ```
//! The session key is 32 random bytes that are used once, which is what makes the all-zero nonce sound. There is no
//! associated data and no key id. Source: `pkg/crypto/crypto.go`, `HybridEncrypt` and `HybridDecrypt`.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey,
};
use sealward_keys::{Fingerprint, RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use crate::value::{SealValueError, SecretBytes};

const LENGTH: usize = 2;
const SESSION_KEY: usize = 32;
const TAG: usize = 16;

/// The two halves of a blob.
pub(crate) struct Blob<'a> {
    wrapped_key: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Splits a blob by its length prefix; `None` when it is too short to be one.
    pub(crate) fn split(bytes: &'a [u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
        let (wrapped_key, ciphertext) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        (ciphertext.len() >= TAG).then_some(Self { wrapped_key, ciphertext })
    }

    /// Tries the keys in turn and says which one opened it.
    pub(crate) fn open<'k>(
        &self,
        label: &[u8],
        keys: impl Iterator<Item = &'k RsaPrivateKey>,
    ) -> Option<(SecretBytes, Fingerprint)> {
        keys.filter(|key| key.public_key().modulus_length() == self.wrapped_key.len())
            .find_map(|key| Some((self.open_with(label, key)?, key.public_key().fingerprint())))
    }

    fn open_with(&self, label: &[u8], key: &RsaPrivateKey) -> Option<SecretBytes> {
        let session_key = key.decrypt_oaep(label, self.wrapped_key).ok()?;
        let cipher = cipher(&session_key)?;
        let mut buffer = Zeroizing::new(self.ciphertext.to_vec());
        let plaintext = cipher.open_in_place(zero_nonce(), Aad::empty(), &mut buffer).ok()?;
        Some(SecretBytes::from(plaintext.to_vec()))
    }
}

/// Seals `plaintext` for the owner of `key` under `label`.
pub(crate) fn seal(key: &RsaPublicKey, label: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealValueError> {
    let mut session_key = Zeroizing::new([0u8; SESSION_KEY]);
    aws_lc_rs::rand::fill(session_key.as_mut_slice()).map_err(|_| SealValueError::Cryptography)?;
    let wrapped =
        key.encrypt_oaep(label, session_key.as_slice()).map_err(|_| SealValueError::Cryptography)?;
    let length = u16::try_from(wrapped.len()).map_err(|_| SealValueError::Cryptography)?;

    // Reserved whole, so that no growth leaves plaintext behind in freed memory.
    let mut buffer = Vec::with_capacity(plaintext.len() + TAG);
    buffer.extend_from_slice(plaintext);
    cipher(session_key.as_slice())
        .ok_or(SealValueError::Cryptography)?
        .seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut buffer)
        .map_err(|_| SealValueError::Cryptography)?;
    Ok([length.to_be_bytes().as_slice(), &wrapped, &buffer].concat())
}

/// AES-GCM with whichever key size the session key has; upstream takes any that AES has.
fn cipher(session_key: &[u8]) -> Option<LessSafeKey> {
    let algorithm: &'static Algorithm = match session_key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    UnboundKey::new(algorithm, session_key).ok().map(LessSafeKey::new)
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
