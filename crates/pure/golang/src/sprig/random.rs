//! Random text and numbers, from the randomness that the execution is given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text::runes::runes;
use crate::template::{Call, Function, FunctionError, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const I: Type = Type::Int;
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PRINTABLE: &[u8] =
    b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("randAlpha", &[I], |call| text(call, LETTERS)).nondeterministic(),
    Function::new("randNumeric", &[I], |call| text(call, DIGITS)).nondeterministic(),
    Function::new("randAlphaNum", &[I], |call| text(call, LETTERS_AND_DIGITS)).nondeterministic(),
    Function::new("randAscii", &[I], |call| text(call, PRINTABLE)).nondeterministic(),
    Function::new("randBytes", &[I], |call| {
        let count = usize::try_from(call.int(0)?);
        let count = count.map_err(|_| FunctionError::new("runtime error: makeslice: len out of range"))?;
        call.reserve(count.saturating_mul(3))?;
        let mut bytes = vec![0; count];
        call.random(&mut bytes);
        Ok(STANDARD.encode(bytes).into())
    })
    .nondeterministic(),
    Function::new("randInt", &[I, I], |call| {
        let (low, high) = (call.int(0)?, call.int(1)?);
        let span = u64::try_from(high.wrapping_sub(low)).ok().filter(|span| *span > 0);
        let span = span.ok_or_else(|| FunctionError::new("invalid argument to Intn"))?;
        let offset = below(call, span)?;
        Ok(Value::Int(low.wrapping_add_unsigned(offset)))
    })
    .nondeterministic(),
    Function::new("uuidv4", &[], |call| {
        let mut bytes = [0; 16];
        call.random(&mut bytes);
        let number = u128::from_be_bytes(bytes) & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        let digits = format!("{number:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or_default());
        Ok(parts.join("-").into())
    })
    .nondeterministic(),
    Function::new("shuffle", &[Type::String], |call| {
        let mut shuffled: Vec<char> = runes(call.text(0)?.as_bytes()).map(|(rune, _)| rune).collect();
        call.reserve(shuffled.len().saturating_mul(4))?;
        for last in (1..shuffled.len()).rev() {
            let other = usize::try_from(below(call, last as u64 + 1)?).unwrap_or_default();
            shuffled.swap(last, other);
        }
        Ok(shuffled.into_iter().collect::<String>().into())
    })
    .nondeterministic(),
];

/// A number below `bound`, each as likely: those of the last, broken round are thrown away.
fn below(call: &mut Call<'_>, bound: u64) -> Result<u64, FunctionError> {
    let rounds = u64::MAX - u64::MAX % bound;
    loop {
        call.charge(1)?;
        let mut bytes = [0; 8];
        call.random(&mut bytes);
        let number = u64::from_le_bytes(bytes);
        if number < rounds {
            return Ok(number % bound);
        }
    }
}

/// So many characters of a set; a negative count gives none, as in Go.
fn text(call: &mut Call<'_>, set: &[u8]) -> Answer {
    let count = usize::try_from(call.int(0)?).unwrap_or_default();
    call.reserve(count)?;
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let index = usize::try_from(below(call, set.len() as u64)?).unwrap_or_default();
        out.extend(set.get(index));
    }
    Ok(Text::from(out).into())
}
