//! Whose a token is, as the API server says.

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::api::{Api, PostParams};
use secrecy::{ExposeSecret, SecretString};

use crate::cluster::{Cluster, REQUEST_BOUND};
use crate::error::ActionError;

/// What the API server says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// It is good, and this account's.
    Account(String),
    /// It is not.
    Refused,
}

impl Cluster {
    /// Asks whose `token` is, by TokenReview. With an `audience` it must be for that one, else for the API
    /// server itself.
    ///
    /// # Errors
    /// [`ActionError`] when the server cannot be asked, or this account may not ask.
    pub async fn review_token(
        &self,
        token: &SecretString,
        audience: Option<&str>,
    ) -> Result<Reviewed, ActionError> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: token.expose_secret().to_owned(),
                audiences: audience.map(|audience| vec![audience.to_owned()]),
            },
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.client().clone());
        let answer = tokio::time::timeout(REQUEST_BOUND, api.create(&PostParams::default(), &review)).await;
        let answer = answer
            .map_err(|_| ActionError::timed_out("review", "a token"))?
            .map_err(|error| ActionError::from_kube("review", "a token", &error, None))?;
        let status = answer.status.unwrap_or_default();
        // An authenticator that knows nothing of audiences answers without any: it has not looked.
        let is_for_us = audience.is_none_or(|audience| {
            status.audiences.unwrap_or_default().iter().any(|found| found == audience)
        });
        let account = status.user.and_then(|user| user.username).filter(|name| !name.is_empty());
        Ok(match account {
            Some(account) if status.authenticated == Some(true) && is_for_us => Reviewed::Account(account),
            _ => Reviewed::Refused,
        })
    }
}
