//! A document as Kubernetes means it.
//!
//! ```text
//! Node ──▶ Manifest { root, gvk, identity }     Secret values become secrecy leaves here
//!              │
//!              ├── fields: FieldSet (managedFields, FieldsV1), the only reader of them
//!              └── scope, comparison
//! ```
//!
//! **Invariants:** a Manifest has an apiVersion, a kind and a name or generateName; a `List` is read
//! as its items; the values of a Secret's `data` and `stringData` are secret leaves from here on.

mod compare;
pub mod fields;
mod identity;
mod name;
mod object;
mod read;
mod scope;

pub use compare::same_meaning;
pub use identity::{Gvk, ObjectId};
pub use name::{is_dns_label, is_dns_subdomain};
pub use object::{LAST_APPLIED, Manifest, ManifestError};
pub use read::{Reading, objects, read, read_each, read_within};
pub use scope::Scope;
/// Where things were written, for the same crates.
pub use sealward_diagnostic::Origin;
/// The trees that manifests are made of, for crates that need no more of them than that.
pub use sealward_document as document;
