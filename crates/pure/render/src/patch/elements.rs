//! Lists whose items are merged one by one.
//!
//! Source: `kyaml/yaml/walk/associative_sequence.go` and `ElementSetter`, `ElementMatcher` of
//! `kyaml/yaml/fns.go`. The patch's items come first; then the object's that the patch does not have.

use std::collections::HashSet;

use sealward_document::{Node, Value};

use super::Mismatch;
use super::strategic::{self, Outcome};

use crate::resource::scalar_text;
use crate::shared::Changes;
use crate::tables::Shape;

type Values = Vec<String>;

/// Makes the item with the given keys' values out of the list's; `None` takes it out.
type Make<'a> = dyn FnMut(&mut Vec<Node>, &[&str], &[String]) -> Result<Option<Node>, Mismatch> + 'a;

/// Merges `patch` into `dest`; `keys` tell items apart (`[""]`: items are plain values).
pub(super) fn merge(
    dest: &mut Vec<Node>,
    mut patch: Option<&mut Vec<Node>>,
    keys: &[&str],
    item: Shape,
    changes: &mut Changes,
) -> Result<(), Mismatch> {
    let all = all_values(patch.as_deref().into_iter().flatten().chain(dest.iter()), keys);
    merge_each(dest, all, keys, &mut |dest, used, values| {
        let at_dest = find(dest, used, values);
        let at_patch = patch.as_deref().and_then(|patch| find(patch, used, values));
        let part = patch.as_deref_mut().zip(at_patch).and_then(|(patch, index)| patch.get_mut(index));
        let old = at_dest.and_then(|index| dest.get_mut(index));
        let outcome = match (&old, &part) {
            (None, None) => Outcome::Clear,
            _ => strategic::node(old, part, item, changes)?,
        };
        Ok(match outcome {
            Outcome::Clear => None,
            Outcome::Replace(node) => Some(node),
            Outcome::Keep => at_dest.and_then(|index| dest.get(index)).cloned(),
        })
    })
}

/// Merges a list of the patch with itself.
pub(super) fn merge_alone(list: &mut Vec<Node>, keys: &[&str], item: Shape) -> Result<(), Mismatch> {
    let all = all_values(list.iter(), keys);
    merge_each(list, all, keys, &mut |list, used, values| {
        let Some(node) = find(list, used, values).and_then(|index| list.get_mut(index)) else {
            return Ok(None);
        };
        match strategic::alone(node, item)? {
            Outcome::Clear => Ok(None),
            Outcome::Keep | Outcome::Replace(_) => Ok(Some(node.clone())),
        }
    })
}

/// Makes the item of each of the values `all` by `make`, and adds the items of `dest` that are left.
fn merge_each(
    dest: &mut Vec<Node>,
    mut all: Vec<Values>,
    keys: &[&str],
    make: &mut Make<'_>,
) -> Result<(), Mismatch> {
    if keys.len() > 1 {
        complete(&mut all);
    }
    if all.is_empty() {
        return Ok(());
    }
    let used = used_keys(&all, keys);
    let mut merged = Vec::new();
    for values in &all {
        let values = used_values(values, &used, keys);
        match make(dest, &used, &values)?.filter(|node| !is_void(node)) {
            Some(node) => set(&mut merged, Some(with_keys(node, &used, &values)), &used, &values),
            None => set(dest, None, &used, &values),
        }
    }
    append(&mut merged, std::mem::take(dest), &used);
    *dest = merged;
    Ok(())
}

/// What tells the items apart, each once.
fn all_values<'a>(items: impl Iterator<Item = &'a Node>, keys: &[&str]) -> Vec<Values> {
    let mut seen = HashSet::new();
    items.map(|item| values_of(item, keys)).filter(|values| seen.insert(values.clone())).collect()
}

fn values_of(item: &Node, keys: &[&str]) -> Values {
    let value = |key: &&str| match *key {
        "" => scalar_text(item).into_owned(),
        key => item.get(key).map(|node| scalar_text(node).into_owned()).unwrap_or_default(),
    };
    keys.iter().map(value).collect()
}

/// Two ports of which one lacks the protocol are the same port.
fn complete(all: &mut [Values]) {
    for first in 0..all.len() {
        for second in 0..all.len() {
            let (Some(a), Some(b)) = (all.get(first), all.get(second)) else { continue };
            let Some(both) = common(a, b) else { continue };
            if let Some(place) = all.get_mut(first) {
                place.clone_from(&both);
            }
            if let Some(place) = all.get_mut(second) {
                *place = both;
            }
        }
    }
}

fn common(a: &Values, b: &Values) -> Option<Values> {
    let fits = |(a, b): (&String, &String)| a == b || a.is_empty() || b.is_empty();
    let shared = a.iter().zip(b).any(|(a, b)| a == b);
    if a.len() != b.len() || !shared || !a.iter().zip(b).all(fits) {
        return None;
    }
    Some(a.iter().zip(b).map(|(a, b)| if a.is_empty() { b.clone() } else { a.clone() }).collect())
}

/// The keys that any item has; all of them when none has any.
fn used_keys<'a>(all: &[Values], keys: &[&'a str]) -> Vec<&'a str> {
    let used: Vec<_> = (0..keys.len())
        .filter(|index| all.iter().any(|values| values.get(*index).is_some_and(|value| !value.is_empty())))
        .filter_map(|index| keys.get(index).copied())
        .collect();
    if used.is_empty() { keys.to_vec() } else { used }
}

fn used_values(values: &Values, used: &[&str], keys: &[&str]) -> Values {
    let kept = keys.iter().zip(values).filter(|(key, _)| used.contains(key));
    kept.map(|(_, value)| value.clone()).collect()
}

/// The first item that has these values; keys without a value do not count, unless all are so.
fn find(items: &[Node], keys: &[&str], values: &[String]) -> Option<usize> {
    let some: Vec<_> = keys.iter().zip(values).filter(|(_, value)| !value.is_empty()).collect();
    let wanted: Vec<_> = if some.is_empty() { keys.iter().zip(values).collect() } else { some };
    if let [(key, value), ..] = wanted.as_slice()
        && key.is_empty()
    {
        return items.iter().position(|item| scalar_text(item) == value.as_str());
    }
    items.iter().position(|item| {
        item.as_map().is_some_and(|map| {
            wanted
                .iter()
                .all(|(key, value)| map.get(key).is_some_and(|node| scalar_text(node) == value.as_str()))
        })
    })
}

fn is_void(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) | Value::List(_) => false,
    }
}

/// The item with the values that it was found by, where it lacks them.
fn with_keys(mut node: Node, keys: &[&str], values: &[String]) -> Node {
    let origin = node.origin.clone();
    if let Some(map) = node.as_map_mut() {
        for (key, value) in keys.iter().zip(values) {
            if map.get(key).is_none() && !value.is_empty() {
                map.insert(*key, Node::text(value.clone(), origin.clone()));
            }
        }
    }
    node
}

/// Puts `element` in the place of every item with these values, or at the end; without an element,
/// takes such items out. Empty items go in any case.
pub(super) fn set(items: &mut Vec<Node>, element: Option<Node>, keys: &[&str], values: &[String]) {
    let for_maps = keys.first().is_some_and(|key| !key.is_empty())
        && values.first().is_some_and(|value| !value.is_empty());
    let mut found = false;
    let old = std::mem::take(items);
    for item in old {
        if is_void(&item) {
            continue;
        }
        if item.as_map().is_none() && for_maps {
            items.push(item);
        } else if !is_found(&item, keys, values) {
            if !values.is_empty() {
                items.push(item);
            }
        } else {
            found = true;
            items.extend(element.clone());
        }
    }
    if !found {
        items.extend(element);
    }
}

/// As upstream, a key beyond the values counts as the one before it, and an empty value as any.
fn is_found(item: &Node, keys: &[&str], values: &[String]) -> bool {
    let mut matches = false;
    for (index, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(index) {
            matches = match (*key, item.as_map()) {
                ("", _) => scalar_text(item) == value.as_str(),
                (key, Some(map)) => {
                    map.get(key).is_some_and(|node| value.is_empty() || scalar_text(node) == value.as_str())
                }
                (_, None) => false,
            };
        }
        if !matches {
            return false;
        }
    }
    true
}

/// Adds the object's items, each in the place of the merged one that has its values.
fn append(merged: &mut Vec<Node>, items: Vec<Node>, keys: &[&str]) {
    for item in items {
        if keys.first().is_none_or(|key| key.is_empty()) {
            let value = scalar_text(&item).into_owned();
            set(merged, Some(item), &[""], &[value]);
            continue;
        }
        let mut values = Vec::new();
        for key in keys {
            match item.get(key) {
                Some(node) => values.push(scalar_text(node).into_owned()),
                None => merged.push(item.clone()),
            }
        }
        if keys.len() > 1 {
            set(merged, None, keys, &values);
        }
        set(merged, Some(item), keys, &values);
    }
}
