//! Constraints on versions (source followed: `constraints.go`).

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::version::{Version, compare_prerelease};

/// Alternatives, each of which is a list of conditions that all must hold.
#[derive(Debug)]
pub(crate) struct Constraints(Vec<Alternative>);

#[derive(Debug)]
struct Alternative {
    conditions: Vec<Condition>,
    /// A condition names a prerelease: then prereleases are looked at.
    prereleases: bool,
}

#[derive(Debug)]
struct Condition {
    operator: String,
    version: Version,
    minor_dirty: bool,
    patch_dirty: bool,
    dirty: bool,
}

const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
const VERSION: &str = concat!(
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
);

static ONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"^[\t\n\f\r ]*({OPERATORS})[\t\n\f\r ]*({VERSION})[\t\n\f\r ]*$")).ok()
});
static RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"[\t\n\f\r ]*({VERSION})[\t\n\f\r ]+-[\t\n\f\r ]+({VERSION})[\t\n\f\r ]*")).ok()
});
static FIND: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"({OPERATORS})[\t\n\f\r ]*({VERSION})")).ok());
static VALID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const SPACE: &str = r"[\t\n\f\r ]";
    Regex::new(&format!(
        r"^({SPACE}*({OPERATORS}){SPACE}*({VERSION}){SPACE}*)((?:{SPACE}+|,{SPACE}*)({OPERATORS}){SPACE}*({VERSION}){SPACE}*)*$"
    ))
    .ok()
});

impl Constraints {
    /// `semver.NewConstraint`; fails with its text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = without_ranges(text);
        text.split("||").map(alternative).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the version meets them.
    pub(crate) fn check(&self, version: &Version) -> bool {
        self.0.iter().any(|alternative| {
            alternative.conditions.iter().all(|condition| {
                (version.prerelease.is_empty() || alternative.prereleases) && condition.holds(version)
            })
        })
    }
}

/// `1.2 - 3.4` is `>= 1.2, <= 3.4`.
fn without_ranges(text: &str) -> String {
    let mut out = text.to_owned();
    let ranges = RANGE.as_ref().map(|range| range.captures_iter(text));
    for found in ranges.into_iter().flatten() {
        let part = |index: usize| found.get(index).map_or("", |found| found.as_str());
        out = out.replacen(part(0), &format!(">= {}, <= {} ", part(1), part(11)), 1);
    }
    out
}

fn alternative(text: &str) -> Result<Alternative, String> {
    if !VALID.as_ref().is_some_and(|valid| valid.is_match(text)) {
        return Err(format!("improper constraint: {text}"));
    }
    let found = FIND.as_ref().map(|find| find.find_iter(text));
    let conditions =
        found.into_iter().flatten().map(|found| condition(found.as_str())).collect::<Result<Vec<_>, _>>()?;
    let prereleases = conditions.iter().any(|condition| !condition.version.prerelease.is_empty());
    Ok(Alternative { conditions, prereleases })
}

fn condition(text: &str) -> Result<Condition, String> {
    let parts = ONE.as_ref().and_then(|one| one.captures(text));
    let parts = parts.ok_or_else(|| format!("improper constraint: {text}"))?;
    let part = |index: usize| parts.get(index).map_or("", |found| found.as_str());
    let open = |text: &str| matches!(text.trim_start_matches('.'), "" | "x" | "X" | "*");
    let (major, minor, patch, behind) = (part(3), part(4), part(5), part(6));
    let (mut minor_dirty, mut patch_dirty) = (false, false);
    let spelled = if open(major) {
        format!("0.0.0{behind}")
    } else if open(minor) {
        minor_dirty = true;
        format!("{major}.0.0{behind}")
    } else if open(patch) {
        patch_dirty = true;
        format!("{major}{minor}.0{behind}")
    } else {
        part(2).to_owned()
    };
    let dirty = open(major) || minor_dirty || patch_dirty;
    let version = Version::parse(&spelled).map_err(|_| "constraint parser error".to_owned())?;
    Ok(Condition { operator: part(1).to_owned(), version, minor_dirty, patch_dirty, dirty })
}

impl Condition {
    fn holds(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        match self.operator.as_str() {
            "!=" => self.differs(version),
            ">" => self.greater(version),
            "<" => order == Ordering::Less,
            ">=" | "=>" => order != Ordering::Less,
            "<=" | "=<" => self.at_most(version),
            "~" | "~>" => self.tilde(version),
            "^" => self.caret(version),
            _ if self.dirty => self.tilde(version),
            _ => order == Ordering::Equal,
        }
    }

    fn differs(&self, version: &Version) -> bool {
        if self.dirty {
            if self.version.major != version.major {
                return true;
            }
            if self.minor_dirty {
                return false;
            }
            if self.version.minor != version.minor {
                return true;
            }
            if self.patch_dirty {
                let prerelease = !version.prerelease.is_empty() || !self.version.prerelease.is_empty();
                return prerelease
                    && compare_prerelease(&version.prerelease, &self.version.prerelease) != Ordering::Equal;
            }
            if self.version.patch != version.patch {
                return true;
            }
        }
        version.compare(&self.version) != Ordering::Equal
    }

    fn greater(&self, version: &Version) -> bool {
        if !self.dirty || version.major != self.version.major {
            return version.compare(&self.version) == Ordering::Greater;
        }
        if self.minor_dirty {
            return false;
        }
        if self.patch_dirty {
            return version.minor > self.version.minor;
        }
        version.compare(&self.version) == Ordering::Greater
    }

    fn at_most(&self, version: &Version) -> bool {
        if !self.dirty {
            return version.compare(&self.version) != Ordering::Greater;
        }
        let minor_above = version.minor > self.version.minor && !self.minor_dirty;
        version.major < self.version.major || (version.major == self.version.major && !minor_above)
    }

    fn tilde(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted) == Ordering::Less {
            return false;
        }
        let any = wanted.major == 0 && wanted.minor == 0 && wanted.patch == 0;
        if any && !self.minor_dirty && !self.patch_dirty {
            return true;
        }
        version.major == wanted.major && (version.minor == wanted.minor || self.minor_dirty)
    }

    fn caret(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted) == Ordering::Less || version.major != wanted.major {
            return false;
        }
        if wanted.major > 0 || self.minor_dirty {
            return true;
        }
        if wanted.minor > 0 || self.patch_dirty {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && wanted.patch == version.patch
    }
}
