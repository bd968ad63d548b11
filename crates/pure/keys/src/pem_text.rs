//! PEM text (RFC 7468) of private material, in buffers that are wiped.

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::SecretString;
use zeroize::Zeroizing;

const LINE: usize = 64;

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
