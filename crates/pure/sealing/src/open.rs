//! A whole SealedSecret's values, opened.

use std::collections::BTreeMap;
use std::fmt;

use sealward_api::bitnami::{EncryptedItem, GROUP, KIND, SealedSecret, SecretTemplate};
use sealward_keys::Fingerprint;
use sealward_manifest::{Gvk, Manifest};
use thiserror::Error;

use crate::old_format;
use crate::scope::{Binding, BindingError, Scope};
use crate::value::{Keys, OpenValueError, SecretBytes, UsedKey, open_value};

/// What is opened at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether V1 objects are: `spec.data` of before 0.7. Upstream's `--accept-deprecated-v1-data`, on by default.
    pub accept_v1: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { accept_v1: true }
    }
}

/// The opened values of one SealedSecret.
#[derive(Debug, Default)]
pub struct Opened {
    /// Plaintext by item key.
    pub items: BTreeMap<String, SecretBytes>,
    /// The key that opened each item.
    pub keys: BTreeMap<String, UsedKey>,
    /// The RSA key that worked last: the next call's [`Keys::worked_last`].
    pub worked_last: Option<Fingerprint>,
    /// What a V1 value holds around the data: it takes the place of the object's own template.
    pub old_template: Option<SecretTemplate>,
}

/// Why a SealedSecret was not opened. Nothing of it is opened then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// Its name or namespace cannot be bound to.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// It is of V1, which is switched off.
    #[error("using deprecated 'data' field, use 'encryptedData' or flip the feature flag")]
    OldFormatRefused,
    /// It has values of both formats.
    #[error("cannot use the field 'encryptedData' and the deprecated field 'data' at the same time")]
    BothFormats,
    /// The one value of V1 did not open.
    #[error(transparent)]
    OldFormat(OpenValueError),
    /// The one value of V1 opened, and is no Secret.
    #[error("the value of spec.data is no v1 Secret: {0}")]
    NotASecret(&'static str),
    /// `encryptedData` is no map.
    #[error("spec.encryptedData is {0}, it must be a map of sealed values")]
    NotAMap(&'static str),
    /// Items that did not open, each with its cause.
    #[error("{}", ByCause(.0))]
    Items(BTreeMap<String, OpenValueError>),
}

/// Opens every value, all or none. The scope is what the object's own annotations say.
pub fn open_sealed_secret(
    sealed: &SealedSecret,
    keys: Keys<'_>,
    options: OpenOptions,
) -> Result<Opened, OpenError> {
    let encrypted = &sealed.spec.encrypted_data;
    if let Some(what) = encrypted.junk {
        return Err(OpenError::NotAMap(what));
    }
    if let Some(value) = &sealed.spec.data {
        return match (options.accept_v1, encrypted.items.is_empty()) {
            (false, _) => Err(OpenError::OldFormatRefused),
            (true, false) => Err(OpenError::BothFormats),
            (true, true) => old_format::open(value, &binding_of(sealed)?, keys),
        };
    }
    let binding = binding_of(sealed)?;
    let mut opened = Opened { worked_last: keys.worked_last, ..Opened::default() };
    let mut failed = BTreeMap::new();
    for (item, sealed_value) in &encrypted.items {
        let keys = Keys { worked_last: opened.worked_last, ..keys };
        let result = match sealed_value {
            EncryptedItem::Value(text) => open_value(text, &binding, item, keys),
            EncryptedItem::Junk(what) => Err(OpenValueError::NotText(what)),
        };
        match result {
            Ok(value) => {
                if let UsedKey::Rsa(fingerprint) = value.key {
                    opened.worked_last = Some(fingerprint);
                }
                opened.items.insert(item.clone(), value.plaintext);
                opened.keys.insert(item.clone(), value.key);
            }
            Err(error) => {
                failed.insert(item.clone(), error);
            }
        }
    }
    if failed.is_empty() { Ok(opened) } else { Err(OpenError::Items(failed)) }
}

/// What the object's own metadata binds its values to.
pub(crate) fn binding_of(sealed: &SealedSecret) -> Result<Binding, BindingError> {
    let metadata = &sealed.metadata;
    let scope = Scope::from_annotations(metadata.annotations.as_ref());
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    Binding::new(scope, namespace, metadata.name.as_deref().unwrap_or_default())
}

/// `no key could decrypt secret (a, b)`, upstream's form; different causes are joined by `; `.
struct ByCause<'a>(&'a BTreeMap<String, OpenValueError>);

impl fmt::Display for ByCause<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut causes: BTreeMap<OpenValueError, Vec<&str>> = BTreeMap::new();
        for (item, cause) in self.0 {
            causes.entry(*cause).or_default().push(item);
        }
        for (index, (cause, items)) in causes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{cause} ({})", items.join(", "))?;
        }
        Ok(())
    }
}

/// Why a manifest is not read as a SealedSecret. Values are never repeated: they may be plaintext put there by
/// mistake.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotSealedSecret {
    /// It is of another kind.
    #[error("expected a SealedSecret but found {0}")]
    Kind(Gvk),
    /// A field has another shape than a SealedSecret's.
    #[error("{path} does not have the shape that it has in a SealedSecret")]
    Shape {
        /// Path of the field, `spec.template.data`.
        path: String,
    },
}

/// Reads a manifest as a SealedSecret, tolerant of what stands in `encryptedData`.
pub fn read_sealed_secret(manifest: &Manifest) -> Result<SealedSecret, NotSealedSecret> {
    if !manifest.gvk().is(GROUP, KIND) {
        return Err(NotSealedSecret::Kind(manifest.gvk().clone()));
    }
    serde_path_to_error::deserialize(manifest.root().to_json_redacted())
        .map_err(|error| NotSealedSecret::Shape { path: error.path().to_string() })
}
