//! What comes in: a file or stdin.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::SealError;
use crate::output;

/// Largest input.
const MAX: u64 = 16 << 20;

/// Bytes, and the name by which messages speak of them.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) path: String,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl Input {
    /// Reads `file`, or stdin when there is none or it is `-`; a person at a terminal is told what is `expected`.
    pub(crate) fn read(file: Option<&Path>, expected: &str) -> Result<Self, SealError> {
        match file.filter(|path| *path != Path::new("-")) {
            Some(path) => Self::file("--secret-file", path),
            None => {
                if io::stdin().is_terminal() {
                    output::talk(&format!("(tty detected: expecting {expected} in stdin)\n"));
                }
                Self::of("<stdin>".to_owned(), "stdin", io::stdin().lock())
            }
        }
    }

    /// Reads the file that the flag `what` names.
    pub(crate) fn file(what: &'static str, path: &Path) -> Result<Self, SealError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::of(name, what, file),
            Err(error) => Err(SealError::File { what, path: name, error }),
        }
    }

    fn of(path: String, what: &'static str, source: impl Read) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new(Vec::new());
        if let Err(error) = source.take(MAX + 1).read_to_end(&mut bytes) {
            return Err(SealError::File { what, path, error });
        }
        if bytes.len() as u64 > MAX {
            return Err(SealError::TooLarge { path });
        }
        Ok(Self { path, bytes })
    }
}
