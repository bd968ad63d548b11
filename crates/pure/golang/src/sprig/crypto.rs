//! Passwords and AES (source followed: `crypto.go` of sprig v3.3.0).

use aes::Aes256;
use aes::cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _, generic_array::GenericArray};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::encoding::base64_decode;
use super::strings::out_of_range;
use crate::template::{Call, Function, FunctionError, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("bcrypt", &[S], |call| {
        let password = call.text(0)?.as_bytes();
        Ok(bcrypt(call, password)?.into())
    })
    .nondeterministic(),
    Function::new("htpasswd", &[S, S], htpasswd).nondeterministic(),
    Function::new("derivePassword", &[Type::Uint64, S, S, S, S], derive_password),
    Function::new("encryptAES", &[S, S], encrypt).nondeterministic(),
    Function::new("decryptAES", &[S, S], decrypt),
];

/// Go's default cost; a tenth of a second.
const BCRYPT_COST: u32 = 10;
/// What a tenth of a second is worth: some four of these fit into one execution.
const BCRYPT_STEPS: u64 = 200_000;
/// What bcrypt reads of a password; Go refuses more.
const BCRYPT_LONGEST: usize = 72;

fn bcrypt(call: &mut Call<'_>, password: &[u8]) -> Result<String, FunctionError> {
    if password.len() > BCRYPT_LONGEST {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    call.charge(BCRYPT_STEPS)?;
    let mut salt = [0; 16];
    call.random(&mut salt);
    // A NUL ends the password in C's bcrypt; Go's takes it as it is, and this library with it.
    let hash = bcrypt::hash_with_salt(password, BCRYPT_COST, salt);
    hash.map(|hash| hash.format_for_version(bcrypt::Version::TwoA))
        .map_err(|_| FunctionError::new("the password cannot be hashed with bcrypt"))
}

fn htpasswd(call: &mut Call<'_>) -> Answer {
    let (user, password) = (call.str(0)?, call.text(1)?.as_bytes());
    if user.contains(':') {
        return Ok(format!("invalid username: {user}").into());
    }
    let hash = bcrypt(call, password)?;
    Ok(format!("{user}:{hash}").into())
}

/// What the characters of a password template stand for.
const CHARACTERS: &[(u8, &str)] = &[
    (b'V', "AEIOU"),
    (b'C', "BCDFGHJKLMNPQRSTVWXYZ"),
    (b'v', "aeiou"),
    (b'c', "bcdfghjklmnpqrstvwxyz"),
    (b'A', "AEIOUBCDFGHJKLMNPQRSTVWXYZ"),
    (b'a', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"),
    (b'n', "0123456789"),
    (b'o', "@&%?,=[]_:-+*$#!'^~;()/."),
    (b'x', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()"),
];

const TEMPLATES: &[(&str, &[&str])] = &[
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

const SEED: &[u8] = b"com.lyndir.masterpassword";
/// scrypt takes as long as bcrypt, and 32 MiB for that time.
const SCRYPT_STEPS: u64 = 250_000;

/// The algorithm of Master Password: scrypt over the user, HMAC over the site, letters by template.
fn derive_password(call: &mut Call<'_>) -> Answer {
    let Value::Uint64(counter) = call.value(0) else {
        return Err(FunctionError::new("the counter is no uint32"));
    };
    // Go cuts what does not fit.
    let counter = u32::try_from(*counter & u64::from(u32::MAX)).unwrap_or_default();
    let kind = call.str(1)?;
    let (password, user, site) =
        (call.text(2)?.as_bytes(), call.text(3)?.as_bytes(), call.text(4)?.as_bytes());
    let Some((_, templates)) = TEMPLATES.iter().find(|(name, _)| *name == kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    call.charge(SCRYPT_STEPS)?;
    let failed = || FunctionError::new("the password cannot be derived");
    let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut key = [0; 64];
    let cost = scrypt::Params::new(15, 8, 2, key.len()).map_err(|_| failed())?;
    let salt = [SEED, &length(user), user].concat();
    scrypt::scrypt(password, &salt, &cost, &mut key).map_err(|_| failed())?;
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).map_err(|_| failed())?;
    mac.update(&[SEED, &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let picked =
        |index: usize, count: usize| usize::from(seed.get(index).copied().unwrap_or_default()) % count.max(1);
    let template = templates.get(picked(0, templates.len())).copied().unwrap_or_default();
    let letters = template.bytes().zip(1..).filter_map(|(letter, index)| {
        let (_, set) = CHARACTERS.iter().find(|(name, _)| *name == letter)?;
        set.as_bytes().get(picked(index, set.len())).copied().map(char::from)
    });
    Ok(letters.collect::<String>().into())
}

const BLOCK: usize = 16;

/// AES-256 whose key is the first 32 bytes of the password, filled up with zeros.
fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    key.iter_mut().zip(password).for_each(|(key, byte)| *key = *byte);
    Aes256::new(&GenericArray::from(key))
}

fn encrypt(call: &mut Call<'_>) -> Answer {
    let (password, text) = (call.text(0)?.as_bytes(), call.text(1)?.as_bytes());
    if text.is_empty() {
        return Ok("".into());
    }
    call.reserve(text.len().saturating_mul(3) + 64)?;
    let cipher = cipher(password);
    let mut previous = [0; BLOCK];
    call.random(&mut previous);
    let mut out = previous.to_vec();
    let padding = BLOCK - text.len() % BLOCK;
    let fill = u8::try_from(padding).unwrap_or_default();
    let padded = [text, &vec![fill; padding]].concat();
    for block in padded.chunks(BLOCK) {
        previous.iter_mut().zip(block).for_each(|(previous, byte)| *previous ^= byte);
        cipher.encrypt_block(GenericArray::from_mut_slice(&mut previous));
        out.extend_from_slice(&previous);
    }
    Ok(STANDARD.encode(out).into())
}

fn decrypt(call: &mut Call<'_>) -> Answer {
    let (password, text) = (call.text(0)?.as_bytes(), call.text(1)?.as_bytes());
    if text.is_empty() {
        return Ok("".into());
    }
    call.reserve(text.len())?;
    let bytes = base64_decode(text).map_err(FunctionError::with_data)?;
    let Some((vector, body)) = bytes.split_at_checked(BLOCK) else {
        return Err(out_of_range(&format!("[:16] with capacity {}", text.len() / 4 * 3)));
    };
    if body.len() % BLOCK != 0 {
        return Err(FunctionError::new("crypto/cipher: input not full blocks"));
    }
    let cipher = cipher(password);
    let mut previous = vector;
    let mut out = Vec::with_capacity(body.len());
    for block in body.chunks(BLOCK) {
        let mut plain = GenericArray::clone_from_slice(block);
        cipher.decrypt_block(&mut plain);
        out.extend(plain.iter().zip(previous).map(|(plain, previous)| plain ^ previous));
        previous = block;
    }
    let Some(padding) = out.last().copied() else {
        return Err(FunctionError::new("runtime error: index out of range [-1]"));
    };
    let Some(length) = out.len().checked_sub(usize::from(padding)) else {
        let end = i128::try_from(out.len()).unwrap_or_default() - i128::from(padding);
        return Err(out_of_range(&format!("[:{end}]")));
    };
    out.truncate(length);
    Ok(Text::from(out).into())
}
