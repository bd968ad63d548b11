//! The data of a Secret, decoded and unprintable.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::Target;
use secrecy::{ExposeSecret, SecretString};

use crate::{ActionError, Cluster};

/// What a Secret holds, by key; values that are no text are left out.
#[derive(Debug, Clone, Default)]
pub struct SecretData {
    values: BTreeMap<String, SecretString>,
}

impl SecretData {
    /// Whether it holds `key`.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of `key`.
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        self.values.get(key)
    }

    /// The value of `key` that is no secret by its nature: a user name, a certificate authority.
    pub fn public(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(ExposeSecret::expose_secret)
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    fn of(secret: &Manifest) -> Self {
        let fields = secret.root().get("data").and_then(|data| data.as_map());
        let mut values = BTreeMap::new();
        for field in fields.into_iter().flat_map(|map| map.iter()) {
            let encoded = field.node.expose_json();
            let decoded = encoded.as_str().and_then(|text| STANDARD.decode(text).ok());
            if let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
                values.insert(field.key.clone(), text.into());
            }
        }
        Self { values }
    }
}

impl Cluster {
    /// The data of Secret `name` in `namespace`, if it exists.
    ///
    /// # Errors
    /// [`ActionError`] when it cannot be read.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<SecretData>, ActionError> {
        let target = Target::new(Gvk::new("", "v1", "Secret"), namespace, name);
        Ok(self.get(&target).await?.as_ref().map(SecretData::of))
    }
}
