//! Work, one key at a time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Keys that wait to be worked on. A key waits once however often it is added, and is never worked on
/// twice at a time: one that is added meanwhile waits until [`Queue::done`]. A clone is the same queue.
#[derive(Debug)]
pub struct Queue<K> {
    state: Arc<Mutex<State<K>>>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct State<K> {
    due: BTreeSet<(Instant, u64, K)>,
    waiting: HashMap<K, (Instant, u64)>,
    working: HashSet<K>,
    again: HashMap<K, Instant>,
    failures: HashMap<K, u32>,
    added: u64,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), changed: self.changed.clone() }
    }
}

impl<K: Clone + Eq + Hash + Ord> Default for Queue<K> {
    fn default() -> Self {
        let state = State {
            due: BTreeSet::new(),
            waiting: HashMap::new(),
            working: HashSet::new(),
            again: HashMap::new(),
            failures: HashMap::new(),
            added: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), changed: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    /// Adds `key`, due at once.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// Adds `key`, due after `delay`; one that waits already keeps the earlier time.
    pub fn add_after(&self, key: K, delay: Duration) {
        let at = Instant::now() + delay;
        let mut state = self.lock();
        if state.working.contains(&key) {
            let again = state.again.entry(key).or_insert(at);
            *again = at.min(*again);
        } else {
            state.put(key, at);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The next key that is due; waits for one. Whoever takes it says [`Queue::done`] afterwards.
    pub async fn next(&self) -> K {
        loop {
            let changed = self.changed.notified();
            let pause = match self.lock().take(Instant::now()) {
                Ok(key) => {
                    // Another worker may have slept through the notice of a second key.
                    self.changed.notify_one();
                    return key;
                }
                Err(pause) => pause,
            };
            match pause {
                None => changed.await,
                Some(at) => {
                    let _ = tokio::time::timeout_at(at, changed).await;
                }
            }
        }
    }

    /// Says that work on `key` has ended.
    pub fn done(&self, key: &K) {
        let mut state = self.lock();
        state.working.remove(key);
        if let Some(at) = state.again.remove(key) {
            state.put(key.clone(), at);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Counts a failure of `key`: how many came before it in a row.
    pub fn failed(&self, key: &K) -> u32 {
        let mut state = self.lock();
        let failures = state.failures.entry(key.clone()).or_insert(0);
        *failures = failures.saturating_add(1);
        *failures - 1
    }

    /// Forgets the failures of `key`: it went well, or it is gone.
    pub fn succeeded(&self, key: &K) {
        self.lock().failures.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash + Ord> State<K> {
    fn put(&mut self, key: K, at: Instant) {
        if let Some((known, number)) = self.waiting.get(&key).copied() {
            if known <= at {
                return;
            }
            self.due.remove(&(known, number, key.clone()));
        }
        self.added += 1;
        self.waiting.insert(key.clone(), (at, self.added));
        self.due.insert((at, self.added, key));
    }

    /// The first key if it is due, else when it will be.
    fn take(&mut self, now: Instant) -> Result<K, Option<Instant>> {
        let (at, _, _) = self.due.first().ok_or(None)?;
        if *at > now {
            return Err(Some(*at));
        }
        let (_, _, key) = self.due.pop_first().ok_or(None)?;
        self.waiting.remove(&key);
        self.working.insert(key.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_waits_once_and_is_worked_on_by_one() {
        let queue = Queue::default();
        queue.add("a");
        queue.add("a");
        queue.add("b");
        assert_eq!(queue.next().await, "a");
        queue.add("a");
        assert_eq!(queue.next().await, "b");
        let idle = tokio::time::timeout(Duration::from_secs(1), queue.next()).await;
        assert!(idle.is_err(), "a is being worked on");
        queue.done(&"a");
        assert_eq!(queue.next().await, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_time_gives_way_to_an_earlier_one() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.add_after("a", Duration::from_secs(60));
        queue.add_after("b", Duration::from_secs(5));
        queue.add_after("a", Duration::from_secs(1));
        assert_eq!(queue.next().await, "a");
        assert_eq!(start.elapsed().as_secs(), 1);
        assert_eq!(queue.next().await, "b");
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn two_workers_share_what_is_due() {
        let queue = Queue::default();
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next().await })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.add(1);
        queue.add(2);
        let mut taken = Vec::new();
        for worker in workers {
            taken.push(tokio::time::timeout(Duration::from_secs(1), worker).await.unwrap().unwrap());
        }
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    }

    #[test]
    fn failures_are_counted_until_success() {
        let queue = Queue::default();
        assert_eq!((queue.failed(&"a"), queue.failed(&"a")), (0, 1));
        queue.succeeded(&"a");
        assert_eq!(queue.failed(&"a"), 0);
    }
}
