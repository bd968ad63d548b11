//! A cluster full of SealedSecrets: keys, objects, and how far a controller has come.

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use sealward_controlplane::{ControlPlane, Options};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Programs, seal};

/// The namespace of the controllers and their keys.
pub(super) const SYSTEM: &str = "kube-system";

/// The account that both controllers run under.
pub(super) const ACCOUNT: &str = "bench-controller";

/// Requests that the set-up has under way at a time.
const PARALLEL: usize = 32;

/// A sealing pair.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) certificate: String,
    private: String,
}

/// Key number `index`; a higher one is newer.
pub(super) fn key(index: u64) -> Result<Key> {
    let not_before = Timestamp::now() - Duration::from_secs(1000 - index);
    let request = sealward_keys::KeyRequest {
        size: sealward_keys::RsaKeySize::default(),
        common_name: String::new(),
        not_before,
        lifetime: Duration::from_secs(86400),
    };
    let (private, certificate) = sealward_keys::generate(&request)?;
    let private = private.to_pkcs1_pem()?.expose_secret().to_owned();
    Ok(Key { certificate: certificate.to_pem(), private })
}

/// A control plane with keys and SealedSecrets.
pub(super) struct Fleet {
    pub(super) plane: ControlPlane,
    pub(super) client: Client,
    pub(super) objects: usize,
}

impl Fleet {
    /// `objects` SealedSecrets over ten namespaces, sealed by turns for each of `keys` keys.
    pub(super) async fn new(programs: &Programs, keys: usize, objects: usize) -> Result<Self> {
        let plane = ControlPlane::start(Options { controller_manager: false, ..Options::default() })?;
        let kubeconfig = Kubeconfig::read_from(plane.admin_kubeconfig())?;
        let client = Client::try_from(
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?,
        )?;
        plane.apply(&sealward_acceptance::repository_root()?.join("deploy/crds/sealedsecrets.yaml"))?;
        plane.kubectl(&["wait", "--for=condition=Established", "crd/sealedsecrets.bitnami.com"])?;
        plane.kubectl(&["create", "serviceaccount", "-n", SYSTEM, ACCOUNT])?;
        let account = format!("--serviceaccount={SYSTEM}:{ACCOUNT}");
        plane.kubectl(&["create", "clusterrolebinding", ACCOUNT, "--clusterrole=cluster-admin", &account])?;
        for namespace in 0..10 {
            plane.kubectl(&["create", "namespace", &format!("bench-{namespace}")])?;
        }
        let fleet = Self { plane, client, objects };
        let mut sealed = Vec::new();
        for index in 0..keys {
            let key = key(index as u64)?;
            fleet.create("v1", "Secret", SYSTEM, vec![key_secret(index, &key)]).await?;
            sealed.extend(fleet.seal(programs, &key, (index..objects).step_by(keys))?);
        }
        for namespace in 0..10 {
            let name = format!("bench-{namespace}");
            let own = sealed.iter().filter(|object| object["metadata"]["namespace"] == name.as_str());
            fleet.create("bitnami.com/v1alpha1", "SealedSecret", &name, own.cloned().collect()).await?;
        }
        Ok(fleet)
    }

    fn seal(
        &self,
        programs: &Programs,
        key: &Key,
        numbers: impl Iterator<Item = usize>,
    ) -> Result<Vec<Value>> {
        let folder = self.plane.folder();
        let (certificate, input) = (folder.join("cert.pem"), folder.join("secrets.json"));
        fs::write(&certificate, &key.certificate)?;
        let secrets =
            numbers.map(|index| format!("{}\n", seal::secret(&format!("bench-{}", index % 10), index)));
        fs::write(&input, secrets.collect::<String>())?;
        let mut command = Command::new(&programs.sealward);
        command.args(["seal", "-o", "json", "--cert"]).arg(&certificate).arg("-f").arg(&input);
        let output = command.output()?;
        ensure!(output.status.success(), "sealward seal: {}", String::from_utf8_lossy(&output.stderr));
        let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        Ok(documents.collect::<Result<_, _>>()?)
    }

    /// Creates Namespaces, many at a time.
    pub(super) async fn create_namespaces(&self, objects: Vec<Value>) -> Result<()> {
        let api = Api::all_with(self.client.clone(), &resource("v1", "Namespace"));
        create(&api, objects).await
    }

    /// Creates `objects`, many at a time.
    pub(super) async fn create(
        &self,
        version: &str,
        kind: &str,
        namespace: &str,
        objects: Vec<Value>,
    ) -> Result<()> {
        create(&self.api(version, kind, namespace), objects).await
    }

    pub(super) fn api(&self, version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let resource = resource(version, kind);
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    /// Waits until every SealedSecret says `Synced`.
    pub(super) async fn all_synced(&self, limit: Duration) -> Result<()> {
        let api: Api<DynamicObject> =
            Api::all_with(self.client.clone(), &resource("bitnami.com/v1alpha1", "SealedSecret"));
        let count = async {
            let mut synced = HashSet::new();
            let parameters = WatchParams::default().timeout(290).disable_bookmarks();
            while synced.len() < self.objects {
                let mut changes = api.watch(&parameters, "0").await?.boxed();
                while let Some(change) = changes.next().await {
                    let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = change? else {
                        continue;
                    };
                    if object.data["status"]["conditions"][0]["status"] == "True" {
                        synced.insert((object.metadata.namespace, object.metadata.name));
                    }
                    if synced.len() >= self.objects {
                        break;
                    }
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(limit, count).await.context("not all SealedSecrets were opened in time")?
    }
}

async fn create(api: &Api<DynamicObject>, objects: Vec<Value>) -> Result<()> {
    let created = stream::iter(objects).map(|object| async move {
        api.create(&PostParams::default(), &serde_json::from_value(object)?).await.context("create")
    });
    created.buffer_unordered(PARALLEL).try_for_each(|_| async { Ok(()) }).await
}

fn resource(version: &str, kind: &str) -> ApiResource {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk(group, version, kind))
}

fn key_secret(index: usize, key: &Key) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {
            "name": format!("sealed-secrets-key{index}"), "namespace": SYSTEM,
            "labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"},
        },
        "data": {"tls.key": STANDARD.encode(&key.private), "tls.crt": STANDARD.encode(&key.certificate)},
    })
}
