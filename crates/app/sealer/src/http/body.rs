//! Bodies of requests, bounded in size, in number and in time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body, as upstream's; the API server takes objects of 3 MiB at most.
const LIMIT: usize = 10 * 1024 * 1024;

/// How much of bodies is in memory at a time; more wait.
const TOTAL: usize = 3 * LIMIT;

/// Bodies are counted in these.
const KIB: usize = 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// The client went away, or was too slow.
    Broken,
}

/// A body, and its room in memory.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    /// Given back when the body is no longer needed.
    _room: OwnedSemaphorePermit,
}

/// Room for bodies.
#[derive(Debug, Clone)]
pub(crate) struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOTAL / KIB)))
    }
}

impl Bodies {
    /// Reads the body of `request`, which has `time` to arrive once there is room for it.
    pub(crate) async fn receive(&self, request: Request, time: Duration) -> Result<Received, BodyError> {
        let announced = match request.headers().get(CONTENT_LENGTH) {
            None => LIMIT,
            // More than a usize is more than the limit.
            Some(length) => {
                length.to_str().ok().and_then(|text| text.parse().ok()).ok_or(BodyError::TooLarge)?
            }
        };
        if announced > LIMIT {
            return Err(BodyError::TooLarge);
        }
        let room = u32::try_from(announced.div_ceil(KIB).max(1)).unwrap_or(u32::MAX);
        let room = self.0.clone().acquire_many_owned(room).await.map_err(|_| BodyError::Broken)?;
        let bytes = tokio::time::timeout(time, collect(request.into_body()))
            .await
            .map_err(|_| BodyError::Broken)??;
        Ok(Received { bytes, _room: room })
    }
}

async fn collect(body: Body) -> Result<Vec<u8>, BodyError> {
    let mut parts = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        let part: Bytes = part.map_err(|_| BodyError::Broken)?;
        if bytes.len() + part.len() > LIMIT {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(announced: Option<&str>, sent: usize, expect: Result<usize, BodyError>) {
        let parts = std::iter::repeat_n(Bytes::from(vec![b'x'; 1024]), sent / 1024);
        let body = Body::from_stream(futures::stream::iter(parts.map(Ok::<_, std::convert::Infallible>)));
        let mut request = Request::new(body);
        if let Some(length) = announced {
            request.headers_mut().insert(CONTENT_LENGTH, length.parse().unwrap());
        }
        let received = Bodies::default().receive(request, Duration::from_secs(60)).await;
        assert_eq!(received.map(|received| received.bytes.len()), expect, "{announced:?} {sent}");
    }

    #[tokio::test]
    async fn bodies_are_bounded_whatever_they_say_of_themselves() {
        check(None, 0, Ok(0)).await;
        check(None, LIMIT, Ok(LIMIT)).await;
        check(None, LIMIT + 1024, Err(BodyError::TooLarge)).await;
        check(Some("2048"), 2048, Ok(2048)).await;
        check(Some("10485761"), 0, Err(BodyError::TooLarge)).await;
        check(Some("99999999999999999999999"), 0, Err(BodyError::TooLarge)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_arrive_gives_its_room_back() {
        let bodies = Bodies::default();
        for _ in 0..8 {
            let never =
                Body::from_stream(futures::stream::pending::<Result<Bytes, std::convert::Infallible>>());
            let received = bodies.receive(Request::new(never), Duration::from_secs(1)).await;
            assert_eq!(received.map(drop), Err(BodyError::Broken));
        }
        assert_eq!(bodies.0.available_permits(), TOTAL / KIB);
    }
}
