//! Flags about what is served over HTTP.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::values::{positive_duration, switch};

/// Addresses, limits and whom to believe.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HttpArgs {
    /// Where /v1/cert.pem, /v1/recipients, /v1/verify, /v1/rotate, /healthz and /readyz are served.
    #[arg(long, env = "SEALED_SECRETS_LISTEN_ADDR", default_value = ":8080")]
    pub(crate) listen_addr: String,
    /// Where /metrics is served.
    #[arg(long, env = "SEALED_SECRETS_LISTEN_METRICS_ADDR", default_value = ":8081")]
    pub(crate) listen_metrics_addr: String,
    /// How long a request may take to arrive.
    #[arg(long, env = "SEALED_SECRETS_READ_TIMEOUT", default_value = "2m", value_parser = positive_duration)]
    pub(crate) read_timeout: Duration,
    /// How long the answer to a request may take to be found; the client is told 503 then.
    #[arg(long, env = "SEALED_SECRETS_WRITE_TIMEOUT", default_value = "2m", value_parser = positive_duration)]
    pub(crate) write_timeout: Duration,
    /// Requests a second that one client may send to each of /v1/verify and /v1/rotate.
    #[arg(long, env = "SEALED_SECRETS_RATE_LIMIT", default_value = "2")]
    pub(crate) rate_limit: NonZeroU32,
    /// How many requests may come at once beyond the first.
    #[arg(long, env = "SEALED_SECRETS_RATE_LIMIT_BURST", default_value = "2")]
    pub(crate) rate_limit_burst: u32,
    /// Addresses or networks, comma-separated, that forward requests of others (the API servers, as they
    /// are seen here): their requests are counted by the last address in X-Forwarded-For.
    #[arg(long, env = "SEALWARD_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxies: Vec<Network>,
    /// Leaves out sealed_secrets_controller_condition_info, which names every SealedSecret.
    #[arg(
        long,
        env = "SEALED_SECRETS_METRICS_OMIT_SECRET_LABELS",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) metrics_omit_secret_labels: bool,
    /// Where the same API is served over TLS, /v1/verify and /v1/rotate only to clients with a token that
    /// the API server vouches for (TokenReview); off by default.
    #[arg(
        long,
        env = "SEALWARD_LISTEN_TLS_ADDR",
        requires = "tls_cert_file",
        requires = "tls_private_key_file"
    )]
    pub(crate) listen_tls_addr: Option<String>,
    /// Certificate chain of that port, PEM; read again while the sealer runs.
    #[arg(long, env = "SEALWARD_TLS_CERT_FILE", requires = "listen_tls_addr")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Private key of that certificate, PEM.
    #[arg(long, env = "SEALWARD_TLS_PRIVATE_KEY_FILE", requires = "listen_tls_addr")]
    pub(crate) tls_private_key_file: Option<PathBuf>,
    /// Audience that tokens must be for; the API server's own by default.
    #[arg(long, env = "SEALWARD_TLS_TOKEN_AUDIENCE", requires = "listen_tls_addr")]
    pub(crate) tls_token_audience: Option<String>,
}

/// A range of addresses, `10.0.0.0/8` or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: u128,
    mask: u128,
}

impl Network {
    /// Whether `address` lies in it; an IPv4 address means the same however it is written.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

/// IPv4 in its place within IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("{text:?} is neither an address nor a network such as 10.0.0.0/8");
    let (address, length) = match text.trim().split_once('/') {
        None => (text.trim(), None),
        Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let full = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(full);
    if length > full {
        return Err(wrong());
    }
    // A shift by the whole width is none.
    let mask = u128::MAX.checked_shl(full - length).unwrap_or(0);
    let network = Network { address: bits(address), mask };
    if network.address & mask != network.address {
        return Err(format!("{text:?} has bits set behind its length"));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_lies_in_them() {
        let check = |net: &str, address: &str, expect: bool| {
            assert_eq!(network(net).unwrap().contains(address.parse().unwrap()), expect, "{net} {address}");
        };
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::1", false);
        check("0.0.0.0/0", "203.0.113.9", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.8", false);
        check("2001:db8::/32", "2001:db8:1::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "192.0.2.7", true);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "host", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "10.0.0.0/x", "::/129"] {
            assert!(network(text).is_err(), "{text:?}");
        }
    }
}
