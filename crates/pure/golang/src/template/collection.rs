//! Lists and maps. Each knows how deep it nests, so that dropping one never outruns the stack.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::text::Text;
use super::types::Type;
use super::value::Value;

/// A Go slice: `[]interface {}`, `[]string`, `[]int` and so on. It is never changed once made.
#[derive(Debug, Clone)]
pub struct List {
    element: &'static Type,
    nil: bool,
    depth: usize,
    items: Rc<[Value]>,
}

impl List {
    /// A slice of `element`s. The caller makes sure that every item is one (anything for [`Type::Any`]).
    pub fn new(element: &'static Type, items: Vec<Value>) -> Self {
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or_default();
        Self { element, nil: false, depth, items: items.into() }
    }

    /// A nil slice: empty, and `null` in JSON.
    pub fn nil(element: &'static Type) -> Self {
        Self { element, nil: true, depth: 1, items: Rc::new([]) }
    }

    /// The type of its elements.
    pub fn element(&self) -> &'static Type {
        self.element
    }

    /// Its items.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// Whether it is Go's nil slice.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
}

/// A `map[string]interface {}`: shared and changed in place (sprig's `set`), so it can hold itself. Whoever
/// walks one must bound how deep he goes ([`super::Call::deeper`]).
#[derive(Clone)]
pub struct Dict {
    entries: Rc<RefCell<BTreeMap<Text, Value>>>,
    depth: Rc<Cell<usize>>,
    nil: bool,
}

impl Dict {
    /// A map with these entries.
    pub fn new(entries: BTreeMap<Text, Value>) -> Self {
        let depth = 1 + entries.values().map(Value::depth).max().unwrap_or_default();
        Self { entries: Rc::new(RefCell::new(entries)), depth: Rc::new(Cell::new(depth)), nil: false }
    }

    /// A nil map: empty, and writing to it fails.
    pub fn nil() -> Self {
        Self { nil: true, ..Self::new(BTreeMap::new()) }
    }

    /// Whether it is Go's nil map.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// What stands under `key`.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    /// Whether there is an entry for `key`.
    pub fn has(&self, key: &[u8]) -> bool {
        self.entries.borrow().contains_key(key)
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// Its entries at this moment, sorted by key.
    pub fn entries(&self) -> Vec<(Text, Value)> {
        self.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Whether both are the same map, not only alike.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth.get()
    }

    /// Writes an entry; the execution must know of it (see [`super::Call::insert`]).
    pub(super) fn insert(&self, key: Text, value: Value) {
        self.depth.set(self.depth.get().max(1 + value.depth()));
        self.entries.borrow_mut().insert(key, value);
    }

    /// Takes an entry out.
    pub(super) fn remove(&self, key: &[u8]) {
        self.entries.borrow_mut().remove(key);
    }

    /// Takes all entries out, which breaks any circle through this map.
    pub(super) fn clear(&self) {
        let entries = std::mem::take(&mut *self.entries.borrow_mut());
        drop(entries);
    }
}

impl std::fmt::Debug for Dict {
    /// Without its values: it can hold itself.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Dict({} entries)", self.len())
    }
}

/// A `map[string]string`, never changed once made: the data that a template starts with.
#[derive(Debug, Clone, Default)]
pub struct StringMap(Arc<BTreeMap<Text, Text>>);

impl StringMap {
    /// Its entries, sorted by key.
    pub fn entries(&self) -> &BTreeMap<Text, Text> {
        &self.0
    }
}

impl<K: Into<Text>, V: Into<Text>> FromIterator<(K, V)> for StringMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect()))
    }
}
