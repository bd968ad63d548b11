//! Why a request came to nothing.

use kube::core::Status;
use sealward_manifest::Manifest;

use crate::redact::redact;

/// Why a request came to nothing. Its text never holds the value of a Secret that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {verb} {target}: {message}")]
pub struct ActionError {
    /// What class of failure, for programs.
    pub cause: Cause,
    /// What was tried.
    pub verb: &'static str,
    /// Which object, or which kind.
    pub target: String,
    /// What the server or the connection said.
    pub message: String,
}

/// Classes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The object changed meanwhile, or another manager owns a field (409).
    Conflict,
    /// It exists already (409 on create).
    AlreadyExists,
    /// It does not exist (404).
    NotFound,
    /// The server knows no such kind in that version.
    UnknownKind,
    /// The account lacks the right (403 of RBAC).
    Forbidden,
    /// The credentials are no good (401).
    Unauthorized,
    /// An admission webhook or policy said no.
    Denied,
    /// The object does not fit its schema (400, 422).
    Invalid,
    /// The server is there, but asks to come back later (429, 5xx).
    Busy,
    /// No connection.
    Unreachable,
    /// No answer within the bound.
    TimedOut,
    /// The answer could not be read, or the request could not be made.
    Malformed,
}

impl ActionError {
    /// Whether it is of class `cause`.
    pub fn is(&self, cause: Cause) -> bool {
        self.cause == cause
    }

    pub(crate) fn malformed(
        verb: &'static str,
        target: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { cause: Cause::Malformed, verb, target: target.into(), message: message.into() }
    }

    pub(crate) fn timed_out(verb: &'static str, target: impl Into<String>) -> Self {
        let message = "no answer from the API server in time".into();
        Self { cause: Cause::TimedOut, verb, target: target.into(), message }
    }

    pub(crate) fn from_kube(
        verb: &'static str,
        target: impl Into<String>,
        error: &kube::Error,
        sent: Option<&Manifest>,
    ) -> Self {
        let (cause, message) = match error {
            kube::Error::Api(status) => (cause_of(status), redact(status, sent)),
            kube::Error::Service(source) => (Cause::Unreachable, chain(source.as_ref())),
            kube::Error::HyperError(source) => (Cause::Unreachable, chain(source)),
            kube::Error::ReadEvents(source) => (Cause::Unreachable, source.to_string()),
            kube::Error::Auth(source) => (Cause::Unauthorized, chain(source)),
            kube::Error::BuildRequest(source) => (Cause::Malformed, source.to_string()),
            // The rest may quote what was sent or received.
            _ => (Cause::Malformed, "the answer of the API server could not be read".into()),
        };
        Self { cause, verb, target: target.into(), message }
    }
}

fn cause_of(status: &Status) -> Cause {
    let denied = status.message.contains("denied the request")
        || status.message.contains("denied request:")
        || status.message.contains("failed calling webhook");
    if status.is_already_exists() {
        return Cause::AlreadyExists;
    }
    match status.code {
        500.. if status.message.contains("failed calling webhook") => Cause::Busy,
        400..=499 if denied => Cause::Denied,
        400 | 405 | 406 | 413 | 415 | 422 => Cause::Invalid,
        401 => Cause::Unauthorized,
        403 => Cause::Forbidden,
        404 => Cause::NotFound,
        409 => Cause::Conflict,
        429 | 500.. => Cause::Busy,
        _ => Cause::Malformed,
    }
}

/// The texts of an error and what caused it, without those that repeat the one before.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let part = source.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: u16, reason: &str, message: &str, expect: Cause) {
        let status = Status::failure(message, reason).with_code(code);
        assert_eq!(cause_of(&status), expect, "{code} {reason} {message}");
    }

    #[test]
    fn statuses_have_one_cause() {
        check(409, "AlreadyExists", "exists", Cause::AlreadyExists);
        check(409, "Conflict", "the object has been modified", Cause::Conflict);
        check(404, "NotFound", "gone", Cause::NotFound);
        check(403, "Forbidden", "User cannot list", Cause::Forbidden);
        check(403, "", "admission webhook \"x\" denied the request: no", Cause::Denied);
        check(
            422,
            "Invalid",
            "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no",
            Cause::Denied,
        );
        check(422, "Invalid", "spec: required", Cause::Invalid);
        check(500, "InternalError", "failed calling webhook \"x\"", Cause::Busy);
        check(429, "TooManyRequests", "", Cause::Busy);
        check(401, "Unauthorized", "", Cause::Unauthorized);
    }
}
