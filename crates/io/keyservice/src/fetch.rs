//! Certificates and recipients from files and URLs.

use std::error::Error as _;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode, Url};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Most bytes that are read from a file or URL.
pub const MAX_BYTES: usize = 1024 * 1024;
const MAX_REDIRECTS: usize = 5;

/// The SHA-256 that the bytes must have; written `sha256:` and 64 hexadecimal digits, the prefix may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

/// A text that is no [`Pin`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a SHA-256 digest, one has 64 hexadecimal digits (sha256sum FILE prints it)")]
pub struct PinError;

/// How to fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchOptions {
    /// What the bytes must hash to.
    pub pin: Option<Pin>,
    /// How long the whole of a request may take.
    pub timeout: Duration,
    /// Whether a certificate may come over plain HTTP without a pin, as kubeseal allows. The caller warns.
    pub allow_plain_http: bool,
}

impl Default for FetchOptions {
    /// No pin, 30 seconds, no plain HTTP.
    fn default() -> Self {
        Self { pin: None, timeout: Duration::from_secs(30), allow_plain_http: false }
    }
}

/// Why nothing was fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The file cannot be read.
    #[error("cannot read {path:?}: {source}")]
    File {
        /// As given.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The text starts like a URL and is none that is understood.
    #[error("{url:?} is not a file, file://, http:// or https:// URL")]
    Url {
        /// Without credentials, if it is a URL at all.
        url: String,
    },
    /// The key could be replaced on its way.
    #[error("{url:?} is not protected: use https, or give the SHA-256 digest that the content must have")]
    PlainHttp {
        /// Without credentials and query.
        url: String,
    },
    /// The server answered with another status than 200.
    #[error("cannot fetch {url:?}: {status}")]
    Status {
        /// Without credentials and query.
        url: String,
        /// `404 Not Found`.
        status: StatusCode,
    },
    /// No answer, a broken one, or one that came too late.
    #[error("cannot fetch {url:?}: {reason}")]
    Request {
        /// Without credentials and query.
        url: String,
        /// The causes, innermost last.
        reason: String,
    },
    /// More than [`MAX_BYTES`].
    #[error("{source_name:?} is larger than 1 MiB, which no certificate is")]
    TooLarge {
        /// File or URL.
        source_name: String,
    },
    /// The bytes are others than those that were expected.
    #[error(
        "{source_name:?} has the digest {found}, not the expected one: do not seal with it before you know why"
    )]
    PinMismatch {
        /// File or URL.
        source_name: String,
        /// What was found.
        found: Pin,
    },
}

/// Reads a certificate from `FILE`, a `file://` URL, or an `http(s)://` URL; returns the bytes as they are.
pub async fn certificate(source: &str, options: &FetchOptions) -> Result<Vec<u8>, FetchError> {
    read(source, options, options.allow_plain_http).await
}

/// Reads a list of recipients as [`certificate`] does, but over plain HTTP with a pin only, whatever the options say.
pub async fn recipients(source: &str, options: &FetchOptions) -> Result<Vec<u8>, FetchError> {
    read(source, options, false).await
}

async fn read(source: &str, options: &FetchOptions, allow_plain_http: bool) -> Result<Vec<u8>, FetchError> {
    let (name, bytes) = match place(source)? {
        Place::File(path) => {
            let bytes = read_file(&path)?;
            (path, bytes)
        }
        Place::Url(url) => {
            let name = shown(&url);
            if url.scheme() == "http" && !allow_plain_http && options.pin.is_none() {
                return Err(FetchError::PlainHttp { url: name });
            }
            let bytes = request(url, options.timeout).await?;
            (name, bytes)
        }
    };
    let found = Pin::of(&bytes);
    match options.pin {
        Some(pin) if pin != found => Err(FetchError::PinMismatch { source_name: name, found }),
        Some(_) | None => Ok(bytes),
    }
}

enum Place {
    File(String),
    Url(Url),
}

/// A text with `://` in it is a URL, all else a path, as kubeseal has it.
fn place(source: &str) -> Result<Place, FetchError> {
    if !source.contains("://") {
        return Ok(Place::File(source.to_owned()));
    }
    let unknown = |url: &str| FetchError::Url { url: url.to_owned() };
    let url = Url::parse(source).map_err(|_| unknown("…"))?;
    match url.scheme() {
        "file" => {
            let path = url.to_file_path().map_err(|()| unknown(&shown(&url)))?;
            Ok(Place::File(path.to_string_lossy().into_owned()))
        }
        "http" | "https" => Ok(Place::Url(url)),
        _ => Err(unknown(&shown(&url))),
    }
}

fn read_file(path: &str) -> Result<Vec<u8>, FetchError> {
    let failed = |source| FetchError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(FetchError::TooLarge { source_name: path.to_owned() });
    }
    Ok(bytes)
}

async fn request(url: Url, timeout: Duration) -> Result<Vec<u8>, FetchError> {
    let name = shown(&url);
    let failed = |error: reqwest::Error| FetchError::Request { url: name.clone(), reason: reason(error) };
    let client = Client::builder()
        .timeout(timeout)
        .redirect(Policy::custom(never_to_plain_http))
        .build()
        .map_err(failed)?;
    let mut response =
        client.get(url).header("Accept", "application/x-pem-file, */*").send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status { url: name, status: response.status() });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLarge { source_name: name });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn never_to_plain_http(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_protected = attempt.previous().iter().any(|url| url.scheme() == "https");
    if was_protected && attempt.url().scheme() != "https" {
        attempt.error("redirected from https to an unprotected URL")
    } else if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("redirected too often")
    } else {
        attempt.follow()
    }
}

/// The URL without what may be a secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// All causes in one line; reqwest's own text would repeat the URL with its query.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl Pin {
    /// The pin that these bytes have.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let mut bytes = [0u8; 32];
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(PinError);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2).ok_or(PinError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| PinError)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
