//! What a service does for strangers: say whether a SealedSecret opens, and seal it anew.
//!
//! Neither renders a template, which anybody can write around somebody else's values, and both take the scope from
//! the object's own metadata. Why an object does not open is one answer for all causes.

use std::collections::BTreeSet;

use sealward_api::bitnami::{
    ANNOTATION_SET, CLUSTER_WIDE_ANNOTATION, EncryptedItem, NAMESPACE_WIDE_ANNOTATION,
    SKIP_SET_OWNER_REFERENCES_ANNOTATION, SealedSecret,
};
use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};
use sealward_keys::{AgeIdentity, AgeRecipient, RsaPublicKey};
use sealward_manifest::{LAST_APPLIED, Manifest, ManifestError};
use secrecy::ExposeSecret;
use thiserror::Error;

use crate::age_file::{AgeRecipients, AgeRecipientsError};
use crate::open::{NotSealedSecret, OpenOptions, Opened, binding_of, open_sealed_secret, read_sealed_secret};
use crate::scope::{Binding, Scope};
use crate::seal::with_scope;
use crate::value::{Keys, Recipients, SealValueError, Sealed, open_value, open_with_recipients, seal_value};

/// Fields of metadata that belong to the object in the cluster, not to what is written in Git.
const SERVER_FIELDS: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// An object that these keys do not open here. Deliberately says nothing about why.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("unable to decrypt sealed secret")]
pub struct Undecryptable;

/// Why an object was not verified.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// It is no SealedSecret at all.
    #[error(transparent)]
    NotSealedSecret(#[from] NotSealedSecret),
    /// It does not open.
    #[error(transparent)]
    Undecryptable(#[from] Undecryptable),
}

/// Why an object was not sealed anew.
#[derive(Debug, Error, PartialEq)]
pub enum RotateError {
    /// It is no SealedSecret at all.
    #[error(transparent)]
    NotSealedSecret(#[from] NotSealedSecret),
    /// It does not open.
    #[error(transparent)]
    Undecryptable(#[from] Undecryptable),
    /// There is nobody to seal such values for.
    #[error("there is no {kind} key to seal {item:?} for")]
    NoRecipient {
        /// `RSA` or `age`.
        kind: &'static str,
        /// The item's key.
        item: String,
    },
    /// An age value would have too many recipients, or one of a kind that cannot be sealed for.
    #[error("{item}: {source}")]
    Recipients {
        /// The item's key.
        item: String,
        /// Why.
        source: AgeRecipientsError,
    },
    /// A value could not be sealed.
    #[error("{item}: {source}")]
    Value {
        /// The item's key.
        item: String,
        /// Why.
        source: SealValueError,
    },
    /// The result is no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Whom values are sealed for anew: each stays in the format that it has.
#[derive(Clone, Debug, Default)]
pub struct Newest {
    /// For values of Bitnami's format, V1 included.
    pub rsa: Option<RsaPublicKey>,
    /// For age values, in the place of those recipients whose identities are among the keys that open; all other
    /// recipients of a value stay.
    pub age: Vec<AgeRecipient>,
}

/// Whether every value opens with these keys under the object's own name and scope. Nothing is rendered, and the
/// first value that does not open ends it.
pub fn verify(object: &Manifest, keys: Keys<'_>, options: OpenOptions) -> Result<(), VerifyError> {
    let sealed = read_sealed_secret(object)?;
    if sealed.spec.data.is_some() {
        open_sealed_secret(&sealed, keys, options).map_err(|_| Undecryptable)?;
        return Ok(());
    }
    let (binding, values) = sealed_values(&sealed)?;
    for (item, value) in values {
        open_value(value, &binding, item, keys).map_err(|_| Undecryptable)?;
    }
    Ok(())
}

/// Seals every value anew for the newest recipients, and upgrades V1.
///
/// All else of the object stays: template, labels, annotations and fields that are not known here. Left out are its
/// status, what the API server sets, and the copies of the old object that appliers keep. The template's scope
/// annotations are made to agree with the object's own, as kubeseal writes them. Nothing is rendered.
pub fn rotate(
    object: &Manifest,
    keys: Keys<'_>,
    options: OpenOptions,
    newest: &Newest,
) -> Result<Manifest, RotateError> {
    let sealed = read_sealed_secret(object)?;
    let mut items = Map::default();
    let at = object.origin();
    let mut upgraded = None;
    if sealed.spec.data.is_some() {
        let opened = open_sealed_secret(&sealed, keys, options).map_err(|_| Undecryptable)?;
        let binding = binding_of(&sealed).map_err(|_| Undecryptable)?;
        for (item, plaintext) in &opened.items {
            let text = seal(plaintext.expose_secret(), &binding, item, &rsa(newest, item)?)?;
            items.insert(item.as_str(), Node::text(text, at.clone()));
        }
        upgraded = Some(upgraded_template(&sealed, opened, binding.scope(), at)?);
    } else {
        let (binding, values) = sealed_values(&sealed)?;
        for (item, value) in values {
            let (opened, listed) =
                open_with_recipients(value, &binding, item, keys).map_err(|_| Undecryptable)?;
            let recipients = match listed {
                None => rsa(newest, item)?,
                Some(listed) => age(&listed, item, keys.identities, newest)?,
            };
            let text = seal(opened.plaintext.expose_secret(), &binding, item, &recipients)?;
            items.insert(item, Node::text(text, at.clone()));
        }
    }
    let scope = Scope::from_annotations(sealed.metadata.annotations.as_ref());
    Ok(object.with(|root| rewrite(root, items, upgraded, scope))?)
}

/// Item keys and what is sealed under each.
type SealedValues<'a> = Vec<(&'a str, &'a str)>;

/// The values to open, when all of them could be some: told before any key is used.
fn sealed_values(sealed: &SealedSecret) -> Result<(Binding, SealedValues<'_>), Undecryptable> {
    let encrypted = &sealed.spec.encrypted_data;
    if encrypted.junk.is_some() {
        return Err(Undecryptable);
    }
    let binding = binding_of(sealed).map_err(|_| Undecryptable)?;
    let mut values = Vec::new();
    for (item, value) in &encrypted.items {
        let EncryptedItem::Value(text) = value else { return Err(Undecryptable) };
        Sealed::parse(text).and_then(|value| value.check()).map_err(|_| Undecryptable)?;
        values.push((item.as_str(), text.as_str()));
    }
    Ok((binding, values))
}

fn seal(
    plaintext: &[u8],
    binding: &Binding,
    item: &str,
    recipients: &Recipients,
) -> Result<String, RotateError> {
    seal_value(plaintext, binding, item, recipients)
        .map_err(|source| RotateError::Value { item: item.to_owned(), source })
}

fn rsa(newest: &Newest, item: &str) -> Result<Recipients, RotateError> {
    let none = || RotateError::NoRecipient { kind: "RSA", item: item.to_owned() };
    newest.rsa.clone().map(Recipients::Rsa).ok_or_else(none)
}

/// The newest age recipients, and those of a value that are not ours.
fn age(
    listed: &[String],
    item: &str,
    own: &[AgeIdentity],
    newest: &Newest,
) -> Result<Recipients, RotateError> {
    if newest.age.is_empty() {
        return Err(RotateError::NoRecipient { kind: "age", item: item.to_owned() });
    }
    let refused = |source| RotateError::Recipients { item: item.to_owned(), source };
    let own: BTreeSet<String> = own.iter().map(|identity| identity.recipient().to_string()).collect();
    let mut kept = Vec::new();
    for recipient in listed.iter().filter(|recipient| !own.contains(*recipient)) {
        let parsed = recipient.parse::<AgeRecipient>();
        kept.push(parsed.map_err(|_| refused(AgeRecipientsError::OtherKind))?);
    }
    let all = AgeRecipients::new(kept.into_iter().chain(newest.age.iter().cloned()));
    all.map(Recipients::Age).map_err(refused)
}

/// The template that a V1 object gets: what stood around the data inside, and what its own template says of owners.
fn upgraded_template(
    sealed: &SealedSecret,
    opened: Opened,
    scope: Scope,
    at: &Origin,
) -> Result<Node, Undecryptable> {
    let mut template = opened.old_template.unwrap_or_default();
    let mut metadata = template.metadata.take().unwrap_or_default();
    metadata.name.clone_from(&sealed.metadata.name);
    metadata.namespace.clone_from(&sealed.metadata.namespace);
    let mut annotations = metadata.annotations.take().unwrap_or_default();
    annotations.retain(|key, _| !LAST_APPLIED.contains(&key.as_str()));
    if sealed.skips_owner_reference() {
        annotations.insert(SKIP_SET_OWNER_REFERENCES_ANNOTATION.to_owned(), ANNOTATION_SET.to_owned());
    }
    let annotations = with_scope(annotations, scope);
    metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    template.metadata = Some(metadata);
    let template = serde_json::to_value(template).map_err(|_| Undecryptable)?;
    Ok(Node::from_json(&template, at))
}

/// The object around the new values.
fn rewrite(root: &mut Node, items: Map, upgraded: Option<Node>, scope: Scope) {
    let at = root.origin.clone();
    if let Some(metadata) = root.child_map("metadata") {
        metadata.retain(|field| !SERVER_FIELDS.contains(&field.key.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
            annotations.retain(|field| !LAST_APPLIED.contains(&field.key.as_str()));
        }
    }
    if let Some(root) = root.as_map_mut() {
        root.remove("status");
    }
    if let Some(spec) = root.child_map("spec") {
        spec.remove("data");
        spec.insert("encryptedData", Node::made(Value::Map(items), at.clone()));
        if let Some(template) = upgraded {
            spec.insert("template", template);
        }
    }
    agree_on_scope(root, scope);
}

/// Makes the template's scope annotations say what the object's own do; touches nothing when they do already.
fn agree_on_scope(root: &mut Node, scope: Scope) {
    let path = ["spec", "template", "metadata", "annotations"];
    let annotations = root.at(&path).and_then(Node::as_map);
    let said = Scope::from_set(|key| {
        let value = annotations.and_then(|annotations| annotations.get(key));
        value.and_then(Node::as_str) == Some(ANNOTATION_SET)
    });
    if said == scope {
        return;
    }
    let at = root.origin.clone();
    let mut node = root;
    for key in path {
        if node.child_map(key).is_none() {
            return;
        }
        let Some(child) = node.as_map_mut().and_then(|map| map.get_mut(key)) else { return };
        node = child;
    }
    if let Some(annotations) = node.as_map_mut() {
        annotations.remove(CLUSTER_WIDE_ANNOTATION);
        annotations.remove(NAMESPACE_WIDE_ANNOTATION);
        if let Some(key) = scope.annotation() {
            annotations.insert(key, Node::text(ANNOTATION_SET, at));
        }
    }
}
