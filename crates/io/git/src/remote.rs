//! Where to fetch from, and what.

use std::fmt;
use std::time::Duration;

use gix::bstr::ByteSlice;
use reqwest::Url;
use secrecy::SecretString;

use crate::FetchError;

/// A repository on a server, and the commit that is wanted of it.
#[derive(Debug, Clone)]
pub struct Remote {
    /// `http://` or `https://`, without user and password.
    pub url: String,
    /// What to fetch.
    pub reference: Reference,
    /// Sent to the URL's own host only.
    pub credentials: Credentials,
    /// Authorities (PEM) to trust beside those of the machine.
    pub ca_pem: Option<Vec<u8>>,
    /// For each request, and for the fetch as a whole.
    pub timeout: Duration,
}

/// How the wanted commit is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A branch's short name.
    Branch(String),
    /// A tag's short name; an annotated tag stands for its commit.
    Tag(String),
    /// A full name, as `refs/pull/420/head`.
    Name(String),
    /// A commit id: 40 hexadecimal digits.
    Commit(String),
}

/// What proves to the server who asks; never printed. It is sent over plain `http` too, if the URL says
/// so.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// HTTP basic authentication (RFC 7617).
    Basic {
        /// The user.
        username: String,
        /// The password, or a token in its place.
        password: SecretString,
    },
    /// A bearer token (RFC 6750).
    Bearer(SecretString),
}

impl Remote {
    /// The URL, if it can be used.
    pub(crate) fn checked_url(&self) -> Result<Url, FetchError> {
        let refuse = |reason: &str| FetchError::Url { url: redacted(&self.url), reason: reason.into() };
        let url = Url::parse(&self.url).map_err(|error| refuse(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("only http and https are supported"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(
                "it holds a user or password; put them into the Secret that the source names",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it must not have a query or fragment"));
        }
        Ok(url)
    }
}

impl Reference {
    /// The name or id that is asked of the server.
    pub(crate) fn source(&self) -> Result<String, FetchError> {
        let refuse = |reason: &str| FetchError::Reference {
            reference: self.short().to_owned(),
            reason: reason.into(),
        };
        let name = match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
            Self::Name(name) if name.starts_with("refs/") => name.clone(),
            Self::Name(_) => return Err(refuse("a full name begins with refs/")),
            Self::Commit(id) if is_commit_id(id) => return Ok(id.clone()),
            Self::Commit(_) => return Err(refuse("a commit id has 40 hexadecimal digits in lower case")),
        };
        gix::validate::reference::name(name.as_bytes().as_bstr())
            .map_err(|error| refuse(&error.to_string()))?;
        Ok(name)
    }

    /// Where the mirror keeps what it fetched last for this reference.
    pub(crate) fn kept_as(&self, source: &str) -> String {
        match self {
            Self::Branch(_) | Self::Tag(_) | Self::Name(_) => {
                format!("refs/sealward/{}", source.trim_start_matches("refs/"))
            }
            Self::Commit(_) => format!("refs/sealward/commits/{source}"),
        }
    }

    /// Flux's notation: `main@sha1:…`, and `sha1:…` for a bare commit.
    pub(crate) fn revision(&self, commit: &str) -> String {
        match self {
            Self::Branch(name) | Self::Tag(name) | Self::Name(name) => format!("{name}@sha1:{commit}"),
            Self::Commit(_) => format!("sha1:{commit}"),
        }
    }

    fn short(&self) -> &str {
        let (Self::Branch(name) | Self::Tag(name) | Self::Name(name) | Self::Commit(name)) = self;
        name
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Branch(_) => "branch",
            Self::Tag(_) => "tag",
            Self::Name(_) => "reference",
            Self::Commit(_) => "commit",
        };
        write!(f, "{kind} {:?}", self.short())
    }
}

pub(crate) fn is_commit_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `url` without what stands between `//` and `@`, whether it parses or not.
fn redacted(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let (scheme, rest) = url.split_at(start);
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..authority).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}***{}", rest.get(at..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_url(url: &str, expect: Result<&str, &str>) {
        let remote = Remote {
            url: url.into(),
            reference: Reference::Branch("main".into()),
            credentials: Credentials::None,
            ca_pem: None,
            timeout: Duration::from_secs(1),
        };
        let found = remote.checked_url().map(String::from).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expect);
    }

    #[test]
    fn urls() {
        check_url("https://git.example/a/b.git", Ok("https://git.example/a/b.git"));
        check_url(
            "https://ada:s3cret@git.example/a",
            Err(
                "cannot use Git URL \"https://***@git.example/a\": it holds a user or password; put them into \
                 the Secret that the source names",
            ),
        );
        check_url(
            "ssh://git@git.example/a",
            Err("cannot use Git URL \"ssh://***@git.example/a\": only http and https are supported"),
        );
        check_url(
            "https://ada:s3cret@:99999/",
            Err("cannot use Git URL \"https://***@:99999/\": empty host"),
        );
        check_url(
            "git@git.example:a/b",
            Err("cannot use Git URL \"***@git.example:a/b\": relative URL without a base"),
        );
        check_url(
            "file:///etc",
            Err("cannot use Git URL \"file:///etc\": only http and https are supported"),
        );
        check_url(
            "http://git.example/a?token=x",
            Err("cannot use Git URL \"http://git.example/a?token=x\": it must not have a query or fragment"),
        );
    }

    fn check(reference: Reference, expect: Option<(&str, &str, &str)>) {
        let found = reference
            .source()
            .ok()
            .map(|source| (reference.kept_as(&source), reference.revision("0a"), source));
        let found = found.as_ref().map(|(kept, revision, source)| (&**source, &**kept, &**revision));
        assert_eq!(found, expect, "{reference}");
    }

    #[test]
    fn references() {
        let id = "0123456789012345678901234567890123456789";
        let (kept, revision) = (format!("refs/sealward/commits/{id}"), "sha1:0a");
        check(Reference::Commit(id.into()), Some((id, &kept, revision)));
        check(
            Reference::Branch("feature/x".into()),
            Some(("refs/heads/feature/x", "refs/sealward/heads/feature/x", "feature/x@sha1:0a")),
        );
        check(Reference::Tag("v1".into()), Some(("refs/tags/v1", "refs/sealward/tags/v1", "v1@sha1:0a")));
        check(
            Reference::Name("refs/pull/1/head".into()),
            Some(("refs/pull/1/head", "refs/sealward/pull/1/head", "refs/pull/1/head@sha1:0a")),
        );
        for bad in ["", "a b", "a:b", "*", "../x", "a..b", "x.lock", "a\nb"] {
            check(Reference::Branch(bad.into()), None);
        }
        check(Reference::Name("heads/main".into()), None);
        check(Reference::Commit("abc".into()), None);
    }
}
