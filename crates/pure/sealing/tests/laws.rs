//! Laws of sealing, for both formats and every scope.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly, helpers too")]

use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use sealward_keys::{AgeIdentity, AgeRecipient, KeyOrder, KeyRing, SealingKey};
use sealward_sealing::{
    AgeRecipients, Binding, Keys, OpenValueError, Recipients, Scope, SealValueError, Sealed, UsedKey,
    open_value, seal_value,
};
use secrecy::ExposeSecret;

const KEY: &[u8] = include_bytes!("../../../../testdata/sealing/keys/rsa-2048.key");
const CERTIFICATE: &[u8] = include_bytes!("../../../../testdata/sealing/keys/rsa-2048.crt");

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let key = SealingKey::from_pem("key", Timestamp::UNIX_EPOCH, KEY, CERTIFICATE).unwrap();
    KeyRing::new(KeyOrder::CertNotBefore, [key])
});
static IDENTITIES: LazyLock<Vec<AgeIdentity>> = LazyLock::new(|| vec![AgeIdentity::generate()]);

fn keys() -> Keys<'static> {
    Keys { ring: &RING, identities: &IDENTITIES, worked_last: None }
}

fn rsa_recipient() -> Recipients {
    Recipients::Rsa(RING.keys()[0].certificate().public_key().clone())
}

fn age_recipients(others: usize) -> Recipients {
    let others = (0..others).map(|_| AgeIdentity::generate().recipient().clone());
    let all: Vec<AgeRecipient> = others.chain([IDENTITIES[0].recipient().clone()]).collect();
    Recipients::Age(AgeRecipients::new(all).unwrap())
}

fn recipients() -> impl Strategy<Value = Recipients> {
    prop_oneof![Just(()).prop_map(|()| rsa_recipient()), (0usize..3).prop_map(age_recipients)]
}

const SCOPES: [Scope; 3] = [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide];

fn scope() -> impl Strategy<Value = Scope> {
    select(SCOPES.to_vec())
}

fn name() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9-]{0,20}[a-z0-9])?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn open_after_seal_is_identity(
        to in recipients(), scope in scope(), namespace in name(), object in name(), item in "[-_a-zA-Z0-9]{1,30}",
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let binding = Binding::new(scope, &namespace, &object).unwrap();
        let sealed = seal_value(&plaintext, &binding, &item, &to).unwrap();
        let opened = open_value(&sealed, &binding, &item, keys()).unwrap();
        prop_assert_eq!(opened.plaintext.expose_secret(), plaintext.as_slice());
        let expect = match to {
            Recipients::Rsa(key) => UsedKey::Rsa(key.fingerprint()),
            Recipients::Age(_) => UsedKey::Age(IDENTITIES[0].recipient().clone()),
        };
        prop_assert_eq!(opened.key, expect);
    }

    #[test]
    fn a_value_opens_nowhere_but_where_its_scope_says(
        to in recipients(), sealed_scope in scope(), opened_scope in scope(),
        from in (select(vec!["a", "b"]), select(vec!["a", "b"])),
        at in (select(vec!["a", "b"]), select(vec!["a", "b"])),
    ) {
        let sealed_at = Binding::new(sealed_scope, from.0, from.1).unwrap();
        let opened_at = Binding::new(opened_scope, at.0, at.1).unwrap();
        let sealed = seal_value(b"value", &sealed_at, "item", &to).unwrap();
        let opened = open_value(&sealed, &opened_at, "item", keys());
        // Two bindings are equal exactly if their scopes and all bound names are.
        prop_assert_eq!(opened.map(drop), if sealed_at == opened_at { Ok(()) } else { Err(OpenValueError::NoKey) });
    }

    #[test]
    fn an_age_value_opens_under_no_other_item_key(scope in scope(), sealed in "[a-z.]{1,9}", other in "[a-z.]{1,9}") {
        prop_assume!(sealed != other && !sealed.starts_with('.'));
        let binding = Binding::new(scope, "ns", "name").unwrap();
        let value = seal_value(b"value", &binding, &sealed, &age_recipients(0)).unwrap();
        prop_assert_eq!(open_value(&value, &binding, &other, keys()).unwrap_err(), OpenValueError::NoKey);
    }

    #[test]
    fn no_altered_bit_opens(to in recipients(), position in any::<prop::sample::Index>(), bit in 0u32..8) {
        let binding = Binding::new(Scope::Strict, "ns", "name").unwrap();
        let sealed = seal_value(b"value", &binding, "item", &to).unwrap();
        let changed = match Sealed::parse(&sealed).unwrap() {
            Sealed::Rsa(bytes) => Sealed::Rsa(altered(bytes, position, bit)),
            Sealed::Age(bytes) => Sealed::Age(altered(bytes, position, bit)),
        };
        prop_assert!(open_value(&changed.to_text(), &binding, "item", keys()).is_err());
    }

    #[test]
    fn no_cut_value_opens_and_nothing_panics(to in recipients(), length in any::<prop::sample::Index>()) {
        let binding = Binding::new(Scope::Strict, "ns", "name").unwrap();
        let sealed = seal_value(b"value", &binding, "item", &to).unwrap();
        let changed = match Sealed::parse(&sealed).unwrap() {
            Sealed::Rsa(bytes) => Sealed::Rsa(bytes[..length.index(bytes.len())].to_vec()),
            Sealed::Age(bytes) => Sealed::Age(bytes[..length.index(bytes.len())].to_vec()),
        };
        prop_assert!(open_value(&changed.to_text(), &binding, "item", keys()).is_err());
    }

    #[test]
    fn no_text_makes_the_opener_panic(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let binding = Binding::new(Scope::ClusterWide, "", "").unwrap();
        prop_assert!(open_value(&text, &binding, "item", keys()).is_err());
        let mut age = b"age-encryption.org/v1\n-> X25519 ".to_vec();
        age.extend_from_slice(&bytes);
        for bytes in [bytes, age] {
            prop_assert!(open_value(&Sealed::Rsa(bytes).to_text(), &binding, "item", keys()).is_err());
        }
    }
}

fn altered(mut bytes: Vec<u8>, position: prop::sample::Index, bit: u32) -> Vec<u8> {
    let position = position.index(bytes.len());
    bytes[position] ^= 1 << bit;
    bytes
}

#[test]
fn errors_of_all_failures_to_open_read_the_same() {
    let (here, there) =
        (Binding::new(Scope::Strict, "a", "b").unwrap(), Binding::new(Scope::Strict, "a", "c").unwrap());
    let none = Keys { ring: &KeyRing::default(), identities: &[], worked_last: None };
    for to in [rsa_recipient(), age_recipients(1)] {
        let sealed = seal_value(b"value", &here, "item", &to).unwrap();
        let errors = [open_value(&sealed, &there, "item", keys()), open_value(&sealed, &here, "item", none)];
        for error in errors.map(Result::unwrap_err) {
            assert_eq!(error.to_string(), "no key could decrypt secret");
            assert_eq!(format!("{error:?}"), "NoKey");
        }
    }
}

#[test]
fn two_sealings_of_one_value_differ() {
    let binding = Binding::new(Scope::Strict, "ns", "name").unwrap();
    for to in [rsa_recipient(), age_recipients(0)] {
        let seal = || seal_value(b"value", &binding, "item", &to).unwrap();
        assert_ne!(seal(), seal());
    }
}

#[test]
fn item_keys_that_no_secret_can_have_are_refused() {
    let binding = Binding::new(Scope::Strict, "ns", "name").unwrap();
    let check = |item: &str, sound: bool| {
        let sealed = seal_value(b"value", &binding, item, &rsa_recipient());
        let expect = if sound { None } else { Some(SealValueError::ItemKey { item: item.to_owned() }) };
        assert_eq!(sealed.err(), expect, "{item:?}");
    };
    check(".dockerconfigjson", true);
    check("tls.key", true);
    check("A_b-9", true);
    check("", false);
    check(".", false);
    check("..", false);
    check("..a", false);
    check("a/b", false);
    check("a b", false);
    check(&"a".repeat(253), true);
    check(&"a".repeat(254), false);
}

/// The `rsa` crate reads what we seal, and we read what it seals; the AES half is the same library's other test.
#[test]
fn a_second_rsa_implementation_agrees_on_the_wrapped_key() {
    let theirs = rsa::RsaPrivateKey::from_pkcs1_pem(std::str::from_utf8(KEY).unwrap()).unwrap();
    let binding = Binding::new(Scope::Strict, "ns", "name").unwrap();
    let sealed = seal_value(b"value", &binding, "item", &rsa_recipient()).unwrap();
    let Sealed::Rsa(blob) = Sealed::parse(&sealed).unwrap() else { panic!("an RSA value") };
    assert_eq!(&blob[..2], [1, 0], "256 bytes of wrapped key");
    let scheme = || rsa::Oaep::new_with_label::<rsa::sha2::Sha256, _>("ns/name");
    let session_key = theirs.decrypt(scheme(), &blob[2..258]).unwrap();
    assert_eq!(session_key.len(), 32);

    let wrapped = theirs.to_public_key().encrypt(&mut OsRng, scheme(), &session_key).unwrap();
    let again = Sealed::Rsa([&blob[..2], &wrapped, &blob[258..]].concat());
    let opened = open_value(&again.to_text(), &binding, "item", keys()).unwrap();
    assert_eq!(opened.plaintext.expose_secret(), b"value");
}
