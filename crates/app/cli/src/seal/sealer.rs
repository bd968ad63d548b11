//! The cluster's sealer, asked through the API server.

use std::time::Duration;

use sealward_cluster::{Cluster, Service};

use super::error::{Asked, SealError};
use super::request::Request;
use crate::output;

/// How long nothing is said about a wait.
const QUIET: Duration = Duration::from_secs(2);

/// The sealer's Service, and the runtime in which it is asked.
#[derive(Debug)]
pub(super) struct Sealer {
    runtime: tokio::runtime::Runtime,
    service: Service,
}

impl Sealer {
    /// Finds the Service that `request` names.
    pub(super) fn find(request: &Request, asked: &Asked) -> Result<Self, SealError> {
        let runtime = runtime()?;
        let (namespace, name) = (&request.controller_namespace, &request.controller_name);
        let service = runtime.block_on(async {
            let cluster = Cluster::connect_as_kubectl(&request.kubectl).await.map_err(SealError::Connect)?;
            let found = cluster.service(namespace, name, request.kubectl.request_timeout);
            patient(&format!("the API server to find the Service {namespace}/{name}"), found)
                .await
                .map_err(|error| SealError::Service { asked: asked.clone(), error })
        })?;
        Ok(Self { runtime, service })
    }

    /// What it answers to a GET of `path`.
    pub(super) fn get(&self, path: &str, asked: Asked) -> Result<String, SealError> {
        let what = answer_to(path);
        let answer = patient(&what, self.service.get(path));
        self.runtime.block_on(answer).map_err(|error| SealError::Service { asked, error })
    }

    /// What it answers to a POST of `body` to `path`.
    pub(super) fn post(&self, path: &str, body: Vec<u8>, asked: Asked) -> Result<String, SealError> {
        let what = answer_to(path);
        let answer = patient(&what, self.service.post(path, body));
        self.runtime.block_on(answer).map_err(|error| SealError::Service { asked, error })
    }
}

fn answer_to(path: &str) -> String {
    format!("the sealer's answer to {path}")
}

/// A runtime of one thread, made only by what needs the network.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, SealError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SealError::System)
}

/// The same, saying what is waited for as soon as it takes long.
async fn patient<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    match tokio::time::timeout(QUIET, &mut answer).await {
        Ok(done) => done,
        Err(_) => {
            output::talk(&format!("note: waiting for {what}\n"));
            answer.await
        }
    }
}
