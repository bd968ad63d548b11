//! Other tools' command lines over our verbs: their flags, texts and exit codes.
//!
//! A tool is chosen by the name under which this program is started (a link or a copy), as busybox does it. What a
//! tool does is done by the native verbs' functions; here stand only its flags, what it lets pass, and its words.

pub(crate) mod kubeseal;
mod pflag;

use std::path::Path;
use std::process::ExitCode;

/// A tool that this program can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Bitnami's kubeseal.
    Kubeseal,
}

impl Tool {
    /// The tool under whose name this process was started.
    pub(crate) fn of_this_process() -> Option<Self> {
        Self::of(Path::new(&std::env::args_os().next()?))
    }

    fn of(program: &Path) -> Option<Self> {
        (program.file_stem()? == "kubeseal").then_some(Self::Kubeseal)
    }

    /// Runs it with the arguments of this process.
    pub(crate) fn run(self) -> ExitCode {
        match self {
            Self::Kubeseal => kubeseal::run(std::env::args_os().skip(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_name_decides() {
        for name in ["kubeseal", "/usr/local/bin/kubeseal", "./kubeseal", "kubeseal.exe"] {
            assert_eq!(Tool::of(Path::new(name)), Some(Tool::Kubeseal), "{name}");
        }
        for name in ["sealward", "kubeseal-old", "/kubeseal/sealward", ""] {
            assert_eq!(Tool::of(Path::new(name)), None, "{name}");
        }
    }
}
