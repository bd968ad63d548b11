//! age keys: what is read, what is refused, and that secrets are not printed.

use proptest::prelude::*;
use sealward_keys::{
    AgeIdentity, AgeKeyError, AgeRecipient, KeyFileError, parse_identities, parse_recipients,
};
use secrecy::ExposeSecret;

const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const PUBLIC: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

#[test]
fn the_pair_of_ages_own_tests_is_read() {
    let identity: AgeIdentity = SECRET.parse().unwrap();
    assert_eq!(identity.recipient().to_string(), PUBLIC);
    assert_eq!(identity.to_secret_string().expose_secret(), SECRET);
    assert_eq!(PUBLIC.parse::<AgeRecipient>().unwrap(), *identity.recipient());
}

#[test]
fn debug_shows_the_public_half_only() {
    let identity: AgeIdentity = SECRET.parse().unwrap();
    assert_eq!(format!("{identity:?}"), format!("AgeIdentity(of {PUBLIC})"));
}

#[test]
fn what_is_no_recipient_is_refused_without_being_repeated() {
    let check = |text: &str, fits: fn(&AgeKeyError) -> bool| {
        let error = text.parse::<AgeRecipient>().unwrap_err();
        assert!(fits(&error), "{text}: {error:?}");
        assert!(text.is_empty() || !error.to_string().contains(text), "{error}");
    };
    check("", |error| matches!(error, AgeKeyError::Recipient { .. }));
    check("age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pb", |error| {
        matches!(error, AgeKeyError::Recipient { .. })
    });
    check("ssh-ed25519 AAAA", |error| matches!(error, AgeKeyError::Recipient { .. }));
    check("age1pq1qqqq", |error| *error == AgeKeyError::OtherRecipient);
    check(SECRET, |error| *error == AgeKeyError::IdentityAsRecipient);
    check(&SECRET.to_lowercase(), |error| *error == AgeKeyError::IdentityAsRecipient);
}

/// Low-order points of curve25519 (RFC 7748 §6.1): zero, one, two of order eight, p-1, p, p+1. Their text was made
/// with the Bech32 reference code.
#[test]
fn low_order_points_are_refused() {
    for (name, text) in [
        ("zero", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"),
        ("one", "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya"),
        ("p-1", "age1anlllllllllllllllllllllllllllllllllllllllllllllllals4n2t7m"),
        ("p", "age1ahlllllllllllllllllllllllllllllllllllllllllllllllalsn46ayy"),
        ("p+1", "age1amlllllllllllllllllllllllllllllllllllllllllllllllalselrwrv"),
        ("order eight", "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9"),
        ("order eight, other", "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8"),
        ("zero, high bit", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqsuwj9m"),
    ] {
        assert_eq!(text.parse::<AgeRecipient>(), Err(AgeKeyError::WeakRecipient), "{name}");
    }
}

#[test]
fn identity_files_are_read_line_by_line() {
    let file = format!("# created: today\n# public key: {PUBLIC}\n\n  {SECRET}\r\n{SECRET}\n");
    assert_eq!(parse_identities(&file).unwrap().len(), 2);
    assert_eq!(parse_identities("# nothing\n\n").unwrap_err(), KeyFileError::NoIdentity);
    let error = parse_identities(&format!("{SECRET}\n{SECRET}Q\n")).unwrap_err();
    assert!(error.to_string().starts_with("line 2: not an age identity"), "{error}");
    assert!(!error.to_string().contains("GQ9778"), "{error}");
}

#[test]
fn recipient_files_are_read_line_by_line() {
    assert_eq!(parse_recipients(&format!("# ours\n{PUBLIC}\n\n")).unwrap(), [PUBLIC.parse().unwrap()]);
    assert_eq!(parse_recipients("# nothing\n").unwrap_err(), KeyFileError::NoRecipient);
    let error = parse_recipients(&format!("{PUBLIC}\n\n{SECRET}\n")).unwrap_err();
    assert_eq!(error, KeyFileError::Line { line: 3, source: AgeKeyError::IdentityAsRecipient });
    assert!(!format!("{error} {error:?}").contains("GQ9778"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn generated_recipients_are_never_weak(_ in 0..1) {
        let identity = AgeIdentity::generate();
        let text = identity.recipient().to_string();
        prop_assert_eq!(&text.parse::<AgeRecipient>().unwrap(), identity.recipient());
    }
}
