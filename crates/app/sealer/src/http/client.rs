//! Who asks.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

use crate::args::Network;

/// Whom a request is counted for: the peer, or where a trusted peer says that it comes from.
///
/// Only the last address in `X-Forwarded-For` is believed: the peer itself put it there, while all before it
/// may be the client's own words. Of IPv6 the network counts, since whoever has one address has its 2^64
/// neighbours.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let forwarded = trusted.iter().any(|network| network.contains(peer)).then(|| last_hop(headers)).flatten();
    match forwarded.unwrap_or(peer).to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let text = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    text.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        http: crate::args::HttpArgs,
    }

    fn check(trusted: &str, peer: &str, forwarded: &[&str], expect: &str) {
        let flag = format!("--trusted-proxies={trusted}");
        let flags: &[&str] = if trusted.is_empty() { &["x"] } else { &["x", &flag] };
        let flags = Flags::parse_from(flags);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let found = client(peer.parse().unwrap(), &headers, &flags.http.trusted_proxies);
        assert_eq!(found.to_string(), expect, "{trusted} {peer} {forwarded:?}");
    }

    #[test]
    fn strangers_are_counted_by_their_own_address() {
        check("", "192.0.2.1", &[], "192.0.2.1");
        check("", "192.0.2.1", &["203.0.113.5"], "192.0.2.1");
        check("10.0.0.0/8", "192.0.2.1", &["203.0.113.5"], "192.0.2.1");
        check("", "::ffff:192.0.2.1", &[], "192.0.2.1");
        check("", "2001:db8:1:2:3:4:5:6", &[], "2001:db8:1:2::");
    }

    #[test]
    fn a_trusted_peer_is_believed_about_the_last_hop_only() {
        check("10.0.0.0/8", "10.0.0.1", &["203.0.113.5"], "203.0.113.5");
        check("10.0.0.0/8, 192.0.2.0/24", "192.0.2.1", &["1.1.1.1, 203.0.113.5"], "203.0.113.5");
        check("10.0.0.0/8", "10.0.0.1", &["1.1.1.1", "2.2.2.2, 203.0.113.5"], "203.0.113.5");
        check("10.0.0.0/8", "::ffff:10.0.0.1", &["203.0.113.5"], "203.0.113.5");
        check("10.0.0.0/8", "10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.0/8", "10.0.0.1", &["203.0.113.5, junk"], "10.0.0.1");
        check("10.0.0.0/8", "10.0.0.1", &[""], "10.0.0.1");
    }
}
