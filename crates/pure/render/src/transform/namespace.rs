//! `namespace`. Source: kustomize `api/filters/namespace`.

use sealward_document::{Node, Value};

use crate::error::RenderError;
use crate::field_path::{self, Missing};
use crate::kustomization::Written;
use crate::resource::Resource;
use crate::resources::Resources;
use crate::tables::FIELDS;

/// Puts every object that may have a namespace into `namespace`.
///
/// # Errors
/// When two objects become one, or a field that must hold the namespace has another shape.
pub(crate) fn set(resources: &mut Resources, namespace: &Written) -> Result<(), RenderError> {
    for resource in resources.list_mut() {
        resource.remember();
        set_one(resource, namespace)?;
    }
    resources.check_unique()
}

fn set_one(resource: &mut Resource, namespace: &Written) -> Result<(), RenderError> {
    let made = || Node::text(&*namespace.text, namespace.origin.clone());
    if !resource.is_cluster_scoped()
        && let Some(metadata) = resource.root.child_map("metadata")
    {
        metadata.insert("namespace", made());
    }
    if matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding") {
        set_default_subjects(resource, &made);
    }
    for rule in &FIELDS.namespace {
        let names_object =
            matches!(&*rule.path, [first, last] if first.name == "metadata" && last.name == "name");
        if names_object && resource.api_version() != "v1" {
            continue;
        }
        field_path::change(
            resource,
            rule,
            Missing::Scalar(&namespace.origin),
            &mut |node| match node.value {
                Value::List(_) | Value::Map(_) => Err("a namespace is wanted there".into()),
                _ => {
                    *node = made();
                    Ok(())
                }
            },
        )?;
    }
    Ok(())
}

/// Only subjects named `default` follow; others are found by their reference, if they are objects here.
fn set_default_subjects(resource: &mut Resource, made: &dyn Fn() -> Node) {
    let subjects = resource.root.as_map_mut().and_then(|map| map.get_mut("subjects"));
    for subject in subjects.and_then(Node::as_list_mut).into_iter().flatten() {
        if subject.get("name").and_then(Node::as_str) == Some("default")
            && let Some(map) = subject.as_map_mut()
        {
            map.insert("namespace", made());
        }
    }
}
