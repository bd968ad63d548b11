//! Nodes to the values that fields of a kustomization hold.

use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};

use super::{Pairs, Written};
use crate::error::RenderError;

pub(super) fn invalid(field: &str, problem: impl Into<String>, origin: &Origin) -> RenderError {
    RenderError::Invalid { field: field.to_owned(), problem: problem.into(), origin: origin.clone() }
}

pub(super) fn unknown(field: &sealward_document::Field, place: &'static str) -> RenderError {
    RenderError::UnknownField { field: field.key.clone(), place, origin: field.origin.clone() }
}

pub(super) fn map<'a>(node: &'a Node, field: &str) -> Result<&'a Map, RenderError> {
    node.as_map().ok_or_else(|| invalid(field, "must be a mapping", &node.origin))
}

/// The items of a list; none when it is null.
pub(super) fn list<'a>(node: &'a Node, field: &str) -> Result<&'a [Node], RenderError> {
    match &node.value {
        Value::Null => Ok(&[]),
        Value::List(items) => Ok(items),
        _ => Err(invalid(field, "must be a list", &node.origin)),
    }
}

/// Text; empty when it is null.
pub(super) fn text(node: &Node, field: &str) -> Result<String, RenderError> {
    match &node.value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => {
            Err(invalid(field, "must be text; put it in quotes", &node.origin))
        }
        _ => Err(invalid(field, "must be text", &node.origin)),
    }
}

/// Reads a mapping of which every field is text and known by name.
pub(super) fn only_texts<const COUNT: usize>(
    node: &Node,
    place: &'static str,
    mut fields: [(&str, &mut String); COUNT],
) -> Result<(), RenderError> {
    for field in map(node, place)? {
        let value = text(&field.node, &field.key)?;
        match fields.iter_mut().find(|(name, _)| *name == field.key) {
            Some((_, read)) => **read = value,
            None => return Err(unknown(field, place)),
        }
    }
    Ok(())
}

pub(super) fn written(node: &Node, field: &str) -> Result<Written, RenderError> {
    Ok(Written { text: text(node, field)?, origin: node.origin.clone() })
}

/// Text that says something, or nothing.
pub(super) fn some_written(node: &Node, field: &str) -> Result<Option<Written>, RenderError> {
    let written = written(node, field)?;
    Ok((!written.text.is_empty()).then_some(written))
}

pub(super) fn texts(node: &Node, field: &str) -> Result<Vec<Written>, RenderError> {
    list(node, field)?.iter().map(|item| written(item, field)).collect()
}

pub(super) fn flag(node: &Node, field: &str) -> Result<bool, RenderError> {
    match node.value {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(value),
        _ => Err(invalid(field, "must be true or false", &node.origin)),
    }
}

pub(super) fn pairs(node: &Node, field: &str) -> Result<Pairs, RenderError> {
    if node.is_null() {
        return Ok(Pairs::new());
    }
    map(node, field)?.iter().map(|pair| Ok((pair.key.clone(), written(&pair.node, &pair.key)?))).collect()
}
