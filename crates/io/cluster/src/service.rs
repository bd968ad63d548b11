//! A Service reached through the API server's proxy, as kubeseal reaches its controller.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::error::chain;

/// Most time that one request takes when nobody says otherwise.
const BOUND: Duration = Duration::from_secs(20);
/// Longest part of an answer that a message repeats.
const SHOWN: usize = 400;

/// A Service that is there. The rights are `get` on it and `get` and `create` on its services/proxy.
#[derive(Debug, Clone)]
pub struct Service {
    cluster: Cluster,
    namespace: String,
    name: String,
    port: String,
    bound: Duration,
}

/// Why a Service gave no answer, or none that is of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// It was not found, or may not be looked at.
    #[error("cannot find the Service {namespace}/{name}: {message}")]
    Lookup {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What the API server or the connection said.
        message: String,
    },
    /// Nothing stands behind it.
    #[error("the Service {service} has no endpoints: no Pod behind it is ready")]
    NoEndpoints {
        /// `namespace/name`.
        service: String,
    },
    /// No answer in time.
    #[error("the Service {service} gave no answer to {path} within {} s", bound.as_secs())]
    TimedOut {
        /// `namespace/name`.
        service: String,
        /// What was asked for.
        path: String,
        /// How long was waited.
        bound: Duration,
    },
    /// No connection to the API server.
    #[error("cannot ask the Service {service} for {path}: {message}")]
    Unreachable {
        /// `namespace/name`.
        service: String,
        /// What was asked for.
        path: String,
        /// What the connection said.
        message: String,
    },
    /// It answered, or the API server in its place, but with no success.
    #[error("the Service {service} answers {path} with {status}: {message}")]
    Refused {
        /// `namespace/name`.
        service: String,
        /// What was asked for.
        path: String,
        /// HTTP status.
        status: u16,
        /// The first of what it said.
        message: String,
    },
}

impl Cluster {
    /// The Service `name` in `namespace`, to be asked on its first port; each request takes `bound` at most
    /// (20 seconds without one).
    ///
    /// # Errors
    /// [`ServiceError::Lookup`].
    pub async fn service(
        &self,
        namespace: &str,
        name: &str,
        bound: Option<Duration>,
    ) -> Result<Service, ServiceError> {
        let failed = |message: String| ServiceError::Lookup {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            message,
        };
        if ![namespace, name].into_iter().all(is_name) {
            return Err(failed("that is no name of a Service and its namespace".to_owned()));
        }
        let bound = bound.unwrap_or(BOUND);
        let url = format!("/api/v1/namespaces/{namespace}/services/{name}");
        let request = http::Request::get(url).body(Vec::new()).map_err(|error| failed(error.to_string()))?;
        let asked = tokio::time::timeout(bound, self.client().request_text(request)).await;
        let text = asked
            .map_err(|_| failed(format!("no answer from the API server within {} s", bound.as_secs())))?
            .map_err(|error| failed(said(&error)))?;
        let service: Value = serde_json::from_str(&text)
            .map_err(|_| failed("the answer of the API server is no JSON".to_owned()))?;
        let ports = service.pointer("/spec/ports").and_then(Value::as_array);
        let first = ports.and_then(|ports| ports.first());
        let first = first.ok_or_else(|| failed("the Service has no port".to_owned()))?;
        // Empty for a port without a name: the proxy then takes the only one.
        let port = first.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Service {
            cluster: self.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            port,
            bound,
        })
    }
}

impl Service {
    /// What a GET of `path` (`/v1/cert.pem`) answers.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn get(&self, path: &str) -> Result<String, ServiceError> {
        self.ask(
            path,
            http::Request::get(self.url(path)).header("Accept", "application/x-pem-file, */*"),
            Vec::new(),
        )
        .await
    }

    /// What a POST of the JSON `body` to `path` (`/v1/verify`) answers.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn post(&self, path: &str, body: Vec<u8>) -> Result<String, ServiceError> {
        let request = http::Request::post(self.url(path)).header("Content-Type", "application/json");
        self.ask(path, request, body).await
    }

    async fn ask(
        &self,
        path: &str,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<String, ServiceError> {
        let service = format!("{}/{}", self.namespace, self.name);
        let unreachable =
            |message| ServiceError::Unreachable { service: service.clone(), path: path.to_owned(), message };
        let request = request.body(body).map_err(|error| unreachable(error.to_string()))?;
        match tokio::time::timeout(self.bound, self.cluster.client().request_text(request)).await {
            Err(_) => Err(ServiceError::TimedOut { service, path: path.to_owned(), bound: self.bound }),
            Ok(Ok(text)) => Ok(text),
            Ok(Err(kube::Error::Api(status))) if self.is_empty(&status) => {
                Err(ServiceError::NoEndpoints { service })
            }
            Ok(Err(kube::Error::Api(status))) => Err(ServiceError::Refused {
                service,
                path: path.to_owned(),
                status: status.code,
                message: shown(&status.message),
            }),
            Ok(Err(error)) => Err(unreachable(said(&error))),
        }
    }

    /// Whether the API server says that nothing stands behind the Service, or (404 in its own words) that it does not
    /// even have a list of what could.
    fn is_empty(&self, status: &kube::core::Status) -> bool {
        let not_found = format!("{:?} not found", self.name);
        status.message.contains("no endpoints available")
            || (status.code == 404 && status.message.ends_with(&not_found))
    }

    fn url(&self, path: &str) -> String {
        let Self { namespace, name, port, .. } = self;
        format!("/api/v1/namespaces/{namespace}/services/http:{name}:{port}/proxy{path}")
    }
}

/// Nothing that would make another URL of the one it is put into.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    !name.is_empty() && name.len() <= 253 && name.chars().all(fits) && !name.contains("..")
}

fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => shown(&status.message),
        kube::Error::Service(source) => format!("the API server was not reached: {}", chain(source.as_ref())),
        other => chain(other),
    }
}

/// The first line or so of a text that a server sent, without what would move a terminal's cursor.
fn shown(text: &str) -> String {
    let printable = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = printable.take(SHOWN).collect();
    if shown.is_empty() { "it says nothing".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_no_other_url() {
        for name in ["sealed-secrets-controller", "a", "a.b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a/b", "..", "a?b", "a:b", "A", "a\nb"] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn answers_are_shown_short_and_plain() {
        assert_eq!(shown("limit\u{1b}[2J exceeded\n"), "limit [2J exceeded");
        assert_eq!(shown(" \n"), "it says nothing");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN);
    }
}
