//! One fetch from a server into a store.

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;
use gix::remote::Direction;
use gix::remote::fetch::{Shallow, Tags};
use gix::{ObjectId, progress};
use reqwest::Url;

use crate::http::{Connection, Failure};
use crate::store::{Store, words};
use crate::{FetchError, Limits, Remote};

/// What a fetch failed at: before anything was written, or while it was.
pub(crate) struct Failed {
    pub(crate) error: FetchError,
    /// A fresh store may do better.
    pub(crate) may_be_the_store: bool,
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, may_be_the_store: false }
    }
}

/// Asks the server for `source` and, if its commit is not in `store` yet, receives that commit with its
/// trees and blobs but none of its parents, as `kept_as`. Where `kept_as` pointed before plays no part:
/// a branch that was pushed by force is followed.
///
/// Returns the commit's id; the object may turn out not to be a commit.
pub(crate) fn fetch(
    store: &Store,
    remote: &Remote,
    source: &str,
    kept_as: &str,
    limits: &Limits,
) -> Result<ObjectId, Failed> {
    let url = remote.checked_url()?;
    let connection = Connection::new(remote, &url, limits.pack_bytes)?;
    let told = Told { remote, url: &url, store, limit: limits.pack_bytes, failure: connection.failure() };
    let repository = store.repository.to_thread_local();
    let git_url = gix::url::parse(url.as_str())
        .map_err(|error| FetchError::Url { url: url.to_string(), reason: words(&error) })?;
    let at = repository
        .remote_at_without_url_rewrite(git_url.clone())
        .and_then(|at| {
            at.with_fetch_tags(Tags::None)
                .with_refspecs([format!("+{source}:{kept_as}").as_str()], Direction::Fetch)
        })
        .map_err(|error| told.mirror(&error))?;
    let transport = Transport::new_http(connection, git_url, Protocol::V2, false);
    let prepared = at
        .to_connection_with_transport(transport)
        .with_credentials(|_| Ok(None))
        .with_transport_options(Box::new(()))
        .prepare_fetch(progress::Discard, Default::default())
        .map_err(|error| told.why(&error, false))?;
    let mapping = prepared.ref_map().mappings.first();
    let wanted = mapping.and_then(|mapping| mapping.remote.peeled_id()).map(ToOwned::to_owned);
    let wanted = wanted.ok_or_else(|| told.no_such_reference())?;
    if kept(store, kept_as) == Some(wanted) {
        return Ok(wanted);
    }
    let interrupt = AtomicBool::new(false); // the connection has its own deadline
    prepared
        .with_shallow(Shallow::DepthAtRemote(NonZeroU32::MIN))
        .receive(progress::Discard, &interrupt)
        .map_err(|error| told.why(&error, true))?;
    Ok(wanted)
}

/// The commit that the store keeps under a name, if it has it.
pub(crate) fn kept(store: &Store, kept_as: &str) -> Option<ObjectId> {
    let repository = store.repository.to_thread_local();
    let mut reference = repository.try_find_reference(kept_as).ok()??;
    let id = reference.peel_to_id().ok()?.detach();
    repository.has_object(id).then_some(id)
}

/// Turns what the Git library says into what happened.
struct Told<'a> {
    remote: &'a Remote,
    url: &'a Url,
    store: &'a Store,
    limit: u64,
    failure: Failure,
}

impl Told<'_> {
    fn why(&self, error: &gix::Error, receiving: bool) -> Failed {
        if let Some(error) = self.failure.take() {
            return error.into();
        }
        let reason = words(error);
        if reason.contains("not our ref") || reason.contains("no such remote ref") {
            return self.no_such_reference();
        }
        if error.is_resource_exhausted() || reason.contains("too large to fit in memory") {
            let url = self.url.to_string();
            return FetchError::TooLarge { url, limit: self.limit }.into();
        }
        let local = error.iter_errors().filter_map(|error| error.downcast_ref::<io::Error>());
        if receiving && local.into_iter().any(|error| error.raw_os_error().is_some()) {
            return Failed { error: self.mirror(error), may_be_the_store: true };
        }
        let error = FetchError::Protocol { url: self.url.to_string(), reason };
        Failed { error, may_be_the_store: receiving }
    }

    fn mirror(&self, error: &gix::Error) -> FetchError {
        FetchError::Mirror { path: self.store.path().to_owned(), reason: words(error) }
    }

    fn no_such_reference(&self) -> Failed {
        let reference = self.remote.reference.to_string();
        FetchError::NoSuchReference { url: self.url.to_string(), reference }.into()
    }
}
