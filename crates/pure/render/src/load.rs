//! Documents to objects. Source: kustomize `api/resource/factory.go`.

use std::collections::VecDeque;

use sealward_document::{Map, Node, Value};

use crate::scalars;

/// The objects that the documents of one file, read from `source`, hold. Documents that say nothing are left out; a `…List`
/// with items gives its items, after the objects that follow it, as kustomize orders them.
pub(crate) fn objects(mut documents: Vec<Node>, source: &[u8]) -> Vec<Node> {
    let source = std::str::from_utf8(source).unwrap_or_default();
    documents.iter_mut().for_each(|document| scalars::reread(document, source));
    let mut waiting = VecDeque::from(documents);
    let mut objects = Vec::new();
    while let Some(mut document) = waiting.pop_front() {
        if says_nothing(&document) {
            continue;
        }
        let is_list = document.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
        let items = document.as_map_mut().filter(|_| is_list).and_then(take_items);
        match items {
            Some(items) => waiting.extend(items),
            None => objects.push(document),
        }
    }
    objects
}

fn take_items(map: &mut Map) -> Option<Vec<Node>> {
    match map.get_mut("items").map(|items| &mut items.value)? {
        Value::List(items) => Some(std::mem::take(items)),
        Value::Null => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) | Value::Map(_) => None,
    }
}

fn says_nothing(node: &Node) -> bool {
    node.is_null() || node.as_map().is_some_and(Map::is_empty)
}
