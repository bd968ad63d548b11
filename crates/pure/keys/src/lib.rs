//! Keys that seal and open: RSA pairs with their certificates, age identities and recipients.
//!
//! ```text
//!   certificate PEM ──▶ Certificate ──▶ RsaPublicKey ── encrypt_oaep ──▶ wrapped session key
//!                                            │ Fingerprint                      │
//!   tls.key + tls.crt ─▶ SealingKey ─┐       ▼                                  │
//!   generate(…) ───────▶ SealingKey ─┴▶ KeyRing ── trial_order(hint) ── RsaPrivateKey::decrypt_oaep
//!                                            └── newest(now): the one that new values are sealed for
//!
//!   AGE-SECRET-KEY-1… ─▶ AgeIdentity ── recipient() ──▶ AgeRecipient (age1…)
//! ```
//!
//! Invariants:
//! - Private RSA operations run in AWS-LC, which does them in constant time; why one failed is not said.
//! - A private key or identity is never printed: `Debug` shows its public half only, errors show neither.
//! - Buffers that held private material are wiped when they are dropped.
//! - Time enters as an argument. Randomness is the cryptographic libraries' own.
//! - A key ring is a value: it remembers nothing about which key worked; the caller passes that back as a hint.
//!
//! Not here: files, URLs and Kubernetes Secrets that keys come from (`keyservice`, `sealer`), and the format of
//! sealed values (`sealing`).

mod certificate;
mod der;
mod generate;
mod pem_text;
mod ring;
mod rsa;
mod x25519;

pub use certificate::{Certificate, CertificateError};
pub use generate::{GenerateError, KeyRequest, RsaKeySize, generate};
pub use ring::{KeyOrder, KeyRing, SealingKey, SealingKeyError};
pub use rsa::{Fingerprint, OaepError, PrivateKeyError, PublicKeyError, RsaPrivateKey, RsaPublicKey};
pub use x25519::{AgeIdentity, AgeKeyError, AgeRecipient, KeyFileError, parse_identities, parse_recipients};
