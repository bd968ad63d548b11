//! The door to one API server, as one account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use kube::api::{Api, DynamicObject, GetParams, ListParams};
use kube::core::Request;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::{Action, Target};

use crate::connect::{self, ConnectError, ConnectOptions, ImpersonationError};
use crate::error::{ActionError, Cause, chain};
use crate::events::Events;
use crate::kinds::{Kind, Kinds};
use crate::rate::Rate;
use crate::request::{self, Outcome};
use crate::watch::{self, Change, Selector};

/// How long one request may take, its retries included.
pub(crate) const REQUEST_BOUND: Duration = Duration::from_secs(40);
const PAGE: u32 = 500;
/// Clients kept for accounts; names come from objects that anybody may write, so they are bounded.
const ACCOUNTS: usize = 256;

/// One API server, spoken to as one account. Clones share the connection.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    config: Arc<kube::Config>,
    kinds: Kinds,
    accounts: Arc<Mutex<HashMap<(String, String), kube::Client>>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.config.cluster_url).finish_non_exhaustive()
    }
}

impl Cluster {
    /// A client as `options` say; nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`ConnectError`] when no configuration is found or it is unusable.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ConnectError> {
        Self::connect_at(options, None).await
    }

    /// As [`Cluster::connect`], asking no oftener than `rate`. Without one nothing but the server bounds it:
    /// by priority, and its Retry-After is honoured.
    ///
    /// # Errors
    /// [`ConnectError`] when no configuration is found or it is unusable.
    pub async fn connect_at(options: &ConnectOptions, rate: Option<&Rate>) -> Result<Self, ConnectError> {
        Self::made(connect::configuration(options).await?, rate)
    }

    /// A client of a configuration that was made elsewhere (tests).
    ///
    /// # Errors
    /// [`ConnectError::Client`] when it is unusable.
    pub fn from_config(config: kube::Config) -> Result<Self, ConnectError> {
        Self::made(config, None)
    }

    fn made(config: kube::Config, rate: Option<&Rate>) -> Result<Self, ConnectError> {
        let client = connect::client(config.clone(), rate)?;
        let (config, accounts) = (Arc::new(config), Arc::default());
        Ok(Self { client, config, kinds: Kinds::default(), accounts })
    }

    /// The same server as service account `name` of `namespace`; one client per account is kept.
    ///
    /// # Errors
    /// [`ImpersonationError`]: an empty or impossible name is refused, because the request would
    /// otherwise run as ourselves.
    pub fn acting_as(&self, namespace: &str, name: &str) -> Result<Self, ImpersonationError> {
        let config = connect::impersonating(&self.config, namespace, name)?;
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (namespace.to_owned(), name.to_owned());
        let client = match accounts.get(&key) {
            Some(client) => client.clone(),
            None => {
                let client = kube::Client::try_from(config)
                    .map_err(|error| ImpersonationError::Client { message: chain(&error) })?;
                if accounts.len() >= ACCOUNTS {
                    accounts.clear();
                }
                accounts.insert(key, client.clone());
                client
            }
        };
        Ok(Self { client, ..self.clone() })
    }

    /// The kube client below, for typed calls that this crate does not offer.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The namespace of the kubeconfig's context or of the Pod.
    pub fn default_namespace(&self) -> &str {
        &self.config.default_namespace
    }

    /// How the server serves `gvk`.
    ///
    /// # Errors
    /// [`Cause::UnknownKind`] when it does not; others when it cannot be asked.
    pub async fn kind(&self, gvk: &Gvk) -> Result<Kind, ActionError> {
        tokio::time::timeout(REQUEST_BOUND, self.kinds.resolve(&self.client, gvk))
            .await
            .map_err(|_| ActionError::timed_out("find", gvk.to_string()))?
    }

    /// Does `action`.
    ///
    /// # Errors
    /// [`ActionError`]; its text holds no Secret's value.
    pub async fn execute(&self, action: &Action) -> Result<Outcome, ActionError> {
        let (target, verb) = (action.target(), action.verb());
        let url = self.url(&target.gvk, &target.namespace).await?;
        let request = request::build(action, &url)?;
        let json = self.send(request, verb, &target, action.object()).await?;
        if json.get("kind").and_then(serde_json::Value::as_str) == Some("Status") {
            return Ok(Outcome::Gone);
        }
        read(&json, verb, &target).map(Outcome::Object)
    }

    /// The object, if it exists.
    ///
    /// # Errors
    /// [`ActionError`], [`Cause::UnknownKind`] among them.
    pub async fn get(&self, target: &Target) -> Result<Option<Manifest>, ActionError> {
        let url = self.url(&target.gvk, &target.namespace).await?;
        let request = Request::new(url)
            .get(&target.name, &GetParams::default())
            .map_err(|error| ActionError::malformed("get", target.to_string(), error.to_string()))?;
        match self.send(request, "get", target, None).await {
            Ok(json) => read(&json, "get", target).map(Some),
            Err(error) if error.is(Cause::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects of `gvk` in `namespace` (`None`: in all, or a cluster-scoped kind) that match.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn list(
        &self,
        gvk: &Gvk,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Result<Vec<Manifest>, ActionError> {
        let api = self.api(gvk, namespace).await?;
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector = Some(selector.labels.clone()).filter(|text| !text.is_empty());
        params.field_selector = Some(selector.fields.clone()).filter(|text| !text.is_empty());
        let mut found = Vec::new();
        loop {
            let page = tokio::time::timeout(REQUEST_BOUND, api.list(&params))
                .await
                .map_err(|_| ActionError::timed_out("list", gvk.to_string()))?
                .map_err(|error| ActionError::from_kube("list", gvk.to_string(), &error, None))?;
            let token = page.metadata.continue_.clone().filter(|token| !token.is_empty());
            for mut object in page.items {
                object.types.get_or_insert_with(|| kube::api::TypeMeta {
                    api_version: gvk.api_version(),
                    kind: gvk.kind.clone(),
                });
                let json = serde_json::to_value(&object)
                    .map_err(|_| ActionError::malformed("list", gvk.to_string(), "an object is no JSON"))?;
                found.extend(sealward_plan::live(&json).ok());
            }
            match token {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    /// Watches the objects of `gvk` in `namespace` (`None`: everywhere) that match, for ever. While the
    /// kind is not served, the stream says so and tries again.
    pub fn watch(
        &self,
        gvk: Gvk,
        namespace: Option<String>,
        selector: Selector,
    ) -> impl Stream<Item = Change> + Send + use<> {
        let cluster = self.clone();
        let start = (cluster, gvk, namespace, selector, Duration::ZERO);
        // Until the kind is known there is nothing to watch: ask, and say what came back.
        let asking = stream::unfold(Some(start), |state| async move {
            let (cluster, gvk, namespace, selector, pause) = state?;
            tokio::time::sleep(pause).await;
            match cluster.api(&gvk, namespace.as_deref()).await {
                Ok(api) => {
                    let changes = watch::changes(api, &selector, gvk);
                    Some((changes.left_stream(), None))
                }
                Err(error) => {
                    let pause = (pause * 2).clamp(Duration::from_millis(250), Duration::from_secs(15));
                    let failed = stream::once(futures::future::ready(Change::Failed(error)));
                    Some((failed.right_stream(), Some((cluster, gvk, namespace, selector, pause))))
                }
            }
        });
        asking.flatten()
    }

    /// A publisher of events in `reporter`'s name (`sealward-reconciler`), by this account.
    pub fn events(&self, reporter: &'static str, instance: impl Into<String>) -> Events {
        Events::new(self.client.clone(), reporter, instance.into())
    }

    async fn api(&self, gvk: &Gvk, namespace: Option<&str>) -> Result<Api<DynamicObject>, ActionError> {
        let kind = self.kind(gvk).await?;
        Ok(match namespace.filter(|_| kind.namespaced) {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind.resource),
            None => Api::all_with(self.client.clone(), &kind.resource),
        })
    }

    /// The path of the collection of `gvk` in `namespace`.
    async fn url(&self, gvk: &Gvk, namespace: &str) -> Result<String, ActionError> {
        let kind = self.kind(gvk).await?;
        if kind.namespaced && namespace.is_empty() {
            let message = "it is namespaced, but no namespace is given";
            return Err(ActionError::malformed("reach", gvk.to_string(), message));
        }
        let namespace = Some(namespace).filter(|_| kind.namespaced);
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind.resource),
            None => Api::all_with(self.client.clone(), &kind.resource),
        };
        Ok(api.resource_url().to_owned())
    }

    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        verb: &'static str,
        target: &Target,
        sent: Option<&Manifest>,
    ) -> Result<serde_json::Value, ActionError> {
        let text = tokio::time::timeout(REQUEST_BOUND, self.client.request_text(request))
            .await
            .map_err(|_| ActionError::timed_out(verb, target.to_string()))?;
        let text = text.map_err(|error| {
            if matches!(&error, kube::Error::Api(status) if is_missing_route(status)) {
                self.kinds.forget(&target.gvk);
            }
            ActionError::from_kube(verb, target.to_string(), &error, sent)
        })?;
        serde_json::from_str(&text)
            .map_err(|_| ActionError::malformed(verb, target.to_string(), "the answer is no JSON"))
    }
}

/// A 404 that speaks of the kind rather than of one object.
fn is_missing_route(status: &kube::core::Status) -> bool {
    status.code == 404 && status.details.as_ref().is_none_or(|details| details.name.is_empty())
}

fn read(json: &serde_json::Value, verb: &'static str, target: &Target) -> Result<Manifest, ActionError> {
    sealward_plan::live(json)
        .map_err(|error| ActionError::malformed(verb, target.to_string(), error.to_string()))
}
