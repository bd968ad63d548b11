//! Where `sealward` under the name of kubeseal does better than kubeseal, and what the native verbs add.

use std::fs;
use std::os::unix::process::CommandExt;

use sealward_acceptance::{Ran, binary};
use sealward_controlplane::tools;
use serde_json::{Value, json};

use super::workplace::{PLANTED, Workplace, key, sample};

fn kubeseal(place: &Workplace, args: &[&str], input: &str) -> Ran {
    let mut command = place.command(&binary("sealward").unwrap());
    command.arg0("kubeseal").args(args);
    place.run(&mut command, input)
}

fn kubeseal_for_2048(place: &Workplace, args: &[&str], input: &str) -> Ran {
    kubeseal(place, &[&["--cert", &key("rsa-2048.crt")], args].concat(), input)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A SealedSecret in YAML with comments, sealed for `rsa-2048.crt`.
fn commented(place: &Workplace) -> String {
    let value = place.sealed(&["--raw", "-n", "shop", "--name", "login"], "old");
    format!(
        "# Who owns this.\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: login # its name\n  \
         namespace: shop\nspec:\n  encryptedData:\n    # for the old system\n    old: {value}\n    password: {value} \
         # changed often\n"
    )
}

const ITEMS: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: any}\nstringData: {password: new, more: '1'}\n";

#[test]
fn merging_keeps_comments_order_format_and_everything_else() {
    let place = Workplace::new();
    let before = commented(&place);
    for (name, native) in [("a.yaml", false), ("b.yaml", true)] {
        place.file(name, &before);
        let ran = match native {
            true => place.seal(&["--merge-into", name], ITEMS),
            false => kubeseal_for_2048(&place, &["--merge-into", name], ITEMS),
        };
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
        let after = place.read(name);
        let lines = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split(": A").next().unwrap().to_owned()).collect()
        };
        let (mut expect, found) = (lines(&before), lines(&after));
        expect.push("    more".to_owned());
        assert_eq!(found, expect, "{after}");
        assert!(after.contains("# changed often") && after.contains("# for the old system"), "{after}");
        let opened = place.recovered(&after);
        assert_eq!(opened["data"], json!({"old": "b2xk", "password": "bmV3", "more": "MQ=="}));
    }
}

#[test]
fn merging_into_what_has_no_labels_yet_does_not_panic() {
    let place = Workplace::new();
    let with = ITEMS.replace("{name: any}", "{name: any, labels: {app: shop}, annotations: {owner: a}}");
    for (name, text) in [
        ("bare.yaml", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {encryptedData: {}}\n".to_owned()),
        ("null.json", r#"{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"a","namespace":"b"},"spec":{"encryptedData":null,"template":null}}"#.to_owned()),
        ("block.yaml", commented(&place)),
    ] {
        place.file(name, &text);
        let ran = kubeseal_for_2048(&place, &["--merge-into", name], &with);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        let after = place.read(name);
        assert_eq!(after.starts_with('{'), text.starts_with('{'), "{name} keeps its format: {after}");
        let opened = place.recovered(&after);
        assert_eq!(opened["data"]["password"], "bmV3", "{name}");
        assert_eq!(opened["metadata"]["labels"], json!({"app": "shop"}), "{name}");
        assert_eq!(opened["metadata"]["annotations"], json!({"owner": "a"}), "{name}");
    }
}

#[test]
fn merging_takes_the_files_name_namespace_and_scope_and_leaves_it_on_failure() {
    let place = Workplace::new();
    let wide = commented(&place).replace(
        "metadata:\n",
        "metadata:\n  annotations: {sealedsecrets.bitnami.com/namespace-wide: \"true\"}\n",
    );
    // Its old values are strict ones: only what is merged is looked at.
    let wide = wide
        .lines()
        .filter(|line| !line.contains("old: A"))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    place.file("wide.yaml", &wide);
    assert_eq!(place.seal(&["--merge-into", "wide.yaml"], ITEMS).code, 0);
    assert_eq!(place.recovered(&place.read("wide.yaml"))["data"]["password"], "bmV3");
    let before = place.read("wide.yaml");
    let ran = place.seal(&["--merge-into", "wide.yaml", "--scope", "cluster-wide"], ITEMS);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            1,
            "error: wide.yaml is sealed namespace-wide, and --scope asks for cluster-wide: such values would not \
             open there\nhint: leave --scope out, or seal the whole Secret anew\n"
        )
    );
    for (into, input) in [("wide.yaml", "not: a secret"), ("wide.yaml", "a: b: c"), ("missing.yaml", ITEMS)] {
        assert_eq!(place.seal(&["--merge-into", into], input).code, 1, "{into} {input}");
    }
    place.file("secret.yaml", ITEMS);
    assert_eq!(place.seal(&["--merge-into", "secret.yaml"], ITEMS).code, 1);
    place.file("two.yaml", &format!("{before}---\n{before}"));
    let ran = place.seal(&["--merge-into", "two.yaml"], ITEMS);
    assert!(ran.stderr.contains("two.yaml holds 2 objects"), "{}", ran.stderr);
    let ran = place.seal(&["--merge-into", "wide.yaml"], &format!("{ITEMS}---\n{ITEMS}"));
    assert!(
        ran.stderr.starts_with("error: --merge-into takes one Secret, and <stdin> holds 2\n"),
        "{}",
        ran.stderr
    );
    place.file("empty.yaml", "");
    let ran = place.seal(&["--merge-into", "empty.yaml"], ITEMS);
    assert!(
        ran.stderr.starts_with("error: empty.yaml holds no SealedSecret\nhint: there is nothing"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.read("wide.yaml"), before);
}

#[test]
fn native_verbs_open_many_documents_with_keys_in_every_form() {
    let place = Workplace::new();
    let sealed = place.sealed(&[], &sample("several.yaml"));
    place.file("sealed.yaml", &sealed);
    let pem = fs::read_to_string(key("rsa-2048.key")).unwrap();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "kube-system"},
        "stringData": {"tls.key": pem},
    });
    place.file("secret.json", &secret.to_string());
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret]});
    place.file("list.json", &list.to_string());
    for keys in [
        key("rsa-2048.key"),
        "secret.json".into(),
        "list.json".into(),
        format!("{},list.json", key("rsa-3072.key")),
    ] {
        for args in [
            vec!["open", "-f", "sealed.yaml", "--key", &keys, "-o", "json"],
            vec![
                "seal",
                "--recovery-unseal",
                "-f",
                "sealed.yaml",
                "--recovery-private-key",
                &keys,
                "-o",
                "json",
            ],
        ] {
            // What is opened is shown: that is what was asked for.
            let mut command = place.command(&binary("sealward").unwrap());
            let ran = Ran::of(command.args(&args), b"").unwrap();
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
            let secrets: Vec<Value> =
                serde_json::Deserializer::from_str(&ran.stdout).into_iter().map(Result::unwrap).collect();
            let names: Vec<&Value> = secrets.iter().map(|secret| &secret["metadata"]["name"]).collect();
            assert_eq!(names, ["one", "two", "three"]);
        }
    }
    let wrong = key("rsa-3072.key");
    let ran = place.sealward(&["open", "-f", "sealed.yaml", "--key", &wrong], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr.starts_with("error: sealed.yaml:1:1: no key could decrypt secret (password)\nhint: "),
        "{}",
        ran.stderr
    );
    let ran = place.sealward(&["open", "-f", "sealed.yaml", "--key", "missing"], "");
    assert_eq!(ran.stderr, "error: cannot read missing: No such file or directory (os error 2)\n");
    place.file("junk", "junk");
    let ran = place.sealward(&["open", "-f", "sealed.yaml", "--key", "junk"], "");
    assert!(ran.stderr.starts_with("error: junk:1:1: not a Kubernetes object"), "{}", ran.stderr);
}

#[test]
fn templates_are_rendered_as_kubeseal_renders_them() {
    let place = Workplace::new();
    let value = place.sealed(&["--raw", "-n", "shop", "--name", "login"], "hunter2");
    let sealed = json!({
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
        "metadata": {"name": "login", "namespace": "shop"},
        "spec": {
            "encryptedData": {"password": value, "gone": value},
            "template": {
                "type": "example.com/login",
                "data": {"url": "https://{{ .user }}:{{ .password | upper }}@x", "user": "admin", "gone": null},
            },
        },
    });
    place.file("sealed.json", &sealed.to_string());
    let recovered = place.recovered(&sealed.to_string());
    let mut command = place.command(&binary("sealward").unwrap());
    command.args(["open", "-f", "sealed.json", "-o", "json", "--key", &key("rsa-2048.key")]);
    let ours = json_of(&Ran::of(&mut command, b"").unwrap().stdout);
    assert_eq!(ours["data"], recovered["data"]);
    assert_eq!(ours["data"].as_object().unwrap().len(), 3);
    assert_eq!(ours["type"], "example.com/login");
}

#[test]
fn sealing_anew_and_validating_work_without_a_cluster() {
    let place = Workplace::new();
    let before = commented(&place);
    place.file("sealed.yaml", &before);
    let keys = key("rsa-2048.key");
    let offline = ["--recovery-private-key", &keys, "-f", "sealed.yaml"];
    assert_eq!(place.sealward(&[&["seal", "--validate"], &offline[..]].concat(), "").code, 0);
    let cert = key("rsa-3072.crt");
    let ran = place.sealward(&[&["seal", "--re-encrypt", "--cert", &cert], &offline[..]].concat(), "");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let after = place.read("sealed.yaml");
    let masked = |text: &str| -> String {
        let words = text.split_inclusive([' ', '\n']);
        words.map(|word| if word.len() > 100 { "sealed " } else { word }).collect()
    };
    assert_eq!(masked(&after), masked(&before), "only the values changed");
    assert_ne!(after, before);
    let ran = place.sealward(&[&["seal", "--validate"], &offline[..]].concat(), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("unable to decrypt sealed secret: login"), "{}", ran.stderr);
    let mut command = place.command(&tools::path("kubeseal").unwrap());
    command.args(["--recovery-unseal", "--recovery-private-key", &key("rsa-3072.key"), "-f", "sealed.yaml"]);
    assert_eq!(Ran::of(&mut command, b"").unwrap().code, 0);
}

#[test]
fn what_cannot_be_read_is_never_taken_for_nothing() {
    let place = Workplace::new();
    let second = format!("{}---\na: b: c\n", sample("secret.yaml"));
    let ran = kubeseal_for_2048(&place, &[], &second);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "kubeseal drops what it cannot read");
    let ran = kubeseal(&place, &["--validate", "--server", "http://127.0.0.1:1"], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "kubeseal finds nothing valid");
    let twice = sample("secret.yaml").replace("  octal:", "  password: again\n  octal:");
    let ran = kubeseal_for_2048(&place, &[], &twice);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "one of two values would be lost");
    assert!(ran.stderr.contains("<stdin>:13:3") && ran.stderr.contains("<stdin>:12:3"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(PLANTED));
}
