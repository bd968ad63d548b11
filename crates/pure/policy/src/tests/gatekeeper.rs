//! Gatekeeper's semantics, and where regorus differs from OPA.

use crate::{Action, CompiledRules, LoadError, Review, RuleSet, Violation};
use sealward_api::ruleset::RuleSetSpec;
use serde_json::{Value, json};

fn template(rego: &str, version: Option<&str>, libs: &[&str]) -> Value {
    let mut source = json!({"rego": rego, "libs": libs});
    if let Some(version) = version {
        source["version"] = json!(version);
    }
    json!({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "probe"},
        "spec": {"crd": {"spec": {"names": {"kind": "Probe"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": "Rego", "source": source}]}]}})
}

fn constraint(spec: Value) -> Value {
    json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Probe", "metadata": {"name": "probe"}, "spec": spec})
}

fn load(template: Value, spec: Value) -> Result<CompiledRules, LoadError> {
    RuleSet::load(&[RuleSetSpec { templates: vec![template], constraints: vec![constraint(spec)] }])
}

fn create(object: Value) -> Review {
    Review::of_request(&json!({"operation": "CREATE", "object": object}), None).unwrap()
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "web"}, "spec": {"replicas": 3}})
}

fn messages(violations: &[Violation]) -> Vec<&str> {
    violations.iter().map(|violation| violation.message.as_str()).collect()
}

/// Rego v0 `rego`, on a Pod: the messages.
fn check(rego: &str, expect: &[&str]) {
    let rules = load(template(rego, None, &[]), json!({})).unwrap_or_else(|error| panic!("{error}\n{rego}"));
    assert_eq!(messages(&rules.review(&create(pod()))), expect, "{rego}");
}

/// Rego v1 `rego` is refused at load with this text among the causes.
fn refused(rego: &str, expect: &str) {
    let error = load(template(rego, Some("v1"), &[]), json!({})).map(|_| rego).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}\nexpected: {expect}");
}

#[test]
fn an_undefined_value_gives_way_to_else() {
    let case = |function: &str| {
        format!("package p\n{function}\nviolation[{{\"msg\": f(input.review.object)}}] {{ true }}")
    };
    check(&case("f(x) = x.nope { true } else = \"second\" { true }"), &["second"]);
    check(
        &case("f(x) = x.nope { x.kind } else = x.neither { true } else = \"third\" { x.kind }"),
        &["third"],
    );
    check(&case("f(x) = lower(x.kind) { not x.nope } else = \"second\" { true }"), &["pod"]);
    check(&case("f(x) = y { y := x.kind; y == \"Pod\" } else = \"second\" { true }"), &["Pod"]);
    check(&case("f(x) = \"first\" { x.nope } else = x.kind { true }"), &["Pod"]);
    let v1 = |function: &str| {
        format!("package p\n{function}\nviolation contains {{\"msg\": f(input.review.object)}} if {{ true }}")
    };
    for (function, expect) in [
        ("f(x) := x.nope if true else := \"second\"", "second"),
        ("f(x) := x.nope if not lower(x.kind) == \"deployment\" else := \"second\"", "second"),
        ("f(x) := x.kind if not lower(x.kind) == \"deployment\" else := \"second\"", "Pod"),
        ("f(x) := x.nope if { x.kind\n true } else := x.kind", "Pod"),
        ("f(x) := \"a\" if x.nope else := x.neither if true else := \"third\" if true", "third"),
    ] {
        let rules = load(template(&v1(function), Some("v1"), &[]), json!({}))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(messages(&rules.review(&create(pod()))), [expect], "{function}");
    }
}

#[test]
fn gap_1_a_bracket_on_a_new_line_is_no_call() {
    check(
        "package p\nviolation[{\"msg\": \"m\"}] {\n  x := input.review.object.spec.replicas\n  (x - 1) >= 2\n}",
        &["m"],
    );
}

#[test]
fn gap_2_chained_bodies() {
    check(
        "package p\nf(x) { x == 1 } { x == 3 }\nviolation[{\"msg\": \"m\"}] { f(input.review.object.spec.replicas) }",
        &["m"],
    );
    check("package p\nviolation[{\"msg\": m}] { m := \"a\" } { m := \"b\" }", &["a", "b"]);
}

#[test]
fn gap_3_arguments_of_a_negated_call_must_be_defined() {
    let rego = |condition: &str| {
        format!("package p\nf(x) {{ x == 1 }}\ng(x) = x\nviolation[{{\"msg\": \"m\"}}] {{ {condition} }}")
    };
    for (condition, fires) in [
        ("not f(input.missing)", false),
        ("not f(g(input.missing))", false),
        ("not input.missing > 3", false),
        ("not input.missing != 3", false),
        ("not count(input.missing) == 0", false),
        ("not g(input.missing) == 1", false),
        ("not input.parameters[input.missing]", false),
        ("not input.missing + 1 == 2", false),
        ("not f([input.missing])", false),
        ("not f(-input.missing)", false),
        ("y := input.review; not f(y.missing)", false),
        ("not f(input.missing) with input as {\"missing\": 2}", true),
        ("not input.missing == 3", true),
        ("not input.missing = 3", true),
        ("not input.missing", true),
        ("not f({y | y := input.missing})", true),
        ("not f(input.review.object.spec.replicas)", true),
        ("[1 | not f(input.missing)] == []", true),
        ("not numbers.range(1, 2, [1])", true),
    ] {
        check(&rego(condition), if fires { &["m"] } else { &[] });
    }
    let every = "package p\nviolation contains {\"msg\": \"m\"} if { every x in input.missing { x == 1 } }";
    let rules = load(template(every, Some("v1"), &[]), json!({})).unwrap();
    assert!(rules.review(&create(pod())).is_empty());
    let v1 = "package p\nviolation contains {\"msg\": \"m\"} if not startswith(input.missing, \"a\")";
    let rules = load(template(v1, Some("v1"), &[]), json!({})).unwrap();
    assert!(rules.review(&create(pod())).is_empty());
    let v1 =
        "package p\nviolation contains {\"msg\": \"m\"} if not startswith(input.review.object.kind, \"a\")";
    let rules = load(template(v1, Some("v1"), &[]), json!({})).unwrap();
    assert_eq!(messages(&rules.review(&create(pod()))), ["m"]);
}

#[test]
fn gap_4_sprintf_as_go_prints_it() {
    for (call, expect) in [
        (r#"sprintf("%v %v", ["a"])"#, "a %!v(MISSING)"),
        (r#"sprintf("%v", ["a", 1])"#, "a%!(EXTRA int64=1)"),
        (r#"sprintf("%t", [true])"#, "%!t(string=true)"),
        (r#"sprintf("%d", ["x"])"#, "%!d(string=x)"),
        (r#"sprintf("%x|%-5s|%5d", ["ab", "c", 7])"#, "6162|c    |    7"),
        (r#"sprintf("%v %v %v", [[1, "a"], {"k": null}, {"x", "y"}])"#, r#"[1, "a"] {"k": null} {"x", "y"}"#),
        (r#"sprintf("%v %v", [set(), 1.5])"#, "set() 1.5"),
        (r#"sprintf("%d %.1f", [4 / 2, 1.25])"#, "2 1.2"),
    ] {
        check(&format!("package p\nviolation[{{\"msg\": m}}] {{ m := {call} }}"), &[expect]);
    }
    check("package p\nviolation[{\"msg\": m}] { sprintf(\"%v!\", [1], m) }", &["1!"]);
}

#[test]
fn gap_5_old_built_ins() {
    for condition in [
        "re_match(\"^P\", input.review.object.kind)",
        "any([false, true])",
        "not any([])",
        "all([true])",
        "all(set())",
        "set_diff({1, 2}, {2}) == {1}",
        "cast_array({2, 1}) == [1, 2]",
        "cast_set([1, 1]) == {1}",
        "cast_string(\"a\") == \"a\"",
        "not cast_null(1)",
        "numbers.range(3, 1) == [3, 2, 1]",
        "numbers.range_step(1, 6, 2) == [1, 3, 5]",
    ] {
        check(&format!("package p\nviolation[{{\"msg\": \"m\"}}] {{ {condition} }}"), &["m"]);
    }
}

#[test]
fn gap_6_what_reaches_out_is_refused() {
    for (call, reason) in [
        ("http.send({})", "must not depend on the network"),
        ("net.lookup_ip_addr(\"a\")", "must not depend on the network"),
        ("external_data({})", "must not depend on the network"),
        ("rand.intn(\"a\", 3)", "must not depend on chance"),
        ("uuid.rfc4122(\"a\")", "must not depend on chance"),
        ("opa.runtime()", "must not depend on the process"),
        ("crypto.sha256(\"a\")", "does not have it"),
        ("io.jwt.decode(\"a\")", "does not have it"),
    ] {
        refused(&format!("package p\nviolation contains {{\"msg\": \"m\"}} if {{\n  {call}\n}}"), reason);
    }
}

#[test]
fn faults_in_rego_are_found_at_load() {
    let rule = "violation contains {\"msg\": \"m\"} if ";
    refused(
        &format!("package p\n{rule}input.a == 1\nf(x) := f(x + 1)"),
        "Probe/rule.rego:3:9: data.p.f is recursive",
    );
    refused(&format!("package p\n{rule}f(1)\nf(x) := g(x)\ng(x) := f(x)"), "is recursive");
    refused(&format!("package p\n{rule}a\na if b\nb if a"), "is recursive");
    refused(
        &format!("package p\n{rule}{{\n  1 == 2\n  strtswith(\"a\", \"b\")\n}}"),
        "Probe/rule.rego:4:3: unknown function strtswith",
    );
    refused(&format!("package p\n{rule}startswith(\"a\")"), "takes 2 arguments, not 1");
    refused(&format!("package p\n{rule}f(1, 2, 3)\nf(x) if x"), "f takes 1 arguments");
    refused(&format!("package p\n{rule}data.inventory.cluster"), "data.inventory is not supported");
    refused(&format!("package p\n{rule}data.other.x"), "only data.lib");
    refused(&format!("package p\n{rule}data[input.x]"), "only data.lib");
    refused(&format!("package p\nimport data.other\n{rule}other.x"), "only data.lib");
    refused(&format!("package p\nimport data.lib.gone\n{rule}gone.f(1)"), "defined by no library");
    refused(
        &format!("package p\nimport future.keywords.not\n{rule}true"),
        "import future.keywords.not is not supported",
    );
    refused("package p\ndeny contains \"x\"", "the rule violation is missing");
    refused("package p\nviolation := 1", "must be a partial set");
    refused("package p\nviolation contains {\"msg\": x}", "unsafe");
    refused("package p\nviolation contains {\"msg\": \"m\"} if {\n  x ==\n}", "Probe/rule.rego:4");
    refused(&format!("package p\n{rule}not startswith(input.list[_], \"a\")"), "unsafe");
    let chain: String = (0..60).map(|n| format!("f{n}(x) := f{}(x)\n", n + 1)).collect();
    refused(&format!("package p\n{rule}f0(1)\n{chain}f60(x) := x"), "chain of more than");
    refused(&format!("package p\n{rule}true # {}", "x".repeat(300_000)), "larger than");
}

#[test]
fn templates_are_checked() {
    let good = template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]);
    let with = |pointer: &str, value: Value| {
        let mut template = good.clone();
        *template.pointer_mut(pointer).unwrap() = value;
        load(template, json!({})).unwrap_err().to_string()
    };
    assert!(load(good.clone(), json!({})).is_ok());
    assert!(with("/metadata/name", json!("other")).contains("metadata.name must be \"probe\""));
    assert!(with("/apiVersion", json!("templates.gatekeeper.sh/v2")).contains("apiVersion"));
    assert!(with("/spec/targets", json!([])).contains("exactly one target"));
    assert!(with("/spec/targets/0/target", json!("x")).contains("is not admission.k8s.gatekeeper.sh"));
    assert!(with("/spec/targets/0/code/0/engine", json!("K8sNativeValidation")).contains("CEL only"));
    let mut unknown = good.clone();
    unknown["spec"]["target"] = json!([]);
    assert!(load(unknown, json!({})).unwrap_err().to_string().contains("unknown field `target`"));
    let legacy = json!({"apiVersion": "templates.gatekeeper.sh/v1beta1", "kind": "ConstraintTemplate", "metadata": {"name": "probe"},
        "spec": {"crd": {"spec": {"names": {"kind": "Probe"}}}, "targets": [{"target": "admission.k8s.gatekeeper.sh",
            "rego": "package p\nimport data.lib.words\nviolation[{\"msg\": words.hello}] { true }",
            "libs": ["package lib.words\nhello = \"hi\" { true }"]}]}});
    let rules = load(legacy, json!({})).unwrap();
    assert_eq!(messages(&rules.review(&create(pod()))), ["hi"]);
    let bad = template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &["package words\na = 1"]);
    assert!(load(bad, json!({})).unwrap_err().to_string().contains("begins with lib."));
}

#[test]
fn constraints_are_checked() {
    let mut with_schema =
        template("package p\nviolation[{\"msg\": input.parameters.text}] { true }", None, &[]);
    with_schema["spec"]["crd"]["spec"]["validation"] = json!({"openAPIV3Schema": {"type": "object",
        "properties": {"text": {"type": "string", "default": "filled"}}}});
    let refused = |spec: Value| load(with_schema.clone(), spec).unwrap_err().to_string();
    assert!(
        refused(json!({"parameters": {"text": 1}}))
            .contains("Probe probe: spec.parameters.text: expected a string")
    );
    assert!(refused(json!({"parameters": {"txet": "a"}})).contains("spec.parameters.txet: unknown field"));
    assert!(refused(json!({"excludedNamespaces": ["a"]})).contains("unknown field `excludedNamespaces`"));
    assert!(refused(json!({"match": {"namespace": ["a"]}})).contains("unknown field `namespace`"));
    assert!(refused(json!({"enforcementAction": "block"})).contains("\"block\" is not deny, warn or dryrun"));
    assert!(
        refused(json!({"scopedEnforcementActions": [{"action": "deny", "enforcementPoints": []}]}))
            .contains("only with")
    );
    let rules = load(with_schema.clone(), json!({})).unwrap();
    assert_eq!(messages(&rules.review(&create(pod()))), ["filled"]);
    let mut other = constraint(json!({}));
    other["kind"] = json!("Other");
    let spec = RuleSetSpec {
        templates: vec![with_schema],
        constraints: vec![constraint(json!({})), constraint(json!({})), other],
    };
    let error = RuleSet::load(&[spec]).unwrap_err();
    assert_eq!(error.causes.len(), 2, "{error}");
}

#[test]
fn actions() {
    let template = || template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]);
    let action = |spec: Value| {
        let violations = load(template(), spec).unwrap().review(&create(pod()));
        violations.first().map(|violation| violation.action)
    };
    let scoped = |actions: Value| json!({"enforcementAction": "scoped", "scopedEnforcementActions": actions});
    let at = |action: &str, point: &str| json!({"action": action, "enforcementPoints": [{"name": point}]});
    assert_eq!(action(json!({})), Some(Action::Deny));
    assert_eq!(action(json!({"enforcementAction": "warn"})), Some(Action::Warn));
    assert_eq!(action(json!({"enforcementAction": "dryrun"})), Some(Action::DryRun));
    assert_eq!(
        action(scoped(json!([at("warn", "validation.gatekeeper.sh"), at("deny", "audit.gatekeeper.sh")]))),
        Some(Action::Warn)
    );
    assert_eq!(
        action(scoped(json!([at("warn", "*"), at("deny", "validation.gatekeeper.sh")]))),
        Some(Action::Deny)
    );
    assert_eq!(action(scoped(json!([at("deny", "gator.gatekeeper.sh")]))), None);
    assert!(
        load(template(), scoped(json!([at("deny", "webhook")])))
            .unwrap_err()
            .to_string()
            .contains("unknown enforcement point")
    );
}

#[test]
fn either_object_is_enough_to_match() {
    let rules = load(
        template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]),
        json!({"match": {"labelSelector": {"matchLabels": {"guarded": "yes"}}}}),
    )
    .unwrap();
    let labelled =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"guarded": "yes"}}});
    let update = json!({"operation": "UPDATE", "object": pod(), "oldObject": labelled});
    assert_eq!(rules.review(&Review::of_request(&update, None).unwrap()).len(), 1);
    assert_eq!(rules.review(&create(pod())).len(), 0);
}

#[test]
fn an_unknown_namespace_is_a_violation() {
    let rules = load(
        template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]),
        json!({"match": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}),
    )
    .unwrap();
    let violations = rules.review(&create(pod()));
    assert!(
        violations[0].message.contains("the labels of namespace \"web\" are not known"),
        "{violations:?}"
    );
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}});
    let known =
        Review::of_request(&json!({"operation": "CREATE", "object": pod()}), Some(&namespace)).unwrap();
    assert!(rules.review(&known).is_empty());
}

#[test]
fn what_cannot_be_evaluated_is_a_violation() {
    let fails = "package p\nf(x) = 1 { x > 0 }\nf(x) = 2 { x > 1 }\nviolation[{\"msg\": \"m\"}] { f(input.review.object.spec.replicas) == 1 }";
    let violations = load(template(fails, None, &[]), json!({})).unwrap().review(&create(pod()));
    assert!(
        violations[0].message.starts_with("the rule could not be evaluated: Probe/rule.rego:"),
        "{violations:?}"
    );
    let endless = "package p\nviolation[{\"msg\": \"m\"}] { a := numbers.range(1, 3000)\nx := a[_]\ny := a[_]\nz := a[_]\nx + y + z < 0 }";
    let spec = RuleSetSpec {
        templates: vec![template(endless, None, &[])],
        constraints: vec![constraint(json!({}))],
    };
    let limits = crate::Limits { evaluation: std::time::Duration::from_millis(20), ..Default::default() };
    let violations = RuleSet::load_with(&[spec], limits).unwrap().review(&create(pod()));
    assert!(violations[0].message.contains("time limit"), "{violations:?}");
    let faulty = "package p\nviolation[{\"msg\": \"m\"}] { strings.count(\"abc\", \"\") == 0 }";
    let violations = load(template(faulty, None, &[]), json!({})).unwrap().review(&create(pod()));
    assert!(violations[0].message.contains("fault of the evaluator"), "{violations:?}");
    let no_message = "package p\nviolation[{\"text\": \"m\"}] { true }";
    let violations = load(template(no_message, None, &[]), json!({})).unwrap().review(&create(pod()));
    assert_eq!(messages(&violations), ["the rule is broken, and gives no msg"]);
}

#[test]
fn the_time_is_an_argument() {
    let rules = load(
        template("package p\nviolation[{\"msg\": m}] { m := sprintf(\"%d\", [time.now_ns()]) }", None, &[]),
        json!({}),
    )
    .unwrap();
    assert_eq!(
        messages(&rules.review(&create(pod()).at(1_700_000_000_000_000_007))),
        ["1700000000000000007"]
    );
    let without = rules.review(&create(pod()));
    assert!(without[0].message.contains("no time was given"), "{without:?}");
}

#[test]
fn a_rule_that_prints_its_whole_input_leaks_nothing() {
    let rego = "package p\nviolation[{\"msg\": m, \"details\": {\"all\": input, \"json\": json.marshal(input)}}] {\n  m := sprintf(\"%v %v\", [input, base64.encode(json.marshal(input))])\n}";
    let rules = load(template(rego, None, &[]), json!({})).unwrap();
    let plain = "correct-horse-battery";
    let object = json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "namespace": "web", "labels": {"copied": plain},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"stringData\":{{\"k\":\"{plain}\"}}}}")}},
        "data": {"k": "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"}, "stringData": {"other": "stapled-to-the-wall"}});
    let update = json!({"operation": "UPDATE", "object": object, "oldObject": object});
    let manifest =
        sealward_manifest::Manifest::from_json(&object, &sealward_diagnostic::Origin::file("s.yaml"))
            .unwrap();
    for review in [
        create(object.clone()),
        Review::of_request(&update, None).unwrap(),
        Review::of_manifest(&manifest, None),
    ] {
        let violations = rules.review(&review);
        assert_eq!(violations.len(), 1);
        let text = format!("{violations:?}{review:?}");
        assert!(text.contains("W3JlZGFjdGVkXQ=="), "the rule did see its input");
        for form in [
            plain,
            "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5",
            "636f72726563742d",
            "stapled-to-the-wall",
            "c3RhcGxlZC10by10aGUtd2FsbA==",
        ] {
            // A label is no secret: it passes through input, and is scrubbed from what comes back.
            let seen = format!("{violations:?}");
            assert!(!seen.contains(form), "{form} in {seen}");
        }
    }
}

#[test]
fn rules_are_shared_between_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let rules =
        load(template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]), json!({})).unwrap();
    is_shared(&rules);
}

#[test]
fn a_variable_without_a_value_is_refused_at_load() {
    let unsafe_in = |body: &str, name: &str| {
        let rego = format!("package p\nviolation contains {{\"msg\": \"m\"}} if {{\n{body}\n}}");
        refused(&rego, &format!("var {name} is unsafe: nothing gives it a value"));
    };
    unsafe_in("some x\nx > 1", "x");
    unsafe_in("some x\nlower(x) == \"a\"", "x");
    unsafe_in("some x\nnot input.review.object.spec[x]", "x");
    unsafe_in("x := y + 1\ny := x + 1", "x");
    unsafe_in("some x, y\nx = y", "x");
    unsafe_in("some x\ninput.parameters.n == [x]", "x");
    unsafe_in("ys := [y | some y\ny > 1]\ncount(ys) > 0", "y");
    unsafe_in("some y\nevery x in input.parameters.list { x > y }", "y");
    unsafe_in("some x\ncount(\"a\", x)\nsome z\nz > x", "z");
    refused("package p\nviolation contains {\"msg\": m} if { some m\n1 == 1 }", "var m is unsafe");
    refused(
        "package p\nf(a) := b if { some b\na > 1 }\nviolation contains {\"msg\": f(1)}",
        "var b is unsafe",
    );
    refused(
        "package p\nviolation contains {\"msg\": \"m\"} if {\n  some x\n  x > 1\n}",
        "ConstraintTemplate probe: Probe/rule.rego:4:3: var x is unsafe",
    );
}

#[test]
fn a_variable_may_get_its_value_in_many_ways() {
    let mut wrong = Vec::new();
    for body in [
        "x > 1\nx = y + 1\ny = 3",
        "some i\ninput.review.object.metadata[i] == \"web\"",
        "some i, j\na := [[1, 2], [3]]\na[i][j] > 2",
        "[x, {\"a\": y}] = [1, {\"a\": 2}]\nx < y",
        "[x, 2] = [1, y]\nx < y",
        "{\"k\": v} := {\"k\": 1}\nv == 1",
        "some k, v in {\"a\": 1}\nconcat(k, [\"a\"]) == \"a\"\nv == 1",
        "split(\"a,b\", \",\", parts)\ncount(parts) == 2",
        "some path, value\nwalk(input.review.object, [path, value])\nvalue == \"web\"",
        "limit := 1\nxs := [x | x := [1, 2][_]; x > limit]\ncount(xs) == 1",
        "limit := 3\nevery x in [1, 2] { x < limit }",
        "some x\nx = 1",
        "pod := input.review.object\nnot pod.spec[_] == 4711",
        "some name in {n | some n in [\"web\"]}\ninput.review.object.metadata.namespace == name",
        "f(1) == 2",
        "g := 1\ng == 1",
        "b := 1\nis_true with input as {\"a\": b}",
        "m := {k: v | some k, v in {\"a\": 1}}\nm.a == 1",
        "{1, 2}[x]\nx == 2",
        "some x in [y | some y in [1]]\nx == 1",
        "not any_pair({\"a\"})",
    ] {
        let rego = format!(
            "package p\nviolation contains {{\"msg\": \"found\"}} if {{\n{body}\n}}\n\
             f(x) := y if y := x + 1\ng contains 1\nis_true if true\n\
             any_pair(s) if {{ some a, b\n s[a]\n s[b]\n a != b }}\ntable[k] := v if {{ some k, v in {{\"a\": 1}} }}\n\
             flags contains xs[i] if {{ xs := [1]\n some i }}"
        );
        match load(template(&rego, Some("v1"), &[]), json!({})) {
            Err(error) => wrong.push(format!("{body}: {error}")),
            Ok(rules) => {
                let found = rules.review(&create(pod()));
                wrong.extend((messages(&found) != ["found"]).then(|| format!("{body}: {found:?}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_review_that_runs_out_of_time_is_a_violation() {
    let spec = |matches: Value| RuleSetSpec {
        templates: vec![template("package p\nviolation[{\"msg\": \"m\"}] { false }", None, &[])],
        constraints: vec![constraint(json!({"match": matches, "enforcementAction": "warn"}))],
    };
    let limits = crate::Limits { review: std::time::Duration::ZERO, ..Default::default() };
    let review = |matches| RuleSet::load_with(&[spec(matches)], limits).unwrap().review(&create(pod()));
    let found = review(json!({}));
    assert_eq!(messages(&found), ["the rule could not be evaluated: the 0ns for one review are used up"]);
    assert_eq!(found[0].action, Action::Warn);
    assert_eq!(review(json!({"namespaces": ["other"]})), []);
}

#[test]
fn constraints_say_what_they_are() {
    let mut titled = template("package p\nviolation[{\"msg\": \"m\"}] { true }", None, &[]);
    titled["metadata"]["annotations"] =
        json!({"metadata.gatekeeper.sh/title": "Title", "description": "Why.", "sealward.dev/rule": "a/b"});
    let rules = load(titled.clone(), json!({"enforcementAction": "dryrun"})).unwrap();
    let described: Vec<_> = rules.constraints().collect();
    let expect = crate::Described {
        constraint: "probe",
        rule: "a/b",
        action: Action::DryRun,
        title: Some("Title"),
        description: Some("Why."),
    };
    assert_eq!(described, [expect]);
    let error = load(titled, json!({"match": {"nope": 1}})).unwrap_err().to_string();
    assert!(error.contains("a/b/rule.rego: Probe probe: spec.match"), "{error}");
}
