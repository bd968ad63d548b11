//! HTTP and HTTPS servers that end by finishing what they began.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::NoServerSessionStorage;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::certificate::CertificateSlot;

/// The bounds of a server.
#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// For the TLS handshake.
    pub handshake_timeout: Duration,
    /// For the first request to arrive, and for the head of each further one in HTTP/1.
    pub header_timeout: Duration,
    /// After this long a connection is asked to end after its running requests, so that a client that
    /// keeps one for ever looks up the name and the certificate again.
    pub max_age: Duration,
    /// How long connections are still accepted after the token was cancelled: the time that the cluster
    /// needs to take us out of its endpoints.
    pub linger: Duration,
    /// How long running requests may take to finish after that; then they are cut.
    pub drain: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            connections: 512,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(15),
            max_age: Duration::from_secs(5 * 60),
            linger: Duration::from_secs(3),
            drain: Duration::from_secs(15),
        }
    }
}

/// Why a server could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The TLS library refused its configuration.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Serves `router` over plain HTTP/1 until `stopping` is cancelled and what was running has ended.
///
/// Handlers find the address of the peer as axum's `ConnectInfo<SocketAddr>`, here and in [`https`].
///
/// # Errors
/// None at present: a connection that fails is that client's matter. The type lets it stand beside
/// [`https`] in [`crate::tasks::Tasks`].
pub async fn http(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    stopping: CancellationToken,
) -> Result<(), ServeError> {
    let server = Arc::new(Server { router, options, tls: None, closing: CancellationToken::new() });
    server.run(listener, stopping).await;
    Ok(())
}

/// Serves `router` over HTTPS (TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2) with the certificate that stands in
/// `slot` at each handshake, until `stopping` is cancelled and what was running has ended.
///
/// Sessions are not resumed, so that a new certificate is seen by every new connection.
///
/// # Errors
/// [`ServeError`] when TLS cannot be set up.
pub async fn https(
    listener: TcpListener,
    router: Router,
    slot: Arc<CertificateSlot>,
    options: ServeOptions,
    stopping: CancellationToken,
) -> Result<(), ServeError> {
    let tls = Some(acceptor(slot)?);
    let server = Arc::new(Server { router, options, tls, closing: CancellationToken::new() });
    server.run(listener, stopping).await;
    Ok(())
}

fn acceptor(slot: Arc<CertificateSlot>) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(slot);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

struct Server {
    router: Router,
    options: ServeOptions,
    tls: Option<TlsAcceptor>,
    /// Tells connections to end after their running requests.
    closing: CancellationToken,
}

impl Server {
    async fn run(self: Arc<Self>, listener: TcpListener, stopping: CancellationToken) {
        let mut connections = JoinSet::new();
        let slots = Arc::new(Semaphore::new(self.options.connections.max(1)));
        let last_call = async {
            stopping.cancelled().await;
            sleep(self.options.linger).await;
        };
        tokio::pin!(last_call);
        loop {
            tokio::select! {
                biased;
                () = &mut last_call => break,
                Some(_) = connections.join_next() => {}
                (stream, slot) = accept(&listener, &slots) => {
                    connections.spawn(self.clone().answer(stream, slot));
                }
            }
        }
        drop(listener);
        self.closing.cancel();
        // Each connection bounds its own end, the sum of both waits included.
        while connections.join_next().await.is_some() {}
    }

    async fn answer(self: Arc<Self>, stream: TcpStream, _slot: OwnedSemaphorePermit) {
        // A connection without a peer has ended already.
        let Ok(peer) = stream.peer_addr() else { return };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let Some(tls) = &self.tls else {
            return self.converse(stream, peer, false).await;
        };
        let handshake = timeout(self.options.handshake_timeout, tls.accept(stream));
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            () = self.closing.cancelled() => return,
        };
        match accepted {
            Ok(Ok(stream)) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.converse(stream, peer, http2).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn converse<S>(&self, stream: S, peer: SocketAddr, http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(AtomicBool::new(false));
        let service = self.service(peer, asked.clone());
        let builder = self.builder(http2);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let silent = async {
            sleep(self.options.header_timeout).await;
            if asked.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = connection.as_mut() => return log_end(ended),
            () = silent => return tracing::debug!("connection sent no request in time"),
            () = sleep(self.options.max_age) => {}
            () = self.closing.cancelled() => {}
        }
        connection.as_mut().graceful_shutdown();
        match timeout(self.options.drain, connection).await {
            Ok(ended) => log_end(ended),
            Err(_) => tracing::warn!("connection did not drain in time and is cut"),
        }
    }

    fn service(
        &self,
        peer: SocketAddr,
        asked: Arc<AtomicBool>,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = axum::response::Response,
        Error = Infallible,
        Future: Send,
    > + use<> {
        let router = self.router.clone();
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        })
    }

    fn builder(&self, http2: bool) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.options.header_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(256)
            .max_header_list_size(64 * 1024)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        if http2 { builder.http2_only() } else { builder.http1_only() }
    }
}

/// Waits for room, then for a connection; an error of accept (too many open files, a client gone
/// again) is no reason to stop.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else {
            std::future::pending().await // never: the semaphore is not closed
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn log_end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended with an error");
    }
}
