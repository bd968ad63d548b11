//! A whole Secret into a SealedSecret.

use std::collections::BTreeMap;

use sealward_api::bitnami::{
    ANNOTATION_SET, API_VERSION, CLUSTER_WIDE_ANNOTATION, KIND, NAMESPACE_WIDE_ANNOTATION,
};
use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};
use sealward_manifest::{Gvk, LAST_APPLIED, Manifest, ManifestError};
use secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::base64_text;
use crate::scope::{Binding, BindingError, Scope};
use crate::value::{Recipients, SealValueError, seal_value};

/// How a Secret is sealed, apart from whom for.
#[derive(Clone, Copy, Debug, Default)]
pub struct SealOptions<'a> {
    /// The scope; `None` leaves it to the Secret's annotations.
    pub scope: Option<Scope>,
    /// Name that replaces the Secret's.
    pub name: Option<&'a str>,
    /// Namespace that somebody asked for: it must agree with the Secret's, or the scope be cluster-wide.
    pub namespace: Option<&'a str>,
    /// Namespace of Secrets that have none, when nobody asked for one (the kubeconfig's).
    pub default_namespace: Option<&'a str>,
    /// Whether a Secret without data is sealed rather than refused.
    pub allow_empty_data: bool,
}

/// Why a Secret was not sealed. Values are never repeated.
#[derive(Debug, Error, PartialEq)]
pub enum SealSecretError {
    /// The manifest is of another kind.
    #[error("expected a Secret but found {0}")]
    NotASecret(Gvk),
    /// Its values are sealed already, another way: sealing that again would hand out what SOPS wrote.
    #[error("this file is encrypted by SOPS; decrypt it first (`sops decrypt FILE`) and seal what comes out")]
    Sops,
    /// A field that Secrets do not have: a typing error would silently lose what it holds.
    #[error("{field} is no field of a Secret")]
    UnknownField {
        /// Its name.
        field: String,
    },
    /// It has no name, or only a generateName.
    #[error("missing metadata.name in input Secret")]
    NoName,
    /// No namespace is known, and the scope binds it.
    #[error("secret must declare a namespace")]
    NoNamespace,
    /// Two namespaces were given.
    #[error("namespace mismatch: input secret is in namespace {found:?} but {asked:?} was specified")]
    NamespaceMismatch {
        /// The Secret's.
        found: String,
        /// The one that was asked for.
        asked: String,
    },
    /// Nothing to seal.
    #[error(
        "secret.data is empty in input Secret, assuming this is an error and aborting. \
         To work with empty data, --allow-empty-data can be used"
    )]
    EmptyData,
    /// A field has the wrong shape.
    #[error("{field} {problem}")]
    Field {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A name is none.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// One value could not be sealed.
    #[error("{item}: {source}")]
    Value {
        /// Its key.
        item: String,
        /// Why.
        source: SealValueError,
    },
    /// The result is no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Seals every value of a Secret (`stringData` beats `data`) and keeps what stands around them as the template.
///
/// The template carries name, namespace, labels, annotations, finalizers, type and `immutable`. The annotations in
/// which kubectl and kubecfg keep the plaintext of what they applied are left out, as is everything that the API
/// server sets. Every part of the result has the origin of the Secret.
pub fn seal_secret(
    secret: &Manifest,
    recipients: &Recipients,
    options: &SealOptions<'_>,
) -> Result<Manifest, SealSecretError> {
    check_is_secret(secret)?;
    let annotations = texts(secret, "annotations")?;
    let scope = options.scope.unwrap_or_else(|| {
        Scope::from_set(|key| annotations.get(key).is_some_and(|value| value == ANNOTATION_SET))
    });
    let name = options.name.unwrap_or(secret.name());
    if name.is_empty() {
        return Err(SealSecretError::NoName);
    }
    let namespace = namespace(secret.namespace(), scope, options)?;
    let values = plaintexts(secret)?;
    if values.is_empty() && !options.allow_empty_data {
        return Err(SealSecretError::EmptyData);
    }

    let binding = Binding::new(scope, namespace, name)?;
    let at = secret.origin();
    let mut sealed = Map::default();
    for (item, value) in &values {
        let text = seal_value(value, &binding, item, recipients)
            .map_err(|source| SealSecretError::Value { item: item.clone(), source })?;
        sealed.insert(item.as_str(), Node::text(text, at.clone()));
    }
    let identity = [("name", name), ("namespace", namespace)];
    let template = template(secret, &identity, annotations, scope)?;
    let spec = map(at, [("encryptedData", Value::Map(sealed)), ("template", template)]);
    let metadata = sealed_metadata(at, &identity, scope);
    let root = map(
        at,
        [
            ("apiVersion", Value::String(API_VERSION.to_owned())),
            ("kind", Value::String(KIND.to_owned())),
            ("metadata", metadata),
            ("spec", spec),
        ],
    );
    Ok(Manifest::from_node(Node::made(root, at.clone()))?)
}

fn check_is_secret(secret: &Manifest) -> Result<(), SealSecretError> {
    const FIELDS: [&str; 7] = ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"];
    if !secret.is_secret() {
        return Err(SealSecretError::NotASecret(secret.gvk().clone()));
    }
    if secret.root().get("sops").is_some_and(|node| node.as_map().is_some()) {
        return Err(SealSecretError::Sops);
    }
    let fields = secret.root().as_map().map(Map::iter).unwrap_or_default();
    match fields.map(|field| field.key.as_str()).find(|field| !FIELDS.contains(field)) {
        Some(field) => Err(SealSecretError::UnknownField { field: field.to_owned() }),
        None => Ok(()),
    }
}

fn namespace<'a>(own: &'a str, scope: Scope, options: &SealOptions<'a>) -> Result<&'a str, SealSecretError> {
    match options.namespace {
        Some(asked) if !own.is_empty() && own != asked && scope != Scope::ClusterWide => {
            Err(SealSecretError::NamespaceMismatch { found: own.to_owned(), asked: asked.to_owned() })
        }
        _ if !own.is_empty() => Ok(own),
        Some(asked) => Ok(asked),
        None => match options.default_namespace {
            Some(namespace) => Ok(namespace),
            None if scope == Scope::ClusterWide => Ok(""),
            None => Err(SealSecretError::NoNamespace),
        },
    }
}

/// The Secret's values by key: `data` decoded, then `stringData` over it.
pub(crate) fn plaintexts(secret: &Manifest) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, SealSecretError> {
    let mut values = BTreeMap::new();
    for field in ["data", "stringData"] {
        let Some(node) = secret.root().get(field).filter(|node| !node.is_null()) else { continue };
        for item in node.as_map().into_iter().flatten() {
            let problem =
                |problem| SealSecretError::Field { field: format!("{field}.{}", item.key), problem };
            let text = leaf(&item.node).ok_or_else(|| problem("is not text"))?;
            let bytes = match field {
                "data" => base64_text::decode(text).ok_or_else(|| {
                    problem("is not valid base64 (put plain text under stringData instead)")
                })?,
                _ => Zeroizing::new(text.as_bytes().to_vec()),
            };
            values.insert(item.key.clone(), bytes);
        }
    }
    Ok(values)
}

/// A value's text; null is empty, as for Go. A manifest lets no other value into a Secret.
fn leaf(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Secret(text) => Some(text.expose_secret()),
        Value::Null => Some(""),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// The labels or annotations of the Secret, without those that repeat it in plaintext.
fn texts(secret: &Manifest, field: &str) -> Result<BTreeMap<String, String>, SealSecretError> {
    let mut texts = BTreeMap::new();
    let Some(node) = secret.root().at(&["metadata", field]).filter(|node| !node.is_null()) else {
        return Ok(texts);
    };
    let problem = |field, problem| SealSecretError::Field { field, problem };
    let entries = node.as_map().ok_or_else(|| problem(format!("metadata.{field}"), "is not a map"))?;
    for entry in entries {
        if LAST_APPLIED.contains(&entry.key.as_str()) {
            continue;
        }
        let text = entry.node.as_str().ok_or_else(|| {
            problem(format!("metadata.{field}.{}", entry.key), "is not text (put it in quotes)")
        })?;
        texts.insert(entry.key.clone(), text.to_owned());
    }
    Ok(texts)
}

fn template(
    secret: &Manifest,
    identity: &[(&str, &str)],
    annotations: BTreeMap<String, String>,
    scope: Scope,
) -> Result<Value, SealSecretError> {
    let at = secret.origin();
    let mut metadata = text_map(at, identity.iter().copied().filter(|(_, value)| !value.is_empty()));
    let labels = texts(secret, "labels")?;
    let annotations = with_scope(annotations, scope);
    for (field, texts) in [("labels", labels), ("annotations", annotations)] {
        if !texts.is_empty() {
            let texts = text_map(at, texts.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            metadata.insert(field, Node::made(Value::Map(texts), at.clone()));
        }
    }
    if let Some(finalizers) = secret.root().at(&["metadata", "finalizers"]).filter(|node| !node.is_null()) {
        metadata.insert("finalizers", finalizers.clone());
    }
    let mut template = Map::default();
    template.insert("metadata", Node::made(Value::Map(metadata), at.clone()));
    for field in ["type", "immutable"] {
        if let Some(node) = secret.root().get(field).filter(|node| !node.is_null()) {
            template.insert(field, node.clone());
        }
    }
    Ok(Value::Map(template))
}

/// The annotations, saying this scope and no other.
pub(crate) fn with_scope(
    mut annotations: BTreeMap<String, String>,
    scope: Scope,
) -> BTreeMap<String, String> {
    for key in [CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION] {
        annotations.remove(key);
    }
    if let Some(key) = scope.annotation() {
        annotations.insert(key.to_owned(), ANNOTATION_SET.to_owned());
    }
    annotations
}

fn sealed_metadata(at: &Origin, identity: &[(&str, &str)], scope: Scope) -> Value {
    let mut metadata = text_map(at, identity.iter().copied().filter(|(_, value)| !value.is_empty()));
    if let Some(key) = scope.annotation() {
        let annotation = text_map(at, [(key, ANNOTATION_SET)].into_iter());
        metadata.insert("annotations", Node::made(Value::Map(annotation), at.clone()));
    }
    Value::Map(metadata)
}

fn map<const N: usize>(at: &Origin, fields: [(&str, Value); N]) -> Value {
    let nodes = fields.into_iter().map(|(key, value)| (key.to_owned(), Node::made(value, at.clone())));
    Value::Map(nodes.collect())
}

fn text_map<'a>(at: &Origin, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Map {
    fields.map(|(key, value)| (key.to_owned(), Node::text(value, at.clone()))).collect()
}
