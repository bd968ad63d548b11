//! What to do next about the certificate; decided from what stands in the cluster, without waiting.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use super::issue::Names;

/// A certificate with its key and the CA that answers for it, as PEM.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: SecretString,
}

/// What the Secret holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    /// Served.
    pub(crate) current: Option<Pair>,
    /// Served as soon as every API server knows its CA.
    pub(crate) next: Option<Pair>,
    /// The CA of what was served before.
    pub(crate) previous: Option<String>,
}

/// What one look at the cluster found.
pub(crate) struct Seen<'a> {
    pub(crate) stored: &'a Stored,
    /// caBundle of each entry of the webhook configuration.
    pub(crate) bundles: &'a [String],
    pub(crate) names: &'a Names,
    pub(crate) now: Timestamp,
    /// How long `bundles` have been what they are, all as wanted; `None` when they are not.
    pub(crate) settled_for: Option<Duration>,
    pub(crate) settle: Duration,
    pub(crate) lifetime: Duration,
}

/// One write, after which one looks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is no certificate that can be served: make one.
    Generate,
    /// Put this into every caBundle.
    Announce(String),
    /// Renewal is due: make the next one.
    Prepare,
    /// Serve the next one.
    Promote,
    /// Forget the CA of the one before.
    Retire,
    /// Nothing.
    Rest,
}

pub(crate) fn step(seen: &Seen<'_>) -> Step {
    let stored = seen.stored;
    let Some(current) = stored.current.as_ref().and_then(|pair| pair.facts()) else {
        return Step::Generate;
    };
    if current.not_after <= seen.now {
        return Step::Generate;
    }
    if !is_announced(stored, seen.bundles) {
        return Step::Announce(stored.bundle());
    }
    let settled = seen.settled_for.is_some_and(|time| time >= seen.settle);
    let renewal = Timestamp::from_second(
        current.not_after.as_second().saturating_sub_unsigned(seen.lifetime.as_secs() / 3),
    );
    let due = renewal.is_ok_and(|renewal| renewal <= seen.now) || current.names != seen.names.texts();
    let next_fits =
        stored.next.as_ref().and_then(Pair::facts).is_some_and(|next| next.names == seen.names.texts());
    match (&stored.next, &stored.previous) {
        (Some(_), _) if !next_fits => Step::Prepare,
        (Some(_), _) if settled => Step::Promote,
        (None, Some(_)) if settled => Step::Retire,
        (None, None) if due => Step::Prepare,
        (Some(_), _) | (None, _) => Step::Rest,
    }
}

/// Whether every entry trusts exactly the CAs that it should.
pub(crate) fn is_announced(stored: &Stored, bundles: &[String]) -> bool {
    let wanted = stored.bundle();
    !bundles.is_empty() && bundles.iter().all(|bundle| *bundle == wanted)
}

/// Whether every entry trusts what is served.
pub(crate) fn trusts_current(stored: &Stored, bundles: &[String]) -> bool {
    let current = stored.current.as_ref();
    current.is_some_and(|pair| {
        !bundles.is_empty() && bundles.iter().all(|bundle| bundle.contains(&pair.authority))
    })
}

impl Stored {
    /// The CAs that API servers must know now.
    pub(crate) fn bundle(&self) -> String {
        let pairs = [&self.current, &self.next].into_iter().flatten().map(|pair| pair.authority.as_str());
        pairs.chain(self.previous.as_deref()).collect()
    }

    /// After [`Step::Promote`].
    pub(crate) fn promoted(&self) -> Self {
        let previous = self.current.as_ref().map(|pair| pair.authority.clone());
        Self { current: self.next.clone(), next: None, previous }
    }
}

struct PairFacts {
    not_after: Timestamp,
    names: Vec<String>,
}

impl Pair {
    /// What its certificate says; `None` when that cannot be read.
    fn facts(&self) -> Option<PairFacts> {
        let (_, pem) = parse_x509_pem(self.certificate.as_bytes()).ok()?;
        let certificate = pem.parse_x509().ok()?;
        let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
        let alternative = certificate.subject_alternative_name().ok()??;
        let mut names: Vec<String> = alternative.value.general_names.iter().filter_map(text).collect();
        names.sort();
        Some(PairFacts { not_after, names })
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
            let sixteen = <[u8; 16]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
            four.or(sixteen).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::issue::issue;
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + day * 24 * 3600).unwrap()
    }

    fn names() -> Names {
        Names::of("sealward-webhook", "sealward-system", &["127.0.0.1".into()])
    }

    fn pair(day: i64) -> Pair {
        issue(&names(), at(day), 90 * DAY).unwrap()
    }

    fn check(stored: &Stored, bundles: &[String], day: i64, settled_for: Option<Duration>, expect: &Step) {
        let names = names();
        let seen = Seen {
            stored,
            bundles,
            names: &names,
            now: at(day),
            settled_for,
            settle: Duration::from_secs(60),
            lifetime: 90 * DAY,
        };
        assert_eq!(&step(&seen), expect);
    }

    #[test]
    fn a_life_of_a_certificate() {
        let minute = Some(Duration::from_secs(60));
        check(&Stored::default(), &[], 0, None, &Step::Generate);
        let first = pair(0);
        let mut stored = Stored { current: Some(first.clone()), ..Stored::default() };
        let bundle = |stored: &Stored| vec![stored.bundle(); 2];
        check(&stored, &[], 0, None, &Step::Announce(stored.bundle()));
        check(&stored, &[stored.bundle(), String::new()], 0, None, &Step::Announce(stored.bundle()));
        check(&stored, &bundle(&stored), 0, None, &Step::Rest);
        check(&stored, &bundle(&stored), 59, minute, &Step::Rest);
        check(&stored, &bundle(&stored), 60, minute, &Step::Prepare);

        let old = bundle(&stored);
        stored.next = Some(pair(60));
        check(&stored, &old, 60, minute, &Step::Announce(stored.bundle()));
        assert!(trusts_current(&stored, &old), "what is served stays trusted");
        check(&stored, &bundle(&stored), 60, Some(Duration::from_secs(59)), &Step::Rest);
        check(&stored, &bundle(&stored), 60, None, &Step::Rest);
        check(&stored, &bundle(&stored), 60, minute, &Step::Promote);

        let both = bundle(&stored);
        let stored = stored.promoted();
        assert!(trusts_current(&stored, &both), "the new one is trusted before it is served");
        assert_eq!(stored.previous.as_ref(), Some(&first.authority));
        check(&stored, &both, 60, minute, &Step::Announce(stored.bundle()));
        check(&stored, &bundle(&stored), 60, None, &Step::Rest);
        check(&stored, &bundle(&stored), 60, minute, &Step::Retire);
        let stored = Stored { previous: None, ..stored };
        check(&stored, &bundle(&stored), 61, minute, &Step::Rest);
    }

    #[test]
    fn what_cannot_be_served_is_made_anew() {
        let stored = Stored { current: Some(pair(0)), ..Stored::default() };
        check(&stored, &[stored.bundle()], 91, None, &Step::Generate);
        let broken = Pair { certificate: "none".into(), ..pair(0) };
        check(&Stored { current: Some(broken), ..Stored::default() }, &[], 0, None, &Step::Generate);
        let elsewhere = issue(&Names::of("other", "sealward-system", &[]), at(0), 90 * DAY).unwrap();
        let stored = Stored { current: Some(elsewhere), ..Stored::default() };
        check(&stored, &[stored.bundle()], 1, None, &Step::Prepare);
    }

    #[test]
    fn the_authority_is_good_for_these_names_only() {
        for (extra, permitted, excluded) in
            [(vec![], 1, 2), (vec!["127.0.0.1".to_owned(), "::1".to_owned()], 3, 0)]
        {
            let names = Names::of("sealward-webhook", "sealward-system", &extra);
            let pair = issue(&names, at(0), DAY).unwrap();
            let (_, pem) = parse_x509_pem(pair.authority.as_bytes()).unwrap();
            let authority = pem.parse_x509().unwrap();
            assert!(authority.is_ca());
            let constraints = authority.name_constraints().unwrap().unwrap();
            assert!(constraints.critical);
            assert_eq!(constraints.value.permitted_subtrees.as_ref().map_or(0, Vec::len), permitted);
            assert_eq!(constraints.value.excluded_subtrees.as_ref().map_or(0, Vec::len), excluded);
            assert_eq!(pair.facts().unwrap().names, names.texts());
        }
    }
}
