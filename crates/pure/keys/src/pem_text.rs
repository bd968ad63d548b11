//! PEM text (RFC 7468): read as Go's `pem.Decode` does, and written for private material in buffers that are wiped.

use base64::{Engine, prelude::BASE64_STANDARD};
use pem::{Pem, PemError};
use secrecy::SecretString;
use zeroize::Zeroizing;

const LINE: usize = 64;
const BEGIN: &[u8] = b"-----BEGIN ";

/// Every block that starts at the beginning of a line. A broken one hides none of the others.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = Result<Pem, PemError>> {
    let mut rest = text;
    let mut at_line_start = true;
    let mut starts = Vec::new();
    while let Some(byte) = rest.first() {
        if at_line_start && rest.starts_with(BEGIN) {
            starts.push(text.len() - rest.len());
        }
        at_line_start = *byte == b'\n';
        rest = rest.get(1..).unwrap_or_default();
    }
    let ends: Vec<usize> = starts.iter().copied().skip(1).chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| text.get(start..end)).map(pem::parse)
}

/// Frames private DER bytes as PEM with `label`, LF line ends, 64 characters a line.
pub(crate) fn private_pem(label: &str, der: &[u8]) -> SecretString {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    let mut text = String::with_capacity(body.len() + body.len() / LINE + 2 * label.len() + 40);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = body.as_str();
    while let Some((line, tail)) = rest.split_at_checked(LINE) {
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    sealed(text)
}

/// Moves text into its exact size before it becomes a secret: shrinking in place could leave a copy behind.
fn sealed(text: String) -> SecretString {
    let text = Zeroizing::new(text);
    SecretString::from(text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_broken_block_hides_no_other() {
        let block =
            |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let tags = |text: &str| -> Vec<String> {
            blocks(text.as_bytes())
                .map(|block| block.map_or("-".to_owned(), |block| block.tag().to_owned()))
                .collect()
        };
        let (one, two, broken) = (block("ONE", "AAAA"), block("TWO", "AAAA"), block("X", "!!!!"));
        assert_eq!(tags(&format!("{broken}{one}text\n{two}")), ["-", "ONE", "TWO"]);
        assert_eq!(tags(&format!("-----BEGIN CUT-----\nAAAA\n{one}")), ["-", "ONE"]);
        assert_eq!(tags(&format!("  {one}")), [""; 0]);
        assert_eq!(tags(&one.replace('\n', "\r\n")), ["ONE"]);
    }

    #[test]
    fn agrees_with_the_pem_crate() {
        for length in [1usize, 47, 48, 49, 96, 200] {
            let der = vec![0xa5u8; length];
            let text = private_pem("RSA PRIVATE KEY", &der);
            let read = pem::parse(text.expose_secret()).unwrap();
            assert_eq!((read.tag(), read.contents()), ("RSA PRIVATE KEY", der.as_slice()));
            assert!(text.expose_secret().lines().all(|line| line.len() <= LINE));
        }
    }
}
