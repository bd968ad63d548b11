//! `/v1/verify` and `/v1/rotate`: does a SealedSecret open, and the same sealed anew.
//!
//! Both are for strangers. What is wrong with values that do not open (another name, another key, broken
//! bytes) is one answer: 409 without a body. Templates are not rendered. At most a few are worked on at a
//! time, beside the threads that answer everybody else.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sealward_chassis::clock;
use sealward_manifest::Manifest;
use sealward_sealing::{Newest, OpenOptions, RotateError, VerifyError, rotate, verify};
use tokio::sync::Semaphore;

use super::body::{BodyError, Received};
use super::plain;
use crate::keyring::Keyring;

/// How many values of YAML or JSON a body may hold: many more than there are in a SealedSecret that the API
/// server takes, and few enough to be held in memory whatever a body of that size consists of.
const NODES: usize = 100_000;

/// How many lines of a body may divide documents, of which all but one must be empty.
const SEPARATORS: usize = 100;

/// What is asked of a SealedSecret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Verify,
    Rotate,
}

impl Question {
    /// The path under which it is asked.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Verify => "/v1/verify",
            Self::Rotate => "/v1/rotate",
        }
    }
}

/// Answers questions about SealedSecrets, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) options: OpenOptions,
    pub(crate) turns: Arc<Semaphore>,
}

impl Desk {
    /// Answers one question, when it is its turn.
    pub(crate) async fn answer(&self, question: Question, received: Received) -> Response {
        let Ok(turn) = self.turns.clone().acquire_owned().await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "the sealer is stopping");
        };
        let (keyring, options) = (self.keyring.clone(), self.options);
        let working = tokio::task::spawn_blocking(move || {
            let answer = work(question, &received.bytes, &keyring, options);
            // The room and the turn are held for as long as it works, even if nobody waits for it any more.
            drop((received, turn));
            answer
        });
        working.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the work ended early"))
    }
}

fn work(question: Question, bytes: &[u8], keyring: &Keyring, options: OpenOptions) -> Response {
    let object = match single(bytes) {
        Ok(object) => object,
        Err(reason) => return plain(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    };
    let current = keyring.keys();
    let keys = sealward_sealing::Keys {
        ring: &current.ring,
        identities: &current.identities,
        worked_last: keyring.worked_last(),
    };
    match question {
        Question::Verify => match verify(&object, keys, options) {
            Ok(()) => StatusCode::OK.into_response(),
            Err(VerifyError::Undecryptable(_)) => StatusCode::CONFLICT.into_response(),
            Err(error @ VerifyError::NotSealedSecret(_)) => refused(&error),
        },
        Question::Rotate => {
            let newest = Newest {
                rsa: current.ring.newest(clock::now()).map(|key| key.certificate().public_key().clone()),
                age: current.identities.iter().map(|identity| identity.recipient().clone()).collect(),
            };
            match rotate(&object, keys, options, &newest) {
                Ok(object) => json(&object),
                Err(RotateError::Undecryptable(_)) => StatusCode::CONFLICT.into_response(),
                Err(
                    error @ (RotateError::NotSealedSecret(_)
                    | RotateError::NoRecipient { .. }
                    | RotateError::Recipients { .. }
                    | RotateError::Value { .. }
                    | RotateError::Manifest(_)),
                ) => refused(&error),
            }
        }
    }
}

/// The one object that a body holds, or what else it holds.
fn single(bytes: &[u8]) -> Result<Manifest, String> {
    let several = || "the body holds several objects, send them one by one".to_owned();
    let separators = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"---"));
    if separators.count() > SEPARATORS {
        return Err(several());
    }
    let mut objects =
        sealward_manifest::read_within("body", bytes, NODES).map_err(|error| error.to_string())?;
    match (objects.pop(), objects.is_empty()) {
        (Some(object), true) => Ok(object),
        (None, _) => Err("the body holds no object, it must be a SealedSecret".to_owned()),
        (Some(_), false) => Err(several()),
    }
}

fn refused(error: &dyn std::error::Error) -> Response {
    plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

fn json(object: &Manifest) -> Response {
    let text = object.root().to_json_redacted().to_string();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The answer when there is no body to look at.
pub(crate) fn without_body(error: BodyError) -> Response {
    match error {
        BodyError::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "request body too large"),
        BodyError::Broken => plain(StatusCode::BAD_REQUEST, "the request body did not arrive"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_very_many_values_is_refused_before_they_are_held() {
        let refused = |body: String| single(body.as_bytes()).unwrap_err();
        let object = r#"{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"n"}}"#;
        assert!(single(object.as_bytes()).is_ok());
        assert!(single(format!("---\n# alone\n---\n{object}\n---\n").as_bytes()).is_ok());
        let several = "the body holds several objects, send them one by one";
        assert_eq!(refused(format!("{object}\n---\n{object}")), several);
        assert_eq!(refused("{}\n---\n".repeat(1_400_000)), several);
        let many = "the file holds more than 100000 nodes";
        for body in [format!("[{}0]", "0,".repeat(5_000_000)), format!("[a, {}a]", "a, ".repeat(3_000_000))] {
            let error = refused(body);
            assert!(error.contains(many), "{error}");
        }
    }
}
