//! The two framings of an RSA private key: PKCS#1 (RFC 8017) inside PKCS#8 (RFC 5958).
//!
//! AWS-LC reads PKCS#8 for decryption keys; Kubernetes' TLS Secrets and the upstream controller write PKCS#1.

use zeroize::Zeroizing;

/// `INTEGER 0`, then `SEQUENCE { OID rsaEncryption, NULL }`.
const VERSION_AND_ALGORITHM: [u8; 18] = [
    0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
    0x00,
];
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;

/// Puts a PKCS#1 `RSAPrivateKey` into a PKCS#8 `PrivateKeyInfo`.
pub(crate) fn pkcs8_from_pkcs1(pkcs1: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = frame(OCTET_STRING, &[pkcs1]);
    frame(SEQUENCE, &[&VERSION_AND_ALGORITHM, &key])
}

/// Takes the PKCS#1 `RSAPrivateKey` out of a PKCS#8 `PrivateKeyInfo` of an RSA key; `None` if it is not one.
pub(crate) fn pkcs1_from_pkcs8(pkcs8: &[u8]) -> Option<&[u8]> {
    let inside = content(SEQUENCE, pkcs8)?;
    let key = inside.strip_prefix(VERSION_AND_ALGORITHM.as_slice())?;
    content(OCTET_STRING, key)
}

/// One DER element: tag, definite length, the parts as content. Allocated once, so that no copy stays behind.
fn frame(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + 1 + 1 + size_of::<usize>()));
    out.push(tag);
    push_length(&mut out, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            // A usize has at most eight bytes, so this is 0x81..=0x88.
            out.push(0x80 | significant.len() as u8);
            out.extend_from_slice(&significant);
        }
    }
}

/// The content of the one element that `der` starts with.
fn content(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    if *first < 0x80 {
        return rest.get(..usize::from(*first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if length.len() > 4 {
        return None;
    }
    let length = length.iter().fold(0usize, |value, byte| value << 8 | usize::from(*byte));
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_and_unwrapping_are_inverse() {
        for length in [0usize, 1, 127, 128, 255, 256, 1190, 70_000] {
            let key = vec![7u8; length];
            let wrapped = pkcs8_from_pkcs1(&key);
            assert_eq!(pkcs1_from_pkcs8(&wrapped), Some(key.as_slice()), "length {length}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_refused() {
        let wrapped = pkcs8_from_pkcs1(&[1, 2, 3]);
        for length in 0..wrapped.len() {
            assert_eq!(pkcs1_from_pkcs8(&wrapped[..length]), None, "cut at {length}");
        }
        let mut other = wrapped.to_vec();
        other[10] ^= 1;
        assert_eq!(pkcs1_from_pkcs8(&other), None);
        assert_eq!(pkcs1_from_pkcs8(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]), None);
    }
}
