//! The objects of a kustomization, in order, each identity once.

use std::collections::HashMap;

use sealward_document::{Map, Node, Value};

use crate::error::RenderError;
use crate::resource::{Behavior, Resource, ResourceId};

/// Objects in the order in which they were loaded.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    list: Vec<Resource>,
    /// Every present identity; only while nothing but `append` changed the list.
    present: Option<HashMap<ResourceId, usize>>,
    /// Every identity that an object has or had; only while none changed.
    known: Option<HashMap<ResourceId, Vec<usize>>>,
}

impl Resources {
    pub(crate) fn list(&self) -> &[Resource] {
        &self.list
    }

    /// The objects, to change what they hold and their identities.
    pub(crate) fn list_mut(&mut self) -> &mut Vec<Resource> {
        self.forget();
        &mut self.list
    }

    /// One object, to change what it holds but not its identity.
    pub(crate) fn content_mut(&mut self, index: usize) -> Option<&mut Resource> {
        self.list.get_mut(index)
    }

    /// Says that identities changed.
    pub(crate) fn forget(&mut self) {
        self.present = None;
        self.known = None;
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Adds an object.
    ///
    /// # Errors
    /// [`RenderError::Duplicate`] when one of that identity is there.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<(), RenderError> {
        let list = &self.list;
        let present = self.present.get_or_insert_with(|| {
            list.iter().enumerate().map(|(index, resource)| (resource.id(), index)).collect()
        });
        let id = resource.id();
        if let Some(first) = present.get(&id).and_then(|index| list.get(*index)) {
            return Err(duplicate(&id, first, &resource));
        }
        present.insert(id, list.len());
        self.list.push(resource);
        self.known = None;
        Ok(())
    }

    /// Adds every object of `other`.
    ///
    /// # Errors
    /// As [`Resources::append`].
    pub(crate) fn append_all(&mut self, other: Self) -> Result<(), RenderError> {
        if self.list.is_empty() {
            *self = other;
            return Ok(());
        }
        other.list.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// The objects that have or had identity `id`.
    pub(crate) fn find(&mut self, id: &ResourceId) -> &[usize] {
        let list = &self.list;
        let known = self.known.get_or_insert_with(|| {
            let mut known: HashMap<ResourceId, Vec<usize>> = HashMap::new();
            for (index, resource) in list.iter().enumerate() {
                for id in resource.all_ids() {
                    let places = known.entry(id).or_default();
                    if places.last() != Some(&index) {
                        places.push(index);
                    }
                }
            }
            known
        });
        known.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Adds what a generator made, or merges it into or puts it in place of what is there.
    ///
    /// # Errors
    /// [`RenderError::Generator`] when its behaviour does not fit what is there.
    pub(crate) fn absorb(&mut self, mut made: Resource) -> Result<(), RenderError> {
        let id = made.id();
        let wrong = |problem: &str| {
            let problem = problem.to_owned();
            Err(RenderError::Generator { id: id.to_string(), problem, origin: made.origin().clone() })
        };
        let index = match *self.find(&id) {
            [] if made.behavior == Behavior::Create => return self.append(made),
            [] => return wrong("behavior is merge or replace, and there is no such object"),
            [index] => index,
            _ => return wrong("several objects have or had that name"),
        };
        if made.behavior == Behavior::Create {
            return wrong("such an object exists; behavior must be merge or replace");
        }
        let Some(old) = self.list.get_mut(index) else { return wrong("there is no such object") };
        take_over(&mut made, old);
        if made.behavior == Behavior::Merge {
            for field in ["data", "binaryData"] {
                merge_texts(&mut made.root, &old.root, &[field]);
            }
        }
        made.behavior = old.behavior;
        *old = made;
        Ok(())
    }

    /// Drops what patches deleted.
    pub(crate) fn sweep(&mut self) {
        if self.list.iter().any(|resource| resource.deleted) {
            self.list.retain(|resource| !resource.deleted);
            self.forget();
        }
    }

    /// Tests that every identity is there once.
    ///
    /// # Errors
    /// [`RenderError::Duplicate`].
    pub(crate) fn check_unique(&self) -> Result<(), RenderError> {
        let mut seen: HashMap<ResourceId, &Resource> = HashMap::with_capacity(self.list.len());
        for resource in &self.list {
            let id = resource.id();
            if let Some(first) = seen.get(&id) {
                return Err(duplicate(&id, first, resource));
            }
            seen.insert(id, resource);
        }
        Ok(())
    }
}

fn duplicate(id: &ResourceId, first: &Resource, again: &Resource) -> RenderError {
    RenderError::Duplicate {
        id: id.to_string(),
        first: first.origin().clone(),
        entry: None,
        origin: again.origin().clone(),
    }
}

/// Gives `made` the name, the history and the metadata of the object whose place it takes.
fn take_over(made: &mut Resource, old: &Resource) {
    for field in ["labels", "annotations"] {
        merge_texts(&mut made.root, &old.root, &["metadata", field]);
    }
    made.set_name(old.name().to_owned());
    made.set_namespace(old.namespace().to_owned());
    made.previous.clone_from(&old.previous);
    made.prefixes.clone_from(&old.prefixes);
    made.suffixes.clone_from(&old.suffixes);
    made.hashed &= old.hashed;
}

/// Makes the map at `path` of `root` the union of what stands there and in `old`; `root` wins.
fn merge_texts(root: &mut Node, old: &Node, path: &[&str]) {
    let Some(older) = old.at(path).and_then(Node::as_map) else { return };
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(root, |node, key| node.as_map_mut()?.get_mut(key));
    let Some(map) = parent.and_then(|node| node.child_map(last)) else { return };
    let mut merged: Vec<_> = older.iter().filter(|field| map.get(&field.key).is_none()).cloned().collect();
    for field in &mut merged {
        field.node.value = Value::String(crate::resource::scalar_text(&field.node).into_owned());
    }
    merged.extend(map.iter().cloned());
    merged.sort_by(|a, b| a.key.cmp(&b.key));
    let mut sorted = Map::default();
    merged.into_iter().for_each(|field| sorted.push(field));
    *map = sorted;
}
