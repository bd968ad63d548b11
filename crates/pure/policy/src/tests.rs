//! Tests across the crate.

mod gatekeeper;
mod policies;
