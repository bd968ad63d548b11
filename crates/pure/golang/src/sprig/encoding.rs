//! base64, base32 and sums (source followed: `strings.go` and `crypto.go` of sprig v3.3.0).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::template::{Call, Function, FunctionError, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[S], |call| {
        let text = call.text(0)?.as_bytes();
        call.reserve(text.len() / 3 * 4 + 4)?;
        Ok(STANDARD.encode(text).into())
    }),
    Function::new("b64dec", &[S], |call| {
        let text = call.text(0)?.as_bytes();
        Ok(base64_decode(text).map_or_else(Value::from, |bytes| Text::from(bytes).into()))
    }),
    Function::new("b32enc", &[S], |call| {
        let text = call.text(0)?.as_bytes();
        call.reserve(text.len() / 5 * 8 + 8)?;
        Ok(base32_encode(text).into())
    }),
    Function::new("b32dec", &[S], |call| {
        let text = call.text(0)?.as_bytes();
        Ok(base32_decode(text).map_or_else(Value::from, |bytes| Text::from(bytes).into()))
    }),
    Function::new("sha1sum", &[S], sum::<Sha1>),
    Function::new("sha256sum", &[S], sum::<Sha256>),
    Function::new("sha512sum", &[S], sum::<Sha512>),
    Function::new("adler32sum", &[S], |call| Ok(adler32(call.text(0)?.as_bytes()).to_string().into())),
];

fn sum<D: Digest>(call: &mut Call<'_>) -> Answer {
    let text = call.text(0)?.as_bytes();
    call.charge(8 + text.len() as u64 / 16)?;
    Ok(hexadecimal(&D::digest(text)).into())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % BASE;
        (low, (high + low) % BASE)
    });
    high << 16 | low
}

/// Go's padded base64, which skips line breaks; fails with Go's text, offsets included.
pub(super) fn base64_decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let corrupt = |at: usize| format!("illegal base64 data at input byte {at}");
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut significant = text.iter().copied().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
    loop {
        let (mut bits, mut count) = (0_u32, 0_usize);
        while count < 4 {
            let Some((at, byte)) = significant.next() else {
                return if count == 0 { Ok(out) } else { Err(corrupt(text.len() - count)) };
            };
            if let Some(value) = value(byte) {
                bits = bits << 6 | u32::from(value);
                count += 1;
                continue;
            }
            if byte != b'=' || count < 2 {
                return Err(corrupt(at));
            }
            if count == 2 {
                match significant.next() {
                    None => return Err(corrupt(text.len())),
                    Some((_, b'=')) => {}
                    Some((at, _)) => return Err(corrupt(at - 1)),
                }
            }
            if let Some((at, _)) = significant.next() {
                return Err(corrupt(at));
            }
            let bytes = (bits << (6 * (4 - count))).to_be_bytes();
            out.extend(bytes.iter().skip(1).take(count - 1));
            return Ok(out);
        }
        out.extend(bits.to_be_bytes().iter().skip(1));
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_encode(text: &[u8]) -> String {
    let mut out = String::new();
    for chunk in text.chunks(5) {
        let bits = (0..5)
            .fold(0_u64, |bits, index| bits << 8 | u64::from(chunk.get(index).copied().unwrap_or_default()));
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let value = usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or_default();
            let digit = BASE32.get(value).copied().unwrap_or(b'=');
            out.push(char::from(if index < digits { digit } else { b'=' }));
        }
    }
    out
}

/// Go's padded base32, which skips line breaks; fails with Go's text, offsets (without the breaks) included.
fn base32_decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| format!("illegal base32 data at input byte {at}");
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5 + 5);
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let (mut bits, mut count, mut ended) = (0_u64, 0, false);
        while count < 8 {
            let Some((byte, behind)) = rest.split_first() else { return Err(corrupt(text.len() - count)) };
            rest = behind;
            let at = text.len() - rest.len();
            if *byte == b'=' && count >= 2 && rest.len() < 8 {
                if rest.len() + count < 7 {
                    return Err(corrupt(text.len()));
                }
                let wrong = rest.iter().take(7 - count).position(|byte| *byte != b'=');
                if let Some(wrong) = wrong {
                    return Err(corrupt((at + wrong).saturating_sub(1)));
                }
                if matches!(count, 3 | 6) {
                    return Err(corrupt(at - 1));
                }
                ended = true;
                break;
            }
            let value = BASE32.iter().position(|digit| digit == byte).ok_or_else(|| corrupt(at - 1))?;
            bits = bits << 5 | value as u64;
            count += 1;
        }
        let bytes = (bits << (5 * (8 - count))).to_be_bytes();
        out.extend(bytes.iter().skip(3).take(count * 5 / 8));
        if ended {
            break;
        }
    }
    Ok(out)
}
