//! The same command lines through the real kubeseal and through `sealward` under its name: exit codes, what is
//! written where, the first line of what is said, and what the sealed values open to.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use sealward_acceptance::{Ran, binary};
use sealward_controlplane::tools;
use sealward_document::yaml;
use serde_json::Value;
use tempfile::TempDir;

use super::workplace::key;

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: login
  namespace: shop
  labels: {app: shop}
  annotations: {owner: team-a}
  creationTimestamp: \"2020-01-01T00:00:00Z\"
  uid: 3f1d7f7e-1c0e-4a52-9a86-1a1de1a1f7c2
  resourceVersion: \"7\"
  generation: 3
type: example.com/login
immutable: true
stringData: {password: hunter2, empty: \"\"}
data: {user: YWRtaW4=}
";
const BARE: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2}\n";
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u, namespace: from-context}}, {name: plain, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
";

/// How alike the two must be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Alike {
    /// Exit code, output and the first line of what is said.
    All,
    /// As `All`, but both say something that starts with this.
    Start(&'static str),
    /// Exit code and output; both say some error.
    Code,
    /// As `All`, and the output is one sealed value.
    Raw,
    /// Exit code and output; ours warns about what it bends.
    Warned,
}
use Alike::{All, Code, Raw, Start, Warned};

/// The names of the items after it come in no order from theirs.
const NO_KEY: Alike = Start("error: no key could decrypt secret (");

/// A folder with what the command lines name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let secret = |change: fn(String) -> String| change(SECRET.to_owned());
    file("secret.yaml", SECRET);
    file("bare.yaml", BARE);
    file("two.yaml", &format!("{SECRET}---\n{}", SECRET.replace("name: login", "name: other")));
    file("blanks.yaml", &format!("---\n# nothing\n---\n{SECRET}---\n"));
    file(
        "wide.yaml",
        &secret(|text| text.replace("owner: team-a", "sealedsecrets.bitnami.com/cluster-wide: \"true\"")),
    );
    file(
        "middle.yaml",
        &secret(|text| text.replace("owner: team-a", "sealedsecrets.bitnami.com/namespace-wide: \"true\"")),
    );
    file(
        "applied.yaml",
        &secret(|text| text.replace("owner: team-a", "kubectl.kubernetes.io/last-applied-configuration: x")),
    );
    file("empty-data.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n");
    file("nameless.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {namespace: b}\nstringData: {a: b}\n");
    file(
        "finalizers.yaml",
        &BARE.replace("{name: login}", "{name: login, namespace: shop, finalizers: [a/b]}"),
    );
    file("map.yaml", &SECRET.replace("kind: Secret", "kind: ConfigMap"));
    file("kindless.yaml", "metadata: {name: a, namespace: b}\ndata: {a: Zm9v}\n");
    file(
        "casing.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringdata: {a: foo}\n",
    );
    file(
        "numbers.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b, labels: {on: 1, x: true}}\nstringData: {a: 5, b: false}\n",
    );
    file("unknown.yaml", &format!("{SECRET}spec: {{a: b}}\n"));
    file("not-base64.yaml", &SECRET.replace("YWRtaW4=", "'x y'"));
    file("named-by-words.yaml", &BARE.replace("{name: login}", "{name: 5, namespace: n}"));
    file("list.yaml", "apiVersion: v1\nkind: ConfigMapList\nitems: []\n");
    file("broken.yaml", "a: b: c\n");
    file("scalar.yaml", "hello\n");
    file("nothing.yaml", "# nothing\n");
    file(
        "json.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"stringData\":{\"a\":\"b\"}}",
    );
    file("kubeconfig", KUBECONFIG);
    file("value", "a value\n");
    for name in ["sealed.json", "sealed-v1.json"] {
        let vectors = Path::new(&key("x")).parent().unwrap().parent().unwrap().join("objects");
        let from = if name == "sealed.json" { "kubeseal-strict.json" } else { "v1-strict.json" };
        fs::copy(vectors.join(from), folder.path().join(name)).unwrap();
    }
    folder
}

/// kubeseal, or ours under its name, in a folder of its own with nothing of the environment.
struct Side {
    folder: TempDir,
    ran: Ran,
}

fn run(ours: bool, line: &str, input: &str, url: &str) -> Side {
    let folder = folder();
    let mut words = line.split(' ').filter(|word| !word.is_empty()).map(|word| {
        let keys = Path::new(&key("x")).parent().unwrap().display().to_string();
        word.replace("KEYS", &keys).replace("URL", url).replace("''", "")
    });
    let mut command = if ours {
        let mut command = Command::new(binary("sealward").unwrap());
        command.arg0("/usr/local/bin/kubeseal");
        command
    } else {
        Command::new(tools::path("kubeseal").unwrap())
    };
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
    for word in words.by_ref() {
        match word
            .split_once('=')
            .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        {
            Some((name, value)) => command.env(name, value),
            None => command.arg(&word),
        };
    }
    let ran = Ran::of(&mut command, input.as_bytes()).unwrap();
    Side { folder, ran }
}

/// Objects with what differs from run to run, and what an empty value is written as, made alike.
fn shape(text: &str) -> Vec<Value> {
    let documents = yaml::read("output", text.as_bytes()).unwrap();
    documents
        .iter()
        .filter(|node| !node.is_null())
        .map(|node| {
            let mut object = node.to_json_redacted();
            if let Some(values) = object.pointer_mut("/spec/encryptedData").and_then(Value::as_object_mut) {
                values.values_mut().for_each(|value| *value = "sealed".into());
            }
            if let Some(values) = object.pointer_mut("/data").and_then(Value::as_object_mut) {
                values.values_mut().filter(|value| value.is_null()).for_each(|value| *value = "".into());
            }
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                // The real one writes an owner without a uid, which the API server refuses.
                metadata.remove("ownerReferences");
            }
            object
        })
        .collect()
}

/// What the real kubeseal opens each SealedSecret of `text` to.
fn opened(text: &str) -> Vec<Value> {
    let sealed = yaml::read("output", text.as_bytes()).unwrap();
    let sealed = sealed.iter().filter(|node| !node.is_null()).map(|node| node.to_json_redacted());
    sealed
        .filter(|object| object["kind"] == "SealedSecret")
        .map(|object| {
            let mut command = Command::new(tools::path("kubeseal").unwrap());
            command.args(["--recovery-unseal", "--recovery-private-key", &key("rsa-2048.key")]);
            let ran = Ran::of(&mut command, object.to_string().as_bytes()).unwrap();
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            serde_json::from_str::<Value>(&ran.stdout).unwrap()["data"].clone()
        })
        .collect()
}

/// The line that says what went wrong, warnings before it and hints after it left out.
fn first_line(text: &str) -> &str {
    let error = text.lines().find(|line| line.starts_with("error: "));
    error.or(text.lines().next()).unwrap_or_default()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn check(line: &str, input: &str, alike: Alike, url: &str) {
    let (theirs, ours) = (run(false, line, input, url), run(true, line, input, url));
    let told = format!("kubeseal {line}\ntheirs: {:?}\nours: {:?}", theirs.ran, ours.ran);
    assert_eq!(ours.ran.code, theirs.ran.code, "{told}");
    let is_objects = ["{", "---\n"].iter().any(|start| theirs.ran.stdout.starts_with(start));
    if is_objects {
        assert_eq!(shape(&ours.ran.stdout), shape(&theirs.ran.stdout), "{told}");
        assert_eq!(opened(&ours.ran.stdout), opened(&theirs.ran.stdout), "{told}");
        assert_eq!(ours.ran.stdout.starts_with("---\n"), theirs.ran.stdout.starts_with("---\n"), "{told}");
        assert_eq!(ours.ran.stdout.ends_with("}\n\n"), theirs.ran.stdout.ends_with("}\n\n"), "{told}");
    } else if alike == Raw {
        let length = |text: &str| (text.len(), text.ends_with('\n'), text.starts_with("AQ"));
        assert_eq!(length(&ours.ran.stdout), length(&theirs.ran.stdout), "{told}");
        assert!(theirs.ran.stdout.starts_with("AQ") || line.contains("-w out"), "{told}");
    } else {
        assert_eq!(ours.ran.stdout, theirs.ran.stdout, "{told}");
    }
    match alike {
        All | Raw => assert_eq!(first_line(&ours.ran.stderr), first_line(&theirs.ran.stderr), "{told}"),
        Start(start) => {
            for side in [&ours, &theirs] {
                assert!(side.ran.stderr.starts_with(start), "{told}");
            }
        }
        Code => assert!(ours.ran.stderr.starts_with("error: "), "{told}"),
        Warned => assert!(ours.ran.stderr.starts_with("warning: ") && theirs.ran.stderr.is_empty(), "{told}"),
    }
    assert_eq!(names(ours.folder.path()), names(theirs.folder.path()), "{told}");
    for name in names(theirs.folder.path()).iter().filter(|name| name.starts_with("out")) {
        let read = |side: &Side| fs::read_to_string(side.folder.path().join(name)).unwrap();
        let (ours, theirs) = (read(&ours), read(&theirs));
        assert_eq!(ours.starts_with("---\n"), theirs.starts_with("---\n"), "{told}");
        if alike == Raw {
            assert_eq!(ours.len(), theirs.len(), "{told}");
        } else if theirs.starts_with("-----") {
            assert_eq!(ours, theirs, "{told}");
        } else {
            assert_eq!(shape(&ours), shape(&theirs), "{told}");
            assert_eq!(opened(&ours), opened(&theirs), "{told}");
        }
    }
}

/// Checks lines in a few threads: each starts programs and waits for them.
fn check_all(lines: &[(&str, Alike)]) {
    check_all_with(lines, "", "");
}

fn check_all_with(lines: &[(&str, Alike)], input: &str, url: &str) {
    let half = lines.len().div_ceil(2);
    thread::scope(|scope| {
        for part in lines.chunks(half) {
            scope.spawn(move || part.iter().for_each(|(line, alike)| check(line, input, *alike, url)));
        }
    });
}

#[test]
fn secrets_are_sealed_alike_in_every_format_scope_and_namespace() {
    check_all(&[
        ("--cert KEYS/rsa-2048.crt -f secret.yaml", All),
        ("--cert=KEYS/rsa-2048.crt --secret-file=secret.yaml --format=yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -oyaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -o=YAML", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -o json positional", All),
        ("--cert file://KEYS/rsa-2048.crt -f secret.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f json.json", All),
        ("--cert KEYS/rsa-2048.crt -f two.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f two.yaml -o yaml", All),
        ("--cert KEYS/rsa-2048.crt -f blanks.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f finalizers.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f applied.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --scope strict", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --scope namespace-wide", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --scope cluster-wide -o yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --scope=", All),
        ("--cert KEYS/rsa-2048.crt -f wide.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f wide.yaml --scope strict", All),
        ("--cert KEYS/rsa-2048.crt -f wide.yaml --scope namespace-wide", All),
        ("--cert KEYS/rsa-2048.crt -f middle.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --name other", All),
        ("--cert KEYS/rsa-2048.crt -f nameless.yaml --name other", All),
        ("--cert KEYS/rsa-2048.crt -f two.yaml --name other", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -n shop", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml -n shop", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml --scope cluster-wide -n shop", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml --scope cluster-wide", All),
        ("--cert KEYS/rsa-2048.crt -f wide.yaml -n elsewhere", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml --kubeconfig kubeconfig", All),
        ("KUBECONFIG=kubeconfig --cert KEYS/rsa-2048.crt -f bare.yaml", All),
        ("KUBECONFIG=missing:kubeconfig --cert KEYS/rsa-2048.crt -f bare.yaml", All),
        ("KUBECONFIG=kubeconfig --cert KEYS/rsa-2048.crt -f bare.yaml --context plain", All),
        ("--cert KEYS/rsa-2048.crt -f empty-data.yaml --allow-empty-data", All),
        ("--cert KEYS/rsa-2048.crt -f empty-data.yaml --allow-empty-data=true -o yaml", All),
    ]);
}

#[test]
fn variables_stand_for_flags_and_flags_beat_them() {
    check_all(&[
        ("SEALED_SECRETS_CERT=KEYS/rsa-2048.crt -f secret.yaml", All),
        ("SEALED_SECRETS_CERT=missing -f secret.yaml --cert KEYS/rsa-2048.crt", All),
        ("SEALED_SECRETS_FORMAT=yaml --cert KEYS/rsa-2048.crt -f secret.yaml", All),
        ("SEALED_SECRETS_FORMAT=yaml --cert KEYS/rsa-2048.crt -f secret.yaml -o json", All),
        ("SEALED_SECRETS_SCOPE=cluster-wide --cert KEYS/rsa-2048.crt -f secret.yaml", All),
        ("SEALED_SECRETS_SCOPE=junk --cert KEYS/rsa-2048.crt -f secret.yaml", All),
        ("SEALED_SECRETS_NAMESPACE=shop --cert KEYS/rsa-2048.crt -f bare.yaml", All),
        ("SEALED_SECRETS_NAME=other SEALED_SECRETS_SECRET_FILE=secret.yaml --cert KEYS/rsa-2048.crt", All),
        ("SEALED_SECRETS_ALLOW_EMPTY_DATA=1 --cert KEYS/rsa-2048.crt -f empty-data.yaml", All),
        (
            "SEALED_SECRETS_ALLOW_EMPTY_DATA=1 --allow-empty-data=false --cert KEYS/rsa-2048.crt -f empty-data.yaml",
            All,
        ),
        ("SEALED_SECRETS_RAW=T --raw=0 --cert KEYS/rsa-2048.crt -f secret.yaml", All),
        ("SEALED_SECRETS_SEALED_SECRET_FILE=out.yaml --cert KEYS/rsa-2048.crt -f secret.yaml", All),
    ]);
}

#[test]
fn single_values_are_sealed_alike() {
    check_all_with(
        &[
            ("--cert KEYS/rsa-2048.crt --raw -n shop --name login", Raw),
            ("--cert KEYS/rsa-2048.crt --raw -n shop --scope namespace-wide", Raw),
            ("--cert KEYS/rsa-2048.crt --raw --scope cluster-wide", Raw),
            ("--cert KEYS/rsa-2048.crt --raw --scope cluster-wide --from-file value", Raw),
            ("--cert KEYS/rsa-2048.crt --raw --scope cluster-wide --from-file key=value", Raw),
            ("--cert KEYS/rsa-2048.crt --raw --scope cluster-wide -w out", Raw),
            ("--cert KEYS/rsa-2048.crt --raw --name login --kubeconfig kubeconfig", Raw),
            ("--cert KEYS/rsa-2048.crt --raw -o toml --scope cluster-wide", Raw),
            ("--cert KEYS/rsa-2048.crt --raw", All),
            ("--cert KEYS/rsa-2048.crt --raw --name login", All),
            ("--cert KEYS/rsa-2048.crt --raw -n shop", All),
            ("--cert KEYS/rsa-2048.crt --raw -n shop --name login --from-file a --from-file b", All),
            ("--cert KEYS/rsa-2048.crt --raw -n shop --name login --from-file a,b", All),
            ("--cert KEYS/rsa-2048.crt --raw -n shop --name login --from-file missing", All),
            ("--cert KEYS/rsa-2048.crt --raw --name login --kubeconfig missing", Code),
            ("--cert KEYS/rsa-2048.crt --raw --name login --kubeconfig kubeconfig --context missing", Code),
            ("--cert KEYS/rsa-2048.crt --from-file value", All),
        ],
        "a value",
        "",
    );
}

#[test]
fn wrong_input_is_refused_in_the_same_words() {
    check_all(&[
        ("--cert KEYS/rsa-2048.crt", All),
        ("--cert KEYS/rsa-2048.crt -f nothing.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f scalar.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f broken.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f missing.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f list.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f empty-data.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f nameless.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -n other", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -n other --scope namespace-wide", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml --kubeconfig missing", All),
        ("--cert KEYS/rsa-2048.crt -f bare.yaml --kubeconfig kubeconfig --context missing", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -o toml", All),
        ("--cert KEYS/rsa-2048.crt -f not-base64.yaml", Code),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -w no/such/folder.yaml", Code),
        ("--cert missing.crt -f secret.yaml", All),
        ("--cert missing.crt -f missing.yaml", All),
        ("--cert file:///no/such.crt -f secret.yaml", Code),
        ("--cert ftp://host/x -f secret.yaml", Code),
        ("--cert KEYS/rsa-2048.key -f secret.yaml", All),
        ("--cert KEYS/expired.crt -f secret.yaml", All),
        ("--cert KEYS/ecdsa.crt -f secret.yaml", Start("error: expected RSA public key but found ")),
        ("-f secret.yaml", All),
        ("--fetch-cert", All),
        ("--validate -f sealed.json", All),
        ("--re-encrypt -f sealed.json", All),
        ("--fetch-cert --context missing --kubeconfig kubeconfig", All),
        ("--fetch-cert --kubeconfig kubeconfig", Start("error: cannot get sealed secret service: ")),
        (
            "--validate -f sealed.json --server http://127.0.0.1:1",
            Start("error: cannot get sealed secret service: "),
        ),
        (
            "--re-encrypt -f sealed.json --server http://127.0.0.1:1",
            Start("error: cannot get sealed secret service: "),
        ),
        ("--re-encrypt -f missing.json", All),
    ]);
}

#[test]
fn what_kubeseal_bends_is_bent_alike_and_said() {
    check_all(&[
        ("--cert KEYS/rsa-2048.crt -f kindless.yaml", Warned),
        ("--cert KEYS/rsa-2048.crt -f casing.yaml", Warned),
        ("--cert KEYS/rsa-2048.crt -f numbers.yaml", Warned),
        ("--cert KEYS/rsa-2048.crt -f named-by-words.yaml", Warned),
        ("--cert KEYS/rsa-2048.crt -f unknown.yaml", Warned),
        ("--cert KEYS/rsa-2048.crt -f map.yaml", Warned),
    ]);
}

#[test]
fn files_are_written_alike() {
    check_all(&[
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -w out.yaml", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml -w out.yml -o json", All),
        ("--cert KEYS/rsa-2048.crt -f two.yaml -w out.json", All),
        ("--cert KEYS/rsa-2048.crt -f secret.yaml --sealed-secret-file out -oyaml", All),
        ("--cert KEYS/rsa-2048.crt -f empty-data.yaml -w out.yaml", All),
        ("--cert KEYS/rsa-2048.crt --fetch-cert -w out.pem", All),
        ("--cert KEYS/rsa-2048.crt --fetch-cert", All),
        ("--cert KEYS/expired.crt --fetch-cert --raw", All),
    ]);
}

#[test]
fn recovery_opens_alike() {
    check_all(&[
        ("--recovery-unseal --recovery-private-key KEYS/rsa-2048.key -f sealed.json", All),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-2048.key -f sealed.json -o yaml", All),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-3072.key,KEYS/rsa-2048.key -f sealed.json", All),
        (
            "--recovery-unseal --recovery-private-key KEYS/rsa-2048.key --recovery-private-key KEYS/rsa-3072.key -f sealed.json -w out.yaml",
            All,
        ),
        (
            "SEALED_SECRETS_RECOVERY_PRIVATE_KEY=KEYS/rsa-2048.key --recovery-unseal --validate --raw -f sealed.json",
            All,
        ),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-3072.key -f sealed.json", NO_KEY),
        ("--recovery-unseal -f sealed.json", NO_KEY),
        ("--recovery-unseal --recovery-private-key missing.key -f sealed.json", All),
        ("--recovery-unseal --recovery-private-key sealed.json -f sealed.json", Code),
        ("--recovery-unseal --recovery-private-key secret.yaml -f sealed.json", All),
        ("--recovery-unseal --recovery-private-key KEYS/ecdsa.key -f sealed.json", Code),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-2048.key -f secret.yaml", Code),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-2048.key -f broken.yaml", Code),
        ("--recovery-unseal --recovery-private-key KEYS/rsa-2048.key -f sealed.json -o toml", All),
    ]);
}

/// Flags that are none: theirs prints all flags to stdout before it says what is wrong there; ours says it on stderr.
#[test]
fn command_lines_that_are_none_end_alike() {
    for line in [
        "--nope",
        "--nope=x",
        "-x",
        "-xyz",
        "--cert",
        "-o",
        "--raw=maybe",
        "--=x",
        "---x",
        "--scope=wide",
        "-v=a",
        "--as-group",
        "--validate=2",
    ] {
        let (theirs, ours) = (run(false, line, "", ""), run(true, line, "", ""));
        assert_eq!((theirs.ran.code, ours.ran.code), (2, 2), "{line}");
        assert_eq!(first_line(&ours.ran.stderr), theirs.ran.stdout.lines().last().unwrap(), "{line}");
        assert_eq!(ours.ran.stdout, "", "{line}");
    }
    for line in ["-h", "--help", "--help --validate"] {
        let (theirs, ours) = (run(false, line, "", ""), run(true, line, "", ""));
        assert_eq!((theirs.ran.code, ours.ran.code), (0, 0), "{line}");
        // Every flag of theirs that does something is in our help too.
        let flags = |text: &str| -> Vec<String> {
            let words = text.lines().filter(|line| line.starts_with("  ")).filter_map(|line| {
                line.split_whitespace().find(|word| word.starts_with("--")).map(str::to_owned)
            });
            words.collect()
        };
        let known = flags(&ours.ran.stdout);
        let missing = flags(&theirs.ran.stdout).into_iter().filter(|flag| !known.contains(flag));
        let missing: Vec<String> = missing.filter(|flag| !flag.contains('_')).collect();
        let logging = [
            "--alsologtostderr",
            "--alsologtostderrthreshold",
            "--logtostderr",
            "--stderrthreshold",
            "--v",
            "--vmodule",
        ];
        assert!(missing.iter().all(|flag| logging.contains(&flag.as_str())), "{missing:?}");
        assert!(known.len() > 35, "{known:?}");
    }
    let (theirs, ours) = (run(false, "--version", "", ""), run(true, "--version", "", ""));
    let version = theirs.ran.stdout.trim_end();
    assert!(version.starts_with("kubeseal version: v"), "{version}");
    assert!(ours.ran.stdout.starts_with(&format!("{version}+sealward-")), "{}", ours.ran.stdout);
    // The flags of Go's logging change nothing and are taken.
    check(
        "--cert KEYS/rsa-2048.crt -f secret.yaml -v 3 --logtostderr --vmodule=a=1 --stderrthreshold 2",
        "",
        All,
        "",
    );
}

/// A server of one certificate.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let (status, body) = match request.split(' ').nth(1) {
                Some("/v1/cert.pem") => ("200 OK", fs::read_to_string(key("rsa-2048.crt")).unwrap()),
                // As a proxy, it is asked for the whole address.
                Some(path) if path.starts_with("http://sealer.example/") => {
                    ("200 OK", fs::read_to_string(key("rsa-2048.crt")).unwrap())
                }
                _ => ("404 Not Found", "no".to_owned()),
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://{address}")
}

#[test]
fn certificates_come_from_urls_and_through_proxies_alike() {
    let url = server();
    check_all_with(
        &[
            ("--cert URL/v1/cert.pem -f secret.yaml", All),
            ("--cert URL/v1/cert.pem --fetch-cert", All),
            ("--cert URL/missing.pem --fetch-cert", All),
            ("--cert http://127.0.0.1:1/x --fetch-cert", Code),
            ("HTTP_PROXY=URL --cert http://sealer.example/v1/cert.pem --fetch-cert", All),
        ],
        "",
        &url,
    );
}
