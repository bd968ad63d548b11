//! Go's `text/template` (source followed: `text/template` of Go 1.26), for templates of strangers.
//!
//! ```text
//! text ─ lexer ─ parser ─▶ Template ── execute(data, Environment) ──▶ bytes, or an error with Go's text
//!                   ▲                       │  ▲
//!               Functions           Call ───┘  └── limits, time, randomness
//! ```
//!
//! **Invariants:** no input makes it panic, run on, or outgrow its [`Limits`]. The `Display` of an error never
//! holds data. Time and randomness come from the [`Environment`] alone.

mod budget;
mod builtin;
mod call;
mod collection;
mod duration;
mod error;
mod exec;
mod function;
mod lexer;
mod parser;
mod print;
mod text;
mod tree;
mod types;
mod value;

use zeroize::Zeroizing;

pub use budget::{Environment, Limit, Limits};
pub use call::{Call, FunctionError};
pub use collection::{Dict, List, StringMap};
pub use duration::duration_text;
pub use error::{ExecuteError, ParseError};
pub use function::{Body, Entry, Function, Functions};
pub use text::Text;
pub use types::Type;
pub use value::{Object, Value};

/// Texts longer than this are not parsed.
const MAX_TEXT: usize = 2 << 20;

/// A parsed template with the templates that it defines.
#[derive(Debug)]
pub struct Template {
    name: String,
    text: String,
    parsed: parser::Parsed,
}

impl Template {
    /// Parses `text` as the template `name`, which may call Go's built-in functions and `functions`.
    ///
    /// ```
    /// use sealward_golang::template::{Environment, Functions, Limits, Template, Value};
    ///
    /// let template = Template::parse("url", "postgres://{{ .user }}@db", &Functions::builtin())?;
    /// let mut random = |_: &mut [u8]| {};
    /// let environment = Environment {
    ///     now: jiff::Timestamp::UNIX_EPOCH,
    ///     random: &mut random,
    ///     limits: Limits::default(),
    /// };
    /// let data = Value::map_of_strings([("user", "app")]);
    /// assert_eq!(template.execute(&data, environment)?.as_slice(), b"postgres://app@db");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Go's text (`template: NAME:LINE: …`), a function that is refused, or what only Go reads: complex
    /// numbers, nesting beyond 100 levels, texts beyond 2 MiB.
    pub fn parse(name: &str, text: &str, functions: &Functions) -> Result<Self, ParseError> {
        if text.len() > MAX_TEXT {
            let what = "text is longer than 2 MiB";
            return Err(ParseError::Unsupported { template: name.to_owned(), line: 1, what });
        }
        let parsed = parser::parse(name, text, functions)?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), parsed })
    }

    /// Writes the template with `data` as its dot.
    ///
    /// # Errors
    /// Go's text (`template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: …`), or a limit.
    pub fn execute(
        &self,
        data: &Value,
        environment: Environment<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ExecuteError> {
        exec::execute(&self.parsed.definitions, &self.name, &self.text, data, environment)
    }

    /// The name it was parsed under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the same data always gives the same output: it calls no function that looks at the clock or at
    /// randomness, not even in a branch that is never taken.
    pub fn is_deterministic(&self) -> bool {
        self.parsed.deterministic
    }

    /// The names of all functions that it calls, Go's built-in ones included.
    pub fn functions_used(&self) -> impl Iterator<Item = &'static str> {
        self.parsed.called.iter().copied()
    }
}

#[cfg(test)]
mod tests;
