//! `/v1/cert.pem`, `/v1/verify`, `/v1/rotate` and the probes: codes, bodies, limits; and the real kubeseal
//! through the API server's proxy.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use sealward_acceptance::Ran;
use sealward_controlplane::tools;
use serde_json::{Value, json};

use super::http_scene::{Answer, SERVICE, curl, file, http_scene, post, post_as, stranger, tls_url};
use super::scene::{Scene, seal, secret, vector_key_path};

fn kubeseal(scene: &Scene<'_>, args: &[&str], input: &str) -> Ran {
    let mut command = Command::new(tools::path("kubeseal").unwrap());
    command.args(SERVICE).args(args).current_dir(&scene.bench.folder);
    command.env("KUBECONFIG", scene.plane().admin_kubeconfig()).env("HOME", &scene.bench.folder);
    Ran::of(&mut command, input.as_bytes()).unwrap()
}

fn sealed(scene: &Scene<'_>, namespace: &str, name: &str) -> Value {
    scene.seal_rsa(&secret(namespace, name, &[("password", "hunter2"), ("user", "admin")]), &[])
}

/// The ways in which a SealedSecret does not open: each changes what a sealer can tell apart inside.
fn undecryptable(good: &Value) -> Vec<(&'static str, Value)> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut object = good.clone();
        change(&mut object);
        object
    };
    let text = good["spec"]["encryptedData"]["password"].as_str().unwrap().to_owned();
    let replaced = |text: &str| with(&|object| object["spec"]["encryptedData"]["password"] = json!(text));
    let wrong_key = seal(
        &secret("ns", "name", &[("password", "x")]),
        &["--cert", &vector_key_path("rsa-2048.crt").display().to_string()],
    );
    let mut altered = text.clone();
    altered.replace_range(100..101, if text.as_bytes()[100] == b'A' { "B" } else { "A" });
    vec![
        ("another name", with(&|object| object["metadata"]["name"] = json!("other"))),
        ("another namespace", with(&|object| object["metadata"]["namespace"] = json!("other"))),
        (
            "another scope",
            with(&|object| {
                object["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/cluster-wide": "true"});
            }),
        ),
        ("another key", wrong_key),
        ("altered bytes", replaced(&altered)),
        ("cut off", replaced(&text[..200])),
        ("empty", replaced("")),
        ("no base64", replaced("!!!")),
        ("no text", with(&|object| object["spec"]["encryptedData"]["password"] = json!(7))),
        (
            "a template that fails",
            with(&|object| {
                object["metadata"]["name"] = json!("other");
                object["spec"]["template"]["data"] = json!({"leak": "{{ fail .password }}"});
            }),
        ),
    ]
}

#[test]
fn http_codes_and_bodies_are_upstreams_or_better() {
    let scene = http_scene();
    let good = sealed(scene, "ns", "name");

    let verified = post(scene, "/v1/verify", good.to_string().as_bytes());
    assert_eq!((verified.code, verified.body.as_str()), (200, ""));
    let yaml = curl_yaml(scene, &good);
    assert_eq!((yaml.code, yaml.body.as_str()), (200, ""));
    let rotated = post(scene, "/v1/rotate", good.to_string().as_bytes());
    assert_eq!((rotated.code, rotated.header("content-type")), (200, Some("application/json")));
    let rotated: Value = serde_json::from_str(&rotated.body).unwrap();
    assert_eq!(rotated["metadata"], good["metadata"]);
    assert_ne!(rotated["spec"]["encryptedData"]["password"], good["spec"]["encryptedData"]["password"]);
    assert_eq!(post(scene, "/v1/verify", rotated.to_string().as_bytes()).code, 200);

    // A template that would fail, or tell something, is not looked at.
    let mut template = good.clone();
    template["spec"]["template"]["data"] = json!({"leak": "{{ fail .password }}"});
    assert_eq!(post(scene, "/v1/verify", template.to_string().as_bytes()).code, 200);
    let kept = post(scene, "/v1/rotate", template.to_string().as_bytes());
    let kept: Value = serde_json::from_str(&kept.body).unwrap();
    assert_eq!(kept["spec"]["template"]["data"], template["spec"]["template"]["data"]);

    for (what, object) in undecryptable(&good) {
        for path in ["/v1/verify", "/v1/rotate"] {
            let answer = post(scene, path, object.to_string().as_bytes());
            assert_eq!((answer.code, answer.body.as_str()), (409, ""), "{path} {what}");
            assert_eq!(answer.header("content-type"), None, "{path} {what}");
        }
    }

    let two = format!("{good}\n---\n{good}");
    let no_sealed_secret = [
        ("another kind", secret("ns", "name", &[("a", "b")]).to_string()),
        ("two documents", two),
        ("nothing", String::new()),
        ("no YAML", "{".to_owned()),
        ("a number", "7".to_owned()),
    ];
    for (what, body) in &no_sealed_secret {
        for path in ["/v1/verify", "/v1/rotate"] {
            let answer = post(scene, path, body.as_bytes());
            assert_eq!(answer.code, 500, "{path} {what}: {}", answer.body);
            assert!(!answer.body.trim().is_empty(), "{path} {what} says why");
        }
    }

    let large = vec![b' '; 10 * 1024 * 1024 + 1];
    for path in ["/v1/verify", "/v1/rotate"] {
        let answer = curl(&["-X", "PUT"], &format!("{}{path}", scene.url), b"");
        assert_eq!((answer.code, answer.header("allow")), (405, Some("POST")), "{path}");
        assert_eq!(post(scene, path, &large).code, 413, "{path}");
    }
}

fn curl_yaml(scene: &Scene<'_>, object: &Value) -> Answer {
    let item = |key: &str| object["spec"]["encryptedData"][key].as_str().unwrap();
    let yaml = format!(
        "# by hand\n---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: name, namespace: ns}}\n\
         spec:\n  encryptedData:\n    password: {}\n    user: {}\n",
        item("password"),
        item("user"),
    );
    post(scene, "/v1/verify", yaml.as_bytes())
}

#[test]
fn http_certificate_and_probes_answer_any_method() {
    let scene = http_scene();
    for (path, kind) in [
        ("/v1/cert.pem", "application/x-pem-file"),
        ("/healthz", "text/plain; charset=utf-8"),
        ("/readyz", "text/plain; charset=utf-8"),
    ] {
        for method in ["GET", "POST", "PUT"] {
            let answer = curl(&["-X", method], &format!("{}{path}", scene.url), b"");
            assert_eq!((answer.code, answer.header("content-type")), (200, Some(kind)), "{method} {path}");
            match path {
                "/v1/cert.pem" => assert!(answer.body.starts_with("-----BEGIN CERTIFICATE-----\n")),
                _ => assert_eq!(answer.body, "ok\n"),
            }
        }
    }
    assert_eq!(curl(&["-X", "GET"], &format!("{}/v1/nothing", scene.url), b"").code, 404);
}

#[test]
fn http_requests_are_limited_by_path_and_by_the_last_forwarded_hop() {
    let scene = http_scene();
    let good = sealed(scene, "ns", "limited").to_string();
    let (one, other) = (stranger(), stranger());
    // One and the burst of two at once; the API server may be slow to start curl, so more than three are sent.
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let asking: Vec<_> = (0..12)
            .map(|number| {
                // What a client says of itself comes before what its proxy says of it.
                let forwarded = format!("203.0.113.{number}, {one}");
                let good = good.as_bytes();
                scope.spawn(move || post_as(scene, &forwarded, "/v1/verify", good))
            })
            .collect();
        answers = asking.into_iter().map(|thread| thread.join().unwrap()).collect();
    });
    let refused: Vec<_> = answers.iter().filter(|answer| answer.code == 429).collect();
    let passed: Vec<_> = answers.iter().filter(|answer| answer.code == 200).collect();
    assert_eq!(refused.len() + passed.len(), 12, "{answers:?}");
    assert!(passed.len() >= 3 && !refused.is_empty(), "{} passed", passed.len());
    for answer in &refused {
        assert_eq!(answer.body, "limit exceeded\n");
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(answer.header("x-ratelimit-reset").is_some());
    }
    for answer in &passed {
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("retry-after"), None);
    }
    assert_eq!(post_as(scene, &other, "/v1/verify", good.as_bytes()).code, 200, "another client");
}

#[test]
fn http_the_real_kubeseal_fetches_validates_and_reencrypts_through_the_api_server() {
    let scene = http_scene();
    let namespace = scene.namespace();
    let direct = scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap();
    let fetched = kubeseal(scene, &["--fetch-cert"], "");
    assert_eq!((fetched.code, fetched.stdout.as_str()), (0, direct.as_str()), "{}", fetched.stderr);

    let sealed =
        kubeseal(scene, &[], &secret(&namespace, "mine", &[("key", "sealed by theirs")]).to_string());
    assert_eq!(sealed.code, 0, "{}", sealed.stderr);
    let valid = kubeseal(scene, &["--validate"], &sealed.stdout);
    assert_eq!((valid.code, valid.stdout.as_str(), valid.stderr.as_str()), (0, "", ""));

    let mut renamed: Value = serde_json::from_str(&sealed.stdout).unwrap();
    renamed["metadata"]["name"] = json!("renamed");
    let invalid = kubeseal(scene, &["--validate"], &renamed.to_string());
    assert_eq!(invalid.code, 1);
    assert_eq!(invalid.stderr.trim(), "error: unable to decrypt sealed secret: renamed");
    let unrotated = kubeseal(scene, &["--re-encrypt"], &renamed.to_string());
    assert_eq!(unrotated.code, 1);
    assert_eq!(unrotated.stderr.trim(), "error: unable to rotate secret");

    let mut with_template: Value = serde_json::from_str(&sealed.stdout).unwrap();
    with_template["spec"]["template"]["data"] = json!({"config": "key is {{ .key }}"});
    with_template["spec"]["template"]["metadata"]["labels"] = json!({"app": "shop"});
    let path = file(scene, "in-place.json", &with_template.to_string());
    let rotated = kubeseal(scene, &["--re-encrypt", "-f", &path.display().to_string()], "");
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
    let rotated: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_ne!(rotated["spec"]["encryptedData"], with_template["spec"]["encryptedData"]);
    assert_eq!(rotated["spec"]["template"]["data"], json!({"config": "key is {{ .key }}"}));
    assert_eq!(rotated["spec"]["template"]["metadata"]["labels"], json!({"app": "shop"}));
    let mut plain = rotated;
    plain["spec"]["template"].as_object_mut().unwrap().remove("data");
    scene.apply(&plain);
    scene.wait_value(&namespace, "mine", "key", "sealed by theirs");
}

#[test]
fn http_over_tls_looks_at_sealed_secrets_for_tokens_of_the_cluster_only() {
    let scene = http_scene();
    let good = sealed(scene, "ns", "by-token").to_string();
    let chain = scene.bench.folder.join("tls.crt").display().to_string();
    let ask = |path: &str, authorization: &str, body: &str| {
        let forwarded = format!("X-Forwarded-For: {}", stranger());
        let authorization = format!("Authorization: {authorization}");
        // Over HTTP/2, a refusal before the body was read ends the stream, which this curl may report first.
        let args = ["--http1.1", "--cacert", &chain, "-X", "POST", "-H", &forwarded, "-H", &authorization];
        curl(&args, &format!("{}{path}", tls_url()), body.as_bytes())
    };
    let token = |audience: &[&str]| {
        let args = [&["create", "token", "default", "-n", "default"], audience].concat();
        format!("Bearer {}", scene.plane().kubectl(&args).unwrap().trim())
    };
    assert_eq!(
        ask("/v1/cert.pem", "", "").body,
        scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap()
    );
    assert_eq!(ask("/healthz", "", "").body, "ok\n");
    let (ours, servers) = (token(&["--audience=sealward"]), token(&[]));
    for path in ["/v1/verify", "/v1/rotate"] {
        assert_eq!(ask(path, &ours, &good).code, 200, "{path}");
        for wrong in ["", "Bearer", "Bearer nonsense", "Basic YTpi", &servers] {
            let refused = ask(path, wrong, &good);
            assert_eq!(
                (refused.code, refused.header("www-authenticate")),
                (401, Some("Bearer")),
                "{path} {wrong}"
            );
        }
    }
    let log = std::fs::read_to_string(&scene.log).unwrap();
    assert!(!log.contains(ours.trim_start_matches("Bearer ")), "a token in the log");
}

#[test]
fn what_opens_but_grants_rights_or_is_too_wide_becomes_no_secret() {
    let scene = http_scene();
    let namespace = scene.namespace();
    let mut token = secret(&namespace, "token", &[("key", "x")]);
    token["type"] = json!("kubernetes.io/service-account-token");
    token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "default"});
    scene.apply(&scene.seal_rsa(&token, &[]));
    let refused = scene.wait_failure(&namespace, "token");
    assert!(refused.contains("--allow-secret-types=kubernetes.io/service-account-token"), "{refused}");
    assert_eq!(scene.get("secret", &namespace, "token"), None);

    // The shared sealer allows this namespace strict values only.
    scene.plane().kubectl(&["create", "namespace", "strict-only"]).unwrap();
    for (scope, opens) in [("strict", true), ("namespace-wide", false), ("cluster-wide", false)] {
        let name = format!("is-{scope}");
        scene.apply(&scene.seal_rsa(&secret("strict-only", &name, &[("key", "x")]), &["--scope", scope]));
        if opens {
            scene.wait_value("strict-only", &name, "key", "x");
        } else {
            let refused = scene.wait_failure("strict-only", &name);
            assert!(
                refused.contains(&format!("scope {scope} is not allowed in namespace strict-only")),
                "{refused}"
            );
            assert_eq!(scene.get("secret", "strict-only", &name), None);
        }
    }
}

#[test]
fn http_heavy_questions_leave_room_for_the_rest() {
    let scene = http_scene();
    let namespace = scene.namespace();
    let mut many = sealed(scene, "ns", "many");
    let value = many["spec"]["encryptedData"]["password"].clone();
    let items = |count: usize| -> Value {
        (0..count).map(|at| (format!("item-{at}"), value.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    many["spec"]["encryptedData"] = items(2_000);
    let two_thousand = many.to_string();
    many["spec"]["encryptedData"] = items(10_000);
    let padding = 10 * 1024 * 1024 - many.to_string().len();
    many["metadata"]["annotations"] = json!({"pad": "x".repeat(padding - 64)});
    let ten_thousand = many.to_string();
    assert!(ten_thousand.len() > 10 * 1024 * 1024 - 100);
    let start = Instant::now();
    thread::scope(|scope| {
        let heavy: Vec<_> = [&two_thousand, &two_thousand, &ten_thousand, &two_thousand, &ten_thousand]
            .into_iter()
            .map(|body| scope.spawn(move || post(scene, "/v1/verify", body.as_bytes())))
            .collect();
        // While these are worked on, others are answered and the cluster gets its Secrets.
        scene.apply(&sealed(scene, &namespace, "meanwhile"));
        scene.wait_value(&namespace, "meanwhile", "password", "hunter2");
        while heavy.iter().any(|thread| !thread.is_finished()) {
            let asked = Instant::now();
            scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap();
            scene.bench.fetch(&format!("{}/healthz", scene.url)).unwrap();
            assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
        }
        for thread in heavy {
            let answer = thread.join().unwrap();
            // On a machine that is too slow for all of them, some are told to come again.
            assert!(matches!(answer.code, 200 | 503), "{answer:?} after {:?}", start.elapsed());
            if answer.code == 503 {
                assert!(answer.header("retry-after").is_some());
            }
        }
    });
}
