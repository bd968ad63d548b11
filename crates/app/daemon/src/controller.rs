//! The sealer's command line: ours, and Bitnami's, whose program is named `controller`.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use sealward_chassis::logging::{self, Format, Streams};
use sealward_sealer::switch;

use crate::{Logs, start};

/// Bitnami's name of the program.
const NAME: &str = "controller";

/// `sealwardd sealer`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sealer {
    /// Whether information is logged to stdout, and only warnings and errors to stderr.
    #[arg(
        long,
        env = "SEALED_SECRETS_LOG_INFO_STDOUT",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    log_info_stdout: bool,
    /// What $SEALED_SECRETS_LOG_FORMAT says, where --log-format is not given.
    #[arg(long, hide = true, env = "SEALED_SECRETS_LOG_FORMAT")]
    upstream_log_format: Option<Format>,
    /// What $SEALED_SECRETS_LOG_LEVEL says, where --log-level is not given.
    #[arg(long, hide = true, env = "SEALED_SECRETS_LOG_LEVEL", value_parser = logging::level)]
    upstream_log_level: Option<String>,
    #[command(flatten)]
    args: sealward_sealer::Args,
}

/// The sealer under Bitnami's name.
#[derive(Debug, Parser)]
#[command(name = NAME, disable_help_subcommand = true)]
pub(crate) struct Controller {
    /// Prints the version and ends.
    #[arg(
        long,
        env = "SEALED_SECRETS_VERSION",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    version: bool,
    /// Lines for people, or JSON for machines: text or json.
    #[arg(long, env = "SEALED_SECRETS_LOG_FORMAT", default_value = "text")]
    log_format: Format,
    /// What is logged: INFO or ERROR; also warn, debug, trace, or a tracing filter.
    #[arg(long, env = "SEALED_SECRETS_LOG_LEVEL", default_value = "INFO", value_parser = logging::level)]
    log_level: String,
    /// Whether information is logged to stdout, and only warnings and errors to stderr.
    #[arg(
        long,
        env = "SEALED_SECRETS_LOG_INFO_STDOUT",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    log_info_stdout: bool,
    #[command(flatten)]
    args: sealward_sealer::Args,
    /// Not used, as upstream: `--update-status false` is the flag, which is true, and a word.
    #[arg(hide = true)]
    words: Vec<String>,
}

impl Sealer {
    pub(crate) fn run(self, logs: Logs) -> anyhow::Result<()> {
        let Self { log_info_stdout, upstream_log_format, upstream_log_level, args } = self;
        let logs = Logs {
            format: logs.format.or(upstream_log_format),
            level: logs.level.or(upstream_log_level),
            streams: streams(log_info_stdout),
        };
        start(logs, sealward_sealer::run(args))
    }
}

impl Controller {
    /// The command line, where the program was started under Bitnami's name; ends the process where it does
    /// not parse.
    pub(crate) fn of(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let name = args.next()?;
        let is_ours = Path::new(&name).file_name().is_some_and(|name| name == NAME);
        is_ours.then(|| Self::parse_from([name].into_iter().chain(args)))
    }

    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self { version, log_format, log_level, log_info_stdout, args, words } = self;
        if version {
            use std::io::Write;
            writeln!(std::io::stdout(), "controller version: v{}", env!("CARGO_PKG_VERSION"))?;
            return Ok(());
        }
        let logs =
            Logs { format: Some(log_format), level: Some(log_level), streams: streams(log_info_stdout) };
        start(logs, async move {
            if !words.is_empty() {
                tracing::warn!(?words, "words that belong to no flag are not used; write --flag=value");
            }
            sealward_sealer::run(args).await
        })
    }
}

fn streams(log_info_stdout: bool) -> Streams {
    if log_info_stdout { Streams::Split } else { Streams::Stderr }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Option<Controller> {
        Controller::of(args.iter().map(OsString::from))
    }

    #[test]
    fn only_bitnamis_name_has_bitnamis_command_line() {
        assert!(read(&["/usr/local/bin/controller", "--version"]).unwrap().version);
        assert!(read(&["sealwardd", "--version"]).is_none());
        assert!(read(&[]).is_none());
    }

    #[test]
    fn words_after_a_switch_are_no_value_of_it() {
        let controller = read(&["controller", "--log-info-stdout", "false"]).unwrap();
        assert!(controller.log_info_stdout);
        assert_eq!(controller.words, ["false"]);
        assert!(!read(&["controller", "--log-info-stdout=false"]).unwrap().log_info_stdout);
    }
}
