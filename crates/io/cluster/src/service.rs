//! A Service reached through the API server's proxy, as kubeseal reaches its controller.

use std::time::Duration;

use sealward_manifest::document::Node;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::Target;

use crate::cluster::Cluster;
use crate::error::{ActionError, Cause};

const BOUND: Duration = Duration::from_secs(20);

impl Cluster {
    /// What a GET of `path` (`/v1/cert.pem`) on the first port of Service `name` in `namespace` answers,
    /// asked through the API server. The rights are `get` on services and on services/proxy.
    ///
    /// # Errors
    /// [`ActionError`]: no such Service, no right, nothing behind it, or an answer that is no text.
    pub async fn through_service(
        &self,
        namespace: &str,
        name: &str,
        path: &str,
    ) -> Result<String, ActionError> {
        let target = Target::new(Gvk::new("", "v1", "Service"), namespace, name);
        let service = self.get(&target).await?;
        let service = service.ok_or_else(|| ActionError {
            cause: Cause::NotFound,
            verb: "find",
            target: target.to_string(),
            message: "there is no such Service".into(),
        })?;
        let url = format!(
            "/api/v1/namespaces/{namespace}/services/http:{name}:{}/proxy{path}",
            first_port_name(&service)
        );
        let request = http::Request::get(url)
            .body(Vec::new())
            .map_err(|error| ActionError::malformed("ask", target.to_string(), error.to_string()))?;
        tokio::time::timeout(BOUND, self.client().request_text(request))
            .await
            .map_err(|_| ActionError::timed_out("ask", target.to_string()))?
            .map_err(|error| ActionError::from_kube("ask", target.to_string(), &error, None))
    }
}

/// Empty for a port without a name: the proxy then takes the only one.
fn first_port_name(service: &Manifest) -> String {
    let ports = service.root().at(&["spec", "ports"]).and_then(Node::as_list).unwrap_or_default();
    let name = ports.first().and_then(|port| port.get("name")).and_then(Node::as_str);
    name.unwrap_or_default().to_owned()
}
