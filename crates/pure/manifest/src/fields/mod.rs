//! Who manages which fields: `metadata.managedFields` and its FieldsV1 sets, as in
//! `sigs.k8s.io/structured-merge-diff/v6/fieldpath`.

mod changed;
mod element;
mod managers;
mod set;
#[cfg(test)]
mod tests;

pub use element::{Element, path_text};
pub use managers::{ManagerEntry, Operation, managers};
pub use set::FieldSet;

/// Why `managedFields` cannot be read. What cannot be read must count as managed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// A set, or a part of one, that is no mapping.
    #[error("a FieldsV1 set must be a mapping")]
    NotAMap,
    /// A key that is none of `.`, `f:`, `k:`, `v:` and `i:`.
    #[error("unknown FieldsV1 path element {key:?}")]
    Element {
        /// The key.
        key: String,
    },
    /// An entry of `managedFields` without what it must say.
    #[error("managedFields entry {index}: {field} is missing or unknown")]
    Entry {
        /// Its place, from 0.
        index: usize,
        /// The field.
        field: &'static str,
    },
}
