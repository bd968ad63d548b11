//! `spec.template.data` by upstream's rules of 0.40.

use crate::common::{manifest, object, plain, public, reopen, sealed};
use sealward_manifest::read;
use sealward_sealing::{Recipients, is_deterministic, read_sealed_secret, template_problems};
use serde_json::{Value, json};

fn with(data: &Value) -> Value {
    let rsa = Recipients::Rsa(public("2048"));
    object(json!({
        "template": {"data": data},
        "encryptedData": {"user": sealed("user", "admin", &rsa), "password": sealed("password", "hunter2", &rsa)},
    }))
}

fn check(data: Value, expect: Result<Value, &str>) {
    assert_eq!(reopen(&with(&data)).map(|secret| plain(&secret)), expect.map_err(str::to_owned), "{data}");
}

#[test]
fn values_are_made_of_the_opened_ones() {
    let both = |url: &str| Ok(json!({"user": "admin", "password": "hunter2", "url": url}));
    check(json!({"url": "db://{{ .user }}:{{ index . \"password\" }}@h"}), both("db://admin:hunter2@h"));
    check(json!({"url": "{{ .missing }}"}), both("<no value>"));
    check(json!({"url": "plain"}), both("plain"));
    check(json!({"url": ""}), both(""));
}

#[test]
fn null_keeps_an_item_out_and_leaves_it_to_the_templates() {
    check(
        json!({"password": null, "url": "{{ .password }}"}),
        Ok(json!({"user": "admin", "url": "hunter2"})),
    );
    check(json!({"absent": null}), Ok(json!({"user": "admin", "password": "hunter2"})));
}

#[test]
fn plain_texts_are_in_reach_of_templates_as_they_stand() {
    let expect =
        json!({"user": "admin", "password": "hunter2", "host": "h", "port": "{{ 1 }}!", "url": "h/{{ 1 }}!"});
    let mut expect = expect;
    expect["port"] = json!("1!");
    check(json!({"host": "h", "port": "{{ 1 }}!", "url": "{{ .host }}/{{ .port }}"}), Ok(expect));
}

#[test]
fn an_encrypted_value_beats_a_text_of_its_key_everywhere() {
    let expect = json!({"user": "admin", "password": "hunter2", "url": "admin"});
    check(json!({"user": "root", "url": "{{ .user }}"}), Ok(expect));
    check(
        json!({"user": "{{ fail \"never rendered\" }}"}),
        Ok(json!({"user": "admin", "password": "hunter2"})),
    );
}

#[test]
fn templates_need_no_encrypted_value() {
    let object = object(json!({"template": {"data": {"a": "{{ 1 }}"}}, "encryptedData": {}}));
    assert_eq!(plain(&reopen(&object).unwrap()), json!({"a": "1"}));
}

#[test]
fn errors_name_each_item_and_hold_no_value() {
    let data = json!({
        "a": "{{ nothing }}",
        "b": "{{ fail .password }}",
        "c": "{{ index . 1 }}",
        "d": "fine",
        "e": "{{ if }}",
    });
    let error = reopen(&with(&data)).unwrap_err();
    assert!(error.contains("function \"nothing\" not defined (a)"), "{error}");
    for item in ["(a)", "(b)", "(c)", "(e)"] {
        assert!(error.contains(item), "{item}: {error}");
    }
    assert!(!error.contains("(d)") && !error.contains("hunter2"), "{error}");
}

#[test]
fn what_is_refused_is_told_with_its_place() {
    let text = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec:\n  \
        template:\n    data:\n      good: '{{ .x }}'\n      bad: '{{ .x'\n      \"null\": null\n      world: '{{ env \"HOME\" }}'\n  encryptedData: {}\n";
    let object = read("a.yaml", text.as_bytes()).unwrap().remove(0);
    let problems = template_problems(&object);
    let places: Vec<_> =
        problems.iter().map(|problem| format!("{} {}", problem.item, problem.origin)).collect();
    assert_eq!(places, ["bad a.yaml:8:12", "world a.yaml:10:14"]);
    assert!(problems[1].error.to_string().contains("env"), "{:?}", problems[1]);
}

#[test]
fn what_changes_each_time_is_known() {
    let check = |data: Value, expect: bool| {
        let sealed = read_sealed_secret(&manifest(&with(&data))).unwrap();
        assert_eq!(is_deterministic(&sealed), expect, "{data}");
    };
    check(json!({}), true);
    check(json!({"a": "{{ .user | b64enc }}"}), true);
    check(json!({"a": "{{ now }}"}), false);
    check(json!({"a": "{{ if false }}{{ randAlphaNum 5 }}{{ end }}"}), false);
    check(json!({"user": "{{ now }}"}), true);
    check(json!({"a": "{{ broken"}), true);
}

#[test]
fn many_templates_together_are_bounded() {
    let loops = "{{ range $i := until 3000 }}{{ range $j := until 3000 }}{{ end }}{{ end }}";
    let data: serde_json::Map<String, Value> = (0..200).map(|n| (format!("k{n}"), json!(loops))).collect();
    let error = reopen(&with(&Value::Object(data))).unwrap_err();
    assert!(error.contains("too many steps"), "{}", &error[..200]);
}
