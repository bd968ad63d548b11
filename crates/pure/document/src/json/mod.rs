//! JSON in, with places, and JSON out.

pub(crate) mod read;
mod write;

pub use write::{write_exposed, write_redacted};
