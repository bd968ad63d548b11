//! The servers over loopback: certificates swapped while serving, drain, and the bounds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use sealward_chassis::certificate::CertificateSlot;
use sealward_chassis::readiness::Readiness;
use sealward_chassis::serve::{self, ServeError, ServeOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(120);

fn quick() -> ServeOptions {
    ServeOptions { linger: Duration::ZERO, ..ServeOptions::default() }
}

/// A handler that says when it was reached and answers when it is told to.
#[derive(Clone, Default)]
struct Gate {
    reached: Arc<Notify>,
    open: Arc<Notify>,
}

impl Gate {
    fn router(&self) -> Router {
        let gate = self.clone();
        let wait = async move || {
            gate.reached.notify_one();
            gate.open.notified().await;
            "done"
        };
        Router::new().route("/wait", get(wait)).route("/", get(async || "hello"))
    }
}

struct Running {
    port: u16,
    token: CancellationToken,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    async fn http(router: Router, options: ServeOptions) -> Self {
        let (listener, port, token) = listen().await;
        let server = tokio::spawn(serve::http(listener, router, options, token.clone()));
        Self { port, token, server }
    }

    async fn https(slot: Arc<CertificateSlot>, options: ServeOptions) -> Self {
        let (listener, port, token) = listen().await;
        let router = Gate::default().router();
        let server = tokio::spawn(serve::https(listener, router, slot, options, token.clone()));
        Self { port, token, server }
    }

    async fn ended(self) {
        timeout(PATIENCE, self.server).await.unwrap().unwrap().unwrap();
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }
}

async fn listen() -> (TcpListener, u16, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port, CancellationToken::new())
}

async fn say(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
}

async fn hear(stream: &mut TcpStream, expect: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(expect) {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "closed before {expect:?}, after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap().ok();
}

#[tokio::test]
async fn drain_finishes_what_runs_and_takes_nothing_new() {
    let gate = Gate::default();
    let running = Running::http(gate.router(), quick()).await;
    let mut stream = running.connect().await;
    say(&mut stream, "/wait").await;
    timeout(PATIENCE, gate.reached.notified()).await.unwrap();
    running.token.cancel();
    let refused = async {
        while TcpStream::connect(("127.0.0.1", running.port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.unwrap();
    assert!(!running.server.is_finished());
    gate.open.notify_one();
    assert!(hear(&mut stream, "done").await.starts_with("HTTP/1.1 200"));
    closed(&mut stream).await;
    running.ended().await;
}

#[tokio::test]
async fn readiness_falls_first_while_connections_are_still_taken() {
    let (listener, port, token) = listen().await;
    let readiness = Readiness::new(token.clone());
    readiness.condition("policies").set(true);
    let options = ServeOptions { linger: Duration::from_secs(3600), ..ServeOptions::default() };
    let server = tokio::spawn(serve::http(listener, readiness.router(), options, token.clone()));
    let running = Running { port, token, server };
    let mut stream = running.connect().await;
    say(&mut stream, "/readyz").await;
    assert!(hear(&mut stream, "ok").await.starts_with("HTTP/1.1 200"));
    running.token.cancel();
    let mut second = running.connect().await;
    say(&mut second, "/readyz").await;
    assert!(hear(&mut second, "waiting for: shutdown").await.starts_with("HTTP/1.1 503"));
    say(&mut stream, "/healthz").await;
    hear(&mut stream, "ok").await;
    running.server.abort();
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_after_the_drain() {
    let gate = Gate::default();
    let options = ServeOptions { drain: Duration::from_millis(50), ..quick() };
    let running = Running::http(gate.router(), options).await;
    let mut stream = running.connect().await;
    say(&mut stream, "/wait").await;
    timeout(PATIENCE, gate.reached.notified()).await.unwrap();
    running.token.cancel();
    running.ended().await;
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let options = ServeOptions { header_timeout: Duration::from_millis(50), ..quick() };
    let running = Running::http(Gate::default().router(), options).await;
    closed(&mut running.connect().await).await;
    let mut half = running.connect().await;
    half.write_all(b"GET / HT").await.unwrap();
    closed(&mut half).await;
    running.token.cancel();
    running.ended().await;
}

#[tokio::test]
async fn an_old_connection_ends_after_its_request() {
    let gate = Gate::default();
    // Old enough that its request has come by then; no other bound ends it.
    let never = Duration::from_secs(3600);
    let options = ServeOptions { max_age: Duration::from_secs(3), header_timeout: never, ..quick() };
    let running = Running::http(gate.router(), options).await;
    let mut stream = running.connect().await;
    say(&mut stream, "/wait").await;
    timeout(PATIENCE, gate.reached.notified()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3100)).await; // time is what is tested here
    gate.open.notify_one();
    assert!(hear(&mut stream, "done").await.starts_with("HTTP/1.1 200"));
    closed(&mut stream).await;
    running.token.cancel();
    running.ended().await;
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let options = ServeOptions { connections: 1, ..quick() };
    let running = Running::http(Gate::default().router(), options).await;
    let mut first = running.connect().await;
    say(&mut first, "/").await;
    hear(&mut first, "hello").await;
    let mut second = running.connect().await; // in the kernel's queue
    say(&mut second, "/").await;
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(100), second.read(&mut byte)).await.is_err());
    drop(first);
    hear(&mut second, "hello").await;
    running.token.cancel();
    closed(&mut second).await;
    running.ended().await;
}

struct Pair {
    chain: String,
    key: String,
}

fn pair() -> Pair {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Pair { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

/// A client that trusts `pair` only.
fn client(pair: &Pair) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(pair.chain.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).timeout(PATIENCE).no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_served_to_new_connections() {
    let (old, new) = (pair(), pair());
    let slot = CertificateSlot::empty();
    let running = Running::https(slot.clone(), quick()).await;
    let url = format!("https://localhost:{}/", running.port);
    assert!(client(&old).get(&url).send().await.is_err(), "no certificate, no handshake");

    slot.replace(old.chain.as_bytes(), old.key.as_bytes()).unwrap();
    let kept = client(&old);
    let response = kept.get(&url).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(response.text().await.unwrap(), "hello");

    slot.replace(new.chain.as_bytes(), new.key.as_bytes()).unwrap();
    assert!(client(&old).get(&url).send().await.is_err(), "the old one is gone");
    client(&new).get(&url).send().await.unwrap();
    kept.get(&url).send().await.unwrap(); // its connection was open before

    assert!(slot.replace(b"nonsense", b"nonsense").is_err());
    client(&new).get(&url).send().await.unwrap();
    running.token.cancel();
    running.ended().await;
}

#[tokio::test]
async fn plain_text_and_silence_do_not_hold_a_tls_connection() {
    let slot = CertificateSlot::empty();
    let good = pair();
    slot.replace(good.chain.as_bytes(), good.key.as_bytes()).unwrap();
    let options = ServeOptions { handshake_timeout: Duration::from_millis(100), ..quick() };
    let running = Running::https(slot, options).await;
    let mut plain = running.connect().await;
    say(&mut plain, "/").await;
    closed(&mut plain).await;
    closed(&mut running.connect().await).await;
    running.token.cancel();
    running.ended().await;
}
