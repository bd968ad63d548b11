//! An application in a repository to the objects that it stands for.
//!
//! ```text
//! Snapshot ─▶ source ─▶ kustomization ─▶ load, generate ─▶ components ─▶ transform ─▶ hash ─▶ references ─▶ Vec<Manifest>
//!   paths, bounds        fields known      files, bases                    patches, names,   names of       each node with
//!                        or refused                                        labels, images    generated      its Origin
//! ```
//!
//! A native kustomize: what it renders equals in value what kustomize v5.8.1 builds (a test runs both
//! on every folder of `testdata/kustomize`). Objects come in the order in which it prints them.
//!
//! **Invariants:** a field that is not supported is refused by name, never ignored. Paths may go
//! anywhere inside the repository and never leave it; symbolic links are not followed; nothing is
//! fetched or run. Folders, files, bytes, objects and nesting are bounded, and inclusion in circles is
//! an error. No error quotes a value of a document.
//!
//! Where it is stricter than kustomize: names, namespaces, kinds and apiVersions must be text; a patch
//! must not be empty; one document per kustomization file; directives of strategic merge other than
//! `$patch` are refused; objects that differ in version only are duplicates. Where it is more exact:
//! integers beyond 2^53 keep their digits through a JSON patch.

mod application;
mod build;
mod error;
mod field_path;
mod folder;
mod generate;
mod hash;
mod kustomization;
mod load;
mod order;
mod patch;
mod references;
mod resource;
mod resources;
mod scalars;
mod shared;
mod source;
mod tables;
mod transform;

pub use application::Application;
pub use build::render;
pub use error::RenderError;
pub use kustomization::{FILE_NAMES as KUSTOMIZATION_FILES, Image, Patch, PatchBody, Selector};

#[cfg(test)]
mod tests;
