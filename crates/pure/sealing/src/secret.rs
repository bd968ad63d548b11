//! The Secret that an opened SealedSecret stands for.

use std::collections::BTreeMap;

use sealward_api::bitnami::{API_VERSION, KIND, SealedSecret, TemplateMetadata};
use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, SecretString, Value};
use sealward_golang::template::Environment;
use sealward_manifest::{Manifest, ManifestError};
use secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::base64_text;
use crate::open::Opened;
use crate::template::{TemplateErrors, render};

/// Why no Secret was made of an opened SealedSecret.
#[derive(Debug, Error, PartialEq)]
pub enum SecretError {
    /// Values that a template should make. Its text names items and holds no value.
    #[error("{0}")]
    Templates(TemplateErrors),
    /// The SealedSecret has no name.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Makes the Secret: name and namespace of the SealedSecret, all else from its template, values opened.
///
/// Of `template.data`, each text is rendered and becomes a value unless an encrypted one has its key, and null keeps
/// an item out (upstream 0.40). V1 has no such templates: everything comes from inside. The owner reference is
/// upstream's: one, controller, without blockOwnerDeletion; a SealedSecret without a uid, read from a file, gives none.
pub fn secret_for(
    sealed: &SealedSecret,
    opened: &Opened,
    origin: &Origin,
    environment: &mut Environment<'_>,
) -> Result<Manifest, SecretError> {
    let template = opened.old_template.clone().or_else(|| sealed.spec.template.clone()).unwrap_or_default();
    let rendered = render(sealed, opened, environment).map_err(SecretError::Templates)?;
    let data = data(&template.data.unwrap_or_default(), opened, &rendered);
    let text = |text: &str| Node::text(text, origin.clone());
    let made = |value| Node::made(value, origin.clone());

    let mut root = Map::default();
    root.insert("apiVersion", text("v1"));
    root.insert("kind", text("Secret"));
    root.insert(
        "metadata",
        made(Value::Map(metadata(sealed, &template.metadata.unwrap_or_default(), origin))),
    );
    if let Some(secret_type) = template.secret_type.filter(|name| !name.is_empty()) {
        root.insert("type", text(&secret_type));
    }
    if let Some(immutable) = template.immutable {
        root.insert("immutable", made(Value::Bool(immutable)));
    }
    let data = data.into_iter().map(|(key, value)| (key, made(Value::Secret(value))));
    root.insert("data", made(Value::Map(data.collect())));
    Ok(Manifest::from_node(made(Value::Map(root)))?)
}

/// The values in base64, as `data` has them.
fn data(
    template: &BTreeMap<String, Option<String>>,
    opened: &Opened,
    rendered: &BTreeMap<String, Zeroizing<Vec<u8>>>,
) -> BTreeMap<String, SecretString> {
    let encoded = |bytes: &[u8]| SecretString::from(base64_text::encode(bytes));
    let rendered = rendered.iter().map(|(key, value)| (key.clone(), encoded(value)));
    let opened = opened.items.iter().map(|(key, value)| (key.clone(), encoded(value.expose_secret())));
    let mut data: BTreeMap<String, SecretString> = rendered.chain(opened).collect();
    data.retain(|key, _| !matches!(template.get(key), Some(None)));
    data
}

fn metadata(sealed: &SealedSecret, template: &TemplateMetadata, origin: &Origin) -> Map {
    let text = |text: &str| Node::text(text, origin.clone());
    let made = |value| Node::made(value, origin.clone());
    let mut metadata = Map::default();
    metadata.insert("name", text(sealed.metadata.name.as_deref().unwrap_or_default()));
    if let Some(namespace) = sealed.metadata.namespace.as_deref() {
        metadata.insert("namespace", text(namespace));
    }
    for (field, texts) in [("labels", &template.labels), ("annotations", &template.annotations)] {
        if let Some(texts) = texts.as_ref().filter(|texts| !texts.is_empty()) {
            let texts = texts.iter().map(|(key, value)| (key.clone(), text(value)));
            metadata.insert(field, made(Value::Map(texts.collect())));
        }
    }
    if let Some(finalizers) = template.finalizers.as_ref().filter(|list| !list.is_empty()) {
        let finalizers = finalizers.iter().map(|finalizer| text(finalizer));
        metadata.insert("finalizers", made(Value::List(finalizers.collect())));
    }
    if let Some(uid) = sealed.metadata.uid.as_deref().filter(|_| !sealed.skips_owner_reference()) {
        let owner = [
            ("apiVersion", text(API_VERSION)),
            ("kind", text(KIND)),
            ("name", text(sealed.metadata.name.as_deref().unwrap_or_default())),
            ("uid", text(uid)),
            ("controller", made(Value::Bool(true))),
        ];
        let owner = Value::Map(owner.into_iter().map(|(key, node)| (key.to_owned(), node)).collect());
        metadata.insert("ownerReferences", made(Value::List(vec![made(owner)])));
    }
    metadata
}
