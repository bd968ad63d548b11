//! Whole objects: opened, rendered, sealed anew, and the inputs that they are made from.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod common;
mod input;
mod old_format;
mod rotation;
mod templates;
