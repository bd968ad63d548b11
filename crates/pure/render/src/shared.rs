//! Labels and annotations that are one value in several places.
//!
//! kustomize v5.8.1 writes a label that was nowhere before as one YAML node into metadata, template and
//! selector; whatever changes one of them later, in an overlay say, changes them all. Selectors cannot
//! be changed in a cluster, so the same must come out here. Such nodes carry a mark: an empty span that
//! does not start at 0.

use sealward_document::{Node, Span, Value};

/// A mark that the nodes of one object share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(usize);

impl Mark {
    /// The `number`th mark of an object, from 1.
    pub(crate) fn new(number: usize) -> Self {
        Self(number)
    }

    /// The mark of `node`, if it has one.
    pub(crate) fn of(node: &Node) -> Option<Self> {
        let Span { start, end } = node.span;
        (start == end && start > 0).then_some(Self(start))
    }

    /// Puts the mark on `node`.
    pub(crate) fn put(self, node: &mut Node) {
        node.span = Span { start: self.0, end: self.0 };
    }
}

/// What marked nodes became, in the order in which that happened.
pub(crate) type Changes = Vec<(Mark, Node)>;

/// Puts `new` in the place of `old`; if that is shared, notes the change for the other places.
pub(crate) fn replace(old: &mut Node, mut new: Node, changes: &mut Changes) {
    if let Some(mark) = Mark::of(old) {
        mark.put(&mut new);
        changes.push((mark, new.clone()));
    }
    *old = new;
}

/// Makes `changes` in every place of `root`.
pub(crate) fn spread(root: &mut Node, changes: &Changes) {
    if changes.is_empty() {
        return;
    }
    let change = |node: &mut Node| {
        let mark = Mark::of(node);
        if let Some((_, new)) = changes.iter().rev().find(|(changed, _)| Some(*changed) == mark) {
            *node = new.clone();
        }
    };
    each(root, &change);
}

/// Takes every mark off `root`: what was shared is so no longer.
pub(crate) fn part(root: &mut Node) {
    each(root, &|node| {
        if Mark::of(node).is_some() {
            node.span = Span::default();
        }
    });
}

fn each(node: &mut Node, change: &dyn Fn(&mut Node)) {
    change(node);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Map(map) => map.iter_mut().for_each(|field| each(&mut field.node, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {}
    }
}
