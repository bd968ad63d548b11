//! The HTTP under the Git protocol: credentials, redirects, authorities and bounds are ours.

use std::error::Error;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, StatusCode, Url, redirect};
use secrecy::ExposeSecret;

use crate::{Credentials, FetchError, Remote};

const REDIRECTS: usize = 5;

/// One fetch's connection to a server.
pub(crate) struct Connection {
    link: Arc<Link>,
    /// The base URL after redirects.
    moved_to: Option<String>,
}

/// What requests and the readers of their answers share.
struct Link {
    client: Client,
    origin: Url,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    deadline: Instant,
    limit: u64,
    /// The first thing that went wrong, as we know it; the Git library only passes words on.
    failure: Mutex<Option<FetchError>>,
    received: Mutex<u64>,
}

/// Learns, after the Git library gave up, what went wrong.
#[derive(Clone)]
pub(crate) struct Failure(Arc<Link>);

impl Failure {
    pub(crate) fn take(&self) -> Option<FetchError> {
        lock(&self.0.failure).take()
    }
}

impl Connection {
    /// Nothing is sent before the first request. `limit` bounds the bytes of all answers.
    pub(crate) fn new(remote: &Remote, url: &Url, limit: u64) -> Result<Self, FetchError> {
        let trouble = |reason: String| FetchError::Certificate { url: url.to_string(), reason };
        let mut builder =
            Client::builder().timeout(remote.timeout).redirect(redirect::Policy::none()).referer(false);
        if let Some(pem) = &remote.ca_pem {
            let authorities = Certificate::from_pem_bundle(pem)
                .map_err(|_| trouble("the configured authorities are not PEM certificates".into()))?;
            if authorities.is_empty() {
                return Err(trouble("the configured authorities hold no certificate".into()));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        let client = builder.build().map_err(|error| trouble(causes(&error)))?;
        let link = Link {
            client,
            origin: url.clone(),
            authorization: authorization(&remote.credentials, url)?,
            timeout: remote.timeout,
            deadline: Instant::now() + remote.timeout,
            limit,
            failure: Mutex::default(),
            received: Mutex::default(),
        };
        Ok(Self { link: Arc::new(link), moved_to: None })
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure(self.link.clone())
    }

    /// Follows redirects as git does: only for the first request, only to the same path below another
    /// base, never from https to http.
    fn get_following(&mut self, url: &str, base: &str, headers: HeaderMap) -> Result<Response, FetchError> {
        let tail = url.strip_prefix(base).unwrap_or_default().to_owned();
        let mut current = Url::parse(url).map_err(|error| self.link.protocol(error.to_string()))?;
        for _ in 0..=REDIRECTS {
            let request = self.link.client.get(current.clone()).headers(headers.clone());
            let response = self.link.send(request, &current)?;
            if !response.status().is_redirection() {
                self.remember(&current, &tail, url);
                return self.link.successful(response);
            }
            current = self.link.redirect(&current, &response, &tail)?;
        }
        Err(self.link.redirected(&current, "too many redirects"))
    }

    fn remember(&mut self, current: &Url, tail: &str, asked: &str) {
        if current.as_str() != asked {
            self.moved_to = current.as_str().strip_suffix(tail).map(ToOwned::to_owned);
        }
    }
}

impl Link {
    /// Sends a request, with the credentials if it goes to the host they are meant for.
    fn send(
        &self,
        mut request: reqwest::blocking::RequestBuilder,
        url: &Url,
    ) -> Result<Response, FetchError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.timed_out());
        }
        request = request.timeout(left);
        if let Some(value) = self.authorization.as_ref().filter(|_| self.is_at_home(url)) {
            request = request.header(AUTHORIZATION, value);
        }
        request.send().map_err(|error| self.classify(&error))
    }

    fn is_at_home(&self, url: &Url) -> bool {
        url.origin() == self.origin.origin()
    }

    fn redirect(&self, from: &Url, response: &Response, tail: &str) -> Result<Url, FetchError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(next) = location.and_then(|location| from.join(location).ok()) else {
            return Err(
                self.protocol(format!("HTTP {} without a usable Location", response.status().as_u16()))
            );
        };
        let downgrade = from.scheme() == "https" && next.scheme() != "https";
        if downgrade || !matches!(next.scheme(), "http" | "https") {
            return Err(self.redirected(&next, "it leaves https"));
        }
        if !next.username().is_empty() || next.password().is_some() {
            return Err(self.redirected(&next, "it holds a user or password"));
        }
        if !next.as_str().ends_with(tail) {
            return Err(self.redirected(&next, "it does not lead to a Git repository"));
        }
        Ok(next)
    }

    fn successful(&self, response: Response) -> Result<Response, FetchError> {
        let url = self.origin.to_string();
        match response.status() {
            status if status.is_success() => Ok(response),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(FetchError::Authentication {
                url,
                status: status.as_u16(),
                given: self.authorization.is_some(),
            }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::NotFound { url }),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(FetchError::Unreachable { url, reason: format!("it answered HTTP {status}") })
            }
            status => Err(self.protocol(format!("it answered HTTP {status}"))),
        }
    }

    fn classify(&self, error: &reqwest::Error) -> FetchError {
        let (url, mut reason) = (self.origin.to_string(), causes(error));
        if let Some(asked) = error.url() {
            reason = reason.replace(&format!(" for url ({asked})"), ""); // a redirect's may hold a token
        }
        if error.is_timeout() {
            self.timed_out()
        } else if reason.contains("certificate") || reason.contains("UnknownIssuer") {
            FetchError::Certificate { url, reason }
        } else {
            FetchError::Unreachable { url, reason }
        }
    }

    fn timed_out(&self) -> FetchError {
        FetchError::TimedOut { url: self.origin.to_string(), timeout: self.timeout }
    }

    fn protocol(&self, reason: String) -> FetchError {
        FetchError::Protocol { url: self.origin.to_string(), reason }
    }

    fn redirected(&self, to: &Url, reason: &str) -> FetchError {
        let mut to = to.clone();
        to.set_query(None);
        let cleaned = to.set_username("").is_ok() && to.set_password(None).is_ok();
        let location = if cleaned { to.to_string() } else { to.scheme().to_owned() };
        FetchError::Redirected { url: self.origin.to_string(), location, reason: reason.into() }
    }

    /// Keeps the first failure and gives the Git library its words.
    fn record(&self, error: FetchError) -> io::Error {
        let words = io::Error::other(error.to_string());
        lock(&self.failure).get_or_insert(error);
        words
    }

    /// Counts what was received, and looks at the clock.
    fn account(&self, bytes: usize) -> io::Result<()> {
        let mut received = lock(&self.received);
        *received = received.saturating_add(bytes as u64);
        if *received > self.limit {
            let url = self.origin.to_string();
            return Err(self.record(FetchError::TooLarge { url, limit: self.limit }));
        }
        if Instant::now() > self.deadline {
            return Err(self.record(self.timed_out()));
        }
        Ok(())
    }
}

impl Http for Connection {
    type Headers = BufReader<AnswerHeaders>;
    type ResponseBody = BufReader<AnswerBody>;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let response = self
            .get_following(url, base_url, header_map(headers))
            .map_err(|error| gix::Error::from_error(self.link.record(error)))?;
        let exchange = Exchange::shared(self.link.clone(), State::Answered(Answer::new(response)));
        let (headers, body) = readers(&exchange);
        Ok(GetResponse { headers, body })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _kind: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let url = Url::parse(url).map_err(gix::Error::from_error)?;
        let question = State::Asking { url, headers: header_map(headers), body: Vec::new() };
        let exchange = Exchange::shared(self.link.clone(), question);
        let (headers, body) = readers(&exchange);
        Ok(PostResponse { post_body: Upload(exchange), headers, body })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::Result {
        Ok(()) // everything is set when the connection is made
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.moved_to.clone()
    }
}

/// A request and its answer: the request leaves when somebody reads the answer.
struct Exchange {
    link: Arc<Link>,
    state: State,
}

enum State {
    Asking { url: Url, headers: HeaderMap, body: Vec<u8> },
    Answered(Answer),
    Failed,
}

struct Answer {
    headers: Cursor<Vec<u8>>,
    body: Response,
}

impl Answer {
    /// Git looks at the content type only.
    fn new(response: Response) -> Self {
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let line = format!("content-type:{}\n", content_type.unwrap_or_default());
        Self { headers: Cursor::new(line.into_bytes()), body: response }
    }
}

impl Exchange {
    fn shared(link: Arc<Link>, state: State) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { link, state }))
    }

    fn answer(&mut self) -> io::Result<&mut Answer> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Asking { url, headers, body } => {
                let request = self.link.client.post(url.clone()).headers(headers).body(body);
                let response = self.link.send(request, &url);
                let response = response.and_then(|response| self.link.successful(response));
                State::Answered(Answer::new(response.map_err(|error| self.link.record(error))?))
            }
            state @ (State::Answered(_) | State::Failed) => state,
        };
        match &mut self.state {
            State::Answered(answer) => Ok(answer),
            State::Asking { .. } | State::Failed => Err(io::Error::other("the request failed")),
        }
    }
}

fn readers(exchange: &Arc<Mutex<Exchange>>) -> (BufReader<AnswerHeaders>, BufReader<AnswerBody>) {
    (BufReader::new(AnswerHeaders(exchange.clone())), BufReader::new(AnswerBody(exchange.clone())))
}

/// The body of a request, collected.
pub(crate) struct Upload(Arc<Mutex<Exchange>>);

/// The headers of an answer, one a line.
pub(crate) struct AnswerHeaders(Arc<Mutex<Exchange>>);

/// The body of an answer, bounded in size and time.
pub(crate) struct AnswerBody(Arc<Mutex<Exchange>>);

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut lock(&self.0).state {
            State::Asking { body, .. } => body.write(bytes),
            State::Answered(_) | State::Failed => Err(io::Error::other("the request was sent already")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for AnswerHeaders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        lock(&self.0).answer()?.headers.read(buffer)
    }
}

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut exchange = lock(&self.0);
        let read = exchange.answer()?.body.read(buffer);
        match read {
            Ok(count) => exchange.link.account(count).map(|()| count),
            Err(error) => {
                let link = &exchange.link;
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
                let failure = match inner {
                    Some(inner) => link.classify(inner),
                    None if error.kind() == io::ErrorKind::TimedOut => link.timed_out(),
                    None => FetchError::Unreachable {
                        url: link.origin.to_string(),
                        reason: format!("the connection broke: {error}"),
                    },
                };
                Err(link.record(failure))
            }
        }
    }
}

fn authorization(credentials: &Credentials, url: &Url) -> Result<Option<HeaderValue>, FetchError> {
    let text = match credentials {
        Credentials::None => return Ok(None),
        Credentials::Basic { username, password } => {
            format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose_secret())))
        }
        Credentials::Bearer(token) => format!("Bearer {}", token.expose_secret().trim()),
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| FetchError::Url {
        url: url.to_string(),
        reason: "its bearer token holds characters that a token cannot have".into(),
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// From `name: value` lines; what the Git library makes is well-formed.
fn header_map(lines: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.as_ref().split_once(':') else { continue };
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value.trim()));
        if let (Ok(name), Ok(value)) = pair {
            headers.append(name, value);
        }
    }
    headers
}

/// An error with its causes. The URLs we ask hold no credentials, so these do not either.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
