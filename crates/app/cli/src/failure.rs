//! How a verb fails: `error:`, then what caused it, then `hint:`.

use std::process::ExitCode;

use crate::output;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    code: u8,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), hint: None, code: 1 }
    }
}

impl Failure {
    /// A failure with these words.
    pub(crate) fn of(message: impl Into<String>) -> Self {
        anyhow::Error::msg(message.into()).into()
    }

    /// The same with what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with another exit code than 1.
    pub(crate) fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Tells it on stderr; the exit code.
    pub(crate) fn report(self) -> ExitCode {
        output::talk(&self.text());
        ExitCode::from(self.code)
    }

    /// What is told, line by line.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("error: {}\n", self.error);
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1) {
            let cause = cause.to_string();
            if !said.contains(&cause) {
                text.push_str(&format!("  caused by: {cause}\n"));
                said = cause;
            }
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }
}
