//! What a person asked for, whatever the flags were called.

use std::path::{Path, PathBuf};

use sealward_cluster::KubectlOptions;
use sealward_keyservice::Pin;
use sealward_sealing::Scope;

/// Under which name this program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Our own: strict input, output for people.
    Sealward,
    /// kubeseal's: input as lax, with a warning, and output as kubeseal writes it.
    Kubeseal,
}

/// Whom to seal for.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A certificate in a file or behind a URL.
    Certificate(String),
    /// The certificate of the cluster's sealer.
    Cluster,
    /// age recipients as given.
    Recipients(Vec<String>),
    /// The age recipients that the cluster's sealer names, or that a URL gives.
    ClusterRecipients(Option<String>),
}

/// How objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// YAML documents.
    Yaml,
    /// JSON, indented.
    Json,
}

/// One call of `sealward seal`, `sealward open` or `kubeseal`.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) manner: Manner,
    /// File to read; stdin without one.
    pub(crate) input: Option<PathBuf>,
    /// File to write; stdout without one.
    pub(crate) output: Option<PathBuf>,
    /// Format that somebody asked for.
    pub(crate) format: Option<Format>,
    pub(crate) source: Source,
    pub(crate) digest: Option<Pin>,
    /// Scope that somebody asked for; else annotations decide.
    pub(crate) scope: Option<Scope>,
    pub(crate) name: Option<String>,
    pub(crate) allow_empty_data: bool,
    /// `[KEY=]FILE` of one value.
    pub(crate) from_file: Vec<String>,
    /// Files of keys to open with.
    pub(crate) keys: Vec<String>,
    pub(crate) kubectl: KubectlOptions,
    pub(crate) controller_namespace: String,
    pub(crate) controller_name: String,
}

impl Request {
    /// The format of the output: what was asked for, else what the output file's name says, else the usual.
    pub(crate) fn format(&self) -> Format {
        let by_name = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
        self.format.unwrap_or(match self.manner {
            Manner::Kubeseal => Format::Json,
            Manner::Sealward if self.output.as_deref().is_some_and(by_name) => Format::Json,
            Manner::Sealward => Format::Yaml,
        })
    }
}
