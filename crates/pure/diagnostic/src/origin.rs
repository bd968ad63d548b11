//! Where something was written.

use std::fmt;
use std::sync::Arc;

/// A place in a source file: path as the user knows it, line and column counted from 1
/// (columns in characters). Line 0 means the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Path relative to the repository's root, with `/` between its parts, or a name such as `<stdin>`.
    pub path: Arc<str>,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Column in characters, from 1; 0 when the whole line or file is meant.
    pub column: u32,
}

impl Origin {
    /// A place in `path`.
    pub fn new(path: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { path: path.into(), line, column }
    }

    /// The file as a whole.
    pub fn file(path: impl Into<Arc<str>>) -> Self {
        Self::new(path, 0, 0)
    }
}

impl fmt::Display for Origin {
    /// `path:line:column`, without the parts that are 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}
