//! The HTTPS routes that the API server calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sealward_admission::{
    Answer, Answers, Decision, Need, Parent, Review, Verdict, World, decide_guard, decide_policy, malformed,
    parse,
};
use sealward_chassis::clock;
use sealward_cluster::{Cluster, Target};
use sealward_manifest::Gvk;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::metrics::{ReviewLabels, WebhookLabel, WebhookMetrics};
use crate::world::Shared;

/// The largest body that is read: an object and its old self, both of the API server's largest size
/// (3 MiB in a request), as JSON.
pub(crate) const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How long a body may take to arrive. It takes room meanwhile, which others wait for; the API server
/// gives up after ten seconds.
const BODY_TIME: Duration = Duration::from_secs(4);

/// Bodies are counted in these.
const KIB: usize = 1024;

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
        let announced = length(&request)?;
        // Room is taken by what the body says it is, before it is read.
        let room = u32::try_from(announced.div_ceil(KIB).max(1)).unwrap_or(u32::MAX);
        let closed = |_| Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the webhook is stopping");
        let _room = self.bodies.acquire_many(room).await.map_err(closed)?;
        let body = timeout(BODY_TIME, axum::body::to_bytes(request.into_body(), announced)).await;
        let body = body.map_err(|_| too_slow())?.map_err(|_| too_large())?;
        let started = Instant::now();
        let _turn = self.evaluations.acquire().await.map_err(closed)?;
        let review = tokio::task::spawn_blocking(move || parse(&body)).await.map_err(panicked)?;
        let review =
            review.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "malformed", error.to_string()))?;
        let uid = review.request.uid.clone();
        let decision = self.decide(entry, Arc::new(review)).await?;
        self.metrics
            .durations
            .get_or_create(&WebhookLabel { webhook: entry.word() })
            .observe(started.elapsed().as_secs_f64());
        Ok((uid, decision))
    }

    /// Asks until nothing is needed; each need is met once.
    async fn decide(&self, entry: Entry, review: Arc<Review>) -> Result<Decision, Failure> {
        let mut answers = Answers::default();
        loop {
            let (world, asked, review_of) = (self.world.load_full(), answers.clone(), review.clone());
            let answer = tokio::task::spawn_blocking(move || entry.decide(&review_of, &world, &asked));
            match answer.await.map_err(panicked)? {
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
