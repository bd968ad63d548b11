//! How often one client may ask: the generic cell rate algorithm, as upstream's `throttled` library has it.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clients that are told apart at a time; what upstream's table holds.
const CLIENTS: usize = 65_536;

/// Allows each key a steady rate of requests, and a burst beyond it.
#[derive(Debug)]
pub(crate) struct RateLimiter<K> {
    /// Time between two requests at the steady rate.
    interval: Duration,
    /// How far ahead of that a key may be.
    tolerance: Duration,
    limit: u32,
    table: Mutex<Table<K>>,
}

/// When each key's next request would be due at the steady rate. One that is due is as good as unknown.
#[derive(Debug)]
struct Table<K> {
    due: HashMap<K, Instant>,
    /// For all keys that find the table full of others.
    rest: Option<Instant>,
    swept: Option<Instant>,
}

/// What came of a request, for it and for the headers of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Requests that are allowed at once from a fresh start.
    pub(crate) limit: u32,
    /// Of those, how many are left.
    pub(crate) remaining: u32,
    /// When all are back.
    pub(crate) reset: Duration,
    /// When to come again; the request is refused.
    pub(crate) retry_after: Option<Duration>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// `rate` requests a second, and `burst` at once beyond the first.
    pub(crate) fn new(rate: NonZeroU32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / rate.get();
        let limit = burst.saturating_add(1);
        let table = Mutex::new(Table { due: HashMap::new(), rest: None, swept: None });
        Self { interval, tolerance: interval.saturating_mul(limit), limit, table }
    }

    /// Counts a request of `key` at `now`, unless it comes too early.
    pub(crate) fn ask(&self, key: K, now: Instant) -> Allowance {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.make_room(&key, now, self.interval);
        let known = if table.due.len() < CLIENTS || table.due.contains_key(&key) {
            table.due.get(&key).copied()
        } else {
            table.rest
        };
        let ahead = known.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let next = ahead + self.interval;
        if next > self.tolerance {
            let retry_after = Some(next - self.tolerance);
            return Allowance { limit: self.limit, remaining: self.left(ahead), reset: ahead, retry_after };
        }
        if table.due.len() < CLIENTS || table.due.contains_key(&key) {
            table.due.insert(key, now + next);
        } else {
            table.rest = Some(now + next);
        }
        Allowance { limit: self.limit, remaining: self.left(next), reset: next, retry_after: None }
    }

    fn left(&self, ahead: Duration) -> u32 {
        let left = self.tolerance.saturating_sub(ahead).as_nanos() / self.interval.as_nanos().max(1);
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}

impl<K: Eq + Hash> Table<K> {
    /// Drops the keys that are due again, when there is no room for `key` and it has not just been done.
    fn make_room(&mut self, key: &K, now: Instant, pause: Duration) {
        let full = self.due.len() >= CLIENTS && !self.due.contains_key(key);
        if full && self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= pause) {
            self.due.retain(|_, due| *due > now);
            self.swept = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(rate: u32, burst: u32) -> RateLimiter<u32> {
        RateLimiter::new(NonZeroU32::new(rate).unwrap(), burst)
    }

    fn at(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn one_and_the_burst_at_once_then_the_rate() {
        let (limiter, start) = (limiter(2, 2), Instant::now());
        let check = |milliseconds: u64, remaining: u32, reset: u64, retry_after: Option<u64>| {
            let expect = Allowance {
                limit: 3,
                remaining,
                reset: Duration::from_millis(reset),
                retry_after: retry_after.map(Duration::from_millis),
            };
            assert_eq!(limiter.ask(1, at(start, milliseconds)), expect, "after {milliseconds} ms");
        };
        check(0, 2, 500, None);
        check(0, 1, 1000, None);
        check(0, 0, 1500, None);
        check(0, 0, 1500, Some(500));
        check(100, 0, 1400, Some(400));
        check(500, 0, 1500, None);
        check(501, 0, 1499, Some(499));
        check(60_000, 2, 500, None);
    }

    #[test]
    fn without_a_burst_there_is_one_at_a_time() {
        let (limiter, start) = (limiter(1, 0), Instant::now());
        assert_eq!(limiter.ask(1, start).retry_after, None);
        assert_eq!(limiter.ask(1, at(start, 1)).retry_after, Some(Duration::from_millis(999)));
        assert_eq!(limiter.ask(1, at(start, 1000)).retry_after, None);
    }

    #[test]
    fn one_client_does_not_use_up_what_others_have() {
        let (limiter, start) = (limiter(1, 0), Instant::now());
        for client in 0..100 {
            assert_eq!(limiter.ask(client, start).retry_after, None);
            assert!(limiter.ask(client, start).retry_after.is_some());
        }
    }

    #[test]
    fn memory_is_bounded_and_a_flood_of_clients_shares_one_allowance() {
        let (limiter, start) = (limiter(1, 0), Instant::now());
        let clients = u32::try_from(CLIENTS).unwrap();
        for client in 0..clients {
            assert_eq!(limiter.ask(client, start).retry_after, None);
        }
        assert_eq!(limiter.ask(clients, start).retry_after, None, "the first beyond");
        assert!(limiter.ask(clients + 1, start).retry_after.is_some(), "shares with the one before");
        assert!(limiter.ask(1, start).retry_after.is_some(), "those that are known keep theirs");
        assert_eq!(limiter.table.lock().unwrap().due.len(), CLIENTS);
        // A second later all are due again, and there is room.
        assert_eq!(limiter.ask(clients + 2, at(start, 1000)).retry_after, None);
        assert_eq!(limiter.table.lock().unwrap().due.len(), 1);
    }
}
