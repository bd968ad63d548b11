//! JSON patches (RFC 6902).
//!
//! Source: `gopkg.in/evanphx/json-patch.v4`, which kustomize uses, with what it does otherwise than
//! the RFC: `replace` of a key that is missing adds it, and negative indices count from the end.

use sealward_diagnostic::Origin;
use sealward_document::{Node, Value};

use super::Mismatch;
use crate::error::RenderError;
use crate::shared;

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    action: Action,
    path: Vec<String>,
    origin: Origin,
}

#[derive(Debug)]
enum Action {
    Add(Node),
    Remove,
    Replace(Node),
    Move(Vec<String>),
    Copy(Vec<String>),
    Test(Node),
}

/// The operations that `items` say.
///
/// # Errors
/// [`RenderError::Invalid`] and [`RenderError::UnknownField`] for what is no operation.
pub(super) fn operations(items: &[Node]) -> Result<Vec<Operation>, RenderError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    items.iter().map(operation).collect()
}

fn operation(node: &Node) -> Result<Operation, RenderError> {
    let wrong = |problem: &str| RenderError::Invalid {
        field: "patch operation".into(),
        problem: problem.to_owned(),
        origin: node.origin.clone(),
    };
    let map = node.as_map().ok_or_else(|| wrong("must be a mapping with op and path"))?;
    if let Some(field) = map.iter().find(|field| !["op", "path", "from", "value"].contains(&&*field.key)) {
        return Err(RenderError::UnknownField {
            field: field.key.clone(),
            place: "patch operation",
            origin: field.origin.clone(),
        });
    }
    let text = |field: &str| map.get(field).and_then(Node::as_str);
    let pointer = |field: &str| {
        let text = text(field).ok_or_else(|| wrong(&format!("needs {field}")))?;
        pointer(text).ok_or_else(|| wrong(&format!("{field} must be empty or start with /")))
    };
    let value = || {
        let missing = || Node::made(Value::Null, node.origin.clone());
        map.get("value").cloned().unwrap_or_else(missing)
    };
    let action = match text("op") {
        Some("add") => Action::Add(value()),
        Some("remove") => Action::Remove,
        Some("replace") => Action::Replace(value()),
        Some("move") => Action::Move(pointer("from")?),
        Some("copy") => Action::Copy(pointer("from")?),
        Some("test") => Action::Test(value()),
        _ => return Err(wrong("op must be add, remove, replace, move, copy or test")),
    };
    Ok(Operation { action, path: pointer("path")?, origin: node.origin.clone() })
}

fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let rest = text.strip_prefix('/')?;
    Some(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

/// Applies `operations` to `root`, one after the other.
///
/// # Errors
/// [`Mismatch`] of the first that does not fit; `root` is then half changed.
pub(super) fn apply(root: &mut Node, operations: &[Operation]) -> Result<(), Mismatch> {
    shared::part(root);
    operations.iter().try_for_each(|operation| {
        run(root, operation).map_err(|problem| Mismatch::new(problem, &operation.origin))
    })
}

fn run(root: &mut Node, operation: &Operation) -> Result<(), String> {
    let path = &operation.path;
    match &operation.action {
        Action::Add(value) => add(root, path, value.clone()),
        Action::Remove => remove(root, path).map(drop),
        Action::Replace(value) => replace(root, path, value.clone()),
        Action::Move(from) => {
            let value = remove(root, from)?;
            add(root, path, value)
        }
        Action::Copy(from) => {
            let null = || Node::made(Value::Null, operation.origin.clone());
            let value = get(root, from)?.cloned().unwrap_or_else(null);
            add(root, path, value)
        }
        Action::Test(value) => test(root, path, value),
    }
}

fn shown(path: &[String]) -> String {
    path.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

/// The mapping or list that holds the end of `path`, and the end.
fn holder<'a, 'b>(root: &'a mut Node, path: &'b [String]) -> Result<(&'a mut Node, &'b str), String> {
    let missing = || format!("there is no {:?}", shown(path));
    let (last, parents) = path.split_last().ok_or("the whole object cannot be changed so")?;
    let mut node = root;
    for part in parents {
        node = match &mut node.value {
            Value::Map(map) => map.get_mut(part),
            Value::List(items) => index(part, items.len()).and_then(|index| items.get_mut(index)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => None,
        }
        .ok_or_else(missing)?;
    }
    match node.value {
        Value::Map(_) | Value::List(_) => Ok((node, last)),
        _ => Err(missing()),
    }
}

/// A place among `length`; negative ones count from the end.
fn index(part: &str, length: usize) -> Option<usize> {
    let number: i64 = part.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let number = if number < 0 { number + length } else { number };
    usize::try_from(number).ok()
}

fn add(root: &mut Node, path: &[String], value: Node) -> Result<(), String> {
    let (holder, last) = holder(root, path)?;
    match &mut holder.value {
        Value::Map(map) => drop(map.insert(last, value)),
        Value::List(items) if last == "-" => items.push(value),
        Value::List(items) => {
            let place = index(last, items.len() + 1).filter(|place| *place <= items.len());
            items.insert(place.ok_or_else(|| format!("there is no place {:?}", shown(path)))?, value);
        }
        _ => return Err(format!("there is no {:?}", shown(path))),
    }
    Ok(())
}

fn remove(root: &mut Node, path: &[String]) -> Result<Node, String> {
    let missing = || format!("there is no {:?}", shown(path));
    let (holder, last) = holder(root, path)?;
    match &mut holder.value {
        Value::Map(map) => map.remove(last).ok_or_else(missing),
        Value::List(items) => {
            let place = index(last, items.len()).filter(|place| *place < items.len());
            Ok(items.remove(place.ok_or_else(missing)?))
        }
        _ => Err(missing()),
    }
}

fn replace(root: &mut Node, path: &[String], value: Node) -> Result<(), String> {
    if path.is_empty() {
        *root = value;
        return Ok(());
    }
    let (holder, last) = holder(root, path)?;
    match &mut holder.value {
        Value::Map(map) => drop(map.insert(last, value)),
        Value::List(items) => {
            let place = index(last, items.len()).and_then(|place| items.get_mut(place));
            *place.ok_or_else(|| format!("there is no {:?}", shown(path)))? = value;
        }
        _ => return Err(format!("there is no {:?}", shown(path))),
    }
    Ok(())
}

/// What `path` leads to; `None` for a key that a mapping does not have.
fn get<'a>(root: &'a mut Node, path: &[String]) -> Result<Option<&'a Node>, String> {
    if path.is_empty() {
        return Ok(Some(root));
    }
    let (holder, last) = holder(root, path)?;
    match &holder.value {
        Value::Map(map) => Ok(map.get(last)),
        Value::List(items) => match index(last, items.len()).and_then(|place| items.get(place)) {
            Some(item) => Ok(Some(item)),
            None => Err(format!("there is no {:?}", shown(path))),
        },
        _ => Err(format!("there is no {:?}", shown(path))),
    }
}

fn test(root: &mut Node, path: &[String], expected: &Node) -> Result<(), String> {
    let found = get(root, path)?.filter(|node| !node.is_null());
    let same = match found {
        Some(found) => found == expected,
        None => expected.is_null(),
    };
    if same { Ok(()) } else { Err(format!("the test of {:?} fails", shown(path))) }
}
