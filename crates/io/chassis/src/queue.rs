//! Work, one key at a time, one lane after the other.
//!
//! ```text
//! add ──▶ later (by time) ──▶ due: lane a  k1 k2 k3 …   ──▶ next: one of a, one of b, one of a, …
//!                                  lane b  k4
//! ```

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Keys that wait to be worked on. A key waits once however often it is added, and is never worked on
/// twice at a time: one that is added meanwhile waits until [`Queue::done`]. Keys that are due take turns by
/// lane, so that a lane with thousands of them holds up no other. A clone is the same queue.
#[derive(Debug)]
pub struct Queue<K> {
    state: Arc<Mutex<State<K>>>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct State<K> {
    lane: fn(&K) -> &str,
    later: BTreeSet<(Instant, u64, K)>,
    waiting: HashMap<K, Waiting>,
    due: HashMap<String, VecDeque<K>>,
    /// The lanes that have keys due, in their order.
    turns: VecDeque<String>,
    working: HashSet<K>,
    again: HashMap<K, Instant>,
    failures: HashMap<K, u32>,
    added: u64,
}

/// Where a key waits.
#[derive(Debug, Clone, Copy)]
enum Waiting {
    Later(Instant, u64),
    Due,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), changed: self.changed.clone() }
    }
}

impl<K: Clone + Eq + Hash + Ord> Default for Queue<K> {
    /// A queue of one lane.
    fn default() -> Self {
        Self::with_lanes(|_| "")
    }
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    /// A queue whose keys take turns by `lane`.
    pub fn with_lanes(lane: fn(&K) -> &str) -> Self {
        let state = State {
            lane,
            later: BTreeSet::new(),
            waiting: HashMap::new(),
            due: HashMap::new(),
            turns: VecDeque::new(),
            working: HashSet::new(),
            again: HashMap::new(),
            failures: HashMap::new(),
            added: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), changed: Arc::default() }
    }

    /// Adds `key`, due at once.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// Adds `key`, due after `delay`; one that waits already keeps the earlier time.
    pub fn add_after(&self, key: K, delay: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.working.contains(&key) {
            let at = now + delay;
            let again = state.again.entry(key).or_insert(at);
            *again = at.min(*again);
        } else {
            state.put(key, now + delay, now);
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
            state.put(key.clone(), at, Instant::now());
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
    fn put(&mut self, key: K, at: Instant, now: Instant) {
        match self.waiting.get(&key).copied() {
            Some(Waiting::Due) => return,
            Some(Waiting::Later(known, _)) if known <= at => return,
            Some(Waiting::Later(known, number)) => {
                self.later.remove(&(known, number, key.clone()));
            }
            None => {}
        }
        if at <= now {
            self.put_due(key);
        } else {
            self.added += 1;
            self.waiting.insert(key.clone(), Waiting::Later(at, self.added));
            self.later.insert((at, self.added, key));
        }
    }

    fn put_due(&mut self, key: K) {
        self.waiting.insert(key.clone(), Waiting::Due);
        let lane = (self.lane)(&key).to_owned();
        let keys = self.due.entry(lane.clone()).or_default();
        if keys.is_empty() {
            self.turns.push_back(lane);
        }
        keys.push_back(key);
    }

    /// The first key of the lane whose turn it is, else when one will be due.
    fn take(&mut self, now: Instant) -> Result<K, Option<Instant>> {
        while self.later.first().is_some_and(|(at, _, _)| *at <= now) {
            if let Some((_, _, key)) = self.later.pop_first() {
                self.put_due(key);
            }
        }
        let next_due = || self.later.first().map(|(at, _, _)| *at);
        let Some(lane) = self.turns.pop_front() else { return Err(next_due()) };
        let Some(keys) = self.due.get_mut(&lane) else { return Err(next_due()) };
        let Some(key) = keys.pop_front() else { return Err(next_due()) };
        if keys.is_empty() {
            self.due.remove(&lane);
        } else {
            self.turns.push_back(lane);
        }
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

    #[tokio::test(start_paused = true)]
    async fn a_long_lane_holds_up_no_other() {
        let queue = Queue::with_lanes(|key: &(&str, u32)| key.0);
        (0..5_000).for_each(|number| queue.add(("busy", number)));
        queue.add(("calm", 0));
        queue.add_after(("third", 0), Duration::from_secs(1));
        assert_eq!(queue.next().await, ("busy", 0));
        assert_eq!(queue.next().await, ("calm", 0));
        assert_eq!(queue.next().await, ("busy", 1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(queue.next().await, ("busy", 2));
        assert_eq!(queue.next().await, ("third", 0));
        for number in 3..5_000 {
            assert_eq!(queue.next().await, ("busy", number));
        }
    }

    #[test]
    fn failures_are_counted_until_success() {
        let queue = Queue::default();
        assert_eq!((queue.failed(&"a"), queue.failed(&"a")), (0, 1));
        queue.succeeded(&"a");
        assert_eq!(queue.failed(&"a"), 0);
    }
}
