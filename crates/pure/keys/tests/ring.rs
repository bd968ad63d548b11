//! Which key is newest, and in what order keys are tried.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail loudly, helpers too")]

use jiff::Timestamp;
use sealward_keys::{KeyOrder, KeyRing, RsaPrivateKey, SealingKey};

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/sealing/keys/", $name)).as_slice()
    };
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Certificates of 3072 and 4096 start in 2026, `expired` in 2020 and `future` in 2040.
fn sealing_key(name: &str, created: &str) -> SealingKey {
    let (private, certificate) = match name {
        "a" => (key!("rsa-3072.key"), key!("rsa-3072.crt")),
        "b" => (key!("rsa-4096.key"), key!("rsa-4096.crt")),
        "expired" => (key!("rsa-2048.key"), key!("expired.crt")),
        "future" => (key!("rsa-2048.key"), key!("future.crt")),
        other => panic!("no key {other}"),
    };
    SealingKey::from_pem(name, time(created), private, certificate).unwrap()
}

const EARLY: &str = "2026-01-01T00:00:00Z";
const LATE: &str = "2027-01-01T00:00:00Z";
const NOW: &str = "2028-01-01T00:00:00Z";

fn newest(ring: &KeyRing, now: &str) -> String {
    ring.newest(time(now)).map(|key| key.name().to_owned()).unwrap_or_default()
}

#[test]
fn a_key_of_the_future_is_never_newest() {
    for order in [KeyOrder::CertNotBefore, KeyOrder::SecretCreationTimestamp] {
        let ring = KeyRing::new(order, [sealing_key("a", EARLY), sealing_key("future", LATE)]);
        assert_eq!(newest(&ring, NOW), "a", "{order:?}");
        assert_eq!(newest(&ring, "2041-01-01T00:00:00Z"), "future", "{order:?}");
        assert_eq!(ring.keys().len(), 2, "it still opens");
    }
    let ring = KeyRing::new(KeyOrder::CertNotBefore, [sealing_key("future", LATE)]);
    assert_eq!(newest(&ring, NOW), "");
}

#[test]
fn order_is_by_not_before_or_by_creation() {
    let keys = || [sealing_key("expired", LATE), sealing_key("a", EARLY)];
    assert_eq!(newest(&KeyRing::new(KeyOrder::CertNotBefore, keys()), NOW), "a");
    assert_eq!(newest(&KeyRing::new(KeyOrder::SecretCreationTimestamp, keys()), NOW), "expired");
}

#[test]
fn of_two_equally_new_the_first_stays_first() {
    let ring = KeyRing::new(KeyOrder::CertNotBefore, [sealing_key("a", EARLY), sealing_key("b", LATE)]);
    assert_eq!(newest(&ring, NOW), "a");
    let ring = KeyRing::new(KeyOrder::CertNotBefore, [sealing_key("b", LATE), sealing_key("a", EARLY)]);
    assert_eq!(newest(&ring, NOW), "b");
}

#[test]
fn the_key_that_worked_last_is_tried_first_then_newest_first() {
    let keys = [sealing_key("expired", EARLY), sealing_key("a", EARLY), sealing_key("b", LATE)];
    let expired = keys[0].fingerprint();
    let ring = KeyRing::new(KeyOrder::SecretCreationTimestamp, keys);
    let name = |key: &RsaPrivateKey| {
        let fingerprint = key.public_key().fingerprint();
        ring.keys().iter().find(|known| known.fingerprint() == fingerprint).unwrap().name().to_owned()
    };
    let names = |hint| ring.trial_order(hint).map(name).collect::<Vec<_>>();
    assert_eq!(names(None), ["b", "expired", "a"]);
    assert_eq!(names(Some(expired)), ["expired", "b", "a"]);
    let gone = KeyRing::new(KeyOrder::CertNotBefore, [sealing_key("a", EARLY)]);
    assert_eq!(gone.trial_order(Some(expired)).count(), 1);
}

#[test]
fn a_key_whose_next_certificate_is_not_yet_valid_keeps_its_present_one() {
    let keys = [sealing_key("expired", EARLY), sealing_key("future", LATE)];
    assert_eq!(keys[0].fingerprint(), keys[1].fingerprint());
    assert_eq!(newest(&KeyRing::new(KeyOrder::CertNotBefore, keys), NOW), "expired");
}
