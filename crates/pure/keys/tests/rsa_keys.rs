//! Reading, making and using RSA keys, against keys and certificates that OpenSSL made.
#![expect(clippy::unwrap_used, reason = "tests fail loudly, helpers too")]

use std::time::Duration;

use jiff::Timestamp;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use sealward_keys::{
    Certificate, CertificateError, KeyRequest, PrivateKeyError, PublicKeyError, RsaKeySize, RsaPrivateKey,
    SealingKey, SealingKeyError, generate,
};
use secrecy::ExposeSecret;
use x509_parser::prelude::{FromDer, X509Certificate};

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/sealing/keys/", $name)).as_slice()
    };
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn both_framings_of_a_private_key_are_read_and_named_like_openssh_does() {
    let check = |key: &[u8], certificate: &[u8], fingerprint: &[u8]| {
        let private = RsaPrivateKey::from_pem(key).unwrap();
        let certificate = Certificate::from_pem(certificate).unwrap();
        assert_eq!(private.public_key(), certificate.public_key());
        let expect = std::str::from_utf8(fingerprint).unwrap().trim();
        assert_eq!(private.public_key().fingerprint().to_string(), expect);
    };
    check(key!("rsa-2048.key"), key!("rsa-2048.crt"), key!("rsa-2048.fingerprint"));
    check(key!("rsa-3072.key"), key!("rsa-3072.crt"), key!("rsa-3072.fingerprint"));
    check(key!("rsa-4096.key"), key!("rsa-4096.crt"), key!("rsa-4096.fingerprint"));
}

#[test]
fn a_key_is_found_behind_other_blocks() {
    let both = [key!("rsa-2048.crt"), key!("rsa-2048.key")].concat();
    assert!(RsaPrivateKey::from_pem(&both).is_ok());
    let broken = b"-----BEGIN RSA PRIVATE KEY-----\n!!!!\n-----END RSA PRIVATE KEY-----\n".as_slice();
    let empty = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".as_slice();
    let behind = [broken, empty, key!("rsa-3072.key"), key!("rsa-2048.key")].concat();
    let found = RsaPrivateKey::from_pem(&behind).unwrap();
    let expect = RsaPrivateKey::from_pem(key!("rsa-3072.key")).unwrap();
    assert_eq!(found.public_key(), expect.public_key(), "the first that is one");
    assert_eq!(RsaPrivateKey::from_pem(empty).unwrap_err(), PrivateKeyError::Invalid);
    assert_eq!(RsaPrivateKey::from_pem(broken).unwrap_err(), PrivateKeyError::NoPem);
}

#[test]
fn an_expired_or_second_certificate_keeps_no_key_from_opening() {
    let chain = [key!("expired.crt"), key!("rsa-3072.crt")].concat();
    let pair = SealingKey::from_pem("old", Timestamp::UNIX_EPOCH, key!("rsa-2048.key"), &chain).unwrap();
    assert!(pair.certificate().check_validity(time("2026-06-01T00:00:00Z")).is_err());
    let sealed = pair.certificate().public_key().encrypt_oaep(b"label", b"session key").unwrap();
    assert_eq!(pair.private_key().decrypt_oaep(b"label", &sealed).unwrap().as_slice(), b"session key");
    let ecdsa = SealingKey::from_pem("ec", Timestamp::UNIX_EPOCH, key!("ecdsa.key"), &chain).unwrap_err();
    assert_eq!(ecdsa.to_string(), "private key: private key is not an RSA key");
}

#[test]
fn what_is_no_private_rsa_key_is_refused_by_what_it_is() {
    let check = |text: &[u8], expect: PrivateKeyError| {
        assert_eq!(RsaPrivateKey::from_pem(text).unwrap_err(), expect);
    };
    let broken = String::from_utf8(key!("rsa-2048.key").to_vec()).unwrap();
    let broken: Vec<&str> =
        broken.lines().enumerate().filter(|(index, _)| *index != 3).map(|(_, l)| l).collect();
    check(b"", PrivateKeyError::NoPem);
    check(b"no key", PrivateKeyError::NoPem);
    check(key!("rsa-2048.crt"), PrivateKeyError::OtherBlock { found: "CERTIFICATE".to_owned() });
    check(key!("ecdsa.key"), PrivateKeyError::NotRsa);
    check(key!("encrypted.key"), PrivateKeyError::Encrypted);
    check(broken.join("\n").as_bytes(), PrivateKeyError::Invalid);
}

#[test]
fn a_private_key_is_never_printed() {
    let private = RsaPrivateKey::from_pem(key!("rsa-2048.key")).unwrap();
    let expect = format!("RsaPrivateKey({})", private.public_key().fingerprint());
    assert_eq!(format!("{private:?}"), expect);
}

#[test]
fn written_keys_are_pkcs1_and_read_back() {
    let private = RsaPrivateKey::from_pem(key!("rsa-3072.key")).unwrap();
    let pem = private.to_pkcs1_pem().unwrap();
    assert!(pem.expose_secret().starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    let again = RsaPrivateKey::from_pem(pem.expose_secret().as_bytes()).unwrap();
    assert_eq!(again.public_key(), private.public_key());
    let ours = rsa::RsaPrivateKey::from_pkcs1_pem(pem.expose_secret()).unwrap();
    let theirs =
        rsa::RsaPrivateKey::from_pkcs8_pem(std::str::from_utf8(key!("rsa-3072.key")).unwrap()).unwrap();
    assert_eq!(ours.n(), theirs.n());
}

#[test]
fn certificates_are_refused_by_what_they_hold() {
    let check = |text: &[u8], expect: &str| {
        assert_eq!(Certificate::from_pem(text).unwrap_err().to_string(), expect);
    };
    let not_found = "failed to read any certificates: no PEM block -----BEGIN CERTIFICATE----- found";
    check(b"", not_found);
    check(key!("rsa-2048.key"), not_found);
    check(key!("ecdsa.crt"), "expected RSA public key but found ECDSA");
    check(key!("ed25519.crt"), "expected RSA public key but found Ed25519");
    check(
        key!("rsa-1024.crt"),
        "this RSA public key is not supported: its modulus must have 2048 to 8192 bits, it has 1024",
    );
    check(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "the CERTIFICATE block holds no X.509 certificate",
    );
    let broken = Certificate::from_pem(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    assert!(matches!(broken, Err(CertificateError::BrokenPem { .. })), "{broken:?}");
}

#[test]
fn the_first_certificate_without_headers_counts() {
    let two = [key!("rsa-3072.crt"), key!("rsa-2048.crt")].concat();
    let first = Certificate::from_pem(&two).unwrap();
    assert_eq!(first, Certificate::from_pem(key!("rsa-3072.crt")).unwrap());

    let text = std::str::from_utf8(key!("rsa-3072.crt")).unwrap();
    let headed =
        text.replacen("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nkind: old\n\n", 1);
    let two = [headed.as_bytes(), key!("rsa-2048.crt")].concat();
    assert_eq!(Certificate::from_pem(&two).unwrap(), Certificate::from_pem(key!("rsa-2048.crt")).unwrap());
    assert_eq!(Certificate::from_pem(headed.as_bytes()), Err(CertificateError::NoCertificate));
}

#[test]
fn validity_is_told_in_kubeseals_words() {
    let check = |certificate: &[u8], now: &str, expect: Result<(), &str>| {
        let validity = Certificate::from_pem(certificate).unwrap().check_validity(time(now));
        assert_eq!(validity.map_err(|error| error.to_string()), expect.map_err(str::to_owned), "{now}");
    };
    let expired = Err("failed to encrypt using an expired certificate on February 3, 2021");
    check(key!("expired.crt"), "2021-02-03T00:00:00Z", Ok(()));
    check(key!("expired.crt"), "2021-02-03T00:00:01Z", expired);
    check(key!("rsa-2048.crt"), "2026-06-01T00:00:00Z", Ok(()));
    let early = Err("the certificate is not yet valid, its first day is January 2, 2040");
    check(key!("future.crt"), "2040-01-01T23:59:59Z", early);
    check(key!("future.crt"), "2040-01-02T00:00:00Z", Ok(()));
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let joined = SealingKey::from_pem("k", Timestamp::UNIX_EPOCH, key!("rsa-2048.key"), key!("rsa-3072.crt"));
    assert_eq!(joined.unwrap_err(), SealingKeyError::Mismatch);
    let joined = SealingKey::from_pem("k", Timestamp::UNIX_EPOCH, key!("rsa-2048.key"), key!("expired.crt"));
    assert!(joined.is_ok(), "an expired certificate still opens");
    let joined = SealingKey::from_pem("k", Timestamp::UNIX_EPOCH, key!("rsa-2048.key"), key!("ecdsa.crt"));
    let expect = PublicKeyError::NotRsa { found: "ECDSA".to_owned() };
    assert_eq!(joined.unwrap_err(), SealingKeyError::Certificate(CertificateError::PublicKey(expect)));
}

#[test]
fn oaep_agrees_with_a_second_implementation_in_both_directions() {
    let ours = RsaPrivateKey::from_pem(key!("rsa-2048.key")).unwrap();
    let theirs =
        rsa::RsaPrivateKey::from_pkcs1_pem(std::str::from_utf8(key!("rsa-2048.key")).unwrap()).unwrap();
    for label in ["", "ns", "ns/name"] {
        let scheme = || rsa::Oaep::new_with_label::<sha2::Sha256, _>(label);
        let sealed = ours.public_key().encrypt_oaep(label.as_bytes(), b"session key").unwrap();
        assert_eq!(theirs.decrypt(scheme(), &sealed).unwrap(), b"session key");
        let sealed = theirs.to_public_key().encrypt(&mut OsRng, scheme(), b"session key").unwrap();
        assert_eq!(ours.decrypt_oaep(label.as_bytes(), &sealed).unwrap().as_slice(), b"session key");
        assert!(ours.decrypt_oaep(b"other", &sealed).is_err());
    }
}

#[test]
fn a_generated_certificate_is_upstreams() {
    let request = KeyRequest {
        size: RsaKeySize::Bits2048,
        common_name: "sealer".to_owned(),
        not_before: time("2026-03-01T10:20:30.9Z"),
        lifetime: Duration::from_secs(87_600 * 3600),
    };
    let (private, certificate) = generate(&request).unwrap();
    assert_eq!(private.public_key(), certificate.public_key());
    assert_eq!(certificate.not_before(), time("2026-03-01T10:20:30Z"));
    assert_eq!(certificate.not_after(), time("2036-02-27T10:20:30Z"));
    let again = Certificate::from_pem(certificate.to_pem().as_bytes()).unwrap();
    assert_eq!(again, certificate);

    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    assert_eq!(
        (parsed.subject().to_string(), parsed.issuer().to_string()),
        ("CN=sealer".into(), "CN=sealer".into())
    );
    assert!(parsed.raw_serial().len() >= 15, "a random serial of 128 bits");
    assert!(parsed.basic_constraints().unwrap().unwrap().value.ca);
    assert!(parsed.basic_constraints().unwrap().unwrap().critical);
    let usage =
        parsed.extensions().iter().find(|extension| extension.oid.to_id_string() == "2.5.29.15").unwrap();
    assert_eq!((usage.critical, usage.value), (true, [3, 2, 0, 1].as_slice()), "encipherOnly");
    let names = parsed.extensions().iter().filter(|extension| extension.oid.to_id_string() == "2.5.29.17");
    assert_eq!(names.count(), 0, "no alternative names");

    // The bytes that were signed stand after the outer SEQUENCE's four bytes of tag and length.
    let signed_length = parsed.tbs_certificate.as_ref().len();
    let signed = &certificate.der()[4..4 + signed_length];
    aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        &parsed.public_key().subject_public_key.data,
    )
    .verify(signed, &parsed.signature_value.data)
    .unwrap();
}

#[test]
fn an_empty_common_name_leaves_the_names_empty_and_impossible_dates_are_refused() {
    let request = KeyRequest {
        size: RsaKeySize::Bits2048,
        common_name: String::new(),
        not_before: time("2026-03-01T00:00:00Z"),
        lifetime: Duration::from_secs(60),
    };
    let (_, certificate) = generate(&request).unwrap();
    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    assert_eq!(parsed.subject().to_string(), "");
    let far = KeyRequest { lifetime: Duration::from_secs(u64::MAX), ..request };
    assert_eq!(
        generate(&far).unwrap_err().to_string(),
        "the certificate's validity lies outside of the years 1970 to 9999"
    );
}
