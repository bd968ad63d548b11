//! The entries of `metadata.managedFields`.

use sealward_document::{Node, Value};

use super::{FieldSet, FieldsError};
use crate::Manifest;

/// How a manager wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write.
    Update,
}

/// One manager's fields. The name is the client's own choice and proves nothing about who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagerEntry {
    /// The manager's name.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The version that the paths of `fields` speak of.
    pub api_version: String,
    /// The subresource that it wrote through, or `""`.
    pub subresource: String,
    /// When, as written (RFC 3339), or `""`.
    pub time: String,
    /// Its fields.
    pub fields: FieldSet,
}

/// The entries of an object's `metadata.managedFields`, none if it has none.
///
/// # Errors
/// [`FieldsError`] for anything that the API server would not have written, `[{}]` included.
pub fn managers(manifest: &Manifest) -> Result<Vec<ManagerEntry>, FieldsError> {
    let Some(node) = manifest.root().at(&["metadata", "managedFields"]) else {
        return Ok(Vec::new());
    };
    match &node.value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => items.iter().enumerate().map(|(index, item)| entry(index, item)).collect(),
        _ => Err(FieldsError::Entry { index: 0, field: "managedFields" }),
    }
}

fn entry(index: usize, node: &Node) -> Result<ManagerEntry, FieldsError> {
    let missing = |field| FieldsError::Entry { index, field };
    let text = |field| node.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
    let operation = match node.get("operation").and_then(Node::as_str) {
        Some("Apply") => Operation::Apply,
        Some("Update") => Operation::Update,
        _ => return Err(missing("operation")),
    };
    if node.get("fieldsType").and_then(Node::as_str) != Some("FieldsV1") {
        return Err(missing("fieldsType"));
    }
    let api_version = text("apiVersion");
    if api_version.is_empty() {
        return Err(missing("apiVersion"));
    }
    // An entry that manages nothing has no fieldsV1.
    let fields = match node.get("fieldsV1").filter(|fields| !fields.is_null()) {
        Some(fields) => FieldSet::from_node(fields)?,
        None => FieldSet::default(),
    };
    Ok(ManagerEntry {
        manager: text("manager"),
        operation,
        api_version,
        subresource: text("subresource"),
        time: text("time"),
        fields,
    })
}
