//! What `sealward seal` makes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::workplace::{PLANTED, Workplace, key, recipient, sample};

const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";
const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_secret_becomes_a_sealed_secret_that_kubeseal_recovers() {
    let place = Workplace::new();
    let sealed = place.sealed(&["-o", "json"], &sample("secret.yaml"));
    let object = json_of(&sealed);
    assert_eq!(object["apiVersion"], "bitnami.com/v1alpha1");
    assert_eq!(object["kind"], "SealedSecret");
    assert_eq!(object["metadata"], json!({"name": "login", "namespace": "shop"}));
    assert_eq!(
        object["spec"]["template"],
        json!({
            "metadata": {
                "name": "login", "namespace": "shop",
                "labels": {"app": "shop"}, "annotations": {"owner": "team-a"},
            },
            "type": "example.com/login",
        })
    );
    let opened = place.recovered(&sealed);
    assert_eq!(
        opened["data"],
        json!({"octal": STANDARD.encode("0644"), "password": STANDARD.encode(PLANTED), "user": "YWRtaW4="})
    );
    assert_eq!(opened["type"], "example.com/login");
}

#[test]
fn input_comes_as_yaml_or_json_from_a_file_or_stdin() {
    let place = Workplace::new();
    for name in ["secret.yaml", "secret.json"] {
        let text = sample(name);
        place.file(name, &text);
        for (args, input) in [(vec!["-f", name], ""), (vec!["-f", "-"], &*text), (vec![], &*text)] {
            let opened = place.recovered(&place.sealed(&args, input));
            assert_eq!(opened["data"]["password"], STANDARD.encode(PLANTED), "{name} {args:?}");
        }
    }
}

#[test]
fn several_documents_and_lists_become_several_documents() {
    let place = Workplace::new();
    let yaml = place.sealed(&[], &sample("several.yaml"));
    let documents: Vec<&str> = yaml.split("---\n").filter(|document| !document.trim().is_empty()).collect();
    assert_eq!(documents.len(), 3, "{yaml}");
    let json = place.sealed(&["-o", "json"], &sample("several.yaml"));
    let objects: Vec<Value> =
        serde_json::Deserializer::from_str(&json).into_iter().collect::<Result<_, _>>().unwrap();
    let names: Vec<&str> =
        objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two", "three"]);
    for sealed in documents.into_iter().map(str::to_owned).chain(objects.iter().map(Value::to_string)) {
        assert_eq!(place.recovered(&sealed)["data"]["password"], STANDARD.encode(PLANTED));
    }
}

#[test]
fn a_scope_by_flag_beats_the_annotations_and_stands_where_both_programs_read_it() {
    let place = Workplace::new();
    let annotated = sample("secret.yaml").replace("owner: team-a", &format!("{NAMESPACE_WIDE}: \"true\""));
    let plain = sample("secret.yaml");
    let cases = [
        (&plain, None, json!(null)),
        (&plain, Some("strict"), json!(null)),
        (&plain, Some("namespace-wide"), json!({NAMESPACE_WIDE: "true"})),
        (&plain, Some("cluster-wide"), json!({CLUSTER_WIDE: "true"})),
        (&annotated, None, json!({NAMESPACE_WIDE: "true"})),
        (&annotated, Some("cluster-wide"), json!({CLUSTER_WIDE: "true"})),
        (&annotated, Some("strict"), json!(null)),
    ];
    for (input, scope, expect) in cases {
        let flags = scope.map_or(vec![], |scope| vec!["--scope", scope]);
        let sealed = place.sealed(&[&["-o", "json"][..], &flags].concat(), input);
        let object = json_of(&sealed);
        assert_eq!(object["metadata"]["annotations"], expect, "{scope:?}");
        let template = &object["spec"]["template"]["metadata"]["annotations"];
        for key in [CLUSTER_WIDE, NAMESPACE_WIDE] {
            assert_eq!(template.get(key), expect.get(key), "{scope:?}");
        }
        assert_eq!(place.recovered(&sealed)["data"]["password"], STANDARD.encode(PLANTED), "{scope:?}");
    }
}

#[test]
fn the_secrets_namespace_comes_first_then_the_flag_then_the_kubeconfig() {
    let place = Workplace::new();
    let with = sample("secret.yaml");
    let without = with.replace("  namespace: shop\n", "");
    let namespace = |args: &[&str], input: &str| {
        let sealed = place.sealed(&[&["-o", "json"], args].concat(), input);
        json_of(&sealed)["metadata"]["namespace"].as_str().map(str::to_owned)
    };
    assert_eq!(namespace(&[], &with).as_deref(), Some("shop"));
    assert_eq!(namespace(&["-n", "shop"], &with).as_deref(), Some("shop"));
    assert_eq!(namespace(&["-n", "flag"], &without).as_deref(), Some("flag"));
    assert_eq!(namespace(&["--scope", "cluster-wide", "-n", "flag"], &with).as_deref(), Some("shop"));
    assert_eq!(namespace(&["--scope", "cluster-wide"], &without), None);

    place.file("kubeconfig", &json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "from-context"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }).to_string());
    let told = "note: sealing for namespace \"from-context\", which the kubeconfig names\n";
    let ran = place.seal(&["-o", "json", "--kubeconfig", "kubeconfig"], &without);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, told));
    assert_eq!(json_of(&ran.stdout)["metadata"]["namespace"], "from-context");
    // As kubectl has it, the variable is a list of files, the first word winning; missing ones are passed over.
    place
        .file("more", &json!({"apiVersion": "v1", "kind": "Config", "current-context": "other"}).to_string());
    let mut command = place.command(&sealward_acceptance::binary("sealward").unwrap());
    command
        .args(["seal", "-o", "json", "--cert", &key("rsa-2048.crt")])
        .env("KUBECONFIG", "missing:kubeconfig:more");
    let ran = place.run(&mut command, &without);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, told));
}

#[test]
fn a_name_by_flag_replaces_the_secrets_or_stands_in_for_it() {
    let place = Workplace::new();
    let with = sample("secret.yaml");
    for input in [with.clone(), with.replace("  name: login\n", "")] {
        let sealed = place.sealed(&["-o", "json", "--name", "other"], &input);
        assert_eq!(json_of(&sealed)["metadata"]["name"], "other");
        assert_eq!(place.recovered(&sealed)["data"]["password"], STANDARD.encode(PLANTED));
    }
}

#[test]
fn age_recipients_are_many_and_beat_the_variable_of_the_certificate() {
    let place = Workplace::new();
    let (alice, bob) = (recipient("alice.txt"), recipient("bob.txt"));
    let mut command = place.command(&sealward_acceptance::binary("sealward").unwrap());
    command.args(["seal", "-o", "json", "--recipient", &alice, "--recipient", &bob]);
    command.env("SEALED_SECRETS_CERT", key("rsa-2048.crt"));
    let ran = place.run(&mut command, &sample("secret.yaml"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let object = json_of(&ran.stdout);
    for value in object["spec"]["encryptedData"].as_object().unwrap().values() {
        let file = STANDARD.decode(value.as_str().unwrap()).unwrap();
        let header = String::from_utf8_lossy(&file);
        assert!(header.starts_with("age-encryption.org/v1\n"));
        assert_eq!(header.matches("\n-> X25519 ").count(), 2);
    }

    let mut by_variable = place.command(&sealward_acceptance::binary("sealward").unwrap());
    by_variable.args(["seal", "-o", "json"]).env("SEALED_SECRETS_CERT", key("rsa-2048.crt"));
    let ran = place.run(&mut by_variable, &sample("secret.yaml"));
    assert_eq!(place.recovered(&ran.stdout)["data"]["password"], STANDARD.encode(PLANTED));
}

#[test]
fn empty_data_is_sealed_only_on_request_and_the_last_applied_plaintext_never() {
    let place = Workplace::new();
    let empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n";
    let sealed = json_of(&place.sealed(&["-o", "json", "--allow-empty-data"], empty));
    assert_eq!(sealed["spec"]["encryptedData"], json!({}));

    let applied = sample("secret.yaml").replace(
        "owner: team-a",
        "kubectl.kubernetes.io/last-applied-configuration: 'plaintext of last time'",
    );
    let sealed = place.sealed(&[], &applied);
    assert!(!sealed.contains("last-applied") && !sealed.contains("plaintext of last time"), "{sealed}");
}
