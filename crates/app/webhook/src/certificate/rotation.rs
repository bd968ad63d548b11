//! The loop that keeps the certificate: one look, one step, one write.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use sealward_api::names::{WEBHOOK_CERTIFICATE_SECRET, WEBHOOK_FIELD_MANAGER};
use sealward_chassis::certificate::{CertificateError, CertificateSlot};
use sealward_chassis::clock;
use sealward_chassis::readiness::Condition;
use sealward_cluster::{Action, Cause, Cluster, Target};
use sealward_manifest::{Gvk, Manifest};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::issue::{Names, issue};
use super::state::{Pair, Seen, Step, Stored, is_announced, step, trusts_current};
use crate::args::CONFIGURATION;

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITY: &str = "ca.crt";
const NEXT_CERTIFICATE: &str = "next-tls.crt";
const NEXT_KEY: &str = "next-tls.key";
const NEXT_AUTHORITY: &str = "next-ca.crt";
const PREVIOUS_AUTHORITY: &str = "previous-ca.crt";

/// What the rotation goes by.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) namespace: String,
    pub(crate) names: Names,
    pub(crate) lifetime: Duration,
    pub(crate) settle: Duration,
    pub(crate) interval: Duration,
}

/// Keeps the served certificate, the Secret and the webhook configuration in step.
pub(crate) struct Rotation {
    pub(crate) cluster: Cluster,
    pub(crate) slot: Arc<CertificateSlot>,
    pub(crate) settings: Settings,
    /// A certificate is served that every caBundle trusts.
    pub(crate) ready: Condition,
    /// The certificate that is served.
    served: Option<String>,
    /// What all caBundles have been, and since when.
    announced: Option<(String, Timestamp)>,
}

impl Rotation {
    pub(crate) fn new(
        cluster: Cluster,
        slot: Arc<CertificateSlot>,
        settings: Settings,
        ready: Condition,
    ) -> Self {
        Self { cluster, slot, settings, ready, served: None, announced: None }
    }

    /// Runs until `stopping`; what fails is tried again after the interval.
    pub(crate) async fn run(mut self, stopping: CancellationToken) -> anyhow::Result<()> {
        loop {
            let pause = match self.once().await {
                Ok(Step::Rest) => self.settings.interval,
                Ok(step) => {
                    tracing::info!(step = word(&step), "webhook certificate moved on");
                    Duration::ZERO
                }
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "webhook certificate is not as it should be"
                    );
                    self.settings.interval
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn once(&mut self) -> anyhow::Result<Step> {
        let secret = self.secret().await?;
        let configuration = self.configuration().await?;
        let (stored, bundles) = (read_stored(&secret), bundles(&configuration));
        let servable = self.serve(&stored, &bundles);
        let now = clock::now();
        let settled_for = self.settled_for(&stored, &bundles, now);
        let seen = Seen {
            stored: &stored,
            bundles: &bundles,
            names: &self.settings.names,
            now,
            settled_for,
            settle: self.settings.settle,
            lifetime: self.settings.lifetime,
        };
        let step = match servable {
            Ok(()) => step(&seen),
            Err(error) => {
                tracing::warn!(%error, "the stored certificate cannot be served");
                Step::Generate
            }
        };
        self.take(&step, stored, &secret, &configuration, now).await?;
        Ok(step)
    }

    /// Serves what is current, once it is trusted; says so by readiness.
    fn serve(&mut self, stored: &Stored, bundles: &[String]) -> Result<(), CertificateError> {
        let trusted = trusts_current(stored, bundles);
        if let Some(pair) = stored.current.as_ref().filter(|_| trusted)
            && self.served.as_ref() != Some(&pair.certificate)
        {
            self.slot.replace(pair.certificate.as_bytes(), pair.key.expose_secret().as_bytes())?;
            self.served = Some(pair.certificate.clone());
            tracing::info!("serving a new certificate");
        }
        let serving = stored.current.as_ref().map(|pair| &pair.certificate) == self.served.as_ref();
        self.ready.set(trusted && serving && self.slot.is_filled());
        Ok(())
    }

    fn settled_for(&mut self, stored: &Stored, bundles: &[String], now: Timestamp) -> Option<Duration> {
        let wanted = stored.bundle();
        if !is_announced(stored, bundles) {
            self.announced = None;
            return None;
        }
        let since = match &self.announced {
            Some((bundle, since)) if *bundle == wanted => *since,
            Some(_) | None => {
                self.announced = Some((wanted, now));
                now
            }
        };
        Duration::try_from(now.duration_since(since)).ok()
    }

    async fn take(
        &self,
        step: &Step,
        stored: Stored,
        secret: &Manifest,
        configuration: &Manifest,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let issue = || issue(&self.settings.names, now, self.settings.lifetime);
        match step {
            Step::Rest => Ok(()),
            Step::Announce(bundle) => self.announce(configuration, bundle).await,
            Step::Generate => {
                self.store(secret, &Stored { current: Some(issue()?), ..Stored::default() }).await
            }
            Step::Prepare => self.store(secret, &Stored { next: Some(issue()?), ..stored }).await,
            Step::Promote => self.store(secret, &stored.promoted()).await,
            Step::Retire => self.store(secret, &Stored { previous: None, ..stored }).await,
        }
    }

    async fn secret(&self) -> anyhow::Result<Manifest> {
        let namespace = &self.settings.namespace;
        let target =
            Target::new(Gvk::new("", "v1", "Secret"), namespace.as_str(), WEBHOOK_CERTIFICATE_SECRET);
        let found = self.cluster.get(&target).await?;
        found.with_context(|| {
            format!("{target} is missing in namespace {namespace}: apply the webhook's install files again")
        })
    }

    async fn configuration(&self) -> anyhow::Result<Manifest> {
        let gvk = Gvk::new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration");
        let target = Target::new(gvk, "", CONFIGURATION);
        let found = self.cluster.get(&target).await?;
        found.with_context(|| format!("{target} is missing: apply the webhook's install files again"))
    }

    async fn store(&self, secret: &Manifest, stored: &Stored) -> anyhow::Result<()> {
        let mut json = secret.root().expose_json();
        let Some(fields) = json.as_object_mut() else { bail!("the certificate's Secret is no object") };
        fields.insert("data".into(), Value::Object(data(stored)));
        let object = sealward_cluster::live(&json).context("cannot write the certificate's Secret")?;
        let update = Action::Update { object, manager: WEBHOOK_FIELD_MANAGER.to_owned() };
        self.settle_conflict(self.cluster.execute(&update).await)
    }

    /// Merge patches take lists whole: the entries go back as they were read, but for caBundle, and only
    /// if nothing changed meanwhile.
    async fn announce(&self, configuration: &Manifest, bundle: &str) -> anyhow::Result<()> {
        let mut webhooks =
            configuration.root().get("webhooks").map(|node| node.expose_json()).unwrap_or_default();
        let encoded = Value::String(encode(bundle));
        for webhook in webhooks.as_array_mut().into_iter().flatten() {
            if let Some(client) = webhook.get_mut("clientConfig").and_then(Value::as_object_mut) {
                client.insert("caBundle".into(), encoded.clone());
            }
        }
        let patch = json!({
            "metadata": {"resourceVersion": configuration.resource_version()},
            "webhooks": webhooks,
        });
        let target = Target::of(configuration);
        let patch = Action::Patch { target, patch, manager: WEBHOOK_FIELD_MANAGER.to_owned() };
        self.settle_conflict(self.cluster.execute(&patch).await)
    }

    /// Another replica was faster: its step is looked at next.
    fn settle_conflict<T>(&self, done: Result<T, sealward_cluster::ActionError>) -> anyhow::Result<()> {
        match done {
            Ok(_) => Ok(()),
            Err(error) if error.is(Cause::Conflict) => {
                tracing::debug!("another replica moved the certificate on");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Generate => "generated",
        Step::Announce(_) => "announced",
        Step::Prepare => "prepared",
        Step::Promote => "promoted",
        Step::Retire => "retired",
        Step::Rest => "at rest",
    }
}

/// The entries' CA bundles as PEM, `""` where there is none.
fn bundles(configuration: &Manifest) -> Vec<String> {
    let webhooks = configuration.root().get("webhooks").and_then(|node| node.as_list()).unwrap_or_default();
    let bundle = webhooks.iter().map(|webhook| webhook.at(&["clientConfig", "caBundle"]));
    bundle.map(|node| node.and_then(|node| node.as_str()).and_then(decode).unwrap_or_default()).collect()
}

fn read_stored(secret: &Manifest) -> Stored {
    let data = secret.root().get("data").map(|node| node.expose_json()).unwrap_or_default();
    let text = |key: &str| data.get(key).and_then(Value::as_str).and_then(decode);
    let pair = |certificate, key, authority| {
        let key = text(key)?.into();
        Some(Pair { certificate: text(certificate)?, key, authority: text(authority)? })
    };
    Stored {
        current: pair(CERTIFICATE, KEY, AUTHORITY),
        next: pair(NEXT_CERTIFICATE, NEXT_KEY, NEXT_AUTHORITY),
        previous: text(PREVIOUS_AUTHORITY),
    }
}

fn data(stored: &Stored) -> Map<String, Value> {
    let mut data = Map::new();
    let mut put = |key: &str, text: &str| drop(data.insert(key.into(), Value::String(encode(text))));
    if let Some(pair) = &stored.current {
        put(CERTIFICATE, &pair.certificate);
        put(KEY, pair.key.expose_secret());
        put(AUTHORITY, &pair.authority);
    }
    if let Some(pair) = &stored.next {
        put(NEXT_CERTIFICATE, &pair.certificate);
        put(NEXT_KEY, pair.key.expose_secret());
        put(NEXT_AUTHORITY, &pair.authority);
    }
    if let Some(authority) = &stored.previous {
        put(PREVIOUS_AUTHORITY, authority);
    }
    data
}

fn encode(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn decode(text: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}
