//! Making keys: the first ones of a cluster, and those that follow.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_api::{bitnami, names};
use sealward_chassis::clock;
use sealward_cluster::{Cluster, Outcome};
use sealward_keys::{AgeIdentity, KeyRequest, generate};
use sealward_manifest::document::{ExposeSecret, Map, Node, SecretString, Value};
use sealward_manifest::{Manifest, Origin};
use sealward_plan::Action;

use crate::args::KeyArgs;
use crate::renewal::Reason;

/// Makes keys, and has the API server store them.
#[derive(Debug)]
pub(crate) struct Bootstrap {
    pub(crate) cluster: Cluster,
    pub(crate) namespace: String,
    pub(crate) keys: KeyArgs,
}

impl Bootstrap {
    /// Makes an RSA pair; the Secret that holds it, as the API server stored it.
    pub(crate) async fn make_pair(&self, reason: Reason) -> anyhow::Result<Manifest> {
        let request = KeyRequest {
            common_name: self.keys.my_cn.clone(),
            not_before: clock::now(),
            lifetime: self.keys.key_ttl,
            size: self.keys.key_size,
        };
        let (key, certificate) = tokio::task::spawn_blocking(move || generate(&request)).await??;
        let private = key.to_pkcs1_pem()?;
        let fingerprint = key.public_key().fingerprint();
        let certificate = certificate.to_pem();
        let items = [
            (bitnami::KEY_SECRET_PRIVATE_KEY, private.expose_secret()),
            (bitnami::KEY_SECRET_CERTIFICATE, certificate.as_str()),
        ];
        let (prefix, label) = (self.keys.key_prefix.as_str(), bitnami::KEY_LABEL);
        let stored =
            self.create(prefix, label, bitnami::KEY_SECRET_TYPE, &items).await.context("RSA pair")?;
        let (secret, reason) = (stored.name(), reason.words());
        tracing::info!(secret, fingerprint = %fingerprint, reason, certificate, "new RSA sealing key written");
        Ok(stored)
    }

    /// Makes an age identity; the Secret that holds it, as the API server stored it.
    pub(crate) async fn make_identity(&self) -> anyhow::Result<Manifest> {
        let identity = AgeIdentity::generate();
        let secret = identity.to_secret_string();
        let recipient = identity.recipient().to_string();
        let items = [
            (bitnami::AGE_KEY_SECRET_IDENTITY, secret.expose_secret()),
            (bitnami::AGE_KEY_SECRET_RECIPIENT, recipient.as_str()),
        ];
        let (prefix, label) = (bitnami::AGE_KEY_PREFIX, bitnami::AGE_KEY_LABEL);
        let stored =
            self.create(prefix, label, bitnami::AGE_KEY_SECRET_TYPE, &items).await.context("age identity")?;
        tracing::info!(secret = stored.name(), recipient, "new age identity written");
        Ok(stored)
    }

    async fn create(
        &self,
        prefix: &str,
        label: &str,
        kind: &str,
        items: &[(&str, &str)],
    ) -> anyhow::Result<Manifest> {
        let mut labels = self.keys.privatekey_labels.0.clone();
        labels.insert(label.to_owned(), bitnami::KEY_LABEL_ACTIVE.to_owned());
        let shell = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "generateName": prefix,
                "namespace": self.namespace,
                "labels": labels,
                "annotations": self.keys.privatekey_annotations.0,
            },
            "type": kind,
        });
        let object = key_secret(&shell, items)?;
        let action = Action::Create { object, manager: names::SEALER_FIELD_MANAGER.into() };
        match self.cluster.execute(&action).await? {
            Outcome::Object(stored) => Ok(stored),
            Outcome::Gone => anyhow::bail!("the API server answered a creation with nothing"),
        }
    }
}

/// The Secret `shell` with `items` as its data.
fn key_secret(shell: &serde_json::Value, items: &[(&str, &str)]) -> anyhow::Result<Manifest> {
    let origin = Origin::file("<sealer>");
    let data: Map = items
        .iter()
        .map(|(key, text)| {
            let value = SecretString::from(STANDARD.encode(text));
            ((*key).to_owned(), Node::made(Value::Secret(value), origin.clone()))
        })
        .collect();
    let mut root = Node::from_json(shell, &origin);
    if let Some(map) = root.as_map_mut() {
        map.insert("data", Node::made(Value::Map(data), origin));
    }
    Ok(Manifest::from_node(root)?)
}
