//! What this account may do, as the API server says.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};

use crate::cluster::{Cluster, REQUEST_BOUND};
use crate::error::ActionError;

/// One right: a verb on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// `get`, `list`, `delete`, …
    pub verb: &'static str,
    /// API group, `""` for the core.
    pub group: &'static str,
    /// Plural of the kind.
    pub resource: &'static str,
    /// In this namespace; `None` is in all of them.
    pub namespace: Option<String>,
}

impl Cluster {
    /// Whether this account has `right`. Every account may ask this about itself.
    ///
    /// # Errors
    /// [`ActionError`] when the server cannot be asked.
    pub async fn may(&self, right: &Right) -> Result<bool, ActionError> {
        let attributes = ResourceAttributes {
            verb: Some(right.verb.to_owned()),
            group: Some(right.group.to_owned()),
            resource: Some(right.resource.to_owned()),
            namespace: right.namespace.clone(),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client().clone());
        let target = || format!("{} {}", right.verb, right.resource);
        let answer = tokio::time::timeout(REQUEST_BOUND, api.create(&PostParams::default(), &review))
            .await
            .map_err(|_| ActionError::timed_out("ask for the right to", target()))?
            .map_err(|error| ActionError::from_kube("ask for the right to", target(), &error, None))?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
