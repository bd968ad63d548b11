//! What sprig does with strings, on bytes: Go's strings need not be UTF-8.

pub(super) mod cases;
pub(super) mod runes;
pub(super) mod words;
