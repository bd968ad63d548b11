//! Why nothing was sealed, opened or asked: causes, not words. `words` and `compat` say them.

use std::path::PathBuf;

use sealward_cluster::{ConnectError, ServiceError};
use sealward_document::ReadError;
use sealward_keys::CertificateError;
use sealward_keyservice::{FetchError, Pin};
use sealward_manifest::Origin;
use sealward_sealing::{
    BackupError, NotSealedSecret, OpenError, RotateError, Scope, SealSecretError, SecretError,
};

/// What the sealer was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Its certificate or recipients.
    ForKeys,
    /// Whether this SealedSecret opens.
    ToVerify(String),
    /// To seal a SealedSecret anew.
    ToRotate,
}

#[derive(Debug)]
pub(crate) enum SealError {
    /// A file that is not there or cannot be read; `what` names the flag.
    File { what: &'static str, path: String, error: std::io::Error },
    /// More than is read into memory.
    TooLarge { path: String },
    /// The input is no YAML or JSON, or not of objects.
    Read(ReadError),
    /// The input holds none of these.
    Empty { path: String, kind: &'static str },
    /// `--name` for several Secrets.
    ManyForOneName { path: String, count: usize },
    /// A certificate or list that was not fetched.
    Fetch(FetchError),
    /// What was fetched or read is no certificate to seal with.
    Certificate { name: String, error: CertificateError },
    /// A recipient on the command line, by its place in it.
    Recipient { place: String, problem: String },
    /// A list of recipients that cannot be used.
    Recipients(String),
    /// Bytes with another digest than the one given.
    Digest { path: String, found: Pin },
    /// No API server.
    Connect(ConnectError),
    /// The sealer's Service.
    Service { asked: Asked, error: ServiceError },
    /// The sealer's answer is none.
    Answer(String),
    /// A Secret that cannot be sealed; `mixed` when some of the input name a namespace and some none.
    Secret { place: Origin, error: SealSecretError, mixed: bool },
    /// A single value whose namespace or name is not known.
    RawUnbound { flag: &'static str, scope: Scope, configured: bool },
    /// A single value from several files.
    RawFiles,
    /// A single value, and a file of objects.
    RawInput,
    /// A single value that cannot be sealed.
    RawValue(String),
    /// An object that is no SealedSecret.
    NotSealed { place: Origin, error: NotSealedSecret },
    /// A file to merge into that holds several objects.
    MergeMany { path: String, count: usize },
    /// A file to merge into that holds no object.
    MergeNone { path: String },
    /// Several Secrets to merge into one SealedSecret.
    MergeFromMany { path: String, count: usize },
    /// A scope that the file to merge into does not have.
    MergeScope { path: String, file: Scope, asked: Scope },
    /// A file of keys.
    Keys { path: String, error: Box<BackupError> },
    /// A SealedSecret that does not open.
    Open { place: Origin, error: OpenError },
    /// Opened values that make no Secret.
    Render { place: Origin, error: SecretError },
    /// A SealedSecret that is not sealed anew.
    Rotate { place: Origin, error: RotateError },
    /// The result was not written.
    Write { path: Option<PathBuf>, error: anyhow::Error },
    /// This process cannot run.
    System(std::io::Error),
}
