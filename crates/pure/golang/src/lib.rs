//! Go semantics that the formats we read and write inherit.
//!
//! ```text
//! format, [Argument] ──▶ fmt::sprintf ──▶ text as Go's fmt.Sprintf writes it
//! text               ──▶ strconv::quote ──▶ "a Go string literal"
//! f64                ──▶ strconv::format_float ──▶ digits as Go writes them
//! text, Functions    ──▶ template::Template ─ execute(data, Environment) ──▶ bytes, as Go's text/template
//! ```
//!
//! **Invariants:** nothing here panics; printing and quoting never fail. What Go reports inside the text
//! (`%!d(string=x)`, `%!v(MISSING)`) is reported inside the text here too; widths above a million are refused
//! as Go does.

pub mod fmt;
mod sink;
pub mod sprig;
pub mod strconv;
pub mod template;
mod verb;
