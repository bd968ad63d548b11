//! The workers.

use std::sync::Arc;
use std::time::Duration;

use sealward_chassis::queue::Queue;
use tokio_util::sync::CancellationToken;

use crate::failure::pause;
use crate::store::Key;
use crate::unseal::Unsealer;

/// Works on what the queue gives.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) unsealer: Arc<Unsealer>,
    pub(crate) queue: Queue<Key>,
    /// How often Secrets are looked at that are not watched; `None` is never.
    pub(crate) resync: Option<Duration>,
    /// How many retries are quick.
    pub(crate) quick_retries: u32,
    pub(crate) stopping: CancellationToken,
}

impl Worker {
    /// Works until the process is asked to stop; what is begun is finished.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let unsealer = &self.unsealer;
        self.stopping.run_until_cancelled(unsealer.opener.keyring.looked_up()).await;
        while let Some(key) = self.stopping.run_until_cancelled(self.queue.next()).await {
            match unsealer.unseal(&key).await {
                Ok(()) => {
                    self.queue.succeeded(&key);
                    if let Some(resync) = self.resync.filter(|_| self.is_looked_after(&key)) {
                        self.queue.add_after(key.clone(), resync);
                    }
                }
                Err(retry) => {
                    let failures = self.queue.failed(&key);
                    let after = retry.after.unwrap_or_else(|| pause(failures, self.quick_retries));
                    self.queue.add_after(key.clone(), after);
                }
            }
            self.queue.done(&key);
        }
        Ok(())
    }

    /// Whether it is by the clock that a Secret is found altered.
    fn is_looked_after(&self, key: &Key) -> bool {
        let store = &self.unsealer.store;
        !store.is_watched(&key.0) && store.work(key).is_some()
    }
}
