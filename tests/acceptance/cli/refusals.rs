//! What `sealward seal` refuses: the words, the place, and exit code 1 (2 for flags that make no sense).

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use super::workplace::{PLANTED, Workplace, key, recipient, sample};

/// `args` on `input` end with `code` and exactly these words, and write no data.
fn check_ran(code: i32, ran: &sealward_acceptance::Ran, expect: &str) {
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (code, "", expect));
}

fn check(args: &[&str], input: &str, expect: &str) {
    check_ran(1, &Workplace::new().seal(args, input), expect);
}

#[test]
fn broken_yaml_is_named_by_file_line_and_column() {
    let place = Workplace::new();
    let broken = sample("secret.yaml").replace("  namespace: shop", " namespace: shop");
    place.file("broken.yaml", &broken);
    let expect = "error: broken.yaml:5:2: while parsing a block mapping, did not find expected key\n";
    check_ran(1, &place.seal(&["-f", "broken.yaml"], ""), expect);
    check(&[], &broken, &expect.replace("broken.yaml", "<stdin>"));
    check(
        &[],
        &sample("secret.json").replace("}\n}", "}"),
        "error: <stdin>:6:1: expected `,` or `}` after the value\n",
    );
    let second = format!("{}---\nkind: [\n", sample("secret.yaml"));
    let ran = place.seal(&[], &second);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "nothing is written when one document is bad");
    assert!(ran.stderr.starts_with("error: <stdin>:18:1: "), "{}", ran.stderr);
}

#[test]
fn what_is_no_secret_is_said() {
    let nothing = "error: <stdin> holds no Secret\nhint: give a Secret by -f FILE or on stdin\n";
    check(&[], "", nothing);
    check(&[], "# a comment\n---\n", nothing);
    let map = sample("secret.yaml").replace("kind: Secret", "kind: ConfigMap");
    check(
        &[],
        &map,
        "error: <stdin>:1:1: expected a Secret but found v1 ConfigMap\n\
         hint: give only Secrets; other documents need no sealing, keep them in files of their own\n",
    );
    check(
        &[],
        &sample("secret.yaml").replace("stringData:", "stringdata:"),
        "error: <stdin>:12:3: stringdata is no field of a Secret\n\
         hint: a Secret has data, stringData, type and immutable; values belong under data or stringData\n",
    );
    check(
        &[],
        &sample("secret.yaml").replace("  name: login\n", ""),
        "error: <stdin>:1:1: not a Kubernetes object: metadata.name is missing or not text\n\
         hint: every object needs apiVersion, kind and metadata.name as text\n",
    );
    check(
        &[],
        &sample("secret.yaml").replace("  namespace: shop\n", ""),
        "error: <stdin>:1:1: secret must declare a namespace\n\
         hint: give the Secret a metadata.namespace, or name it by --namespace\n",
    );
    check(
        &["-n", "other"],
        &sample("secret.yaml"),
        "error: <stdin>:5:14: namespace mismatch: input secret is in namespace \"shop\" but \"other\" was specified\n\
         hint: leave --namespace out, or change the Secret's metadata.namespace\n",
    );
    check(
        &[],
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n",
        "error: <stdin>:1:1: secret.data is empty in input Secret, assuming this is an error and aborting. \
         To work with empty data, --allow-empty-data can be used\n",
    );
}

#[test]
fn values_of_the_wrong_shape_are_named_by_key_and_place() {
    check(
        &[],
        &sample("secret.yaml")
            .replace("user: YWRtaW4=", "user.name: \"{planted}\"")
            .replace("{planted}", "x y"),
        "error: <stdin>:15:14: data.user.name is not valid base64 (put plain text under stringData instead)\n",
    );
    check(
        &[],
        &sample("secret.yaml").replace("\"0644\"", "0644"),
        "error: <stdin>:13:10: stringData.octal is not text (put it in quotes)\n",
    );
    check(
        &[],
        &sample("secret.yaml").replace("owner: team-a", "example.com/number: 5"),
        "error: <stdin>:9:25: metadata.annotations.example.com/number is not text (put it in quotes)\n",
    );
    check(
        &["--name", "Not_A_Name"],
        &sample("secret.yaml"),
        "error: <stdin>:1:1: name \"Not_A_Name\" is not a Kubernetes name (lower-case letters, digits, - and ., at \
         most 253)\n",
    );
}

#[test]
fn certificates_that_are_none_or_of_another_kind_or_time() {
    let sealed_with = |name: &str, expect: &str| {
        let path = key(name);
        let ran = Workplace::new().sealward(&["seal", "--cert", &path], &sample("secret.yaml"));
        check_ran(1, &ran, &expect.replace("{path}", &path));
    };
    let hint = "hint: --fetch-cert prints the sealer's certificate, which is served at /v1/cert.pem\n";
    sealed_with(
        "rsa-2048.key",
        &format!(
            "error: {{path}}: failed to read any certificates: no PEM block -----BEGIN CERTIFICATE----- found\n{hint}"
        ),
    );
    sealed_with("ecdsa.crt", &format!("error: {{path}}: expected RSA public key but found ECDSA\n{hint}"));
    sealed_with(
        "ed25519.crt",
        &format!("error: {{path}}: expected RSA public key but found Ed25519\n{hint}"),
    );
    sealed_with(
        "rsa-1024.crt",
        &format!(
            "error: {{path}}: this RSA public key is not supported: its modulus must have 2048 to 8192 bits, it has \
             1024\n{hint}"
        ),
    );
    let renew = "hint: fetch the sealer's newest certificate, or ask its operator to renew it\n";
    sealed_with(
        "expired.crt",
        &format!(
            "error: {{path}}: failed to encrypt using an expired certificate on February 3, 2021\n{renew}"
        ),
    );
    sealed_with(
        "future.crt",
        &format!(
            "error: {{path}}: the certificate is not yet valid, its first day is January 2, 2040\n{renew}"
        ),
    );
    sealed_with("missing.crt", "error: cannot read \"{path}\": No such file or directory (os error 2)\n");
}

#[test]
fn recipients_that_are_none() {
    let sealed_for = |text: &str, expect: &str| {
        let ran = Workplace::new().sealward(&["seal", "--recipient", text], &sample("secret.yaml"));
        check_ran(1, &ran, expect);
    };
    sealed_for(
        "age1junk",
        "error: --recipient number 1 (age1junk…): not an age recipient, one starts with age1 and has 62 characters (invalid Bech32 \
         encoding)\n",
    );
    let identity = fs::read_to_string(key("alice.txt")).unwrap();
    let identity = identity.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    sealed_for(
        identity,
        "error: --recipient number 1: this is a secret age identity where a public recipient (age1…) belongs, keep it out of \
         files and arguments\n",
    );
}

#[test]
fn recipients_may_stand_behind_one_flag_with_commas() {
    let both = format!("{},age1junk", recipient("alice.txt"));
    let ran = Workplace::new().sealward(&["seal", "--recipient", &both], &sample("secret.yaml"));
    assert!(ran.stderr.starts_with("error: --recipient number 2 (age1junk…): not an age"), "{}", ran.stderr);
}

#[test]
fn of_several_recipients_the_wrong_one_is_named_by_its_place() {
    let alice = recipient("alice.txt");
    let ran = Workplace::new().sealward(
        &["seal", "--recipient", &alice, "--recipient", "age1somethingthatislong"],
        &sample("secret.yaml"),
    );
    assert!(
        ran.stderr.starts_with("error: --recipient number 2 (age1somethin…): not an age"),
        "{}",
        ran.stderr
    );
}

#[test]
fn namespaces_that_differ_within_the_input_have_a_way_out_that_is_none_of_a_circle() {
    let named = sample("secret.yaml");
    let without = named.replace("  namespace: shop\n", "");
    let mixed = format!("{named}---\n{without}");
    check(
        &["-n", "other"],
        &mixed,
        "error: <stdin>:5:14: namespace mismatch: input secret is in namespace \"shop\" but \"other\" was specified\n\
         hint: --namespace must agree with all Secrets of the input: leave it out, and write metadata.namespace into \
         those that have none\n",
    );
    check(
        &[],
        &mixed,
        "error: <stdin>:17:1: secret must declare a namespace\n\
         hint: other Secrets of this input name their namespace: give this one a metadata.namespace too\n",
    );
}

#[test]
fn operations_that_go_with_nothing_else_say_so() {
    let place = Workplace::new();
    for (args, expect) in [
        (&["--from-file", "x"][..], "error: --from-file requires --raw\n"),
        (
            &["--recovery-private-key", "x"],
            "error: --recovery-private-key is for --recovery-unseal, --validate or --re-encrypt\n",
        ),
        (
            &["--raw", "-f", "x"],
            "error: --raw reads one value from --from-file FILE or stdin, not objects from --secret-file\n",
        ),
        (
            &["--raw"],
            "error: must provide the --namespace flag with --raw and --scope strict\n\
             hint: a value opens only where it was sealed for; --scope says how narrowly that is\n",
        ),
    ] {
        check_ran(1, &place.seal(args, "x"), expect);
    }
    let alice = recipient("alice.txt");
    let args = ["seal", "--raw", "--scope", "cluster-wide", "--recipient", &alice];
    let expect = "error: a value for age recipients is bound to its key: give it by --from-file KEY=FILE\n";
    check_ran(1, &place.sealward(&args, "x"), expect);
    place.file("value", "x");
    let keyed = [&args[..], &["--from-file", "a=value"]].concat();
    assert_eq!(place.sealward(&keyed, "").code, 0);
}

#[test]
fn nothing_to_seal_with_names_the_ways_that_there_are() {
    let place = Workplace::new();
    let ran = place.sealward(&["seal"], &sample("secret.yaml"));
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("error: no API server to talk to: "), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with("hint: seal without a cluster by --cert FILE|URL or --recipient age1…\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_url_that_does_not_answer_is_named_without_its_credentials() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:pass5150@127.0.0.1:{port}/v1/cert.pem?token=q5150");
    let ran = Workplace::new().sealward(&["seal", "--cert", &url], &sample("secret.yaml"));
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let said = format!("error: cannot fetch \"http://127.0.0.1:{port}/v1/cert.pem\": ");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("warning: a certificate fetched over http can be anybody's"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("5150"), "{}", ran.stderr);
    let ran = Workplace::new().sealward(&["seal", "--cert", "ftp://x/y"], &sample("secret.yaml"));
    check_ran(1, &ran, "error: \"ftp://x/y\" is not a file, file://, http:// or https:// URL\n");
}

#[test]
fn a_certificate_with_another_digest_is_not_used() {
    let place = Workplace::new();
    let path = key("rsa-2048.crt");
    let sum = Command::new("sha256sum").arg(&path).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned();
    for pin in [sum.clone(), format!("sha256:{sum}")] {
        assert_eq!(place.seal(&["--digest", &pin], &sample("secret.yaml")).code, 0);
    }
    let ran = place.seal(&["--digest", &"0".repeat(64)], &sample("secret.yaml"));
    let expect = format!(
        "error: \"{path}\" has the digest sha256:{sum}, not the expected one: do not seal with it before you know why\n"
    );
    check_ran(1, &ran, &expect);
}

#[test]
fn flags_that_make_no_sense_end_with_two() {
    let place = Workplace::new();
    let alice = recipient("alice.txt");
    let cases: [(&[&str], &str); 6] = [
        (&["--recipient", &alice], "cannot be used with"),
        (&["--age"], "cannot be used with"),
        (&["--digest", "5150"], "not a SHA-256 digest, one has 64 hexadecimal digits"),
        (&["--scope", "wide"], "[possible values: strict, namespace-wide, cluster-wide]"),
        (&["-o", "toml"], "[possible values: yaml, json]"),
        (&["--no-such-flag"], "unexpected argument '--no-such-flag'"),
    ];
    for (args, expect) in cases {
        let ran = place.seal(args, &sample("secret.yaml"));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(expect), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn input_that_cannot_be_read_is_named() {
    let place = Workplace::new();
    check_ran(
        1,
        &place.seal(&["-f", "missing.yaml"], ""),
        "error: cannot read missing.yaml: No such file or directory (os error 2)\n",
    );
    check_ran(1, &place.seal(&["-f", "."], ""), "error: cannot read .: Is a directory (os error 21)\n");
    let large = format!("{}# {}", sample("secret.yaml"), "x".repeat(16 << 20));
    check_ran(1, &place.seal(&[], &large), "error: <stdin> is larger than 16 MiB\n");
    let latin1 = [b"apiVersion: v1\nkind: Secret\nstringData: {a: \"".as_slice(), b"\xe4\xf6\"}\n"].concat();
    fs::write(place.path().join("latin1.yaml"), latin1).unwrap();
    let ran = place.seal(&["-f", "latin1.yaml"], "");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: latin1.yaml:3:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(PLANTED));
}
