//! Strategic merge.
//!
//! Source: `kyaml/yaml/merge2` and `kyaml/yaml/walk`, with lists prepended to and nothing inferred.
//! `dest` is changed in place; an [`Outcome`] says what becomes of it. Where upstream lets two trees
//! share a node, the code here says in which of them the change must be seen.

use sealward_document::{Field, Map, Node, Value};

use super::{Mismatch, elements};
use crate::shared::{self, Changes};
use crate::tables::Shape;

/// What became of the object.
pub(super) enum Result {
    Merged,
    Deleted,
}

/// What becomes of a node of the object.
pub(super) enum Outcome {
    /// It stays, changed in place.
    Keep,
    /// This takes its place.
    Replace(Node),
    /// It goes.
    Clear,
}

type Merging<T> = std::result::Result<T, Mismatch>;

/// Merges `patch` into `root`, an object of `kind`; directives are taken out of `patch`.
pub(super) fn merge(root: &mut Node, patch: &mut Node, kind: &str) -> Merging<Result> {
    let mut changes = Changes::new();
    let text = |node: &Node, field| node.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
    let api_version = text(root, "apiVersion");
    let shape = Shape::of_kind(&api_version, kind)
        .or_else(|| Shape::of_kind(&api_version, &text(patch, "kind")))
        .unwrap_or_default();
    Ok(match node(Some(&mut *root), Some(patch), shape, &mut changes)? {
        Outcome::Keep => {
            shared::spread(root, &changes);
            Result::Merged
        }
        Outcome::Replace(node) => {
            *root = node;
            Result::Merged
        }
        Outcome::Clear => Result::Deleted,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Scalar,
    List,
    Map,
}

impl Form {
    fn of(node: &Node) -> Option<Self> {
        match node.value {
            Value::Null => None,
            Value::List(_) => Some(Self::List),
            Value::Map(_) => Some(Self::Map),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => Some(Self::Scalar),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "a plain value",
            Self::List => "a list",
            Self::Map => "a mapping",
        }
    }
}

/// Merges one node; an absent one is `None`.
pub(super) fn node(
    dest: Option<&mut Node>,
    patch: Option<&mut Node>,
    shape: Shape,
    changes: &mut Changes,
) -> Merging<Outcome> {
    let form = |node: Option<&Node>| node.and_then(Form::of);
    let (old, new) = (form(dest.as_deref()), form(patch.as_deref()));
    if let (Some(old), Some(new), Some(patch)) = (old, new, patch.as_deref())
        && old != new
    {
        let problem = format!("the patch has {} where the object has {}", new.name(), old.name());
        return Err(Mismatch::new(problem, &patch.origin));
    }
    match old.or(new) {
        Some(Form::Map) | None => map(dest, patch, shape, changes),
        Some(Form::List) => list(dest, patch, shape, changes),
        Some(Form::Scalar) => Ok(whole(dest, patch)),
    }
}

/// A node that is taken or left whole; what the patch repeats stays as the object has it.
fn whole(dest: Option<&mut Node>, patch: Option<&mut Node>) -> Outcome {
    match patch {
        None => Outcome::Keep,
        Some(patch) if dest.is_some_and(|dest| dest == patch) => Outcome::Keep,
        Some(patch) if patch.is_null() => Outcome::Clear,
        Some(patch) => Outcome::Replace(patch.clone()),
    }
}

fn map(
    dest: Option<&mut Node>,
    patch: Option<&mut Node>,
    shape: Shape,
    changes: &mut Changes,
) -> Merging<Outcome> {
    let dest = match dest {
        Some(dest) if dest.is_null() && patch.is_none() => {
            // A written null stays, an empty value goes.
            let written = dest.span.end > dest.span.start;
            return Ok(if written { Outcome::Keep } else { Outcome::Clear });
        }
        Some(dest) if !dest.is_null() => Some(dest),
        _ => None,
    };
    let Some(patch) = patch else {
        return match dest.and_then(Node::as_map_mut) {
            Some(dest) => fields(dest, None, shape, changes).map(|()| Outcome::Keep),
            None => Ok(Outcome::Clear),
        };
    };
    if patch.is_null() {
        return Ok(Outcome::Clear);
    }
    let directive = map_directive(patch)?;
    match (dest, directive) {
        (_, Directive::Delete) => Ok(Outcome::Clear),
        (Some(dest), Directive::Merge) => {
            if let (Some(dest), Some(patch)) = (dest.as_map_mut(), patch.as_map_mut()) {
                fields(dest, Some(patch), shape, changes)?;
            }
            Ok(Outcome::Keep)
        }
        (None, _) | (Some(_), Directive::Replace) => {
            let mut whole = patch.clone();
            if let Some(whole) = whole.as_map_mut() {
                fields_alone(whole, shape)?;
            }
            Ok(Outcome::Replace(whole))
        }
    }
}

/// Merges field by field, in the order of their names; new fields come last.
fn fields(dest: &mut Map, mut patch: Option<&mut Map>, shape: Shape, changes: &mut Changes) -> Merging<()> {
    let mut cleared = Vec::new();
    let mut old: Vec<&mut Field> = dest.iter_mut().collect();
    old.sort_by(|a, b| a.key.cmp(&b.key));
    for field in old {
        let part = patch.as_deref_mut().and_then(|patch| patch.get_mut(&field.key));
        match node(Some(&mut field.node), part, shape.field(&field.key), changes)? {
            Outcome::Keep => {}
            Outcome::Replace(node) => shared::replace(&mut field.node, node, changes),
            Outcome::Clear => cleared.push(field.key.clone()),
        }
    }
    if !cleared.is_empty() {
        dest.retain(|field| !cleared.contains(&field.key));
    }
    let Some(patch) = patch else { return Ok(()) };
    let mut added: Vec<&mut Field> = patch
        .iter_mut()
        .filter(|field| dest.get(&field.key).is_none() && !cleared.contains(&field.key))
        .collect();
    added.sort_by(|a, b| a.key.cmp(&b.key));
    for field in added {
        let merged = node(None, Some(&mut field.node), shape.field(&field.key), changes)?;
        if let Outcome::Replace(node) = merged {
            dest.push(Field { key: field.key.clone(), origin: field.origin.clone(), node });
        }
    }
    Ok(())
}

fn list(
    dest: Option<&mut Node>,
    patch: Option<&mut Node>,
    shape: Shape,
    changes: &mut Changes,
) -> Merging<Outcome> {
    let Some(keys) = shape.keys() else { return Ok(whole(dest, patch)) };
    let Some(dest) = dest.filter(|dest| !dest.is_null()) else {
        // No directive is looked for when there is nothing to merge with.
        return patch.map_or(Ok(Outcome::Clear), |patch| whole_list(patch, keys, shape));
    };
    let Some(patch) = patch else {
        merge_items(dest, None, keys, shape, changes)?;
        return Ok(Outcome::Keep);
    };
    if patch.is_null() {
        return Ok(Outcome::Clear);
    }
    match list_directive(patch)? {
        Directive::Delete => Ok(Outcome::Clear),
        Directive::Replace => whole_list(patch, keys, shape),
        Directive::Merge => {
            merge_items(dest, Some(patch), keys, shape, changes)?;
            Ok(Outcome::Keep)
        }
    }
}

/// The patch's own list.
fn whole_list(patch: &Node, keys: &'static [&'static str], shape: Shape) -> Merging<Outcome> {
    let mut whole = patch.clone();
    if let Some(items) = whole.as_list_mut() {
        elements::merge_alone(items, keys, shape.item())?;
    }
    Ok(Outcome::Replace(whole))
}

fn merge_items(
    dest: &mut Node,
    patch: Option<&mut Node>,
    keys: &'static [&'static str],
    shape: Shape,
    changes: &mut Changes,
) -> Merging<()> {
    let Some(items) = dest.as_list_mut() else { return Ok(()) };
    elements::merge(items, patch.and_then(Node::as_list_mut), keys, shape.item(), changes)
}

/// A part of the patch that comes into the object whole: upstream merges it with itself, by which
/// directives and nulls go. Gives [`Outcome::Keep`] or [`Outcome::Clear`].
pub(super) fn alone(node: &mut Node, shape: Shape) -> Merging<Outcome> {
    match Form::of(node) {
        None => return Ok(Outcome::Clear),
        Some(Form::Scalar) => {}
        Some(Form::Map) => {
            if map_directive(node)? == Directive::Delete {
                return Ok(Outcome::Clear);
            }
            if let Some(map) = node.as_map_mut() {
                fields_alone(map, shape)?;
            }
        }
        Some(Form::List) => {
            let Some(keys) = shape.keys() else { return Ok(Outcome::Keep) };
            if list_directive(node)? == Directive::Delete {
                return Ok(Outcome::Clear);
            }
            if let Some(items) = node.as_list_mut() {
                elements::merge_alone(items, keys, shape.item())?;
            }
        }
    }
    Ok(Outcome::Keep)
}

fn fields_alone(map: &mut Map, shape: Shape) -> Merging<()> {
    let mut cleared = Vec::new();
    for field in map.iter_mut() {
        if let Outcome::Clear = alone(&mut field.node, shape.field(&field.key))? {
            cleared.push(field.key.clone());
        }
    }
    map.retain(|field| !cleared.contains(&field.key));
    Ok(())
}

/// What `$patch` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// The key of a directive.
pub(super) const DIRECTIVE: &str = "$patch";

fn directive(node: &Node) -> Merging<Directive> {
    match node.as_str() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        _ => Err(Mismatch::new("$patch must be merge, replace or delete", &node.origin)),
    }
}

/// Directives of the API server that kustomize does not know and would write into the object.
fn refuse_others(map: &Map) -> Merging<()> {
    let prefixes = ["$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys"];
    match map.iter().find(|field| prefixes.iter().any(|prefix| field.key.starts_with(prefix))) {
        Some(field) => {
            let problem = format!("directive {:?} is not supported; only $patch is", field.key);
            Err(Mismatch::new(problem, &field.origin))
        }
        None => Ok(()),
    }
}

fn map_directive(patch: &mut Node) -> Merging<Directive> {
    let Some(map) = patch.as_map_mut() else { return Ok(Directive::Merge) };
    refuse_others(map)?;
    map.remove(DIRECTIVE).map_or(Ok(Directive::Merge), |node| directive(&node))
}

/// A list's directive is an item that holds nothing else; it counts only if no item before it has one.
fn list_directive(patch: &mut Node) -> Merging<Directive> {
    let Some(items) = patch.as_list_mut() else { return Ok(Directive::Merge) };
    let first = items.iter().filter_map(Node::as_map).find(|map| map.get(DIRECTIVE).is_some());
    let Some((map, node)) = first.and_then(|map| Some((map, map.get(DIRECTIVE)?))) else {
        return Ok(Directive::Merge);
    };
    if map.len() > 1 {
        return Ok(Directive::Merge);
    }
    let found = directive(node)?;
    let value = node.as_str().unwrap_or_default().to_owned();
    elements::set(items, None, &[DIRECTIVE], &[value]);
    Ok(found)
}
