//! Sets of paths.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sealward_document::Node;

use super::{Element, FieldsError, path_text};

/// A set of paths of an object's fields.
///
/// Each step may be a member of the set itself (`.`, or a leaf `{}`), lead on to members below, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSet {
    pub(super) steps: BTreeMap<Element, Step>,
}

/// What a set says of one path: it never is neither a member nor has members below.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Step {
    pub(super) member: bool,
    pub(super) below: FieldSet,
}

impl FieldSet {
    /// Reads `fieldsV1`.
    ///
    /// # Errors
    /// [`FieldsError`] when a part is no mapping or a key is of an unknown kind.
    pub fn from_node(node: &Node) -> Result<Self, FieldsError> {
        let map = node.as_map().ok_or(FieldsError::NotAMap)?;
        let mut set = Self::default();
        for field in map.iter().filter(|field| field.key != ".") {
            let element = Element::parse(&field.key)?;
            let below = Self::from_node(&field.node)?;
            let member = below.is_empty() || field.node.get(".").is_some();
            set.merge(element, Step { member, below });
        }
        Ok(set)
    }

    /// Reads `fieldsV1` from JSON.
    ///
    /// # Errors
    /// As [`FieldSet::from_node`].
    pub fn from_json(json: &serde_json::Value) -> Result<Self, FieldsError> {
        Self::from_node(&Node::from_json(json, &sealward_diagnostic::Origin::file("<managedFields>")))
    }

    /// As `fieldsV1`.
    pub fn to_json(&self) -> serde_json::Value {
        let steps = self.steps.iter().map(|(element, step)| {
            let mut below = step.below.to_json();
            if let Some(fields) = below.as_object_mut().filter(|fields| step.member && !fields.is_empty()) {
                fields.insert(".".to_owned(), serde_json::json!({}));
            }
            (element.serialized(), below)
        });
        serde_json::Value::Object(steps.collect())
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Makes `path` a member; the empty path names the whole object and is no member of any set.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let step = self.steps.entry(first.clone()).or_default();
        if rest.is_empty() {
            step.member = true;
        } else {
            step.below.insert(rest);
        }
    }

    /// Whether `path` is a member.
    pub fn contains(&self, path: &[Element]) -> bool {
        match path.split_first() {
            None => false,
            Some((first, [])) => self.steps.get(first).is_some_and(|step| step.member),
            Some((first, rest)) => self.steps.get(first).is_some_and(|step| step.below.contains(rest)),
        }
    }

    /// The members below `path`, as paths from there.
    pub fn below(&self, path: &[Element]) -> Self {
        let mut set = self;
        for element in path {
            match set.steps.get(element) {
                Some(step) => set = &step.below,
                None => return Self::default(),
            }
        }
        set.clone()
    }

    /// The members of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        for (element, step) in &other.steps {
            union.merge(element.clone(), step.clone());
        }
        union
    }

    /// The members of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combined(other, |mine, theirs| mine && theirs, |mine, theirs| mine.intersection(theirs))
    }

    /// The members of this one that `other` has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combined(other, |mine, theirs| mine && !theirs, |mine, theirs| mine.difference(theirs))
    }

    /// Every member.
    pub fn members(&self) -> Vec<Vec<Element>> {
        let mut members = Vec::new();
        self.collect(&mut Vec::new(), &mut members);
        members
    }

    /// Every member as text, sorted: `spec.template.spec.containers[name="app"].image`.
    pub fn paths(&self) -> Vec<String> {
        self.members().iter().map(|path| path_text(path)).collect()
    }

    fn collect(&self, path: &mut Vec<Element>, members: &mut Vec<Vec<Element>>) {
        for (element, step) in &self.steps {
            path.push(element.clone());
            if step.member {
                members.push(path.clone());
            }
            step.below.collect(path, members);
            path.pop();
        }
    }

    fn merge(&mut self, element: Element, step: Step) {
        match self.steps.entry(element) {
            Entry::Vacant(place) => {
                place.insert(step);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.member |= step.member;
                known.below = known.below.union(&step.below);
            }
        }
    }

    fn combined(
        &self,
        other: &Self,
        member: impl Fn(bool, bool) -> bool,
        below: impl Fn(&Self, &Self) -> Self,
    ) -> Self {
        let nothing = Step::default();
        let mut set = Self::default();
        for (element, mine) in &self.steps {
            let theirs = other.steps.get(element).unwrap_or(&nothing);
            let step =
                Step { member: member(mine.member, theirs.member), below: below(&mine.below, &theirs.below) };
            set.keep(element, step);
        }
        set
    }

    /// Takes a step if it is or has a member.
    pub(super) fn keep(&mut self, element: &Element, step: Step) {
        if step.member || !step.below.is_empty() {
            self.steps.insert(element.clone(), step);
        }
    }
}
