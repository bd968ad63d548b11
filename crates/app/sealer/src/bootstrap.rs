//! The first keys of a cluster.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_api::{bitnami, names};
use sealward_chassis::clock;
use sealward_cluster::Cluster;
use sealward_keys::{AgeIdentity, KeyRequest, RsaKeySize, generate};
use sealward_manifest::document::{ExposeSecret, Map, Node, SecretString, Value};
use sealward_manifest::{Manifest, Origin};
use sealward_plan::Action;

use crate::args::KeyArgs;
use crate::keyring::Keys;

/// Makes the keys that a cluster does not have yet.
#[derive(Debug)]
pub(crate) struct Bootstrap {
    pub(crate) cluster: Cluster,
    pub(crate) namespace: String,
    pub(crate) keys: KeyArgs,
}

impl Bootstrap {
    /// Makes an RSA pair and an age identity where `keys` has none. They are loaded when the watch
    /// brings them, not before: what is not stored must not seal.
    pub(crate) async fn make_missing(&self, keys: &Keys) -> anyhow::Result<()> {
        if keys.ring.is_empty() {
            self.make_pair().await.context("RSA pair")?;
        }
        if keys.identities.is_empty() {
            self.make_identity().await.context("age identity")?;
        }
        Ok(())
    }

    async fn make_pair(&self) -> anyhow::Result<()> {
        let request = KeyRequest {
            common_name: self.keys.my_cn.clone(),
            not_before: clock::now(),
            lifetime: self.keys.key_ttl,
            size: RsaKeySize::default(),
        };
        let (key, certificate) = tokio::task::spawn_blocking(move || generate(&request)).await??;
        let private = key.to_pkcs1_pem()?;
        let fingerprint = key.public_key().fingerprint();
        let certificate = certificate.to_pem();
        let items = [
            (bitnami::KEY_SECRET_PRIVATE_KEY, private.expose_secret()),
            (bitnami::KEY_SECRET_CERTIFICATE, certificate.as_str()),
        ];
        self.create(&self.keys.key_prefix, bitnami::KEY_LABEL, bitnami::KEY_SECRET_TYPE, &items).await?;
        tracing::info!(fingerprint = %fingerprint, "new RSA sealing key written");
        Ok(())
    }

    async fn make_identity(&self) -> anyhow::Result<()> {
        let identity = AgeIdentity::generate();
        let secret = identity.to_secret_string();
        let recipient = identity.recipient().to_string();
        let items = [
            (bitnami::AGE_KEY_SECRET_IDENTITY, secret.expose_secret()),
            (bitnami::AGE_KEY_SECRET_RECIPIENT, recipient.as_str()),
        ];
        let (prefix, label) = (bitnami::AGE_KEY_PREFIX, bitnami::AGE_KEY_LABEL);
        self.create(prefix, label, bitnami::AGE_KEY_SECRET_TYPE, &items).await?;
        tracing::info!(recipient, "new age identity written");
        Ok(())
    }

    async fn create(&self, prefix: &str, label: &str, kind: &str, items: &[(&str, &str)]) -> anyhow::Result<()> {
        let object = key_secret(&self.namespace, prefix, label, kind, items)?;
        let action = Action::Create { object, manager: names::SEALER_FIELD_MANAGER.into() };
        self.cluster.execute(&action).await?;
        Ok(())
    }
}

/// A Secret whose name the API server completes, with `label` set to active.
fn key_secret(
    namespace: &str,
    prefix: &str,
    label: &str,
    kind: &str,
    items: &[(&str, &str)],
) -> anyhow::Result<Manifest> {
    let origin = Origin::file("<sealer>");
    let data: Map = items
        .iter()
        .map(|(key, text)| {
            let value = SecretString::from(STANDARD.encode(text));
            ((*key).to_owned(), Node::made(Value::Secret(value), origin.clone()))
        })
        .collect();
    let shell = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "generateName": prefix,
            "namespace": namespace,
            "labels": { label: bitnami::KEY_LABEL_ACTIVE },
        },
        "type": kind,
    });
    let mut root = Node::from_json(&shell, &origin);
    if let Some(map) = root.as_map_mut() {
        map.insert("data", Node::made(Value::Map(data), origin));
    }
    Ok(Manifest::from_node(root)?)
}
