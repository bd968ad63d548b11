//! Masterminds' semver v3.4.0: lenient versions and constraints.

pub(super) mod constraint;
pub(super) mod functions;
pub(super) mod version;
