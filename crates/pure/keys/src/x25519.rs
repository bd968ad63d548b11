//! age's native keys: X25519 identities (`AGE-SECRET-KEY-1…`) and recipients (`age1…`), as c2sp.org/age has them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use age::{DecryptError, EncryptError, x25519};
use age_core::format::{FileKey, Stanza};
use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::rand::SystemRandom;
use secrecy::SecretString;
use thiserror::Error;

/// Why a text is not an X25519 key of age. The text is not repeated: it may be a secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AgeKeyError {
    /// It is not an age recipient.
    #[error("not an age recipient, one starts with age1 and has 62 characters ({reason})")]
    Recipient {
        /// What the decoder stumbled over.
        reason: &'static str,
    },
    /// It is an age recipient, but of a kind other than X25519.
    #[error(
        "only X25519 recipients (age1… without a second 1) are supported here, this one is of another kind"
    )]
    OtherRecipient,
    /// The point is of low order: everybody could open what is sealed for it.
    #[error("this age recipient is a weak key that anyone could open, refuse it and ask where it came from")]
    WeakRecipient,
    /// It is an identity where a recipient belongs.
    #[error(
        "this is a secret age identity where a public recipient (age1…) belongs, keep it out of files and arguments"
    )]
    IdentityAsRecipient,
    /// It is not an X25519 identity.
    #[error("not an age identity, one starts with AGE-SECRET-KEY-1 ({reason})")]
    Identity {
        /// What the decoder stumbled over.
        reason: &'static str,
    },
}

/// Why a file of age keys cannot be read. Lines are named by number, never repeated.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyFileError {
    /// A line is neither comment nor key.
    #[error("line {line}: {source}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong with it.
        source: AgeKeyError,
    },
    /// Nothing but comments and empty lines where identities belong.
    #[error("no age identity found, a line with one starts with AGE-SECRET-KEY-1")]
    NoIdentity,
    /// Nothing but comments and empty lines where recipients belong.
    #[error("no age recipient found, a line with one starts with age1")]
    NoRecipient,
}

/// A public key to seal for; displays as `age1…`. Never a low-order point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AgeRecipient(x25519::Recipient);

impl FromStr for AgeRecipient {
    type Err = AgeKeyError;

    fn from_str(text: &str) -> Result<Self, AgeKeyError> {
        let text = text.trim();
        if starts_with_ignoring_case(text, "AGE-SECRET-KEY-") {
            return Err(AgeKeyError::IdentityAsRecipient);
        }
        // age1pq1…, age1tag1… and plugins' recipients have a second separator.
        if text.strip_prefix("age1").is_some_and(|rest| rest.contains('1')) {
            return Err(AgeKeyError::OtherRecipient);
        }
        let parsed = x25519::Recipient::from_str(text).map_err(|reason| AgeKeyError::Recipient { reason })?;
        let recipient = Self(parsed);
        if recipient.is_low_order() {
            return Err(AgeKeyError::WeakRecipient);
        }
        Ok(recipient)
    }
}

impl AgeRecipient {
    /// Whether every Diffie-Hellman result with this point is zero (RFC 7748 §6.1).
    ///
    /// The age crate panics when it meets such a point while sealing, so it is refused at the rim.
    fn is_low_order(&self) -> bool {
        let point = UnparsedPublicKey::new(&X25519, self.point());
        let Ok(own) = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()) else {
            return true;
        };
        agree_ephemeral(own, point, (), |_| Ok(())).is_err()
    }

    /// The 32 bytes that the text encodes in Bech32 (BIP 173).
    fn point(&self) -> Vec<u8> {
        const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        const CHECKSUM: usize = 6;
        let text = self.0.to_string();
        let data = text.strip_prefix("age1").unwrap_or_default();
        let symbols = data.get(..data.len().saturating_sub(CHECKSUM)).unwrap_or_default();
        let mut bytes = Vec::with_capacity(32);
        let (mut pending, mut bits) = (0u32, 0u32);
        for symbol in symbols.chars().filter_map(|symbol| ALPHABET.find(symbol)) {
            pending = (pending << 5 | symbol as u32) & 0xfff;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push((pending >> bits & 0xff) as u8);
            }
        }
        bytes
    }
}

impl age::Recipient for AgeRecipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        self.0.wrap_file_key(file_key)
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for AgeRecipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AgeRecipient({})", self.0)
    }
}

/// A secret key that opens what was sealed for its recipient. Wiped when dropped; `Debug` shows the recipient.
#[derive(Clone)]
pub struct AgeIdentity {
    secret: x25519::Identity,
    recipient: AgeRecipient,
}

impl AgeIdentity {
    /// Makes a new identity with the operating system's randomness.
    pub fn generate() -> Self {
        Self::from(x25519::Identity::generate())
    }

    /// The public half.
    pub fn recipient(&self) -> &AgeRecipient {
        &self.recipient
    }

    /// The identity as `AGE-SECRET-KEY-1…`.
    pub fn to_secret_string(&self) -> SecretString {
        self.secret.to_string()
    }
}

impl From<x25519::Identity> for AgeIdentity {
    fn from(secret: x25519::Identity) -> Self {
        let recipient = AgeRecipient(secret.to_public());
        Self { secret, recipient }
    }
}

impl FromStr for AgeIdentity {
    type Err = AgeKeyError;

    fn from_str(text: &str) -> Result<Self, AgeKeyError> {
        x25519::Identity::from_str(text.trim())
            .map(Self::from)
            .map_err(|reason| AgeKeyError::Identity { reason })
    }
}

impl age::Identity for AgeIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.secret.unwrap_stanza(stanza)
    }
}

impl fmt::Debug for AgeIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AgeIdentity(of {})", self.recipient)
    }
}

/// Reads an identity file: one identity a line, empty lines and lines that start with `#` aside.
pub fn parse_identities(text: &str) -> Result<Vec<AgeIdentity>, KeyFileError> {
    let identities = parse_lines(text)?;
    if identities.is_empty() { Err(KeyFileError::NoIdentity) } else { Ok(identities) }
}

/// Reads a recipients file, as `age -R` takes it: one recipient a line, empty lines and comments aside.
pub fn parse_recipients(text: &str) -> Result<Vec<AgeRecipient>, KeyFileError> {
    let recipients = parse_lines(text)?;
    if recipients.is_empty() { Err(KeyFileError::NoRecipient) } else { Ok(recipients) }
}

fn parse_lines<K: FromStr<Err = AgeKeyError>>(text: &str) -> Result<Vec<K>, KeyFileError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, key)| key.parse().map_err(|source| KeyFileError::Line { line, source }))
        .collect()
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
