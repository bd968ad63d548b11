//! A bound on how often this process asks, as client-go's `--kubeclient-qps` has it.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;
use tower::{Layer, Service};

/// So many requests a second, with a burst that may come at once. Clones share the count.
#[derive(Debug, Clone)]
pub struct Rate {
    interval: Duration,
    burst: u32,
    /// When the bucket will be full again.
    full_at: Arc<Mutex<Instant>>,
}

impl Rate {
    /// `per_second` requests a second on average and `burst` at once; `None` where that is no bound:
    /// nothing above zero, or nothing that a number can be.
    pub fn new(per_second: f64, burst: u32) -> Option<Self> {
        if !per_second.is_finite() || per_second <= 0.0 {
            return None;
        }
        let interval = Duration::try_from_secs_f64(1.0 / per_second).ok()?;
        Some(Self { interval, burst: burst.max(1), full_at: Arc::new(Mutex::new(Instant::now())) })
    }

    /// Takes the next place; how long to wait for it.
    fn take(&self, now: Instant) -> Duration {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        *full_at = (*full_at).max(now) + self.interval;
        let allowed_at = full_at.checked_sub(self.interval.saturating_mul(self.burst)).unwrap_or(now);
        allowed_at.saturating_duration_since(now)
    }
}

impl<S> Layer<S> for Rate {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Limited { inner, rate: self.clone() }
    }
}

/// A service that waits for its turn before it asks.
#[derive(Debug, Clone)]
pub struct Limited<S> {
    inner: S,
    rate: Rate,
}

impl<S, R> Service<R> for Limited<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let pause = self.rate.take(Instant::now());
        // A future does nothing until it is polled.
        let asking = self.inner.call(request);
        Box::pin(async move {
            tokio::time::sleep(pause).await;
            asking.await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_in_its_time() {
        let rate = Rate::new(5.0, 3).unwrap();
        let start = Instant::now();
        let waits: Vec<u128> = (0..6).map(|_| rate.take(start).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 200, 400, 600]);
        let later = start + Duration::from_secs(60);
        let waits: Vec<u128> = (0..4).map(|_| rate.take(later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 200], "what was not used is saved up to the burst, and no further");
    }

    #[test]
    fn nothing_above_zero_is_no_bound() {
        for unbounded in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Rate::new(unbounded, 10).is_none(), "{unbounded}");
        }
    }
}
