//! Bitnami's SealedSecret (`bitnami.com/v1alpha1`) and every string that its users and tools match.
//!
//! Follows `pkg/apis/sealedsecrets/v1alpha1` of bitnami/sealed-secrets v0.40. One malformed object must not stop
//! the reading of all others, so whatever stands in `encryptedData` is read, and junk is named as junk.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// API group of SealedSecret.
pub const GROUP: &str = "bitnami.com";
/// Its only version.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` of a SealedSecret.
pub const API_VERSION: &str = "bitnami.com/v1alpha1";
/// `kind` of a SealedSecret.
pub const KIND: &str = "SealedSecret";
/// Plural, as in URLs and RBAC rules.
pub const PLURAL: &str = "sealedsecrets";

/// On a SealedSecret: its values open under any namespace and name. Beats [`NAMESPACE_WIDE_ANNOTATION`].
pub const CLUSTER_WIDE_ANNOTATION: &str = "sealedsecrets.bitnami.com/cluster-wide";
/// On a SealedSecret: its values open under any name of their namespace.
pub const NAMESPACE_WIDE_ANNOTATION: &str = "sealedsecrets.bitnami.com/namespace-wide";
/// On an existing Secret: the controller may overwrite and own it.
pub const MANAGED_ANNOTATION: &str = "sealedsecrets.bitnami.com/managed";
/// On an existing Secret: the controller may add to it, without owning it.
pub const PATCH_ANNOTATION: &str = "sealedsecrets.bitnami.com/patch";
/// On a SealedSecret's template: the Secret gets no owner reference.
pub const SKIP_SET_OWNER_REFERENCES_ANNOTATION: &str = "sealedsecrets.bitnami.com/skip-set-owner-references";
/// The only value by which any of these annotations takes effect.
pub const ANNOTATION_SET: &str = "true";

/// Whether `annotations` set `key`: by [`ANNOTATION_SET`] and nothing like it.
pub fn annotation_is_set(annotations: Option<&BTreeMap<String, String>>, key: &str) -> bool {
    annotations.and_then(|map| map.get(key)).is_some_and(|value| value == ANNOTATION_SET)
}

/// Label of Secrets that hold an RSA sealing pair.
pub const KEY_LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";
/// Value of [`KEY_LABEL`] and [`AGE_KEY_LABEL`] for keys that are in use; any other value takes a key out of use.
pub const KEY_LABEL_ACTIVE: &str = "active";
/// Default `generateName` of key Secrets; a Secret of just this name is a key too, from before the label existed.
pub const KEY_PREFIX: &str = "sealed-secrets-key";
/// Type of Secrets that hold an RSA sealing pair.
pub const KEY_SECRET_TYPE: &str = "kubernetes.io/tls";
/// Data key of the private key, PEM.
pub const KEY_SECRET_PRIVATE_KEY: &str = "tls.key";
/// Data key of the certificate, PEM.
pub const KEY_SECRET_CERTIFICATE: &str = "tls.crt";

/// Label of Secrets that hold an age identity. Ours, so that Bitnami's controller passes them over and can come back.
pub const AGE_KEY_LABEL: &str = "sealward.dev/age-identity";
/// `generateName` of Secrets that hold an age identity.
pub const AGE_KEY_PREFIX: &str = "sealward-age-identity-";
/// Type of Secrets that hold an age identity.
pub const AGE_KEY_SECRET_TYPE: &str = "Opaque";
/// Data key of the identity, `AGE-SECRET-KEY-1…`.
pub const AGE_KEY_SECRET_IDENTITY: &str = "identity";
/// Data key of its recipient, `age1…`, for people who look.
pub const AGE_KEY_SECRET_RECIPIENT: &str = "recipient";

/// Condition: the Secret holds what the SealedSecret says. The only one that upstream sets; Argo CD reads it.
pub const CONDITION_SYNCED: &str = "Synced";
/// Condition: as [`CONDITION_SYNCED`], under the name that kstatus waits for. Always after it, printer columns read
/// the first condition.
pub const CONDITION_READY: &str = "Ready";
/// Reason of both conditions when the Secret is as it should be.
pub const REASON_UNSEALED: &str = "Unsealed";
/// Reason when values could not be opened.
pub const REASON_UNSEAL_FAILED: &str = "UnsealFailed";
/// Reason when the Secret could not be written.
pub const REASON_UPDATE_FAILED: &str = "UpdateFailed";
/// Reason when a Secret of that name belongs to somebody else.
pub const REASON_NOT_MANAGED: &str = "NotManaged";

/// Event: the Secret was written. Normal.
pub const EVENT_UNSEALED: &str = "Unsealed";
/// Message of [`EVENT_UNSEALED`].
pub const EVENT_UNSEALED_MESSAGE: &str = "SealedSecret unsealed successfully";
/// Event: values could not be opened. Warning.
pub const EVENT_UNSEAL_FAILED: &str = "ErrUnsealFailed";
/// Event: the Secret could not be written. Warning.
pub const EVENT_UPDATE_FAILED: &str = "ErrUpdateFailed";
/// Event about a key Secret: it cannot be loaded and is passed over. Warning, ours.
pub const EVENT_KEY_UNUSABLE: &str = "ErrKeyUnusable";
/// Component that events name as their source.
pub const EVENT_SOURCE: &str = "sealed-secrets";

/// A Secret, each value of which is sealed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// [`API_VERSION`].
    #[serde(rename = "apiVersion", default = "api_version")]
    pub api_version: String,
    /// [`KIND`].
    #[serde(default = "kind")]
    pub kind: String,
    /// Name, namespace and scope annotation.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is sealed.
    #[serde(default)]
    pub spec: SealedSecretSpec,
    /// What the controller made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SealedSecretStatus>,
}

/// What is sealed, and what the Secret looks like around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretSpec {
    /// Everything of the Secret but its sealed values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<SecretTemplate>,
    /// The whole Secret sealed as one value, base64: V1, the format before 0.7. Also an empty text is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Item key to sealed value.
    #[serde(default)]
    pub encrypted_data: EncryptedData,
}

/// The items of `encryptedData`, however they look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncryptedData {
    /// Item key to what stands there.
    pub items: BTreeMap<String, EncryptedItem>,
    /// What stands in place of the whole map, when it is none: `a list`, `a number`.
    pub junk: Option<&'static str>,
}

/// One entry of `encryptedData`.
#[derive(Clone, PartialEq, Eq)]
pub enum EncryptedItem {
    /// Text, hopefully standard base64 of a sealed value.
    Value(String),
    /// Something else; the field says what, never its content, which may be plaintext put there by mistake.
    Junk(&'static str),
}

/// Everything of the Secret but its sealed values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecretTemplate {
    /// Labels, annotations and finalizers of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// Type of the Secret.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub secret_type: Option<String>,
    /// Whether the Secret, once made, may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,
    /// Go templates over the opened values, by item key; `None` (null) keeps that item out of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<BTreeMap<String, Option<String>>>,
}

/// Metadata that the Secret gets. Its name and namespace are not used: the SealedSecret's are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateMetadata {
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Finalizers of the Secret, set only when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalizers: Option<Vec<String>>,
}

/// What the controller made of a SealedSecret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretStatus {
    /// The generation that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// [`CONDITION_SYNCED`] first, then [`CONDITION_READY`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<SealedSecretCondition>>,
}

/// A condition of Bitnami's shape, older than metav1's: it has a `lastUpdateTime` and no generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretCondition {
    /// [`CONDITION_SYNCED`] or [`CONDITION_READY`].
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// RFC 3339, when this condition was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_time: Option<String>,
    /// RFC 3339, when `status` last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
    /// One CamelCase word that programs match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A sentence for people; empty when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl SealedSecret {
    /// Whether its template says by [`SKIP_SET_OWNER_REFERENCES_ANNOTATION`] that the Secret gets no owner reference.
    pub fn skips_owner_reference(&self) -> bool {
        let metadata = self.spec.template.as_ref().and_then(|template| template.metadata.as_ref());
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        annotation_is_set(annotations, SKIP_SET_OWNER_REFERENCES_ANNOTATION)
    }

    /// The plain texts and templates of `template.data`; null entries, which keep an item out, are left out.
    pub fn template_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let data = self.spec.template.as_ref().and_then(|template| template.data.as_ref());
        let entries = data.into_iter().flatten();
        entries.filter_map(|(key, text)| Some((key.as_str(), text.as_deref()?)))
    }
}

impl k8s_openapi::Resource for SealedSecret {
    const API_VERSION: &'static str = API_VERSION;
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = KIND;
    const VERSION: &'static str = VERSION;
    const URL_PATH_SEGMENT: &'static str = PLURAL;
    type Scope = NamespaceResourceScope;
}

impl k8s_openapi::Metadata for SealedSecret {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl fmt::Debug for EncryptedItem {
    /// Length only: plaintext may stand here by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(text) => write!(f, "Value({} characters)", text.len()),
            Self::Junk(what) => write!(f, "Junk({what})"),
        }
    }
}

impl Serialize for EncryptedData {
    /// Junk is written as null: what it was is not kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.items.iter().map(|(key, item)| match item {
            EncryptedItem::Value(text) => (key, Some(text)),
            EncryptedItem::Junk(_) => (key, None),
        }))
    }
}

impl<'de> Deserialize<'de> for EncryptedData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

/// Reads whatever stands in place of `encryptedData`, or of one item of it.
struct AnyShape;

impl<'de> serde::de::Visitor<'de> for AnyShape {
    type Value = EncryptedData;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of sealed values")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<EncryptedData, A::Error> {
        let mut items = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            items.insert(key, map.next_value::<EncryptedItem>()?);
        }
        Ok(EncryptedData { items, junk: None })
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<EncryptedData, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(EncryptedData::of_junk("a list"))
    }

    fn visit_unit<E>(self) -> Result<EncryptedData, E> {
        Ok(EncryptedData::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<EncryptedData, E> {
        Ok(EncryptedData::of_junk("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<EncryptedData, E> {
        Ok(EncryptedData::of_junk("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<EncryptedData, E> {
        Ok(EncryptedData::of_junk("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<EncryptedData, E> {
        Ok(EncryptedData::of_junk("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<EncryptedData, E> {
        Ok(EncryptedData::of_junk("text"))
    }
}

impl EncryptedData {
    fn of_junk(what: &'static str) -> Self {
        Self { items: BTreeMap::new(), junk: Some(what) }
    }
}

impl<'de> Deserialize<'de> for EncryptedItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde_json::Value;
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => Self::Value(text),
            Value::Null => Self::Junk("null"),
            Value::Bool(_) => Self::Junk("a boolean"),
            Value::Number(_) => Self::Junk("a number"),
            Value::Array(_) => Self::Junk("a list"),
            Value::Object(_) => Self::Junk("a map"),
        })
    }
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn kind() -> String {
    KIND.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(encrypted_data: Value) -> EncryptedData {
        let object = json!({"metadata": {"name": "n"}, "spec": {"encryptedData": encrypted_data}});
        serde_json::from_value::<SealedSecret>(object).unwrap().spec.encrypted_data
    }

    #[test]
    fn junk_in_one_item_is_named_and_hurts_no_other() {
        let data = read(json!({"good": "Ag==", "a": 1, "b": null, "c": ["x"], "d": {"x": "y"}, "e": true}));
        let kinds: Vec<_> =
            data.items.iter().map(|(key, item)| (key.as_str(), format!("{item:?}"))).collect();
        let expect = [
            ("a", "Junk(a number)"),
            ("b", "Junk(null)"),
            ("c", "Junk(a list)"),
            ("d", "Junk(a map)"),
            ("e", "Junk(a boolean)"),
            ("good", "Value(4 characters)"),
        ];
        assert_eq!(kinds, expect.map(|(key, text)| (key, text.to_owned())));
        assert_eq!(data.junk, None);
    }

    #[test]
    fn junk_in_place_of_the_map_is_named() {
        for (value, expect) in [
            (json!([1]), Some("a list")),
            (json!("x"), Some("text")),
            (json!(1), Some("a number")),
            (json!(-1.5), Some("a number")),
            (json!(true), Some("a boolean")),
            (json!(null), None),
            (json!({}), None),
        ] {
            assert_eq!(read(value.clone()).junk, expect, "{value}");
        }
    }

    #[test]
    fn a_whole_object_is_read_and_written_as_it_was() {
        let object = json!({
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "metadata": {"name": "n", "namespace": "ns", "annotations": {CLUSTER_WIDE_ANNOTATION: "true"}},
            "spec": {
                "encryptedData": {"a": "Ag=="},
                "template": {
                    "metadata": {"labels": {"l": "1"}, "annotations": {"x": "y"}, "finalizers": ["f"]},
                    "type": "Opaque",
                    "immutable": true,
                    "data": {"plain": "text", "a": null},
                },
            },
            "status": {
                "observedGeneration": 3,
                "conditions": [{"type": "Synced", "status": "True", "lastUpdateTime": "2026-01-01T00:00:00Z"}],
            },
        });
        let read: SealedSecret = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), object);
    }
}
