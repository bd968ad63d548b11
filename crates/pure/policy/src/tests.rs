//! Tests across the crate.

mod folders;
mod gatekeeper;
mod policies;
