//! A value in an age file, behind a header that binds it to its place. Byte for byte in
//! `docs/formats/age-sealed-value.md`.
//!
//! ```text
//! age plaintext = "sealward" ‖ 0x01 ‖ str(namespace) ‖ str(name) ‖ str(item key)     compared in constant time
//!               ‖ u16 n ‖ n × str(recipient, "age1…", ascending)                     read strictly
//!               ‖ value
//! str(x) = u16 big-endian length ‖ bytes;  what the scope does not bind has length zero
//! ```

use std::cell::Cell;
use std::io::{Read, Write};

use age::{DecryptError, Decryptor, Encryptor, Identity};
use age_core::format::{FileKey, Stanza};
use sealward_keys::{AgeIdentity, AgeRecipient};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::scope::Binding;
use crate::value::{OpenValueError, SealValueError, SecretBytes};

/// Most recipient stanzas that an age value may have, grease included.
pub const MAX_AGE_STANZAS: usize = 32;
/// Most recipients that a value is sealed for: one stanza is left for the grease that age writers add.
pub const MAX_AGE_RECIPIENTS: usize = MAX_AGE_STANZAS - 1;
/// Most bytes of age header, from the version line up to and with the MAC line.
pub const MAX_AGE_HEADER: usize = 16 * 1024;

/// The first bytes of every age file, of any version.
pub(crate) const AGE_MAGIC: &[u8] = b"age-encryption.org/";

const MAGIC_AND_VERSION: &[u8] = b"sealward\x01";
const STANZA_LINE: &[u8] = b"-> ";
const MAC_LINE: &[u8] = b"---";
/// The nonce of an age payload and the tag of its last chunk.
const LEAST_PAYLOAD: usize = 16 + 16;
const SCRYPT_TAG: &[u8] = b"scrypt";
const GREASE_SUFFIX: &str = "-grease";

/// Who a value is sealed for: 1 to [`MAX_AGE_RECIPIENTS`] recipients, each once, in the order of their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeRecipients(Vec<AgeRecipient>);

/// Why a list of recipients cannot be sealed for.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AgeRecipientsError {
    /// There is none.
    #[error("no recipient given")]
    Empty,
    /// There are too many.
    #[error("{count} recipients given, a value can be sealed for at most {MAX_AGE_RECIPIENTS}")]
    TooMany {
        /// How many different ones there are.
        count: usize,
    },
    /// A value that is sealed anew has one that cannot be kept.
    #[error("the value is also sealed for a recipient of a kind that cannot be sealed for here")]
    OtherKind,
}

impl AgeRecipients {
    /// Orders the recipients and drops repetitions.
    pub fn new(recipients: impl IntoIterator<Item = AgeRecipient>) -> Result<Self, AgeRecipientsError> {
        let mut list: Vec<AgeRecipient> = recipients.into_iter().collect();
        list.sort_by_key(AgeRecipient::to_string);
        list.dedup();
        match list.len() {
            0 => Err(AgeRecipientsError::Empty),
            1..=MAX_AGE_RECIPIENTS => Ok(Self(list)),
            count => Err(AgeRecipientsError::TooMany { count }),
        }
    }

    /// The recipients, ascending.
    pub fn as_slice(&self) -> &[AgeRecipient] {
        &self.0
    }
}

/// Seals `plaintext` behind its binding header.
pub(crate) fn seal(
    recipients: &AgeRecipients,
    binding: &Binding,
    item: &str,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealValueError> {
    let header = [
        expected_prefix(binding, item).ok_or(SealValueError::Cryptography)?,
        recipient_list(recipients).ok_or(SealValueError::Cryptography)?,
    ]
    .concat();
    let encryptor =
        Encryptor::with_recipients(recipients.0.iter().map(|recipient| recipient as &dyn age::Recipient))
            .map_err(|_| SealValueError::Cryptography)?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).map_err(|_| SealValueError::Cryptography)?;
    writer.write_all(&header).map_err(|_| SealValueError::Cryptography)?;
    writer.write_all(plaintext).map_err(|_| SealValueError::Cryptography)?;
    writer.finish().map_err(|_| SealValueError::Cryptography)?;
    Ok(file)
}

/// What an age file holds for its place.
pub(crate) struct OpenedFile {
    pub(crate) plaintext: SecretBytes,
    /// The recipient whose identity opened it.
    pub(crate) recipient: AgeRecipient,
    /// All recipients that its list names.
    pub(crate) listed: Vec<String>,
}

/// Opens an age file if it is bound to this place.
pub(crate) fn open(
    file: &[u8],
    binding: &Binding,
    item: &str,
    identities: &[AgeIdentity],
) -> Result<OpenedFile, OpenValueError> {
    check_limits(file)?;
    let (plaintext, recipient, stanzas) = decrypt(file, identities)?;
    let prefix = expected_prefix(binding, item).ok_or(OpenValueError::NoKey)?;
    let (found, rest) = plaintext.split_at_checked(prefix.len()).ok_or(OpenValueError::NoKey)?;
    if !bool::from(found.ct_eq(&prefix)) {
        return Err(OpenValueError::NoKey);
    }
    let (value, listed) = after_recipients(rest, &recipient, stanzas).ok_or(OpenValueError::NoKey)?;
    Ok(OpenedFile { plaintext: SecretBytes::from(value.to_vec()), recipient, listed })
}

/// Whether a file can be opened by anybody at all: its header fits, and its payload is not cut off before
/// it begins. No identity is needed.
pub(crate) fn check(file: &[u8]) -> Result<(), OpenValueError> {
    if file.len() < check_limits(file)? + LEAST_PAYLOAD {
        return Err(OpenValueError::TooShort);
    }
    Decryptor::new_buffered(file).map(drop).map_err(|_| OpenValueError::AgeMalformed)
}

/// Bounds the age header before anything is parsed or decrypted, and tells its length. Looks only at what
/// everybody can see.
fn check_limits(file: &[u8]) -> Result<usize, OpenValueError> {
    let mut stanzas = 0;
    let mut end = 0;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if end > MAX_AGE_HEADER {
            return Err(OpenValueError::AgeHeaderTooLong);
        }
        if line.starts_with(MAC_LINE) {
            return Ok(end);
        }
        if let Some(stanza) = line.strip_prefix(STANZA_LINE) {
            stanzas += 1;
            let tag = stanza.split(|byte| matches!(byte, b' ' | b'\n')).next();
            if tag == Some(SCRYPT_TAG) {
                return Err(OpenValueError::AgePassphrase);
            }
        }
        if stanzas > MAX_AGE_STANZAS {
            return Err(OpenValueError::AgeTooManyStanzas);
        }
    }
    Err(OpenValueError::AgeMalformed)
}

/// The file's whole plaintext, the recipient that opened it, and the number of its stanzas without grease.
fn decrypt(
    file: &[u8],
    identities: &[AgeIdentity],
) -> Result<(Zeroizing<Vec<u8>>, AgeRecipient, usize), OpenValueError> {
    let decryptor = Decryptor::new_buffered(file).map_err(|_| OpenValueError::AgeMalformed)?;
    let counted: Vec<Counting<'_>> = identities.iter().map(Counting::new).collect();
    let mut reader = decryptor
        .decrypt(counted.iter().map(|identity| identity as &dyn Identity))
        .map_err(|_| OpenValueError::NoKey)?;
    // A plaintext is shorter than its file, so this never grows, which would leave copies in freed memory.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut plaintext).map_err(|_| OpenValueError::NoKey)?;
    let (recipient, stanzas) = counted.iter().find_map(Counting::outcome).ok_or(OpenValueError::NoKey)?;
    Ok((plaintext, recipient, stanzas))
}

/// An identity that remembers how many stanzas it was shown. It is an X25519 one, which passes over all other kinds.
struct Counting<'a> {
    identity: &'a AgeIdentity,
    opened: Cell<Option<usize>>,
}

impl<'a> Counting<'a> {
    fn new(identity: &'a AgeIdentity) -> Self {
        Self { identity, opened: Cell::new(None) }
    }

    fn outcome(&self) -> Option<(AgeRecipient, usize)> {
        self.opened.get().map(|stanzas| (self.identity.recipient().clone(), stanzas))
    }
}

impl Identity for Counting<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.identity.unwrap_stanza(stanza)
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let unwrapped = stanzas.iter().find_map(|stanza| self.unwrap_stanza(stanza))?;
        let real = stanzas.iter().filter(|stanza| !stanza.tag.ends_with(GREASE_SUFFIX));
        self.opened.set(unwrapped.is_ok().then(|| real.count()));
        Some(unwrapped)
    }
}

/// The bytes that a value of this place starts with; `None` if a name is longer than 65535 bytes.
fn expected_prefix(binding: &Binding, item: &str) -> Option<Vec<u8>> {
    let mut prefix = MAGIC_AND_VERSION.to_vec();
    for field in [binding.namespace(), binding.name(), item] {
        push_text(&mut prefix, field)?;
    }
    Some(prefix)
}

fn recipient_list(recipients: &AgeRecipients) -> Option<Vec<u8>> {
    let mut list = u16::try_from(recipients.0.len()).ok()?.to_be_bytes().to_vec();
    for recipient in &recipients.0 {
        push_text(&mut list, &recipient.to_string())?;
    }
    Some(list)
}

fn push_text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    out.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Some(())
}

/// What follows the list of recipients, and the list, if that is sound: as many entries as there are stanzas,
/// strictly ascending, and the recipient that opened the file among them.
fn after_recipients<'a>(
    bytes: &'a [u8],
    opened_by: &AgeRecipient,
    stanzas: usize,
) -> Option<(&'a [u8], Vec<String>)> {
    let (count, mut rest) = bytes.split_first_chunk::<2>()?;
    let count = usize::from(u16::from_be_bytes(*count));
    if count != stanzas {
        return None;
    }
    let mut listed: Vec<&[u8]> = Vec::new();
    for _ in 0..count {
        let (length, after_length) = rest.split_first_chunk::<2>()?;
        let (entry, after_entry) = after_length.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        if entry <= listed.last().copied().unwrap_or_default() {
            return None;
        }
        listed.push(entry);
        rest = after_entry;
    }
    let own = opened_by.to_string();
    let found = listed.contains(&own.as_bytes());
    let listed = listed.into_iter().map(|entry| String::from_utf8_lossy(entry).into_owned());
    found.then(|| (rest, listed.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient() -> AgeRecipient {
        AgeIdentity::generate().recipient().clone()
    }

    #[test]
    fn recipients_are_ordered_once_each_and_bounded() {
        let many: Vec<_> = (0..=MAX_AGE_RECIPIENTS).map(|_| recipient()).collect();
        let check = |list: &[AgeRecipient], expect: Result<usize, AgeRecipientsError>| {
            assert_eq!(AgeRecipients::new(list.to_vec()).map(|list| list.0.len()), expect);
        };
        check(&[], Err(AgeRecipientsError::Empty));
        check(&[many[0].clone(), many[1].clone(), many[0].clone()], Ok(2));
        check(&many[1..], Ok(MAX_AGE_RECIPIENTS));
        check(&many, Err(AgeRecipientsError::TooMany { count: 32 }));
        let ordered = AgeRecipients::new(many[1..].to_vec()).unwrap();
        assert!(ordered.0.windows(2).all(|pair| pair[0].to_string() < pair[1].to_string()));
    }

    #[test]
    fn a_list_must_match_the_stanzas_and_name_who_opened_it() {
        let (own, other) = (recipient(), recipient());
        let both = AgeRecipients::new([own.clone(), other.clone()]).unwrap();
        let sound = [recipient_list(&both).unwrap(), b"value".to_vec()].concat();
        let names = both.0.iter().map(AgeRecipient::to_string).collect();
        assert_eq!(after_recipients(&sound, &own, 2), Some((b"value".as_slice(), names)));
        assert_eq!(after_recipients(&sound, &own, 1), None, "fewer stanzas than recipients");
        assert_eq!(after_recipients(&sound, &own, 3), None, "more stanzas than recipients");
        assert_eq!(after_recipients(&sound, &recipient(), 2), None, "opened by one who is not listed");
        for length in 0..sound.len() - b"value".len() {
            assert_eq!(after_recipients(&sound[..length], &own, 2), None, "cut at {length}");
        }
        let swapped: Vec<_> = both.0.iter().rev().cloned().collect();
        let swapped = recipient_list(&AgeRecipients(swapped)).unwrap();
        assert_eq!(after_recipients(&swapped, &own, 2), None, "not ascending");
        let twice = recipient_list(&AgeRecipients(vec![own.clone(), own.clone()])).unwrap();
        assert_eq!(after_recipients(&twice, &own, 2), None, "named twice");
        assert_eq!(after_recipients(&[0, 0], &own, 0), None, "nobody listed");
    }

    #[test]
    fn headers_are_bounded_before_they_are_read() {
        let check = |stanzas: &str, expect| {
            let file = format!("age-encryption.org/v1\n{stanzas}--- mac\npayload");
            assert_eq!(check_limits(file.as_bytes()).map(drop), expect);
        };
        let too_many = "-> X25519 a\nb\n".repeat(MAX_AGE_STANZAS + 1);
        let long = format!("-> x\n{}", format!("{}\n", "A".repeat(64)).repeat(MAX_AGE_HEADER / 65));
        check(&"-> X25519 a\nb\n".repeat(MAX_AGE_STANZAS), Ok(()));
        check(&too_many, Err(OpenValueError::AgeTooManyStanzas));
        check(&long, Err(OpenValueError::AgeHeaderTooLong));
        check("-> scrypt a 18\nb\n", Err(OpenValueError::AgePassphrase));
        check("-> scrypt\nb\n", Err(OpenValueError::AgePassphrase));
        check("-> scrypty a\nb\n", Ok(()));
        assert_eq!(check_limits(b"age-encryption.org/v1\n-> X25519 a\n"), Err(OpenValueError::AgeMalformed));
    }

    #[test]
    fn a_file_that_nobody_can_open_is_told_without_a_key() {
        let binding = Binding::new(crate::Scope::ClusterWide, "", "").unwrap();
        let recipients = AgeRecipients::new([recipient()]).unwrap();
        let file = seal(&recipients, &binding, "k", b"value").unwrap();
        assert_eq!(check(&file), Ok(()));
        let header = check_limits(&file).unwrap();
        assert_eq!(check(&file[..header + LEAST_PAYLOAD - 1]), Err(OpenValueError::TooShort));
        assert_eq!(check(&file[..header]), Err(OpenValueError::TooShort));
        assert_eq!(check(&file[..header / 2]), Err(OpenValueError::AgeMalformed));
        assert_eq!(
            check(b"age-encryption.org/v1\n--- x\n0123456789abcdef0123456789abcdef"),
            Err(OpenValueError::AgeMalformed)
        );
    }
}
