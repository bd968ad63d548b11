//! One SealedSecret: open, decide, write, tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealward_api::names;
use sealward_cluster::{Cause, Cluster, Outcome};
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::{Action, Propagation, SecretPlan, Target, WantedSecret, is_made_for, is_only_added_to};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::heal;
use crate::metrics::SealerMetrics;
use crate::open::{Opener, Wanted};
use crate::store::{Done, Key, Left, Seen, Store, Version, Work, key_of};
use crate::tell::{News, Teller};

const MANAGER: &str = names::SEALER_FIELD_MANAGER;

/// What one pass needs.
#[derive(Debug)]
pub(crate) struct Unsealer {
    pub(crate) cluster: Cluster,
    pub(crate) opener: Arc<Opener>,
    pub(crate) store: Arc<Store>,
    pub(crate) teller: Teller,
    pub(crate) metrics: SealerMetrics,
    /// The sealer's own namespace, and what the names of its keys begin with.
    pub(crate) namespace: String,
    pub(crate) key_prefix: String,
    /// Whether Secrets that were altered stay so.
    pub(crate) skip_recreate: bool,
}

/// How a Secret was left.
#[derive(Debug)]
struct Made {
    version: Option<Version>,
    only_added: bool,
    news: Option<News>,
}

/// A pass that did not end well.
#[derive(Debug)]
pub(crate) struct Retry {
    /// When to try again, where that is known.
    pub(crate) after: Option<std::time::Duration>,
}

impl Unsealer {
    /// Makes the Secret of `key` what its SealedSecret says, and tells how that went.
    pub(crate) async fn unseal(&self, key: &Key) -> Result<(), Retry> {
        let Some(work) = self.store.work(key) else { return self.collect(key).await };
        let object = work.entry.object.clone();
        if work.left == Left::Nothing || object.root().at(&["metadata", "deletionTimestamp"]).is_some() {
            return Ok(());
        }
        self.metrics.attempted(object.namespace());
        let result = self.make(&work).await;
        if let Err(failure) = &result {
            self.metrics.failed(failure.metric, object.namespace());
            tracing::warn!(
                namespace = object.namespace(),
                name = object.name(),
                error = failure.message,
                "a SealedSecret is not unsealed"
            );
        }
        let told = self.teller.tell(&work, &result).await;
        let unsettled = result.is_err() || told.is_err();
        self.store.remember(key, object.uid(), |entry| entry.unsettled = unsettled);
        if let Err(error) = &told {
            self.metrics.failed("status", object.namespace());
            tracing::warn!(
                namespace = object.namespace(),
                name = object.name(),
                %error,
                "the status is not written"
            );
        }
        match (result, told) {
            (Ok(_), Ok(())) => Ok(()),
            (Err(failure), _) => Err(Retry { after: failure.again_after }),
            (Ok(_), Err(_)) => Err(Retry { after: None }),
        }
    }

    /// Makes the Secret; what opened it, and what is worth an event.
    async fn make(&self, work: &Work) -> Result<(String, Option<News>), Failure> {
        let wanted = self.open(&work.entry.object).await?;
        let key = key_of(&work.entry.object);
        let uid = work.entry.object.uid();
        if let (Left::Opening, Some(done)) = (work.left, &work.entry.done) {
            let done = done.with_keys_of(work);
            self.store.remember(&key, uid, |entry| entry.done = Some(done));
            return Ok((wanted.opened_with, None));
        }
        let made = self.write(work, &wanted).await?;
        let done = Done::new(work, made.version, made.only_added);
        self.store.remember(&key, uid, |entry| entry.done = Some(done));
        Ok((wanted.opened_with, made.news))
    }

    async fn open(&self, object: &Arc<Manifest>) -> Result<Wanted, Failure> {
        let (opener, object) = (self.opener.clone(), object.clone());
        let opening = tokio::task::spawn_blocking(move || opener.open(&object));
        opening.await.unwrap_or_else(|_| Err(Failure::unseal("the opening of its values ended early")))
    }

    /// Brings the Secret to what is wanted. A conflict means that what was decided rests on an old state:
    /// look, and decide anew.
    async fn write(&self, work: &Work, wanted: &Wanted) -> Result<Made, Failure> {
        let object = &work.entry.object;
        self.refuse_key(&wanted.secret)?;
        let target = Target::new(Gvk::new("", "v1", "Secret"), object.namespace(), object.name());
        // One that was never looked at has no Secret yet, most likely.
        let mut look = object.root().at(&["status", "conditions"]).is_some()
            || work.entry.done.is_some()
            || work.entry.told.is_some()
            || matches!(work.entry.seen, Seen::There(_));
        for _ in 0..5 {
            let live = match look {
                true => self.cluster.get(&target).await.map_err(Failure::update)?,
                false => None,
            };
            look = true;
            let action = match self.decide(work, wanted, live.as_ref())? {
                Decision::Leave(made) => return Ok(made),
                Decision::Act(action) => action,
            };
            // What stands there may be a key, of which the SealedSecret says nothing.
            live.as_ref().map_or(Ok(()), |live| self.refuse_key(live))?;
            let news = self.news(work, &action, live.as_ref())?;
            match self.cluster.execute(&action).await {
                Ok(outcome) => return Ok(made(object, &outcome, news)),
                Err(error) if error.is(Cause::Conflict) || error.is(Cause::AlreadyExists) => {}
                // It was deleted between the look and the update.
                Err(error) if error.is(Cause::NotFound) && live.is_some() => {}
                Err(error) => return Err(Failure::update(error)),
            }
        }
        Err(Failure::update("the Secret keeps changing while it is written"))
    }

    fn decide(&self, work: &Work, wanted: &Wanted, live: Option<&Manifest>) -> Result<Decision, Failure> {
        let object = &work.entry.object;
        let before = heal::was_unsealed(&work.entry);
        let leave = |version| {
            let only_added = live.is_some_and(|live| is_only_added_to(live, object.uid()));
            Decision::Leave(Made { version, only_added, news: None })
        };
        let was_only_added = work.entry.done.as_ref().is_some_and(|done| done.only_added);
        if live.is_none() && before && was_only_added {
            return Ok(leave(None));
        }
        let nothing = BTreeSet::new();
        let kept = if heal::generation_was_unsealed(&work.entry) { &wanted.changing } else { &nothing };
        let plan = WantedSecret { desired: &wanted.secret, owner: object.uid(), manager: MANAGER, kept };
        match sealward_plan::secret(&plan, live) {
            SecretPlan::Nothing => Ok(leave(live.map(Version::of))),
            SecretPlan::Refused(refusal) => Err(Failure::refused(&refusal)),
            SecretPlan::Act(_) if before && heal::is_disabled(object) => Ok(leave(live.map(Version::of))),
            SecretPlan::Act(_) if self.skip_recreate && work.entry.done.is_some() && before => {
                Ok(leave(live.map(Version::of)))
            }
            SecretPlan::Act(action) => Ok(Decision::Act(action)),
        }
    }

    /// What to tell about `action` once it is done; refused while the Secret is altered again and again.
    fn news(&self, work: &Work, action: &Action, live: Option<&Manifest>) -> Result<Option<News>, Failure> {
        let object = &work.entry.object;
        if !heal::was_unsealed(&work.entry) {
            return Ok(Some(News::Unsealed));
        }
        let by = match (live, action.object()) {
            (Some(live), Some(next)) => sealward_plan::altered_by(live, next, MANAGER),
            _ => None,
        };
        let by = by.map_or_else(String::new, |manager| format!(" by {manager}"));
        let mut heals = work.entry.heals.clone();
        let allowed = heal::take(&mut heals, Instant::now());
        self.store.remember(&key_of(object), object.uid(), |entry| entry.heals = heals);
        allowed.map_err(|pause| Failure::healing_paused(&by, pause))?;
        let what = if live.is_some() { "altered" } else { "deleted" };
        Ok(Some(News::Healed(format!("the Secret was {what}{by}; it is as its SealedSecret says again"))))
    }

    fn refuse_key(&self, secret: &Manifest) -> Result<(), Failure> {
        match sealward_plan::refuse_key(secret, &self.namespace, &self.key_prefix) {
            Some(refusal) => Err(Failure::refused(&refusal)),
            None => Ok(()),
        }
    }

    /// Deletes the Secret that a deleted SealedSecret made, where that is ours to do.
    async fn collect(&self, key: &Key) -> Result<(), Retry> {
        let Some(owner) = self.store.deleted(key) else { return Ok(()) };
        let target = Target::new(Gvk::new("", "v1", "Secret"), key.0.as_str(), key.1.as_str());
        let collected = async {
            let live = self.cluster.get(&target).await?;
            let Some(live) = live.filter(|live| is_made_for(live, &owner, MANAGER)) else { return Ok(()) };
            let action = Action::Delete {
                target: target.clone(),
                uid: live.uid().to_owned(),
                resource_version: Some(live.resource_version().to_owned()),
                propagation: Propagation::Background,
            };
            match self.cluster.execute(&action).await {
                Err(error) if !error.is(Cause::NotFound) => Err(error),
                Ok(_) | Err(_) => Ok(()),
            }
        };
        match collected.await {
            Ok(()) => {
                self.store.forget_deleted(key);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(namespace = key.0, name = key.1, %error, "the Secret of a deleted SealedSecret stays");
                Err(Retry { after: None })
            }
        }
    }
}

/// What to do about a Secret.
#[derive(Debug)]
enum Decision {
    Leave(Made),
    Act(Action),
}

fn made(object: &Manifest, outcome: &Outcome, news: Option<News>) -> Made {
    let secret = outcome.object();
    Made {
        version: secret.map(Version::of),
        only_added: secret.is_some_and(|secret| is_only_added_to(secret, object.uid())),
        news,
    }
}
