//! Base64 as Go's `encoding/base64.StdEncoding` reads it, which is what Kubernetes and the upstream controller use.

use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// Padding is required; what the unused bits of the last character are does not matter to Go.
const LIKE_GO: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Decodes text, ignoring line breaks. `None` says nothing about where it is broken: it may be a secret.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    joined.extend(text.chars().filter(|character| !matches!(character, '\r' | '\n')));
    LIKE_GO.decode(joined.as_bytes()).ok().map(Zeroizing::new)
}

/// Encodes with padding and without line breaks.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        let check = |text: &str, expect: Option<&[u8]>| {
            assert_eq!(decode(text).as_deref().map(Vec::as_slice), expect, "{text:?}");
        };
        check("", Some(b""));
        check("YWI=", Some(b"ab"));
        check("YW\r\nI=\n", Some(b"ab"));
        check("YWJ=", Some(b"ab"));
        check("YWI", None);
        check("YW I=", None);
        check("YWI=YWI=", None);
        check("_w==", None);
        check("/w==", Some(b"\xff"));
        check("Y", None);
    }
}
