//! Where key Secrets come from: a watch, or where that is not allowed, a list once a minute.

use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use sealward_cluster::{Cause, Change, Cluster, Selector};
use sealward_manifest::Gvk;
use tokio::time::Instant;

/// How often key Secrets are listed that may not be watched.
const POLL: Duration = Duration::from_secs(60);
/// How soon a list that failed is tried again.
const LIST_AGAIN: Duration = Duration::from_secs(5);
/// How long after a refusal the watch is tried again: rights may have been given since.
const WATCH_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Which key Secrets, and how they are followed.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    pub(super) selector: Selector,
    /// Whether a watch is tried at all.
    pub(super) watch: bool,
}

enum State {
    Watching(BoxStream<'static, Change>),
    Polling {
        next: Instant,
        /// When the watch is tried again; never where none is wanted.
        until: Option<Instant>,
    },
}

impl Source {
    /// The changes, for ever. Bitnami's own role gives `list` on key Secrets, and not always `watch`.
    pub(super) fn changes(self) -> impl Stream<Item = Change> + Send {
        let state = if self.watch { self.watching() } else { polling(None) };
        stream::unfold((self, state), async |(source, state)| {
            let (change, state) = source.next(state).await?;
            Some((change, (source, state)))
        })
    }

    /// The Secrets, now.
    pub(super) async fn list(
        &self,
    ) -> Result<Vec<sealward_manifest::Manifest>, sealward_cluster::ActionError> {
        self.cluster.list(&secrets(), Some(&self.namespace), &self.selector).await
    }

    async fn next(&self, state: State) -> Option<(Change, State)> {
        match state {
            State::Watching(mut changes) => match changes.next().await? {
                Change::Failed(error) if error.is(Cause::Forbidden) => {
                    tracing::warn!(
                        %error,
                        labels = self.selector.labels,
                        "key Secrets may not be watched, they are listed once a minute; a Role with the verbs list \
                         and watch on secrets in the sealer's namespace makes changes of keys take effect at once"
                    );
                    Some((Change::Failed(error), polling(Some(Instant::now() + WATCH_AGAIN))))
                }
                change => Some((change, State::Watching(changes))),
            },
            State::Polling { next, until } => {
                tokio::time::sleep_until(next).await;
                let listed = self.list().await;
                let pause = if listed.is_ok() { POLL } else { LIST_AGAIN };
                let state = match until {
                    Some(until) if Instant::now() >= until => self.watching(),
                    Some(_) | None => State::Polling { next: Instant::now() + pause, until },
                };
                Some((listed.map_or_else(Change::Failed, Change::Listed), state))
            }
        }
    }

    fn watching(&self) -> State {
        let changes = self.cluster.watch(secrets(), Some(self.namespace.clone()), self.selector.clone());
        State::Watching(changes.boxed())
    }
}

fn polling(until: Option<Instant>) -> State {
    State::Polling { next: Instant::now(), until }
}

fn secrets() -> Gvk {
    Gvk::new("", "v1", "Secret")
}
