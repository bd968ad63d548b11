//! Walking to the fields that a [`FieldRule`] means.
//!
//! Source: kustomize `api/filters/fieldspec`. Lists on the way are walked item by item; missing parts
//! are made when both the rule and the caller want them.

use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};

use crate::error::RenderError;
use crate::resource::Resource;
use crate::tables::{FieldRule, Step};

/// What a missing field is made as.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing<'a> {
    /// It is not.
    Skip,
    /// A mapping, from what stands at the origin.
    Map(&'a Origin),
    /// A scalar yet to be set, from what stands at the origin.
    Scalar(&'a Origin),
}

/// Calls `change` with every node that `rule` means in `resource`, if it is for such kinds.
///
/// # Errors
/// What `change` returns, and when something on the way is neither list nor mapping.
pub(crate) fn change(
    resource: &mut Resource,
    rule: &FieldRule,
    missing: Missing<'_>,
    change: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<(), RenderError> {
    let (group, version) = resource.group_version();
    if !rule.kinds.matches(group, version, resource.kind()) {
        return Ok(());
    }
    let missing = if rule.create { missing } else { Missing::Skip };
    walk(&mut resource.root, &rule.path, missing, change).map_err(|problem| RenderError::Field {
        field: rule.path.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join("."),
        id: resource.id().to_string(),
        problem,
        origin: resource.origin().clone(),
    })
}

fn walk(
    node: &mut Node,
    path: &[Step],
    missing: Missing<'_>,
    change: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<(), String> {
    let Some((step, rest)) = path.split_first() else { return change(node) };
    let map = match &mut node.value {
        Value::Null => return Ok(()),
        Value::List(items) => {
            return items.iter_mut().try_for_each(|item| walk(item, path, missing, change));
        }
        Value::Map(map) => map,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {
            return Err(format!("{} is looked for in a plain value", step.name));
        }
    };
    let make = if step.list { Missing::Skip } else { missing };
    let made = match make {
        Missing::Skip => None,
        Missing::Map(origin) => Some((Value::Map(Map::default()), origin)),
        Missing::Scalar(origin) if rest.is_empty() => Some((Value::String(String::new()), origin)),
        Missing::Scalar(origin) => Some((Value::Map(Map::default()), origin)),
    };
    if let Some((value, origin)) = made
        && map.get(&step.name).is_none_or(Node::is_null)
    {
        map.insert(step.name.as_str(), Node::made(value, origin.clone()));
    }
    match map.get_mut(&step.name) {
        Some(field) => {
            if step.list && field.is_null() {
                field.value = Value::List(Vec::new());
            }
            walk(field, rest, missing, change)
        }
        None => Ok(()),
    }
}
