//! The HTTPS routes that the API server calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use sealward_admission::{
    Answer, Answers, Decision, Need, Parent, Review, Verdict, World, decide_guard, decide_policy, malformed,
    parse,
};
use sealward_chassis::clock;
use sealward_cluster::{Cluster, Target};
use sealward_manifest::Gvk;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::metrics::{ReviewLabels, WebhookLabel, WebhookMetrics};
use crate::world::Shared;

/// The largest body that is read: an object and its old self, both of the API server's largest size
/// (3 MiB in a request), as JSON.
pub(crate) const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How long a body may take to arrive; the API server gives up after ten seconds.
const BODY_TIME: Duration = Duration::from_secs(4);

/// How long a call waits for room or for its turn. One that waits longer is refused at once, so that no
/// queue grows that would outlive its callers.
const PATIENCE: Duration = Duration::from_secs(3);

/// Bodies are counted in these.
const KIB: usize = 1024;

/// Values, of all reviews at a time, that may be in memory as trees, which take far more than their text:
/// `[0,0,…]` some forty times as much. A review of more values than this is refused; the largest objects
/// that people write have a tenth.
pub(crate) const VALUES: usize = 1_000_000;

/// What the routes work with.
#[derive(Clone)]
pub(crate) struct Reviewer {
    pub(crate) cluster: Cluster,
    pub(crate) world: Shared,
    pub(crate) metrics: WebhookMetrics,
    /// KiB of bodies that may be in memory.
    pub(crate) bodies: Arc<Semaphore>,
    /// Evaluations that may run.
    pub(crate) evaluations: Arc<Semaphore>,
    /// Values that they may have in memory.
    pub(crate) values: Arc<Semaphore>,
}

/// One entry of the webhook configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Policy,
    Guard,
}

impl Entry {
    fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Guard => "guard",
        }
    }

    fn decide(self, review: &Review, world: &World, answers: &Answers) -> Answer {
        match self {
            Self::Policy => decide_policy(review, world, answers, now_ns()),
            Self::Guard => decide_guard(review, world, answers),
        }
    }
}

/// Nanoseconds since 1970; past the year 2262 the time is its end.
fn now_ns() -> i64 {
    i64::try_from(clock::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// `POST /policy` and `POST /guard`.
pub(crate) fn router(reviewer: Reviewer) -> Router {
    let policy =
        async |State(reviewer): State<Reviewer>, request| reviewer.answer(Entry::Policy, request).await;
    let guard =
        async |State(reviewer): State<Reviewer>, request| reviewer.answer(Entry::Guard, request).await;
    Router::new().route("/policy", post(policy)).route("/guard", post(guard)).with_state(reviewer)
}

/// Why a call got no decision.
struct Failure {
    status: StatusCode,
    reason: &'static str,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }
}

impl Reviewer {
    async fn answer(&self, entry: Entry, request: Request) -> Response {
        match self.review(entry, request).await {
            Ok((uid, decision)) => {
                self.count(entry, verdict(&decision), decision.reason);
                json(StatusCode::OK, &decision.response(&uid))
            }
            Err(Failure { status, reason, message }) => {
                tracing::warn!(
                    webhook = entry.word(),
                    status = status.as_u16(),
                    message,
                    "a call got no decision"
                );
                self.count(entry, "error", reason);
                json(status, &malformed(&message))
            }
        }
    }

    async fn review(&self, entry: Entry, request: Request) -> Result<(String, Decision), Failure> {
        let limit = length(&request)?;
        let read = timeout(BODY_TIME, self.read(request.into_body(), limit)).await;
        let (body, room) = read.map_err(|_| too_slow())??;
        let values = values(&body);
        if values > VALUES {
            return Err(too_many_values());
        }
        let started = Instant::now();
        let turn = acquire(&self.evaluations, 1).await?;
        let trees = acquire(&self.values, values).await?;
        // An evaluation cannot be stopped: what it holds it keeps, even when its caller has gone away.
        let held = Arc::new([room, turn, trees]);
        let parsing = held.clone();
        let parse = move || {
            let _held = parsing;
            parse(&body)
        };
        let review = tokio::task::spawn_blocking(parse).await.map_err(panicked)?;
        let review =
            review.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "malformed", error.to_string()))?;
        let uid = review.request.uid.clone();
        let decision = self.decide(entry, Arc::new(review), &held).await?;
        self.metrics
            .durations
            .get_or_create(&WebhookLabel { webhook: entry.word() })
            .observe(started.elapsed().as_secs_f64());
        Ok((uid, decision))
    }

    /// Reads a body of at most `limit` bytes. Room is taken for what has come, not for what was announced:
    /// a body that never comes takes none.
    async fn read(&self, body: Body, limit: usize) -> Result<(Bytes, Room), Failure> {
        let (mut bytes, mut room) = (Vec::new(), acquire(&self.bodies, 1).await?);
        let mut parts = body.into_data_stream();
        while let Some(data) = parts.next().await {
            let data = data.map_err(|_| broken_off())?;
            let size = bytes.len() + data.len();
            if size > limit {
                return Err(too_large());
            }
            let missing = size.div_ceil(KIB).saturating_sub(room.num_permits());
            if missing > 0 {
                room.merge(acquire(&self.bodies, missing).await?);
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.into(), room))
    }

    /// Asks until nothing is needed; each need is met once.
    async fn decide(
        &self,
        entry: Entry,
        review: Arc<Review>,
        held: &Arc<[Room; 3]>,
    ) -> Result<Decision, Failure> {
        let mut answers = Answers::default();
        loop {
            let (world, asked, review_of) = (self.world.load_full(), answers.clone(), review.clone());
            let evaluating = held.clone();
            let evaluate = move || {
                let _held = evaluating;
                entry.decide(&review_of, &world, &asked)
            };
            match tokio::task::spawn_blocking(evaluate).await.map_err(panicked)? {
                Answer::Decision(decision) => {
                    log(entry, &review, &decision);
                    return Ok(decision);
                }
                Answer::Need(need) => self.meet(need, &mut answers).await,
            }
        }
    }

    async fn meet(&self, need: Need, answers: &mut Answers) {
        match need {
            Need::Parent { group, version, kind, namespace, name } => {
                let target = Target::new(Gvk::new(group, version, kind), namespace, name);
                answers.parent = Some(match self.cluster.get(&target).await {
                    Ok(Some(parent)) => Parent::Found(Box::new(parent)),
                    Ok(None) => Parent::Missing,
                    Err(error) => Parent::Unreadable(error.to_string()),
                });
            }
            Need::Namespace { name } => {
                let target = Target::new(Gvk::new("", "v1", "Namespace"), "", name);
                answers.namespace = Some(self.cluster.get(&target).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a namespace cannot be read");
                    None
                }));
            }
        }
    }

    fn count(&self, webhook: Entry, verdict: &'static str, reason: &'static str) {
        let labels = ReviewLabels { webhook: webhook.word(), verdict, reason };
        self.metrics.reviews.get_or_create(&labels).inc();
    }
}

/// A part of what there is of memory or of turns; it is given back when this is dropped.
type Room = OwnedSemaphorePermit;

/// Takes `many` of `what`, or says that too many others are there.
async fn acquire(what: &Arc<Semaphore>, many: usize) -> Result<Room, Failure> {
    let many = u32::try_from(many).unwrap_or(u32::MAX);
    match timeout(PATIENCE, what.clone().acquire_many_owned(many)).await {
        Ok(Ok(room)) => Ok(room),
        Ok(Err(_)) => {
            Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the webhook is stopping"))
        }
        Err(_) => Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many reviews at a time")),
    }
}

/// How many bytes the body has, or may have where it does not say.
fn length(request: &Request<Body>) -> Result<usize, Failure> {
    let Some(header) = request.headers().get(CONTENT_LENGTH) else {
        return Ok(BODY_LIMIT);
    };
    let length = header.to_str().ok().and_then(|text| text.parse::<usize>().ok());
    length.filter(|length| *length <= BODY_LIMIT).ok_or_else(too_large)
}

fn too_large() -> Failure {
    let message = format!("the review is larger than {BODY_LIMIT} bytes");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message)
}

/// How many values JSON holds at most: whatever stands between two of its own commas and brackets.
fn values(json: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

fn too_many_values() -> Failure {
    let message = format!("the review holds more than {VALUES} values");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-values", message)
}

fn broken_off() -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "broken-off", "the review broke off")
}

fn too_slow() -> Failure {
    let message = format!("the review did not arrive within {BODY_TIME:?}");
    Failure::new(StatusCode::REQUEST_TIMEOUT, "too-slow", message)
}

fn panicked(_: tokio::task::JoinError) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "panicked", "the review could not be evaluated")
}

fn verdict(decision: &Decision) -> &'static str {
    match decision.verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
    }
}

fn log(entry: Entry, review: &Review, decision: &Decision) {
    let request = &review.request;
    let (webhook, verdict, reason) = (entry.word(), verdict(decision), decision.reason);
    let (resource, namespace, name) = (&request.resource.resource, &request.namespace, &request.name);
    let (uid, operation, user) = (&request.uid, request.operation.as_str(), &request.user_info.username);
    match decision.verdict {
        Verdict::Deny => {
            tracing::info!(
                webhook, verdict, reason, uid, operation, user, resource, namespace, name, "reviewed"
            );
        }
        Verdict::Allow => {
            tracing::debug!(
                webhook, verdict, reason, uid, operation, user, resource, namespace, name, "reviewed"
            );
        }
    }
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        for (json, expect) in [
            ("0", 1),
            ("[0,0,0]", 4),
            (r#"{"a": {"b": []}}"#, 4),
            (r#"{"text,[{": "a\"b,[{\\", "c": 1}"#, 3),
            ("", 1),
        ] {
            assert_eq!(values(json.as_bytes()), expect, "{json}");
        }
    }
}
