//! A mapping while it is read.

use std::collections::HashMap;

use sealward_diagnostic::Origin;

use crate::{Field, Map};

/// The fields of a mapping while it is read, found by key at once.
#[derive(Default)]
pub(crate) struct Fields {
    fields: Vec<Field>,
    places: HashMap<String, usize>,
    /// The byte after the last value.
    pub(super) end: Option<usize>,
}

impl Fields {
    /// Puts a field; if the key is known, in its place. Returns where the key stood before.
    pub(crate) fn put(&mut self, field: Field) -> Option<Origin> {
        match self.places.get(&field.key).and_then(|place| self.fields.get_mut(*place)) {
            Some(known) => {
                let first = known.origin.clone();
                *known = field;
                Some(first)
            }
            None => {
                self.places.insert(field.key.clone(), self.fields.len());
                self.fields.push(field);
                None
            }
        }
    }

    /// The mapping.
    pub(crate) fn into_map(self) -> Map {
        Map::of_unique(self.fields)
    }
}
