//! Making a certificate and its CA.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};

use super::state::Pair;

/// How far back a certificate begins, for clocks that are behind ours.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// What the certificate is for, and nothing else: DNS names and IP addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    dns: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// The names by which the API server calls `service` in `namespace`, and `extra` ones.
    pub(crate) fn of(service: &str, namespace: &str, extra: &[String]) -> Self {
        let mut names = Self { dns: vec![format!("{service}.{namespace}.svc")], addresses: Vec::new() };
        for name in extra {
            match name.parse() {
                Ok(address) => names.addresses.push(address),
                Err(_) => names.dns.push(name.clone()),
            }
        }
        names.dns.sort();
        names.dns.dedup();
        names.addresses.sort();
        names.addresses.dedup();
        names
    }

    /// All of them as text, sorted.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> =
            self.dns.iter().cloned().chain(self.addresses.iter().map(ToString::to_string)).collect();
        texts.sort();
        texts
    }

    /// These and nothing else. A kind of name of which there is none is excluded whole, because
    /// constraints leave alone what they do not mention (RFC 5280, 4.2.1.10).
    fn constraints(&self) -> NameConstraints {
        let host = |address: &IpAddr| match address {
            IpAddr::V4(_) => CidrSubnet::from_addr_prefix(*address, 32),
            IpAddr::V6(_) => CidrSubnet::from_addr_prefix(*address, 128),
        };
        let dns = self.dns.iter().cloned().map(GeneralSubtree::DnsName);
        let addresses = self.addresses.iter().map(|address| GeneralSubtree::IpAddress(host(address)));
        let mut excluded_subtrees = Vec::new();
        if self.addresses.is_empty() {
            excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)));
            excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)));
        }
        NameConstraints { permitted_subtrees: dns.chain(addresses).collect(), excluded_subtrees }
    }
}

/// A new certificate for `names` with a CA of its own, both valid from a little before `now` for
/// `lifetime`. The CA's key is not kept.
pub(crate) fn issue(names: &Names, now: Timestamp, lifetime: Duration) -> anyhow::Result<Pair> {
    let authority_key = KeyPair::generate().context("cannot make a key")?;
    let mut authority = params(&format!("sealward-webhook CA {now}"), now, lifetime)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.name_constraints = Some(names.constraints());
    let authority_certificate = authority.self_signed(&authority_key).context("cannot make a CA")?;

    let key = KeyPair::generate().context("cannot make a key")?;
    let mut leaf = params("sealward-webhook", now, lifetime)?;
    leaf.subject_alt_names =
        CertificateParams::new(names.texts()).context("a name is no DNS name")?.subject_alt_names;
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let issuer = Issuer::from_params(&authority, &authority_key);
    let certificate = leaf.signed_by(&key, &issuer).context("cannot make a certificate")?;
    Ok(Pair {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem().into(),
    })
}

fn params(common_name: &str, now: Timestamp, lifetime: Duration) -> anyhow::Result<CertificateParams> {
    let since_epoch = u64::try_from(now.as_second()).context("the clock is before 1970")?;
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(since_epoch);
    params.not_before = now - SKEW;
    params.not_after = now + lifetime;
    Ok(params)
}
