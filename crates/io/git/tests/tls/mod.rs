//! A Git server behind TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use sealward_testkit::GitServer;

/// Ends TLS in front of `server` with a certificate of its own for localhost, one request a connection;
/// returns its URL and the certificate.
pub(crate) fn behind_tls(server: &GitServer) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (config, to) = (Arc::new(config), server.url().replace("http://", ""));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let tls = rustls::StreamOwned::new(session, stream.unwrap());
            pass_on(tls, &to).ok(); // a client that does not trust us hangs up
        }
    });
    (url, made.cert.pem())
}

fn pass_on(mut client: impl Read + Write, to: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let complete = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    };
    while !complete(&request) {
        let read = client.read(&mut buffer)?;
        request
            .extend(buffer.get(..read).filter(|bytes| !bytes.is_empty()).ok_or(std::io::ErrorKind::Other)?);
    }
    let mut server = TcpStream::connect(to)?;
    server.write_all(&request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    client.write_all(&answer)?;
    client.flush()
}
