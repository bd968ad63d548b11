//! Versions (source followed: `version.go`).

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

/// A version; parts that were left out are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pub(crate) prerelease: String,
    pub(crate) metadata: String,
    pub(crate) original: String,
}

static LOOSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?",
        r"(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?",
        r"(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?$",
    ))
    .ok()
});

impl Version {
    /// `semver.NewVersion`; fails with its text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const INVALID: &str = "invalid semantic version";
        let parts = LOOSE.as_ref().and_then(|loose| loose.captures(text)).ok_or(INVALID)?;
        let part = |index| parts.get(index).map_or("", |found| found.as_str());
        let number = |index| {
            match part(index).trim_start_matches('.') {
            "" => Ok(0),
            digits => digits.parse::<u64>().map_err(|_| {
                format!(
                    "error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range"
                )
            }),
        }
        };
        let version = Self {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            prerelease: part(4).to_owned(),
            metadata: part(5).to_owned(),
            original: text.to_owned(),
        };
        let zero_first = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if version.prerelease.split('.').any(zero_first) {
            return Err("version segment starts with 0".to_owned());
        }
        Ok(version)
    }

    /// Zero below zero: before the first release.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.as_str(), other.prerelease.as_str()) {
                ("", "") => Ordering::Equal,
                ("", _) => Ordering::Greater,
                (_, "") => Ordering::Less,
                (ours, theirs) => compare_prerelease(ours, theirs),
            }
        })
    }

    /// The next version by `IncMajor`, `IncMinor` and `IncPatch`, its original text spelled anew.
    pub(crate) fn next(&self, part: &str) -> Self {
        let mut next = Self { prerelease: String::new(), metadata: String::new(), ..self.clone() };
        match part {
            "IncMajor" => (next.major, next.minor, next.patch) = (self.major.wrapping_add(1), 0, 0),
            "IncMinor" => (next.minor, next.patch) = (self.minor.wrapping_add(1), 0),
            _ if self.prerelease.is_empty() => next.patch = self.patch.wrapping_add(1),
            _ => {}
        }
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{next}");
        next
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

pub(super) fn compare_prerelease(ours: &str, theirs: &str) -> Ordering {
    let (mut ours, mut theirs) = (ours.split('.'), theirs.split('.'));
    loop {
        let (ours, theirs) = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (ours, theirs) => (ours.unwrap_or_default(), theirs.unwrap_or_default()),
        };
        if ours == theirs {
            continue;
        }
        let (first, second) = (ours.parse::<u64>(), theirs.parse::<u64>());
        return match (first, second) {
            _ if ours.is_empty() => Ordering::Less,
            _ if theirs.is_empty() => Ordering::Greater,
            (Err(_), Err(_)) => ours.cmp(theirs),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Ok(first), Ok(second)) if first > second => Ordering::Greater,
            (Ok(_), Ok(_)) => Ordering::Less,
        };
    }
}
