//! Flags about the sealing keys.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use sealward_api::bitnami;
use sealward_keys::{KeyOrder, RsaKeySize};

use super::values::{duration, positive_duration, switch};

/// Longest `--key-prefix`: the API server adds five letters, and a name has at most 253.
const MAX_PREFIX: usize = 245;

/// How keys are found, made and renewed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct KeyArgs {
    /// Name of new key Secrets, up to a random end; reserved for keys in the sealer's namespace. A Secret
    /// of just this name is a key without a label too.
    #[arg(long, env = "SEALED_SECRETS_KEY_PREFIX", default_value = bitnami::KEY_PREFIX, value_parser = prefix)]
    pub(crate) key_prefix: String,
    /// Bits of a new RSA key: 2048, 3072, 4096 or 8192.
    #[arg(long, env = "SEALED_SECRETS_KEY_SIZE", default_value = "4096", value_parser = size)]
    pub(crate) key_size: RsaKeySize,
    /// How long a new certificate is valid, such as 87600h.
    #[arg(long, env = "SEALED_SECRETS_KEY_TTL", default_value = "87600h", value_parser = positive_duration)]
    pub(crate) key_ttl: Duration,
    /// Common name in a new certificate.
    #[arg(long, env = "SEALED_SECRETS_MY_CN", default_value = "", value_parser = common_name)]
    pub(crate) my_cn: String,
    /// What makes one key newer than another: CertNotBefore or SecretCreationTimestamp.
    #[arg(long, env = "SEALED_SECRETS_KEY_ORDER_PRIORITY", default_value = "CertNotBefore", value_parser = order)]
    pub(crate) key_order_priority: KeyOrder,
    /// A new RSA key is made when the newest is this old; `0` is never. SIGUSR1 makes one at any time.
    #[arg(
        long,
        env = "SEALED_SECRETS_KEY_RENEW_PERIOD",
        default_value = "720h",
        overrides_with = "rotate_period",
        value_parser = duration
    )]
    key_renew_period: Duration,
    /// Old name of --key-renew-period.
    #[arg(
        long,
        env = "SEALED_SECRETS_ROTATE_PERIOD",
        hide = true,
        overrides_with = "key_renew_period",
        value_parser = duration
    )]
    rotate_period: Option<Duration>,
    /// A new RSA key is made at the start when the newest is older than this time, written as `date -R`
    /// does: Mon, 02 Jan 2006 15:04:05 -0700.
    #[arg(long, env = "SEALED_SECRETS_KEY_CUTOFF_TIME", default_value = "", value_parser = cutoff)]
    pub(crate) key_cutoff_time: Cutoff,
    /// Annotations of new key Secrets, as key=value,key=value.
    #[arg(long, env = "SEALED_SECRETS_PRIVATEKEY_ANNOTATIONS", default_value = "", value_parser = annotations)]
    pub(crate) privatekey_annotations: Pairs,
    /// Labels of new key Secrets, as key=value,key=value. The key label itself cannot be changed by it.
    #[arg(long, env = "SEALED_SECRETS_PRIVATEKEY_LABELS", default_value = "", value_parser = labels)]
    pub(crate) privatekey_labels: Pairs,
    /// Whether key Secrets are watched, so that a change takes effect at once. With =false they are listed
    /// once a minute.
    #[arg(
        long,
        env = "SEALED_SECRETS_WATCH_FOR_SECRETS",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) watch_for_secrets: bool,
    /// Whether the first keys of a cluster are made when there are none. With =false the sealer waits for
    /// keys that are restored, and none comes to stand beside them.
    #[arg(
        long,
        env = "SEALWARD_MAKE_FIRST_KEYS",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) make_first_keys: bool,
}

/// A time before which the newest key must not have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cutoff(pub(crate) Option<Timestamp>);

/// Keys and values of metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pairs(pub(crate) BTreeMap<String, String>);

impl KeyArgs {
    /// How old the newest RSA key may become; `None` when keys are not renewed.
    pub(crate) fn renew_period(&self) -> Option<Duration> {
        let period = self.rotate_period.unwrap_or(self.key_renew_period);
        Some(period).filter(|period| !period.is_zero())
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > MAX_PREFIX {
        return Err(format!("it must have 1 to {MAX_PREFIX} characters"));
    }
    if !text.bytes().all(fits) || text.starts_with('-') {
        return Err(
            "it may hold a-z, 0-9 and -, and must not begin with -: Secrets are named by it".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn size(text: &str) -> Result<RsaKeySize, String> {
    let size = text.parse().ok().and_then(RsaKeySize::from_bits);
    size.ok_or_else(|| format!("{text:?} is none of 2048, 3072, 4096, 8192"))
}

fn common_name(text: &str) -> Result<String, String> {
    // RFC 5280, ub-common-name.
    if text.chars().count() > 64 {
        return Err("a common name has at most 64 characters".to_owned());
    }
    Ok(text.to_owned())
}

fn order(text: &str) -> Result<KeyOrder, String> {
    match text {
        "CertNotBefore" => Ok(KeyOrder::CertNotBefore),
        "SecretCreationTimestamp" => Ok(KeyOrder::SecretCreationTimestamp),
        other => Err(format!("{other:?} is neither CertNotBefore nor SecretCreationTimestamp")),
    }
}

fn cutoff(text: &str) -> Result<Cutoff, String> {
    if text.is_empty() {
        return Ok(Cutoff(None));
    }
    let time = rfc2822::parse(text).map_err(|_| {
        format!("{text:?} is no time as `date -R` writes it, such as Mon, 02 Jan 2006 15:04:05 -0700")
    })?;
    Ok(Cutoff(Some(time.timestamp())))
}

fn annotations(text: &str) -> Result<Pairs, String> {
    pairs(text, |_| true)
}

fn labels(text: &str) -> Result<Pairs, String> {
    let mut pairs = pairs(text, is_label_value)?;
    // As upstream: what makes a Secret a key, or takes it out of use, is not for this flag to say.
    pairs.0.retain(|key, _| key != bitnami::KEY_LABEL && key != bitnami::AGE_KEY_LABEL);
    Ok(pairs)
}

/// Reads `key=value,key=value`.
fn pairs(text: &str, value_fits: fn(&str) -> bool) -> Result<Pairs, String> {
    let mut pairs = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("{part:?} has no =, it must be key=value"))?;
        if !is_qualified_name(key) {
            return Err(format!("{key:?} is no key of a label or annotation"));
        }
        if !value_fits(value) {
            return Err(format!("{value:?} is no value of a label"));
        }
        pairs.insert(key.to_owned(), value.to_owned());
    }
    Ok(Pairs(pairs))
}

/// Kubernetes' `[prefix/]name`.
pub(super) fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let is_domain = |domain: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        domain.len() <= 253
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(fits)
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            })
    };
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_domain)
}

/// Kubernetes' form of label values, which names share.
pub(super) fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let outer = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63 && bytes.iter().copied().all(inner) && outer(bytes.first()) && outer(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_must_be_beginnings_of_names() {
        let check = |text: &str, fits: bool| assert_eq!(prefix(text).is_ok(), fits, "{text:?}");
        check("sealed-secrets-key", true);
        check("k", true);
        check(&"a".repeat(245), true);
        check(&"a".repeat(246), false);
        check("", false);
        check("Sealed", false);
        check("a.b", false);
        check("a_b", false);
        check("-a", false);
    }

    #[test]
    fn cutoff_times_are_those_of_date() {
        let check = |text: &str, expect: Option<&str>| {
            let read = cutoff(text).ok().and_then(|cutoff| cutoff.0).map(|time| time.to_string());
            assert_eq!(read.as_deref(), expect, "{text:?}");
        };
        check("Mon, 02 Jan 2006 15:04:05 -0700", Some("2006-01-02T22:04:05Z"));
        check("Sat, 21 Nov 2026 12:29:19 +0000", Some("2026-11-21T12:29:19Z"));
        assert_eq!(cutoff(""), Ok(Cutoff(None)));
        assert!(cutoff("2006-01-02T15:04:05Z").is_err());
        assert!(cutoff("Mon, 02 Jan 2006").is_err());
    }

    #[test]
    fn metadata_that_the_api_server_would_refuse_is_refused_here() {
        let check = |text: &str, expect: Result<&[(&str, &str)], &str>| {
            let read = labels(text).map(|pairs| pairs.0).map_err(|error| error.to_string());
            let expect = expect
                .map(|pairs| {
                    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
                })
                .map_err(str::to_owned);
            assert_eq!(read, expect, "{text:?}");
        };
        check("", Ok(&[]));
        check("a=b, example.com/team=x", Ok(&[("a", "b"), ("example.com/team", "x")]));
        check("a=", Ok(&[("a", "")]));
        check("a=1,a=2", Ok(&[("a", "2")]));
        check("sealedsecrets.bitnami.com/sealed-secrets-key=compromised", Ok(&[]));
        check("team", Err("\"team\" has no =, it must be key=value"));
        check("=b", Err("\"\" is no key of a label or annotation"));
        check("a b=c", Err("\"a b\" is no key of a label or annotation"));
        check("A.com/x=y", Err("\"A.com/x\" is no key of a label or annotation"));
        check("a=b c", Err("\"b c\" is no value of a label"));
        assert_eq!(annotations("a=b c=d").unwrap().0["a"], "b c=d", "annotations hold anything");
    }

    #[test]
    fn sizes_are_those_that_can_be_made() {
        assert_eq!(size("2048"), Ok(RsaKeySize::Bits2048));
        assert!(size("1024").is_err());
        assert!(size("big").is_err());
    }
}
