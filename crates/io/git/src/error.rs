//! What can go wrong, in words for the person who wrote the source's spec.

use std::path::PathBuf;
use std::time::Duration;

/// Why a fetch failed. No text holds a credential, and URLs are shown without user and password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A URL that cannot be used at all.
    #[error("cannot use Git URL {url:?}: {reason}")]
    Url {
        /// Without user and password.
        url: String,
        /// What to do about it.
        reason: String,
    },
    /// A branch, tag, name or commit that no repository can have.
    #[error("{reference:?} is no valid Git reference: {reason}")]
    Reference {
        /// As given.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection, or a server that cannot answer now.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// Without user and password.
        url: String,
        /// From the network stack or the server's status.
        reason: String,
    },
    /// The server was too slow.
    #[error("{url} did not answer within {timeout:?}")]
    TimedOut {
        /// Without user and password.
        url: String,
        /// The bound that was hit.
        timeout: Duration,
    },
    /// The server wants other credentials, or some at all.
    #[error("{url} refused access (HTTP {status}): {}", if *given { "check the credentials" } else { "it wants credentials, and none are configured" })]
    Authentication {
        /// Without user and password.
        url: String,
        /// 401 or 403.
        status: u16,
        /// Whether credentials were sent.
        given: bool,
    },
    /// The server knows no such repository; many also say so when the credentials do not suffice.
    #[error("no repository at {url} (HTTP 404), or the credentials may not see it")]
    NotFound {
        /// Without user and password.
        url: String,
    },
    /// TLS failed: the server's certificate, or our own list of authorities.
    #[error("no trusted TLS connection to {url}: {reason}")]
    Certificate {
        /// Without user and password.
        url: String,
        /// From the TLS library.
        reason: String,
    },
    /// A redirect that must not be followed.
    #[error("{url} redirects to {location:?}, which is not followed: {reason}")]
    Redirected {
        /// Without user and password.
        url: String,
        /// Where to, without query.
        location: String,
        /// Why it is not followed.
        reason: String,
    },
    /// The repository has no such branch, tag, name or commit.
    #[error("{url} has no {reference}")]
    NoSuchReference {
        /// Without user and password, or a local path.
        url: String,
        /// In words: `branch "main"`.
        reference: String,
    },
    /// The reference names a tree, a file or something else that is not a commit.
    #[error("{reference} at {url} is not a commit")]
    NotACommit {
        /// Without user and password, or a local path.
        url: String,
        /// In words.
        reference: String,
    },
    /// The server sent more than [`crate::Limits::pack_bytes`].
    #[error("{url} sent more than {limit} bytes, or an object larger than that")]
    TooLarge {
        /// Without user and password.
        url: String,
        /// The bound that was hit.
        limit: u64,
    },
    /// What answered does not speak Git as we know it, or sent something broken.
    #[error("{url} did not answer as a Git server: {reason}")]
    Protocol {
        /// Without user and password.
        url: String,
        /// From the Git library, without credentials.
        reason: String,
    },
    /// Our own folder failed: a full disk, missing rights.
    #[error("cannot keep the mirror in {}: {reason}", path.display())]
    Mirror {
        /// The mirror's folder.
        path: PathBuf,
        /// From the system.
        reason: String,
    },
}

impl FetchError {
    /// Whether other credentials could help.
    pub fn is_authentication(&self) -> bool {
        matches!(self, Self::Authentication { .. })
    }

    /// Whether only another spec can help, so that trying again the same way is of no use.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Reference { .. })
    }
}

/// Why a mirror or a local repository could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process uses the mirror.
    #[error("the mirror in {} is in use by another process", path.display())]
    Busy {
        /// Its folder.
        path: PathBuf,
    },
    /// The folder cannot be made, read or locked.
    #[error("cannot use {} as a mirror", path.display())]
    Io {
        /// Its folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No repository, or one that cannot be read.
    #[error("cannot open a Git repository in {}: {reason}", path.display())]
    Repository {
        /// Its folder.
        path: PathBuf,
        /// From the Git library.
        reason: String,
    },
}

/// Why a commit is not remembered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot remember a commit in {}: {reason}", path.display())]
pub struct KeepError {
    /// The mirror's folder.
    pub path: PathBuf,
    /// From the Git library.
    pub reason: String,
}

/// Why there is no snapshot of a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not 40 hexadecimal digits.
    #[error("{commit:?} is not a commit id")]
    Id {
        /// As given.
        commit: String,
    },
    /// An object is missing or broken; the next fetch repairs that.
    #[error("object {object} cannot be read: {reason}")]
    Object {
        /// Its id.
        object: String,
        /// From the Git library.
        reason: String,
    },
    /// More files and folders than [`crate::Limits::entries`].
    #[error("the repository holds more than {limit} files and folders")]
    TooManyEntries {
        /// The bound.
        limit: usize,
    },
    /// Deeper than [`crate::Limits::depth`].
    #[error("folder {path:?} lies deeper than {limit} folders")]
    TooDeep {
        /// The first such folder.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// A name that no path may have: not UTF-8, empty, `.`, `..`, `.git`, or with a slash.
    #[error("folder {folder:?} holds the name {name:?}, which is not allowed in a path")]
    Name {
        /// The folder.
        folder: String,
        /// The name, made printable.
        name: String,
    },
}
