//! Telling how a pass went: status and event.

use std::sync::Arc;
use std::time::Duration;

use sealward_api::{bitnami, names};
use sealward_chassis::clock;
use sealward_cluster::{ActionError, Cause, Cluster, Event, EventKind, Events};
use sealward_manifest::Manifest;
use sealward_plan::{Action, Target};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::status::{self, Verdict};
use crate::store::{Store, Work, key_of};

/// How long an event about the same failure is not repeated: events are kept for an hour.
const TOLD: Duration = Duration::from_secs(50 * 60);

/// What is worth an event though it went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// The Secret was written for what the SealedSecret newly says.
    Unsealed,
    /// The Secret was restored; how that came.
    Healed(String),
}

/// How a pass went: what opened the values and what is worth an event, or why not.
pub(crate) type Passed = Result<(String, Option<News>), Failure>;

/// Tells people how a pass went.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) cluster: Cluster,
    pub(crate) events: Events,
    pub(crate) store: Arc<Store>,
    /// Whether the status is written at all.
    pub(crate) update_status: bool,
}

impl Teller {
    /// Tells it. An event that is lost is logged.
    ///
    /// # Errors
    /// [`ActionError`] when the status cannot be written.
    pub(crate) async fn tell(&self, work: &Work, passed: &Passed) -> Result<(), ActionError> {
        let object = &work.entry.object;
        if let Some(event) = self.event(work, passed)
            && let Err(error) = self.events.publish(&event, object, clock::now()).await
        {
            tracing::warn!(%error, "an event is lost");
        }
        if !self.update_status {
            return Ok(());
        }
        let verdict = match passed {
            Ok((opened_with, _)) => Verdict::Unsealed { opened_with },
            Err(failure) => Verdict::Failed(failure),
        };
        self.write_status(object, verdict).await
    }

    fn event(&self, work: &Work, passed: &Passed) -> Option<Event> {
        let object = &work.entry.object;
        let now = Instant::now();
        let told = passed.as_ref().err().map(|failure| (failure.note.clone(), now));
        let repeated = match (&work.entry.told, &told) {
            (Some((old, at)), Some((new, _))) => old == new && now.duration_since(*at) < TOLD,
            (_, None) | (None, Some(_)) => false,
        };
        if !repeated {
            self.store.remember(&key_of(object), object.uid(), |entry| entry.told = told);
        }
        let (kind, reason, note) = match passed {
            Err(_) if repeated => return None,
            Err(failure) => (EventKind::Warning, failure.event, failure.note.clone()),
            Ok((_, Some(News::Healed(note)))) => (EventKind::Normal, names::EVENT_HEALED, note.clone()),
            // Also when the last that was told is a failure, though nothing had to be written.
            Ok((_, news)) if news.is_some() || work.entry.told.is_some() => {
                (EventKind::Normal, bitnami::EVENT_UNSEALED, bitnami::EVENT_UNSEALED_MESSAGE.to_owned())
            }
            Ok(_) => return None,
        };
        Some(Event { kind, reason: reason.into(), action: "Unseal".into(), note, annotations: Vec::new() })
    }

    /// Writes the status where it says something else than the one that stands there.
    async fn write_status(&self, object: &Arc<Manifest>, verdict: Verdict<'_>) -> Result<(), ActionError> {
        let target = Target::of(object);
        let mut live = object.clone();
        for _ in 0..5 {
            let Some(next) = status::with_status(&live, object, verdict, clock::now()) else { return Ok(()) };
            let manager = names::SEALER_FIELD_MANAGER.to_owned();
            match self.cluster.execute(&Action::ReplaceStatus { object: next, manager }).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is(Cause::Conflict) => {}
                Err(error) if error.is(Cause::NotFound) => return Ok(()),
                Err(error) => return Err(error),
            }
            match self.cluster.get(&target).await? {
                Some(found) if found.uid() == object.uid() => live = Arc::new(found),
                Some(_) | None => return Ok(()),
            }
        }
        Err(ActionError {
            cause: Cause::Conflict,
            verb: "update status of",
            target: target.to_string(),
            message: "it keeps changing".to_owned(),
        })
    }
}
