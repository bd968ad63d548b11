//! SealedSecrets: seal a Secret's values so that they can lie in Git, open them where the keys are.
//!
//! ```text
//!  Secret manifest ──▶ seal_secret ──▶ SealedSecret manifest        what stands around the values
//!                          │  one value at a time
//!                      seal_value ── Recipients::Rsa ──▶ hybrid     RSA-OAEP-SHA256 + AES-256-GCM, Bitnami's format
//!                                 └─ Recipients::Age ──▶ age_file   binding header + value in an age file
//!
//!  SealedSecret ──▶ open_sealed_secret ──▶ Opened { items } ──▶ secret_for ──▶ Secret manifest
//!                          │  one value at a time                   │
//!                          │                                     template: Go templates over the opened values
//!                      open_value(value, Binding, item key, Keys)   the format is told by the first bytes
//!
//!  for strangers:  verify ──▶ opens or not        rotate ──▶ the same object, each value sealed for the newest keys
//!  files:          read_secrets (to seal)         Backup::read (private keys to open with)
//! ```
//!
//! Formats: Bitnami's `pkg/crypto/crypto.go` (v0.40), and V1, the whole Secret as one value;
//! `docs/formats/age-sealed-value.md` for age.
//!
//! Invariants:
//! - The scope comes from the SealedSecret's own annotations, never from its template's.
//! - A value opens only under the binding it was sealed with; for age that includes the item key.
//! - Which key failed, and why, is not told: every such failure is [`OpenValueError::NoKey`]. Other errors are about
//!   bytes that everybody can see.
//! - What the header inside an age value says is compared and dropped, never returned or printed; only `rotate` looks
//!   at its recipients, so that whoever could open the value still can.
//! - Opened plaintext is a [`SecretBytes`]; no error, `Debug` or log of this crate holds any.
//! - `verify` and `rotate` never render a template, and say of all that does not open the same: [`Undecryptable`].
//! - Rendering is bounded, sees no time and no randomness but those it is given, and its errors hold no value.
//! - One broken item does not hide what is wrong with the others; and a Secret is opened whole or not at all.
//!
//! Not here: who may seal (nobody is authenticated by a sealed value), freshness, and where keys come from.

mod age_file;
mod backup;
mod base64_text;
mod hybrid;
mod input;
mod old_format;
mod open;
mod rotate;
mod scope;
mod seal;
mod secret;
mod template;
mod value;

pub use age_file::{AgeRecipients, AgeRecipientsError, MAX_AGE_HEADER, MAX_AGE_RECIPIENTS, MAX_AGE_STANZAS};
pub use backup::{Backup, BackupError};
pub use input::read_secrets;
pub use open::{NotSealedSecret, OpenError, OpenOptions, Opened, open_sealed_secret, read_sealed_secret};
pub use rotate::{Newest, RotateError, Undecryptable, VerifyError, rotate, verify};
pub use scope::{Binding, BindingError, Scope, UnknownScope};
pub use seal::{SealOptions, SealSecretError, seal_secret};
pub use sealward_golang::template::{Environment, Limits, ParseError};
pub use secret::{SecretError, secret_for};
pub use template::{
    TemplateError, TemplateErrors, TemplateProblem, changing_items, is_deterministic, system_random,
    template_problems,
};
pub use value::{
    Keys, OpenValueError, OpenedValue, Recipients, SealValueError, Sealed, SecretBytes, UsedKey, open_value,
    seal_value,
};
