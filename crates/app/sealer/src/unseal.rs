//! One SealedSecret: open, decide, write, tell.

use std::sync::Arc;
use std::time::Duration;

use sealward_api::{bitnami, names};
use sealward_chassis::backoff::Backoff;
use sealward_chassis::clock;
use sealward_cluster::{Cause, Cluster, Event, EventKind, Events, Outcome};
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::{Action, Refusal, SecretPlan, Target};
use sealward_sealing::{Keys, open_sealed_secret, read_sealed_secret, secret_for};

use crate::keyring::Keyring;
use crate::metrics::SealerMetrics;
use crate::status;

/// What one pass needs.
#[derive(Debug)]
pub(crate) struct Unsealer {
    pub(crate) cluster: Cluster,
    pub(crate) events: Events,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) namespace: String,
    pub(crate) key_prefix: String,
    pub(crate) metrics: SealerMetrics,
}

/// A pass that did not end well, to be tried again.
#[derive(Debug)]
pub(crate) struct Retry;

impl Retry {
    /// How long to wait after `failures` failures in a row: quick at first, never for ever.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        Backoff::new(Duration::from_millis(500), Duration::from_secs(300)).delay(failures, 1.0)
    }
}

/// Why the Secret is not there, as status, event and metric tell it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The conditions' reason.
    pub(crate) reason: &'static str,
    event: &'static str,
    metric: &'static str,
    /// For people; holds no plaintext.
    pub(crate) message: String,
}

impl Failure {
    fn unseal(error: impl std::fmt::Display) -> Self {
        let message = format!("Failed to unseal: {error}");
        let (event, metric) = (bitnami::EVENT_UNSEAL_FAILED, "unseal");
        Self { reason: bitnami::REASON_UNSEAL_FAILED, event, metric, message }
    }

    fn update(error: impl std::fmt::Display) -> Self {
        let message = format!("failed update: {error}");
        let (event, metric) = (bitnami::EVENT_UPDATE_FAILED, "update");
        Self { reason: bitnami::REASON_UPDATE_FAILED, event, metric, message }
    }

    fn refused(refusal: &Refusal) -> Self {
        let failure = Self::update(refusal);
        match refusal {
            Refusal::Foreign { .. } | Refusal::Key { .. } => {
                Self { reason: bitnami::REASON_NOT_MANAGED, metric: "unmanaged", ..failure }
            }
            Refusal::Immutable | Refusal::Type { .. } => failure,
        }
    }
}

/// Whether the Secret had to be written.
enum Written {
    Yes,
    No,
}

impl Unsealer {
    /// Makes the Secret of `object` what the SealedSecret says, and tells how that went.
    pub(crate) async fn unseal(&self, object: &Manifest) -> Result<(), Retry> {
        if object.root().at(&["metadata", "deletionTimestamp"]).is_some() {
            return Ok(());
        }
        self.metrics.requests.inc();
        let result = self.write_secret(object).await;
        if let Err(failure) = &result {
            self.metrics.failed(failure.metric, object.namespace());
            tracing::warn!(
                namespace = object.namespace(),
                name = object.name(),
                error = failure.message,
                "a SealedSecret is not unsealed"
            );
        }
        self.tell(object, &result).await;
        let told = self.write_status(object, result.as_ref().err()).await;
        match (result, told) {
            (Ok(_), Ok(())) => Ok(()),
            (Err(_), _) | (_, Err(Retry)) => Err(Retry),
        }
    }

    async fn write_secret(&self, object: &Manifest) -> Result<Written, Failure> {
        let desired = self.open(object).await?;
        let refuse_key =
            |secret: &Manifest| match sealward_plan::refuse_key(secret, &self.namespace, &self.key_prefix) {
                Some(refusal) => Err(Failure::refused(&refusal)),
                None => Ok(()),
            };
        refuse_key(&desired)?;
        let target = Target::new(Gvk::new("", "v1", "Secret"), object.namespace(), object.name());
        // A conflict means that what was decided rests on an old state: look, and decide anew.
        for _ in 0..5 {
            let live = self.cluster.get(&target).await.map_err(Failure::update)?;
            let plan =
                sealward_plan::secret(&desired, live.as_ref(), object.uid(), names::SEALER_FIELD_MANAGER);
            let action = match plan {
                SecretPlan::Nothing => return Ok(Written::No),
                SecretPlan::Refused(refusal) => return Err(Failure::refused(&refusal)),
                SecretPlan::Act(action) => action,
            };
            // What stands there may carry a key label that the SealedSecret says nothing of.
            action.object().map_or(Ok(()), refuse_key)?;
            match self.cluster.execute(&action).await {
                Ok(Outcome::Object(_) | Outcome::Gone) => return Ok(Written::Yes),
                Err(error) if error.is(Cause::Conflict) || error.is(Cause::AlreadyExists) => {}
                Err(error) => return Err(Failure::update(error)),
            }
        }
        Err(Failure::update("the Secret keeps changing while it is written"))
    }

    /// The Secret that `object` describes, with its values opened.
    async fn open(&self, object: &Manifest) -> Result<Manifest, Failure> {
        let sealed = read_sealed_secret(object).map_err(Failure::unseal)?;
        let (keyring, origin) = (self.keyring.clone(), object.origin().clone());
        let opening = tokio::task::spawn_blocking(move || {
            let current = keyring.keys();
            let keys = Keys {
                ring: &current.ring,
                identities: &current.identities,
                worked_last: keyring.worked_last(),
            };
            let opened = open_sealed_secret(&sealed, keys).map_err(Failure::unseal)?;
            keyring.worked(opened.worked_last);
            secret_for(&sealed, &opened, &origin).map_err(Failure::unseal)
        });
        opening.await.unwrap_or_else(|_| Err(Failure::unseal("the opening of its values ended early")))
    }

    async fn tell(&self, object: &Manifest, result: &Result<Written, Failure>) {
        let (kind, reason, note) = match result {
            Ok(Written::No) => return,
            Ok(Written::Yes) => {
                (EventKind::Normal, bitnami::EVENT_UNSEALED, bitnami::EVENT_UNSEALED_MESSAGE.to_owned())
            }
            Err(failure) => (EventKind::Warning, failure.event, failure.message.clone()),
        };
        let event =
            Event { kind, reason: reason.into(), action: "Unseal".into(), note, annotations: Vec::new() };
        if let Err(error) = self.events.publish(&event, object, clock::now()).await {
            tracing::warn!(%error, "an event is lost");
        }
    }

    /// Writes the status where it says something else than the one that stands there.
    async fn write_status(&self, object: &Manifest, failure: Option<&Failure>) -> Result<(), Retry> {
        let target = Target::of(object);
        for _ in 0..5 {
            let live = match self.cluster.get(&target).await {
                Ok(Some(live)) if live.uid() == object.uid() => live,
                Ok(_) => return Ok(()),
                Err(error) => return Err(self.status_failed(object, &error)),
            };
            let generation = object.root().at(&["metadata", "generation"]).cloned();
            let Some(next) = status::with_status(&live, generation, failure, clock::now()) else {
                return Ok(());
            };
            let manager = names::SEALER_FIELD_MANAGER.to_owned();
            match self.cluster.execute(&Action::ReplaceStatus { object: next, manager }).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is(Cause::Conflict) => {}
                Err(error) if error.is(Cause::NotFound) => return Ok(()),
                Err(error) => return Err(self.status_failed(object, &error)),
            }
        }
        Err(Retry)
    }

    fn status_failed(&self, object: &Manifest, error: &sealward_cluster::ActionError) -> Retry {
        self.metrics.failed("status", object.namespace());
        tracing::warn!(namespace = object.namespace(), name = object.name(), %error, "the status is not written");
        Retry
    }
}

#[cfg(test)]
impl Failure {
    pub(crate) fn for_tests(message: &str) -> Self {
        Self::unseal(message)
    }
}
