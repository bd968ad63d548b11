//! What is served: the certificate to seal for, and answers about SealedSecrets.
//!
//! ```text
//!  any number of clients ─┬─▶ /v1/cert.pem  /v1/recipients           no secret among the answers
//!                         └─▶ /v1/verify    /v1/rotate ─▶ method ─▶ rate ─▶ (token) ─▶ body ─▶ turn ─▶ sealing
//! ```
//!
//! Paths, codes and bodies are those of sealed-secrets v0.40 (`pkg/controller/server.go`) and its main
//! branch; where they differ, ours say more: rotate answers 409 for what it cannot open, as verify does, and
//! names its content type.

mod body;
mod client;
mod ports;
mod rate_limit;
mod sealed;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use sealward_chassis::clock;
use sealward_sealing::OpenOptions;
use tokio::sync::Semaphore;

pub(crate) use ports::Ports;

use crate::args::{HttpArgs, Network};
use crate::keyring::Keyring;
use crate::metrics::SealerMetrics;
use body::Bodies;
use rate_limit::{Allowance, RateLimiter};
use sealed::{Desk, Question};
use tls::TokenGate;

/// How many SealedSecrets are looked at for strangers at a time, however many processors there are: each takes
/// memory for all that its body holds.
const MOST_TURNS: usize = 4;

/// The HTTP API; a clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keyring: Arc<Keyring>,
    metrics: SealerMetrics,
    desk: Desk,
    bodies: Bodies,
    limiter: RateLimiter<(&'static str, IpAddr)>,
    trusted_proxies: Vec<Network>,
    read_timeout: Duration,
    write_timeout: Duration,
}

/// What one port does.
#[derive(Debug, Clone)]
struct Port {
    api: Api,
    /// Who may ask about SealedSecrets; everybody when there is none.
    gate: Option<Arc<TokenGate>>,
}

impl Api {
    /// The API as `args` say.
    pub(crate) fn new(
        args: &HttpArgs,
        keyring: Arc<Keyring>,
        metrics: SealerMetrics,
        options: OpenOptions,
    ) -> Self {
        // Half of the processors at most: the other half opens what the cluster waits for.
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let turns = Arc::new(Semaphore::new((processors / 2).clamp(1, MOST_TURNS)));
        Self(Arc::new(Inner {
            desk: Desk { keyring: keyring.clone(), options, turns },
            keyring,
            metrics,
            bodies: Bodies::default(),
            limiter: RateLimiter::new(args.rate_limit, args.rate_limit_burst),
            trusted_proxies: args.trusted_proxies.clone(),
            read_timeout: args.read_timeout,
            write_timeout: args.write_timeout,
        }))
    }

    /// The routes of one port; with a `gate`, SealedSecrets are looked at for those only whom it lets pass.
    fn router(&self, gate: Option<TokenGate>) -> Router {
        let port = Port { api: self.clone(), gate: gate.map(Arc::new) };
        let certificate = async |State(port): State<Port>, request: Request| {
            let inner = &port.api.0;
            inner
                .measured("/v1/cert.pem", request.method().as_str(), async { certificate(&inner.keyring) })
                .await
        };
        let recipients = async |State(port): State<Port>, request: Request| {
            let inner = &port.api.0;
            inner
                .measured("/v1/recipients", request.method().as_str(), async { recipients(&inner.keyring) })
                .await
        };
        let verify = async |State(port): State<Port>, peer, request| {
            port.answer(Question::Verify, peer, request).await
        };
        let rotate = async |State(port): State<Port>, peer, request| {
            port.answer(Question::Rotate, peer, request).await
        };
        Router::new()
            .route("/v1/cert.pem", any(certificate))
            .route("/v1/recipients", any(recipients))
            .route(Question::Verify.path(), any(verify))
            .route(Question::Rotate.path(), any(rotate))
            .with_state(port)
    }
}

impl Inner {
    /// Waits for `answer`, and counts it.
    async fn measured(
        &self,
        path: &'static str,
        method: &str,
        answer: impl Future<Output = Response>,
    ) -> Response {
        let start = Instant::now();
        let answer = answer.await;
        self.metrics.answered(path, method, answer.status().as_u16(), start.elapsed().as_secs_f64());
        answer
    }
}

impl Port {
    async fn answer(
        &self,
        question: Question,
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        request: Request,
    ) -> Response {
        let inner = &self.api.0;
        let method = request.method().clone();
        inner.measured(question.path(), method.as_str(), self.limited(question, peer.ip(), request)).await
    }

    /// Answers a request that has the right method and does not come too often.
    async fn limited(&self, question: Question, peer: IpAddr, request: Request) -> Response {
        let inner = &self.api.0;
        if request.method() != Method::POST {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "send the SealedSecret by POST");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return answer;
        }
        let client = client::client(peer, request.headers(), &inner.trusted_proxies);
        let allowance = inner.limiter.ask((question.path(), client), Instant::now());
        let mut answer = match allowance.retry_after {
            Some(_) => plain(StatusCode::TOO_MANY_REQUESTS, "limit exceeded"),
            None => self.in_time(question, request).await,
        };
        tell(answer.headers_mut(), &allowance);
        answer
    }

    async fn in_time(&self, question: Question, request: Request) -> Response {
        let answering = self.let_in(question, request);
        let answer = tokio::time::timeout(self.api.0.write_timeout, answering).await;
        answer.unwrap_or_else(|_| {
            let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "too much to do, come again later");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            answer
        })
    }

    async fn let_in(&self, question: Question, request: Request) -> Response {
        let inner = &self.api.0;
        if let Some(gate) = &self.gate
            && let Err(answer) = gate.check(request.headers()).await
        {
            return answer;
        }
        if !inner.keyring.is_looked_up() {
            let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "the keys are not loaded yet");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return answer;
        }
        match inner.bodies.receive(request, inner.read_timeout).await {
            Ok(received) => inner.desk.answer(question, received).await,
            Err(error) => sealed::without_body(error),
        }
    }
}

/// The headers of upstream's rate limiter; times are in seconds, begun ones count.
fn tell(headers: &mut HeaderMap, allowance: &Allowance) {
    let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    headers.insert("x-ratelimit-limit", allowance.limit.into());
    headers.insert("x-ratelimit-remaining", allowance.remaining.into());
    headers.insert("x-ratelimit-reset", seconds(allowance.reset).into());
    if let Some(time) = allowance.retry_after {
        headers.insert(header::RETRY_AFTER, seconds(time).into());
    }
}

/// A sentence for people.
fn plain(status: StatusCode, text: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, format!("{text}\n")).into_response()
}

/// The certificate of the newest key that is valid already.
fn certificate(keyring: &Keyring) -> Response {
    match keyring.keys().ring.newest(clock::now()) {
        Some(key) => {
            ([(header::CONTENT_TYPE, "application/x-pem-file")], key.certificate().to_pem()).into_response()
        }
        None => plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot get certificate"),
    }
}

/// The age recipients, one a line.
fn recipients(keyring: &Keyring) -> Response {
    let keys = keyring.keys();
    let lines: String =
        keys.identities.iter().map(|identity| format!("{}\n", identity.recipient())).collect();
    if lines.is_empty() {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot get recipients");
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response()
}
