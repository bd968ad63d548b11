//! Which declared fields differ between two states of an object.

use sealward_document::{Node, Value};

use super::set::Step;
use super::{Element, FieldSet};
use crate::compare::same_node;

impl FieldSet {
    /// The members of `declared` whose values differ between `old` and `new`, two states of an object
    /// in the version that `declared` speaks of.
    ///
    /// A member with members below it differs when it comes or goes; one without, when anything in it
    /// does (it may be a scalar, or a list or mapping that is owned as a whole). `null` is absent.
    /// Items of a list are found by their keys or value; if their order among each other changes, all
    /// of the list's declared items differ. Where the tree has another shape than the set says, all
    /// members from there on differ.
    pub fn changed(old: &Node, new: &Node, declared: &Self) -> Self {
        changed(present(Some(old)), present(Some(new)), declared, &mut Vec::new())
    }
}

fn present(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !node.is_null())
}

fn changed(old: Option<&Node>, new: Option<&Node>, declared: &FieldSet, path: &mut Vec<Element>) -> FieldSet {
    if same(old, new) {
        return FieldSet::default();
    }
    let shape = Shape::of(declared);
    if !shape.fits(old) || !shape.fits(new) {
        return declared.clone();
    }
    if shape == Shape::List && is_reordered(items(old), items(new), declared) {
        return declared.clone();
    }
    let mut set = FieldSet::default();
    for (element, step) in &declared.steps {
        path.push(element.clone());
        set.keep(element, step_changed(&found(old, element), &found(new, element), step, path));
        path.pop();
    }
    set
}

fn step_changed(old: &[&Node], new: &[&Node], step: &Step, path: &mut Vec<Element>) -> Step {
    let (old, new) = match (old, new) {
        ([], []) => return Step::default(),
        ([], [new]) => (None, Some(*new)),
        ([old], []) => (Some(*old), None),
        ([old], [new]) => (Some(*old), Some(*new)),
        // Items that share a key: who is who cannot be told.
        (old, new) if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_node(old, new)) => {
            return Step::default();
        }
        _ => return step.clone(),
    };
    let granular = !step.below.is_empty() || is_granular(path);
    let differs = if granular { old.is_some() != new.is_some() } else { !same(old, new) };
    Step { member: step.member && differs, below: changed(old, new, &step.below, path) }
}

/// Maps of which each key has its own owner, even when a manager declared them empty.
fn is_granular(path: &[Element]) -> bool {
    let field = |index: usize| match path.get(index) {
        Some(Element::Field(name)) => name.as_str(),
        _ => "",
    };
    path.len() == 2 && field(0) == "metadata" && matches!(field(1), "annotations" | "labels")
}

fn same(old: Option<&Node>, new: Option<&Node>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => same_node(old, new),
        (None, None) => true,
        _ => false,
    }
}

/// What a set takes its values for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Map,
    List,
    Mixed,
}

impl Shape {
    fn of(set: &FieldSet) -> Self {
        let fields = set.steps.keys().filter(|element| matches!(element, Element::Field(_))).count();
        match (fields, set.steps.len()) {
            (_, 0) => Self::Nothing,
            (fields, all) if fields == all => Self::Map,
            (0, _) => Self::List,
            _ => Self::Mixed,
        }
    }

    fn fits(self, node: Option<&Node>) -> bool {
        match (self, node.map(|node| &node.value)) {
            (Self::Mixed, _) => false,
            (Self::Nothing, _) | (_, None) => true,
            (Self::Map, Some(Value::Map(_))) | (Self::List, Some(Value::List(_))) => true,
            (Self::Map | Self::List, Some(_)) => false,
        }
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_list).unwrap_or_default()
}

/// The children that an element names: at most one field, but several items may share a key.
fn found<'a>(node: Option<&'a Node>, element: &Element) -> Vec<&'a Node> {
    match element {
        Element::Field(name) => present(node.and_then(|node| node.get(name))).into_iter().collect(),
        _ => {
            let selected =
                items(node).iter().enumerate().filter(|(index, item)| element.selects(*index, item));
            selected.map(|(_, item)| item).collect()
        }
    }
}

/// Whether declared items that stand in both lists stand in another order.
fn is_reordered(old: &[Node], new: &[Node], declared: &FieldSet) -> bool {
    let place = |list: &[Node], element: &Element| {
        list.iter().enumerate().position(|(index, item)| element.selects(index, item))
    };
    let mut places: Vec<(usize, usize)> = declared
        .steps
        .keys()
        .filter_map(|element| Some((place(old, element)?, place(new, element)?)))
        .collect();
    places.sort_unstable();
    !places.is_sorted_by_key(|place| place.1)
}
