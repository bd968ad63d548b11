//! V1, the format before sealed-secrets 0.7: `spec.data` is one value, the JSON of the whole v1.Secret.
//!
//! Follows `NewSealedSecretV1` and the V1 branch of `unseal` in upstream's `sealedsecret_expansion.go`. What the JSON
//! says of name, namespace and owners does not count: the SealedSecret's own metadata does.

use std::collections::BTreeMap;

use sealward_api::bitnami::{SecretTemplate, TemplateMetadata};
use secrecy::ExposeSecret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::base64_text;
use crate::open::{OpenError, Opened};
use crate::scope::Binding;
use crate::value::{Keys, OpenValueError, Sealed, SecretBytes, UsedKey, open_value};

/// The parts of a v1.Secret that are taken over. As for Go's decoder, fields that are not known are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WholeSecret {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Option<TemplateMetadata>,
    #[serde(rename = "type", default)]
    secret_type: Option<String>,
    #[serde(default)]
    immutable: Option<bool>,
    #[serde(default)]
    data: Option<BTreeMap<String, Option<Text>>>,
    #[serde(default)]
    string_data: Option<BTreeMap<String, Text>>,
}

/// Text that is wiped when it is dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Text(Zeroizing<String>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

/// Opens the one value; every item of the Secret inside counts as opened by its key.
pub(crate) fn open(value: &str, binding: &Binding, keys: Keys<'_>) -> Result<Opened, OpenError> {
    // age came long after this format: nothing ever wrote such a value.
    if let Ok(Sealed::Age(_)) = Sealed::parse(value) {
        return Err(OpenError::OldFormat(OpenValueError::NoKey));
    }
    let opened = open_value(value, binding, "", keys).map_err(OpenError::OldFormat)?;
    let secret = read(&opened.plaintext)?;
    let items = values(&secret)?;
    let worked_last = match opened.key {
        UsedKey::Rsa(fingerprint) => Some(fingerprint),
        UsedKey::Age(_) => keys.worked_last,
    };
    Ok(Opened {
        keys: items.keys().map(|item| (item.clone(), opened.key.clone())).collect(),
        items,
        worked_last,
        old_template: Some(SecretTemplate {
            metadata: secret.metadata,
            secret_type: secret.secret_type,
            immutable: secret.immutable,
            data: None,
        }),
    })
}

fn read(plaintext: &SecretBytes) -> Result<WholeSecret, OpenError> {
    // The reader's own error may quote what it read.
    let secret: WholeSecret = serde_json::from_slice(plaintext.expose_secret())
        .map_err(|_| OpenError::NotASecret("it does not have the shape of one"))?;
    if secret.api_version != "v1" || secret.kind != "Secret" {
        return Err(OpenError::NotASecret("it has another apiVersion or kind"));
    }
    Ok(secret)
}

/// `data` decoded, then `stringData` over it.
fn values(secret: &WholeSecret) -> Result<BTreeMap<String, SecretBytes>, OpenError> {
    let mut items = BTreeMap::new();
    for (item, text) in secret.data.iter().flatten() {
        let bytes = match text {
            Some(text) => {
                base64_text::decode(&text.0).ok_or(OpenError::NotASecret("its data is not valid base64"))?
            }
            None => Zeroizing::default(),
        };
        items.insert(item.clone(), SecretBytes::from(bytes.to_vec()));
    }
    for (item, text) in secret.string_data.iter().flatten() {
        items.insert(item.clone(), SecretBytes::from(text.0.as_bytes().to_vec()));
    }
    Ok(items)
}
