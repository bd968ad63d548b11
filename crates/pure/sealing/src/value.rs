//! One value: seal it, or open it with whichever key fits.

use sealward_keys::{AgeIdentity, AgeRecipient, Fingerprint, KeyRing, RsaPublicKey};
use thiserror::Error;

use crate::age_file::{self, AGE_MAGIC, AgeRecipients};
use crate::base64_text;
use crate::hybrid::{self, Blob};
use crate::scope::Binding;

/// Plaintext bytes that `Debug` does not show and that are wiped when dropped.
pub type SecretBytes = secrecy::SecretSlice<u8>;

/// Whom to seal for.
#[derive(Clone, Debug)]
pub enum Recipients {
    /// The owner of one RSA key, in Bitnami's format, which has room for one only.
    Rsa(RsaPublicKey),
    /// Owners of age identities.
    Age(AgeRecipients),
}

/// What to open with.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// RSA keys.
    pub ring: &'a KeyRing,
    /// age identities.
    pub identities: &'a [AgeIdentity],
    /// The RSA key that worked last, to be tried first. A hint: a wrong one costs time only.
    pub worked_last: Option<Fingerprint>,
}

/// Which key opened a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsedKey {
    /// An RSA key of the ring.
    Rsa(Fingerprint),
    /// The identity of this recipient.
    Age(AgeRecipient),
}

/// An opened value.
#[derive(Debug)]
pub struct OpenedValue {
    /// The plaintext.
    pub plaintext: SecretBytes,
    /// The key that opened it.
    pub key: UsedKey,
}

/// Why a value was not sealed. Never holds any of it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SealValueError {
    /// No Secret can have such an item.
    #[error("{item:?} is no valid key of a Secret (letters, digits, -, _ and ., at most 253)")]
    ItemKey {
        /// The item key as given.
        item: String,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library could not seal the value")]
    Cryptography,
}

/// Why a value was not opened.
///
/// Only [`OpenValueError::NoKey`] depends on keys and plaintext, and it is one error for all of their causes: the
/// wrong key, another name or scope, altered bytes, a list of recipients that does not match. All others can be told
/// from the value by everybody.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenValueError {
    /// No key opens this value here.
    #[error("no key could decrypt secret")]
    NoKey,
    /// Not text at all.
    #[error("the sealed value is {0}, it must be text")]
    NotText(&'static str),
    /// Not base64.
    #[error("the sealed value is not valid base64")]
    NotBase64,
    /// Shorter than its format needs: often a copy that was cut off.
    #[error("SealedSecret data is too short")]
    TooShort,
    /// Begins like an age file and is none of version 1.
    #[error("the sealed value is not a valid age file")]
    AgeMalformed,
    /// An age file in its text form.
    #[error("the sealed value is an armored age file, it must be a binary one")]
    AgeArmored,
    /// Its age header is over the limit.
    #[error("the age header of the sealed value is longer than 16 KiB")]
    AgeHeaderTooLong,
    /// It has too many recipients.
    #[error("the sealed value has more than 32 age recipient stanzas")]
    AgeTooManyStanzas,
    /// It was sealed with a passphrase, which nobody is there to type.
    #[error("the sealed value is encrypted with a passphrase, seal it for a recipient")]
    AgePassphrase,
}

/// A sealed value, decoded; the format is told by the first bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Sealed {
    /// Bitnami's format.
    Rsa(Vec<u8>),
    /// A binary age file.
    Age(Vec<u8>),
}

impl Sealed {
    /// Decodes the text of one item.
    ///
    /// An RSA value starts with the length of its wrapped key. Read as one, `ag` would be a key of 199,480 bits.
    pub fn parse(text: &str) -> Result<Self, OpenValueError> {
        let bytes = base64_text::decode(text).ok_or(OpenValueError::NotBase64)?.to_vec();
        if bytes.starts_with(AGE_MAGIC) {
            Ok(Self::Age(bytes))
        } else if bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            Err(OpenValueError::AgeArmored)
        } else if Blob::split(&bytes).is_some() {
            Ok(Self::Rsa(bytes))
        } else {
            Err(OpenValueError::TooShort)
        }
    }

    /// Whether the bytes have the shape of a sealed value: enough of them for what their own prefix says.
    /// No key is needed, and none is tried.
    ///
    /// # Errors
    /// [`OpenValueError::TooShort`] when a value is cut short; for an age value also what is wrong with its
    /// header.
    pub fn check(&self) -> Result<(), OpenValueError> {
        match self {
            Self::Rsa(bytes) => Blob::split(bytes).map(drop).ok_or(OpenValueError::TooShort),
            Self::Age(file) => age_file::check(file),
        }
    }

    /// The value as it stands in `encryptedData`: standard base64 with padding.
    pub fn to_text(&self) -> String {
        match self {
            Self::Rsa(bytes) | Self::Age(bytes) => base64_text::encode(bytes),
        }
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bytes) => write!(formatter, "Rsa({} bytes)", bytes.len()),
            Self::Age(bytes) => write!(formatter, "Age({} bytes)", bytes.len()),
        }
    }
}

/// Seals one value for its place; returns the text that goes into `encryptedData`.
///
/// RSA values are not bound to their item key (the format has no room for it), age values are.
pub fn seal_value(
    plaintext: &[u8],
    binding: &Binding,
    item: &str,
    recipients: &Recipients,
) -> Result<String, SealValueError> {
    check_item_key(item)?;
    let sealed = match recipients {
        Recipients::Rsa(key) => Sealed::Rsa(hybrid::seal(key, &binding.label(), plaintext)?),
        Recipients::Age(recipients) => Sealed::Age(age_file::seal(recipients, binding, item, plaintext)?),
    };
    Ok(sealed.to_text())
}

/// Opens one value if it was sealed for this place and one of the keys fits.
pub fn open_value(
    value: &str,
    binding: &Binding,
    item: &str,
    keys: Keys<'_>,
) -> Result<OpenedValue, OpenValueError> {
    open_with_recipients(value, binding, item, keys).map(|(opened, _)| opened)
}

/// As [`open_value`], with all recipients of an age value, whom it must stay open for when it is sealed anew.
pub(crate) fn open_with_recipients(
    value: &str,
    binding: &Binding,
    item: &str,
    keys: Keys<'_>,
) -> Result<(OpenedValue, Option<Vec<String>>), OpenValueError> {
    match Sealed::parse(value)? {
        Sealed::Rsa(bytes) => {
            let blob = Blob::split(&bytes).ok_or(OpenValueError::TooShort)?;
            let (plaintext, key) = blob
                .open(&binding.label(), keys.ring.trial_order(keys.worked_last))
                .ok_or(OpenValueError::NoKey)?;
            Ok((OpenedValue { plaintext, key: UsedKey::Rsa(key) }, None))
        }
        Sealed::Age(file) => {
            let opened = age_file::open(&file, binding, item, keys.identities)?;
            let key = UsedKey::Age(opened.recipient);
            Ok((OpenedValue { plaintext: opened.plaintext, key }, Some(opened.listed)))
        }
    }
}

/// A Secret's data keys, `IsConfigMapKey` in `k8s.io/apimachinery/pkg/util/validation`.
fn check_item_key(item: &str) -> Result<(), SealValueError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let dots = item == "." || item.starts_with("..");
    if item.is_empty() || item.len() > 253 || dots || !item.bytes().all(fits) {
        return Err(SealValueError::ItemKey { item: item.to_owned() });
    }
    Ok(())
}
