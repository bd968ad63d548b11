//! Whom to seal for: files, URLs, the command line, or what the cluster's sealer hands out.

use sealward_chassis::clock;
use sealward_keys::{AgeRecipient, Certificate, RsaPublicKey, parse_recipients};
use sealward_keyservice::{FetchOptions, Pin};
use sealward_sealing::{AgeRecipients, Recipients};

use super::error::{Asked, SealError};
use super::request::{Manner, Request, Source};
use super::sealer::{Sealer, runtime};
use crate::output;

/// Whom `request` seals for.
pub(crate) fn recipients(request: &Request) -> Result<Recipients, SealError> {
    match &request.source {
        Source::Certificate(_) | Source::Cluster => Ok(Recipients::Rsa(public_key(request)?)),
        Source::Recipients(texts) => age(texts
            .iter()
            .enumerate()
            .map(|(index, text)| recipient(index, text))
            .collect::<Result<_, _>>()?),
        Source::ClusterRecipients(url) => age(fetched(request, url.as_deref())?),
    }
}

/// The certificate that `request` names, as it came, and a name for it.
pub(crate) fn certificate(request: &Request) -> Result<(String, Vec<u8>), SealError> {
    let Source::Certificate(source) = &request.source else {
        return Ok(("the sealer's certificate".to_owned(), ask(request, "/v1/cert.pem")?));
    };
    if source.starts_with("http://") && request.digest.is_none() && request.manner == Manner::Sealward {
        output::talk("warning: a certificate fetched over http can be anybody's; use https or --digest\n");
    }
    let options = FetchOptions { pin: request.digest, allow_plain_http: true, ..FetchOptions::default() };
    let pem = runtime()?.block_on(sealward_keyservice::certificate(source, &options));
    // A URL may hold credentials.
    let name = if source.contains("://") { "the fetched certificate".to_owned() } else { source.clone() };
    Ok((name, pem.map_err(SealError::Fetch)?))
}

/// The key of the certificate that `request` names, when that may be sealed for today.
fn public_key(request: &Request) -> Result<RsaPublicKey, SealError> {
    let (name, pem) = certificate(request)?;
    let checked = Certificate::from_pem(&pem)
        .and_then(|certificate| certificate.check_validity(clock::now()).map(|()| certificate));
    match checked {
        Ok(certificate) => Ok(certificate.public_key().clone()),
        Err(error) => Err(SealError::Certificate { name, error }),
    }
}

fn age(recipients: Vec<AgeRecipient>) -> Result<Recipients, SealError> {
    let recipients = AgeRecipients::new(recipients);
    Ok(Recipients::Age(recipients.map_err(|error| SealError::Recipients(error.to_string()))?))
}

/// A recipient on the command line; which one is wrong is said without repeating what may be a secret.
fn recipient(index: usize, text: &str) -> Result<AgeRecipient, SealError> {
    text.parse().map_err(|error: sealward_keys::AgeKeyError| {
        let start: String = text.chars().take(12).filter(char::is_ascii_alphanumeric).collect();
        let shown = if start.starts_with("age1") { format!(" ({start}…)") } else { String::new() };
        SealError::Recipient {
            place: format!("--recipient number {}{shown}", index + 1),
            problem: error.to_string(),
        }
    })
}

/// Whoever changes this list reads every value sealed for it: it comes over the API server, over
/// verified https, or with a digest.
fn fetched(request: &Request, url: Option<&str>) -> Result<Vec<AgeRecipient>, SealError> {
    let bytes = match url {
        None => ask(request, "/v1/recipients")?,
        Some(url) => {
            let options = FetchOptions { pin: request.digest, ..FetchOptions::default() };
            runtime()?.block_on(sealward_keyservice::recipients(url, &options)).map_err(SealError::Fetch)?
        }
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| SealError::Recipients("the list of recipients is no text".to_owned()))?;
    parse_recipients(&text)
        .map_err(|error| SealError::Recipients(format!("the sealer's recipients: {error}")))
}

/// What the sealer answers to a GET of `path`, held against --digest.
fn ask(request: &Request, path: &str) -> Result<Vec<u8>, SealError> {
    let sealer = Sealer::find(request, &Asked::ForKeys)?;
    let bytes = sealer.get(path, Asked::ForKeys)?.into_bytes();
    match request.digest {
        Some(pin) if pin != Pin::of(&bytes) => {
            Err(SealError::Digest { path: path.to_owned(), found: Pin::of(&bytes) })
        }
        Some(_) | None => Ok(bytes),
    }
}
