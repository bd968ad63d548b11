//! Logs: fields and a constant sentence.

use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line, for a collector.
    #[default]
    Json,
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Streams {
    /// All to stderr.
    #[default]
    Stderr,
    /// Information and below to stdout, warnings and errors to stderr.
    Split,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// A format that is not known.
    #[error("unknown log format {0:?}; use text or json")]
    Format(String),
    /// A filter that does not parse.
    #[error("cannot read log level {level:?}; use error, warn, info, debug, trace or target=level,…")]
    Level {
        /// As given.
        level: String,
    },
    /// Something else in this process logs already.
    #[error("logging is set up already")]
    Twice,
}

impl FromStr for Format {
    type Err = LoggingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(LoggingError::Format(other.into())),
        }
    }
}

/// `text` where [`init`] takes it for a level: what parses a flag.
///
/// # Errors
/// [`LoggingError::Level`].
pub fn level(text: &str) -> Result<String, LoggingError> {
    filter(text).map(|_| text.to_owned())
}

fn filter(text: &str) -> Result<EnvFilter, LoggingError> {
    let refused = || LoggingError::Level { level: text.to_owned() };
    // A word that is no level would be a target, and a mistyped level log nothing at all.
    let is_target = |part: &str| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err();
    if text.split(',').any(is_target) {
        return Err(refused());
    }
    EnvFilter::try_new(text).map_err(|_| refused())
}

/// Sends what the process logs to `streams`, for its whole life.
///
/// `level` is a level (`info`) or directives as tracing-subscriber's `EnvFilter` reads them
/// (`info,hyper=warn`).
///
/// # Errors
/// [`LoggingError`]: the level does not parse, or logging is set up already.
pub fn init(format: Format, level: &str, streams: Streams) -> Result<(), LoggingError> {
    let filter = filter(level)?;
    let writer = match streams {
        Streams::Stderr => BoxMakeWriter::new(std::io::stderr),
        Streams::Split => {
            BoxMakeWriter::new(std::io::stderr.with_max_level(Level::WARN).or_else(std::io::stdout))
        }
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LoggingError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &str, level: &str, expect: Result<(), &str>) {
        let found = format
            .parse()
            .and_then(|format| init(format, level, Streams::Stderr))
            .map_err(|error| error.to_string());
        assert_eq!(found.as_ref().map_err(String::as_str).copied(), expect);
    }

    #[test]
    fn refuses_what_it_does_not_know_and_a_second_time() {
        check("xml", "info", Err("unknown log format \"xml\"; use text or json"));
        check(
            "json",
            "a=b=c",
            Err("cannot read log level \"a=b=c\"; use error, warn, info, debug, trace or target=level,…"),
        );
        check(
            "json",
            "LOUD",
            Err("cannot read log level \"LOUD\"; use error, warn, info, debug, trace or target=level,…"),
        );
        for known in ["INFO", "off", "", "warn,hyper=off", "[span{field=1}]=debug"] {
            assert_eq!(super::level(known).ok().as_deref(), Some(known));
        }
        check("json", "info,hyper=warn", Ok(()));
        check("text", "debug", Err("logging is set up already"));
    }
}
