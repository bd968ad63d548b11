//! Files and URLs, against a real listener on loopback that answers with fixed bytes.
#![expect(clippy::unwrap_used, reason = "tests fail loudly, helpers too")]

use std::time::Duration;

use sealward_keyservice::{
    FetchError, FetchOptions, MAX_BYTES, Pin, certificate, identities_from_file, recipients,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves each connection with the next answer; returns `http://127.0.0.1:PORT`.
async fn serve(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{address}")
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn lax() -> FetchOptions {
    FetchOptions { allow_plain_http: true, timeout: Duration::from_secs(5), ..FetchOptions::default() }
}

#[tokio::test]
async fn files_are_read_by_path_and_by_url() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a certificate.pem");
    std::fs::write(&path, "pem").unwrap();
    let options = FetchOptions::default();
    let path = path.to_str().unwrap();
    assert_eq!(certificate(path, &options).await.unwrap(), b"pem");
    let url = format!("file://{}", path.replace(' ', "%20"));
    assert_eq!(certificate(&url, &options).await.unwrap(), b"pem");

    let missing = certificate("no/such/file", &options).await.unwrap_err();
    assert!(missing.to_string().starts_with(r#"cannot read "no/such/file": "#), "{missing}");
    std::fs::write(path, vec![b'x'; MAX_BYTES + 1]).unwrap();
    assert!(matches!(certificate(path, &options).await, Err(FetchError::TooLarge { .. })));
    std::fs::write(path, vec![b'x'; MAX_BYTES]).unwrap();
    assert_eq!(certificate(path, &options).await.unwrap().len(), MAX_BYTES);
}

#[tokio::test]
async fn plain_http_needs_consent_or_a_pin_and_recipients_a_pin() {
    let url = serve(vec![ok(b"pem"), ok(b"pem"), ok(b"pem"), ok(b"other")]).await;
    let pinned = FetchOptions { pin: Some(Pin::of(b"pem")), ..FetchOptions::default() };
    let refused = |result: Result<Vec<u8>, FetchError>| matches!(result, Err(FetchError::PlainHttp { .. }));
    assert!(refused(certificate(&url, &FetchOptions::default()).await));
    assert!(refused(recipients(&url, &lax()).await));
    assert_eq!(certificate(&url, &lax()).await.unwrap(), b"pem");
    assert_eq!(certificate(&url, &pinned).await.unwrap(), b"pem");
    assert_eq!(recipients(&url, &pinned).await.unwrap(), b"pem");
    let error = recipients(&url, &pinned).await.unwrap_err();
    let FetchError::PinMismatch { found, .. } = &error else { panic!("{error}") };
    assert_eq!(*found, Pin::of(b"other"));
}

#[tokio::test]
async fn statuses_read_as_kubeseals() {
    let url = serve(vec![b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()]).await;
    let error = certificate(&format!("{url}/v1/cert.pem"), &lax()).await.unwrap_err();
    assert_eq!(error.to_string(), format!(r#"cannot fetch "{url}/v1/cert.pem": 404 Not Found"#));
}

#[tokio::test]
async fn bodies_are_bounded_whatever_length_they_announce() {
    let body = vec![b'x'; MAX_BYTES + 1];
    let unannounced = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".as_slice(), &body].concat();
    let url = serve(vec![ok(&body), unannounced]).await;
    for _ in 0..2 {
        assert!(matches!(certificate(&url, &lax()).await, Err(FetchError::TooLarge { .. })));
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = FetchOptions { timeout: Duration::from_millis(200), ..lax() };
    let error = certificate(&url, &options).await.unwrap_err();
    assert!(matches!(error, FetchError::Request { .. }), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_certificate_authority_that_nobody_trusts_is_refused_before_anything_is_asked() {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/v1/cert.pem", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config)).accept(stream).await.map(drop)
    });
    let error = certificate(&url, &lax()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(server.await.unwrap().is_err(), "the handshake never ends");
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let target = serve(vec![ok(b"pem")]).await;
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let url = serve(vec![redirect(&target)]).await;
    assert_eq!(certificate(&url, &lax()).await.unwrap(), b"pem");
    let url = serve(vec![redirect("/again"); 20]).await;
    let error = certificate(&url, &lax()).await.unwrap_err();
    assert!(error.to_string().contains("redirected too often"), "{error}");
}

#[tokio::test]
async fn messages_hide_credentials_and_queries() {
    for url in [
        "http://user:hunter2@127.0.0.1:1/x?token=hunter2",
        "ftp://user:hunter2@host/x",
        "http://hunter2:p@:0",
    ] {
        let error = certificate(url, &lax()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn pins_are_read_as_sha256sum_prints_them() {
    let pin = Pin::of(b"pem");
    let text = pin.to_string();
    assert_eq!(text.parse(), Ok(pin));
    assert_eq!(text.trim_start_matches("sha256:").to_uppercase().parse(), Ok(pin));
    for broken in ["", "sha256:", &text[..70], &format!("{text}0"), &text.replace(['a', 'b', '1'], "g")] {
        assert!(broken.parse::<Pin>().is_err(), "{broken}");
    }
}

#[test]
fn identity_files_are_read_and_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    let refused = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        identities_from_file(&path).unwrap_err().to_string()
    };
    let secret = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    std::fs::write(&path, format!("# a comment\n{secret}\n")).unwrap();
    let identities = identities_from_file(&path).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&identities[0].to_secret_string()), secret);

    let broken = refused(format!("\n{secret}X\n").as_bytes());
    assert!(
        broken.contains("keys.txt: line 2: not an age identity") && !broken.contains("GQ9778"),
        "{broken}"
    );
    assert!(refused(b"").contains("no age identity found"));
    assert!(refused(&[0xff]).contains("cannot read identity file"));
    assert!(refused(&vec![b'#'; MAX_BYTES + 1]).contains("larger than 1 MiB"));
    assert!(identities_from_file(&folder.path().join("none")).is_err());
}
