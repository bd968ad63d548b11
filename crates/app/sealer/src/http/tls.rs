//! The second port: a certificate from files, and clients that the API server vouches for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use sealward_chassis::certificate::CertificateSlot;
use sealward_cluster::{Cluster, Reviewed};
use sealward_manifest::document::SecretString;

use super::plain;

/// How often the files are looked at: a kubelet takes about a minute to bring a new Secret into a volume.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The longest token: those of the API server have about a thousand bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

/// Lets those pass who bring a token of the cluster.
#[derive(Debug)]
pub(crate) struct TokenGate {
    pub(crate) cluster: Cluster,
    /// Audience that tokens must be for; the API server's own when there is none.
    pub(crate) audience: Option<String>,
}

impl TokenGate {
    /// Asks the API server about the token in `headers`.
    ///
    /// # Errors
    /// The answer to give instead: 401 without a token or with one that is no good, 503 when the API server
    /// cannot be asked.
    pub(crate) async fn check(&self, headers: &HeaderMap) -> Result<(), Response> {
        let token = token(headers).ok_or_else(unauthorized)?;
        match self.cluster.review_token(&token, self.audience.as_deref()).await {
            Ok(Reviewed::Account(account)) => {
                tracing::debug!(account, "a client was let in");
                Ok(())
            }
            Ok(Reviewed::Refused) => Err(unauthorized()),
            Err(error) => {
                tracing::warn!(%error, "a token could not be reviewed");
                Err(plain(StatusCode::SERVICE_UNAVAILABLE, "the API server cannot be asked about the token"))
            }
        }
    }
}

fn token(headers: &HeaderMap) -> Option<SecretString> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= LONGEST_TOKEN;
    fits.then(|| SecretString::from(token))
}

fn unauthorized() -> Response {
    let mut answer = plain(StatusCode::UNAUTHORIZED, "a bearer token of this cluster is needed");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

/// Certificate and key in files that somebody else renews.
#[derive(Debug)]
pub(crate) struct CertificateFiles {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl CertificateFiles {
    /// Fills `slot` from the files.
    ///
    /// # Errors
    /// When they cannot be read or do not hold a pair; what stood in the slot stays.
    pub(crate) async fn load(&self, slot: &CertificateSlot) -> anyhow::Result<()> {
        let read = async |path: &PathBuf| {
            tokio::fs::read(path).await.with_context(|| format!("cannot read {}", path.display()))
        };
        let (chain, key) = (read(&self.chain).await?, read(&self.key).await?);
        slot.replace(&chain, &key)
            .with_context(|| format!("{} and {}", self.chain.display(), self.key.display()))
    }

    /// Keeps `slot` as the files are. A pair that does not load is reported, and the old one stays.
    pub(crate) async fn follow(self, slot: Arc<CertificateSlot>) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            if let Err(error) = self.load(&slot).await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the certificate of the TLS port is not renewed"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealward_manifest::document::ExposeSecret;

    #[test]
    fn only_a_bearer_token_is_one() {
        let check = |value: Option<&str>, expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let found = token(&headers).map(|token| token.expose_secret().to_owned());
            assert_eq!(found.as_deref(), expect, "{value:?}");
        };
        check(None, None);
        check(Some("Bearer abc"), Some("abc"));
        check(Some("bearer  abc "), Some("abc"));
        check(Some("Basic abc"), None);
        check(Some("Bearer "), None);
        check(Some("Bearer"), None);
        check(Some(&format!("Bearer {}", "x".repeat(LONGEST_TOKEN + 1))), None);
    }
}
