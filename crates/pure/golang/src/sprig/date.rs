//! Go's `time` package, as far as sprig's date functions need it.
//!
//! `Local` is UTC: the controller runs in a container without a zone of its own. Other zones come from the
//! tz database that is built in.

pub(super) mod duration;
pub(super) mod format;
pub(super) mod functions;
mod layout;
pub(super) mod parse;
pub(super) mod time;
