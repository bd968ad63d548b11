//! `/v1/cert.pem` and `/v1/recipients`: what a client seals for.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sealward_chassis::clock;

use crate::keyring::Keyring;

/// Routes for whoever seals. Any number of clients, no secret among the answers.
pub(crate) fn router(keyring: &Arc<Keyring>) -> Router {
    let (certificate_of, recipients_of) = (keyring.clone(), keyring.clone());
    Router::new()
        .route("/v1/cert.pem", get(async move || certificate(&certificate_of)))
        .route("/v1/recipients", get(async move || recipients(&recipients_of)))
}

/// The certificate of the newest key that is valid already.
fn certificate(keyring: &Keyring) -> Response {
    match keyring.keys().ring.newest(clock::now()) {
        Some(key) => {
            ([(header::CONTENT_TYPE, "application/x-pem-file")], key.certificate().to_pem()).into_response()
        }
        None => (StatusCode::INTERNAL_SERVER_ERROR, "cannot get certificate\n").into_response(),
    }
}

/// The age recipients, one a line.
fn recipients(keyring: &Keyring) -> Response {
    let keys = keyring.keys();
    let lines: String =
        keys.identities.iter().map(|identity| format!("{}\n", identity.recipient())).collect();
    if lines.is_empty() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "cannot get recipients\n").into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response()
}
