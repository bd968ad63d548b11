//! Every task is owned.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

type BoxError = Box<dyn Error + Send + Sync>;
type Joined = Result<(Id, Result<(), BoxError>), JoinError>;

/// The tasks of a process. All are vital: one that ends before shutdown ends the process with a reason.
#[derive(Debug)]
pub struct Tasks {
    set: JoinSet<Result<(), BoxError>>,
    names: HashMap<Id, &'static str>,
    stopping: CancellationToken,
    grace: Duration,
}

/// A vital task ended before anybody asked the process to stop.
#[derive(Debug, thiserror::Error)]
#[error("task {name} ended before shutdown: {reason}")]
pub struct TaskError {
    /// The task.
    pub name: &'static str,
    /// Why, with its causes.
    pub reason: String,
}

impl Tasks {
    /// No tasks yet. Once `stopping` is cancelled they have `grace` to end by themselves; give it more
    /// than what the servers among them may take to drain.
    pub fn new(stopping: CancellationToken, grace: Duration) -> Self {
        Self { set: JoinSet::new(), names: HashMap::new(), stopping, grace }
    }

    /// Starts a task that must run until shutdown. It should watch the token itself.
    pub fn vital<F, E>(&mut self, name: &'static str, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let id = self.set.spawn(async move { future.await.map_err(Into::into) }).id();
        self.names.insert(id, name);
    }

    /// Starts a task that must run until shutdown and is cut off then: it holds nothing that would be half
    /// done.
    pub fn vital_until_stopped<F, E>(&mut self, name: &'static str, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let stopping = self.stopping.clone();
        self.vital(name, async move { stopping.run_until_cancelled(future).await.unwrap_or(Ok(())) });
    }

    /// Waits until the process is asked to stop and all tasks have ended, or a vital one ends too early.
    /// Either way the token is cancelled and every task is over when this returns: those that outlive
    /// the grace are cut.
    ///
    /// # Errors
    /// [`TaskError`] with the name of the task that ended first, be it with an error, a panic or success.
    pub async fn run(mut self) -> Result<(), TaskError> {
        let stopping = self.stopping.clone();
        let early = tokio::select! {
            biased;
            () = stopping.cancelled() => None,
            joined = self.set.join_next_with_id() => joined,
        };
        let death = early.map(|joined| {
            let (name, reason) = self.describe(joined);
            TaskError { name, reason: reason.unwrap_or_else(|| "it had nothing left to do".into()) }
        });
        self.stopping.cancel();
        self.drain().await;
        death.map_or(Ok(()), Err)
    }

    async fn drain(&mut self) {
        let grace = tokio::time::sleep(self.grace);
        tokio::pin!(grace);
        loop {
            tokio::select! {
                joined = self.set.join_next_with_id() => match joined {
                    Some(joined) => self.report(joined),
                    None => return,
                },
                () = &mut grace => {
                    tracing::warn!(tasks = self.set.len(), "tasks did not end in time and are cut");
                    self.set.shutdown().await;
                    return;
                }
            }
        }
    }

    fn report(&self, joined: Joined) {
        match self.describe(joined) {
            (name, Some(reason)) => tracing::error!(task = name, reason, "a task failed during shutdown"),
            (name, None) => tracing::debug!(task = name, "task ended"),
        }
    }

    fn describe(&self, joined: Joined) -> (&'static str, Option<String>) {
        let (id, reason) = match joined {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(error))) => (id, Some(with_causes(&*error))),
            Err(error) if error.is_panic() => (error.id(), Some("it panicked".into())),
            Err(error) => (error.id(), Some("it was cancelled".into())),
        };
        (self.names.get(&id).copied().unwrap_or("unnamed"), reason)
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    const GRACE: Duration = Duration::from_millis(50);

    async fn waits(token: CancellationToken) -> io::Result<()> {
        token.cancelled().await;
        Ok(())
    }

    #[tokio::test]
    async fn all_end_at_shutdown() {
        let token = CancellationToken::new();
        let mut tasks = Tasks::new(token.clone(), Duration::from_secs(60));
        tasks.vital("one", waits(token.clone()));
        tasks.vital("two", waits(token.clone()));
        token.cancel();
        tasks.run().await.unwrap();
    }

    #[tokio::test]
    async fn one_that_need_not_end_by_itself_does_not_hold_up_the_others() {
        let token = CancellationToken::new();
        let mut tasks = Tasks::new(token.clone(), Duration::from_secs(60));
        tasks.vital_until_stopped("watch", std::future::pending::<io::Result<()>>());
        token.cancel();
        tokio::time::timeout(Duration::from_secs(10), tasks.run()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn one_that_never_ends_is_cut() {
        let token = CancellationToken::new();
        let mut tasks = Tasks::new(token.clone(), GRACE);
        tasks.vital("stubborn", std::future::pending::<io::Result<()>>());
        token.cancel();
        tasks.run().await.unwrap();
    }

    async fn check<F>(future: F, expect: &str)
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let token = CancellationToken::new();
        let mut tasks = Tasks::new(token.clone(), GRACE);
        tasks.vital("server", waits(token.clone()));
        tasks.vital("watch", future);
        assert_eq!(tasks.run().await.unwrap_err().to_string(), expect);
        assert!(token.is_cancelled(), "the others were told to stop");
    }

    #[tokio::test]
    async fn a_dead_vital_task_ends_the_process_with_a_reason() {
        check(async { Err(io::Error::other("gone")) }, "task watch ended before shutdown: gone").await;
        check(async { Ok(()) }, "task watch ended before shutdown: it had nothing left to do").await;
        check(async { panic!("boom") }, "task watch ended before shutdown: it panicked").await;
    }
}
