//! `replicas`. Source: kustomize `ReplicaCountTransformer`.

use sealward_document::{Node, Value};

use crate::error::RenderError;
use crate::field_path::{self, Missing};
use crate::kustomization::Replicas;
use crate::resource::Resource;
use crate::resources::Resources;
use crate::tables::{FIELDS, FieldRule};

/// Sets the count of the workloads that have or had the name.
///
/// # Errors
/// When there is none.
pub(crate) fn set(resources: &mut Resources, replicas: &Replicas) -> Result<(), RenderError> {
    let mut found = false;
    for rule in &FIELDS.replicas {
        for index in 0..resources.list().len() {
            let Some(resource) = resources.content_mut(index) else { continue };
            if !is_meant(resource, rule, &replicas.name) {
                continue;
            }
            found = true;
            field_path::change(resource, rule, Missing::Scalar(&replicas.origin), &mut |node| {
                *node = Node::made(Value::Number(replicas.count.into()), replicas.origin.clone());
                Ok(())
            })?;
        }
    }
    if found {
        return Ok(());
    }
    Err(RenderError::Invalid {
        field: "replicas[].name".into(),
        problem: format!(
            "no Deployment, StatefulSet, ReplicaSet or ReplicationController is named {:?}",
            replicas.name
        ),
        origin: replicas.origin.clone(),
    })
}

fn is_meant(resource: &Resource, rule: &FieldRule, name: &str) -> bool {
    let (group, version) = resource.group_version();
    let fits = |kind: &str, found: &str| found == name && rule.kinds.matches(group, version, kind);
    fits(resource.kind(), resource.name())
        || resource.previous.iter().any(|previous| fits(&previous.kind, &previous.name))
}
