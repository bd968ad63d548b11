//! sprig v3.3.0's functions for templates: its `GenericFuncMap` without `env`, `expandenv` and
//! `getHostByName`, as the Sealed Secrets controller sets it up.
//!
//! ```text
//! functions() ──▶ Functions ──▶ Template::parse
//!   strings encoding lists dicts defaults json numbers paths
//!   regex semver date crypto random          each: FUNCTIONS, a table of Go signatures and bodies
//! ```
//!
//! **Invariants:** what takes time or memory beyond the size of its arguments is paid for before it is done.
//! Clock and randomness come from the execution's environment; what looks at them is marked. A function that
//! is not here is refused by name, with the reason. `Local` is UTC.

mod convert;
mod crypto;
mod date;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod equal;
mod json;
mod lists;
mod merge;
mod numbers;
mod paths;
mod random;
mod regex;
mod semver;
mod strings;
mod text;
mod url;

use std::sync::LazyLock;

use crate::template::Functions;

const OUTSIDE: &str = "it looks at the machine that renders the template";
const CERTIFICATES: &str = "keys and certificates that nobody can look at before they are in use are better made by a tool \
    for it (cert-manager) and sealed";

/// The names that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("env", OUTSIDE),
    ("expandenv", OUTSIDE),
    ("getHostByName", OUTSIDE),
    ("genPrivateKey", CERTIFICATES),
    ("genCA", CERTIFICATES),
    ("genCAWithKey", CERTIFICATES),
    ("genSelfSignedCert", CERTIFICATES),
    ("genSelfSignedCertWithKey", CERTIFICATES),
    ("genSignedCert", CERTIFICATES),
    ("genSignedCertWithKey", CERTIFICATES),
    ("buildCustomCert", CERTIFICATES),
];

static ALL: LazyLock<Functions> = LazyLock::new(|| {
    let tables = [
        strings::FUNCTIONS,
        encoding::FUNCTIONS,
        lists::FUNCTIONS,
        dicts::FUNCTIONS,
        defaults::FUNCTIONS,
        json::FUNCTIONS,
        numbers::FUNCTIONS,
        paths::FUNCTIONS,
        regex::functions::FUNCTIONS,
        semver::functions::FUNCTIONS,
        date::functions::FUNCTIONS,
        crypto::FUNCTIONS,
        random::FUNCTIONS,
    ];
    let implemented = tables.into_iter().fold(Functions::builtin(), Functions::with);
    REFUSED.iter().fold(implemented, |functions, (name, why)| functions.with_refused(name, why))
});

/// Every function, and every name that is refused.
pub fn functions() -> &'static Functions {
    &ALL
}

#[cfg(test)]
mod tests;
