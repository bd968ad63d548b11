//! What an excerpt must not show.

use std::ops::Range;

use sealward_document::{Node, Value};

/// The bytes of every value that is, or may be, a Secret's: in a Secret wherever it stands (also without
/// apiVersion, or inside another object), in a patch of one, in a kustomization's `secretGenerator`, and
/// in a SealedSecret, whose values may be plaintext that somebody put there by mistake.
pub(crate) fn secret_spans(root: &Node) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    collect(root, &mut spans);
    spans
}

fn collect(node: &Node, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Secret(_) => spans.push(node.span.start..node.span.end),
        Value::List(items) => items.iter().for_each(|item| collect(item, spans)),
        Value::Map(map) => {
            map.iter().for_each(|field| collect(&field.node, spans));
            let hidden: &[&[&str]] = match node.get("kind").and_then(Node::as_str) {
                Some("Secret") => &[&["data"], &["stringData"]],
                Some("SealedSecret") => {
                    &[&["spec", "encryptedData"], &["spec", "data"], &["spec", "template", "data"]]
                }
                _ => &[],
            };
            hidden.iter().filter_map(|path| node.at(path)).for_each(|values| leaves(values, spans));
            if let Some(value) = operation_on_data(node) {
                leaves(value, spans);
            }
            generator_literals(node).for_each(|literal| leaves(literal, spans));
            inline_patches(node).for_each(|patch| leaves(patch, spans));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every scalar below `node`.
fn leaves(node: &Node, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| leaves(item, spans)),
        Value::Map(map) => map.iter().for_each(|field| leaves(&field.node, spans)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {
            spans.push(node.span.start..node.span.end);
        }
    }
}

/// The value that an operation of a JSON patch writes into `data` or `stringData`.
fn operation_on_data(node: &Node) -> Option<&Node> {
    let path = node.get("op").and(node.get("path"))?.as_str()?;
    let of_data = ["/data", "/stringData"].iter().any(|start| path.starts_with(start)) || path.is_empty();
    node.get("value").filter(|_| of_data)
}

fn generator_literals(kustomization: &Node) -> impl Iterator<Item = &Node> {
    list(kustomization, "secretGenerator").iter().flat_map(|generator| list(generator, "literals"))
}

/// Patches written into a kustomization as text that may be for a Secret.
fn inline_patches(kustomization: &Node) -> impl Iterator<Item = &Node> {
    let with_target = ["patches", "patchesJson6902"].into_iter().flat_map(|field| list(kustomization, field));
    let with_target = with_target.filter_map(|entry| {
        let of_secret = entry.at(&["target", "kind"]).and_then(Node::as_str) == Some("Secret");
        entry.get("patch").filter(|patch| of_secret || may_be_of_secret(patch))
    });
    let bare = list(kustomization, "patchesStrategicMerge").iter().filter(|patch| may_be_of_secret(patch));
    with_target.chain(bare)
}

fn may_be_of_secret(patch: &Node) -> bool {
    let text = patch.as_str().unwrap_or_default();
    ["Secret", "stringData", "/data"].iter().any(|word| text.contains(word))
}

fn list<'a>(node: &'a Node, field: &str) -> &'a [Node] {
    node.get(field).and_then(Node::as_list).unwrap_or_default()
}
