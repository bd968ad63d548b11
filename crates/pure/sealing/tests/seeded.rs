//! The vectors of `testdata/sealing/seeded`, made again by the `rsa` crate: they are what is written here, to the byte.
//!
//! `UPDATE_EXPECT=1 cargo test -p sealward-sealing --test seeded` writes them.
#![expect(clippy::unwrap_used, reason = "tests fail loudly, helpers too")]

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::{CryptoRng, Error, RngCore, impls};
use rsa::sha2::{Digest, Sha256};
use rsa::{Oaep, RsaPrivateKey};
use serde_json::{Value, json};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../../testdata/sealing/keys/", $name))
    };
}

/// SHA-256(seed ‖ 0), SHA-256(seed ‖ 1) … (the counter as eight bytes, big-endian), one after the other.
struct Stream {
    seed: String,
    counter: u64,
    left: Vec<u8>,
}

impl Stream {
    fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), counter: 0, left: Vec::new() }
    }
}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            if self.left.is_empty() {
                let block = [self.seed.as_bytes(), &self.counter.to_be_bytes()].concat();
                self.left = Sha256::digest(block).to_vec();
                self.counter += 1;
            }
            *byte = self.left.remove(0);
        }
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(buffer);
        Ok(())
    }
}

impl CryptoRng for Stream {}

/// A blob: the first 32 bytes of the stream are the session key, the next 32 are OAEP's seed.
fn blob(bits: u32, label: &str, plaintext: &[u8], seed: &str) -> Vec<u8> {
    let key = match bits {
        2048 => RsaPrivateKey::from_pkcs1_pem(key!("rsa-2048.key")).unwrap(),
        3072 => RsaPrivateKey::from_pkcs8_pem(key!("rsa-3072.key")).unwrap(),
        _ => RsaPrivateKey::from_pkcs1_pem(key!("rsa-4096.key")).unwrap(),
    };
    let mut stream = Stream::new(seed);
    let mut session_key = [0; 32];
    stream.fill_bytes(&mut session_key);
    let scheme = Oaep::new_with_label::<Sha256, _>(label);
    let wrapped = key.to_public_key().encrypt(&mut stream, scheme, &session_key).unwrap();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &session_key).unwrap());
    let mut sealed = plaintext.to_vec();
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).unwrap();
    let length = u16::try_from(wrapped.len()).unwrap();
    [length.to_be_bytes().as_slice(), &wrapped, &sealed].concat()
}

const PLAINTEXT: &str = "correct horse battery staple";

/// Compares one file, or writes it.
fn check(slug: &str, description: &str, more: Value) {
    let mut vector = json!({
        "description": description, "namespace": "shop", "name": "database", "item": "password", "scope": "strict",
        "keys": ["rsa-2048"],
    });
    vector.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../testdata/sealing/seeded");
    let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
    expect_test::expect_file![path.join(format!("{slug}.json"))].assert_eq(&text);
}

#[test]
fn every_scope_and_size() {
    for bits in [2048, 3072, 4096] {
        for (scope, label) in [("strict", "shop/database"), ("namespace-wide", "shop"), ("cluster-wide", "")]
        {
            let slug = format!("{scope}-{bits}");
            let value = BASE64_STANDARD.encode(blob(bits, label, PLAINTEXT.as_bytes(), &slug));
            let more = json!({"scope": scope, "keys": [format!("rsa-{bits}")], "label": label, "seed": slug,
                "value": value, "plaintext": BASE64_STANDARD.encode(PLAINTEXT)});
            check(&slug, "session key and OAEP seed from a known stream", more);
        }
    }
}

#[test]
fn every_class_of_failure() {
    let sound = blob(2048, "shop/database", PLAINTEXT.as_bytes(), "failures");
    let vector = |slug: &str, description: &str, blob: &[u8], failure: &str| {
        let value = BASE64_STANDARD.encode(blob);
        check(slug, description, json!({"seed": "failures", "value": value, "failure": failure}));
    };
    let flipped = |index: usize| {
        let mut blob = sound.clone();
        blob[index] ^= 1;
        blob
    };
    let other = blob(2048, "shop/other", PLAINTEXT.as_bytes(), "failures");
    vector("wrong-label", "sealed under the label shop/other", &other, "no-key");
    vector("wrong-key", "sealed for another key", &blob(3072, "shop/database", b"x", "failures"), "no-key");
    vector("bad-wrapped-key", "one bit of the wrapped key altered", &flipped(2), "no-key");
    vector("bad-ciphertext", "one bit of the ciphertext altered", &flipped(2 + 256), "no-key");
    vector("bad-tag", "one bit of the tag altered", &flipped(sound.len() - 1), "no-key");
    vector("prefix-one-less", "a length prefix of 255", &[&[0, 255], &sound[2..]].concat(), "no-key");
    vector("prefix-one-more", "a length prefix of 257", &[&[1, 1], &sound[2..]].concat(), "no-key");
    vector("prefix-zero", "a length prefix of 0", &[&[0, 0], &sound[2..]].concat(), "no-key");
    vector(
        "prefix-too-long",
        "a length prefix beyond the end",
        &[&[255, 255], &sound[2..]].concat(),
        "too-short",
    );
    vector("cut-tag", "cut within the tag", &sound[..2 + 256 + 15], "too-short");
    vector("cut-wrapped-key", "cut within the wrapped key", &sound[..200], "too-short");
    let text = BASE64_STANDARD.encode(&sound);
    let cut = json!({"seed": "failures", "value": &text[..text.len() - 3], "failure": "not-base64"});
    check("cut-base64", "base64 cut off within its last group", cut);
}

/// V1: `spec.data` holds the JSON of the whole Secret; `item` plays no part.
#[test]
fn the_format_before_0_7() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database", "namespace": "shop"},
        "type": "Opaque", "data": {"password": BASE64_STANDARD.encode(PLAINTEXT)},
    });
    let inside = secret.to_string();
    let value = BASE64_STANDARD.encode(blob(2048, "shop/database", inside.as_bytes(), "v1"));
    let more = json!({"item": "", "label": "shop/database", "seed": "v1", "value": value,
        "plaintext": BASE64_STANDARD.encode(inside)});
    check("v1-whole-secret", "what spec.data of V1 holds: the JSON of a whole Secret", more);
}
