use serde_json::json;

use super::*;

fn check(matches: Value, object: Value, namespace: Option<Value>, expect: Result<bool, &str>) {
    let matches: Match = serde_json::from_value(matches).unwrap();
    assert_eq!(super::check(&matches), Ok(()));
    let subject = Subject { object: &object, namespace: namespace.as_ref() };
    let found = selects(&matches, &subject).map_err(|unknown| unknown.namespace);
    assert_eq!(
        found.as_ref().map_err(String::as_str),
        expect.as_ref().map_err(|e| *e),
        "{matches:?} {object}"
    );
}

fn pod(namespace: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-1", "namespace": namespace, "labels": {"app": "api"}}})
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": "a"}}})
}

fn role() -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}})
}

#[test]
fn kinds() {
    check(json!({}), pod("web"), None, Ok(true));
    check(json!({"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}), pod("web"), None, Ok(true));
    check(json!({"kinds": [{"apiGroups": ["apps"], "kinds": ["Pod"]}]}), pod("web"), None, Ok(false));
    check(json!({"kinds": [{"apiGroups": ["*"], "kinds": ["*"]}]}), role(), None, Ok(true));
    check(json!({"kinds": [{"kinds": ["ClusterRole"]}]}), role(), None, Ok(true));
    check(json!({"kinds": [{"apiGroups": ["rbac.authorization.k8s.io"]}]}), role(), None, Ok(true));
    check(json!({"kinds": [{"kinds": ["Service"]}, {"kinds": ["Pod"]}]}), pod("web"), None, Ok(true));
    check(json!({"kinds": [{"apiGroups": [""]}]}), role(), None, Ok(false));
}

#[test]
fn scope() {
    check(json!({"scope": "Namespaced"}), pod("web"), None, Ok(true));
    check(json!({"scope": "Cluster"}), pod("web"), None, Ok(false));
    check(json!({"scope": "Cluster"}), namespace("web"), None, Ok(true));
    check(json!({"scope": "Namespaced"}), namespace("web"), None, Ok(false));
    check(json!({"scope": "Cluster"}), role(), None, Ok(true));
    check(json!({"scope": "*"}), role(), None, Ok(true));
    // As a manifest may be written: what is known of the kind decides.
    let homeless = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
    check(json!({"scope": "Namespaced"}), homeless.clone(), None, Ok(true));
    check(json!({"scope": "Cluster"}), homeless, None, Ok(false));
    let custom = json!({"apiVersion": "example.com/v1", "kind": "Pod", "metadata": {"name": "p"}});
    check(json!({"scope": "Cluster"}), custom, None, Ok(true));
}

#[test]
fn namespaces() {
    check(json!({"namespaces": ["web"]}), pod("web"), None, Ok(true));
    check(json!({"namespaces": ["we*"]}), pod("web"), None, Ok(true));
    check(json!({"namespaces": ["*eb"]}), pod("web"), None, Ok(true));
    check(json!({"namespaces": ["*e*"]}), pod("web"), None, Ok(true));
    check(json!({"namespaces": ["*"]}), pod("web"), None, Ok(true));
    check(json!({"namespaces": ["we"]}), pod("web"), None, Ok(false));
    check(json!({"namespaces": ["web"]}), namespace("web"), None, Ok(true));
    check(json!({"namespaces": ["web"]}), namespace("other"), None, Ok(false));
    check(json!({"namespaces": ["web"]}), role(), None, Ok(true));
    check(json!({"excludedNamespaces": ["kube-*"]}), pod("kube-system"), None, Ok(false));
    check(json!({"excludedNamespaces": ["kube-*"]}), namespace("kube-system"), None, Ok(false));
    check(json!({"excludedNamespaces": ["*"]}), role(), None, Ok(true));
    check(json!({"excludedNamespaces": ["kube-*"]}), pod("web"), None, Ok(true));
}

#[test]
fn label_selectors() {
    let selector = |expression: Value| json!({"labelSelector": {"matchExpressions": [expression]}});
    check(json!({"labelSelector": {"matchLabels": {"app": "api"}}}), pod("web"), None, Ok(true));
    check(json!({"labelSelector": {"matchLabels": {"app": "db"}}}), pod("web"), None, Ok(false));
    check(
        selector(json!({"key": "app", "operator": "In", "values": ["api", "db"]})),
        pod("web"),
        None,
        Ok(true),
    );
    check(
        selector(json!({"key": "app", "operator": "NotIn", "values": ["api"]})),
        pod("web"),
        None,
        Ok(false),
    );
    check(selector(json!({"key": "tier", "operator": "NotIn", "values": ["x"]})), pod("web"), None, Ok(true));
    check(selector(json!({"key": "app", "operator": "Exists"})), pod("web"), None, Ok(true));
    check(selector(json!({"key": "app", "operator": "DoesNotExist"})), pod("web"), None, Ok(false));
}

#[test]
fn namespace_selectors() {
    let selector = json!({"namespaceSelector": {"matchLabels": {"team": "a"}}});
    check(selector.clone(), pod("web"), Some(namespace("web")), Ok(true));
    check(selector.clone(), pod("web"), Some(json!({"metadata": {"name": "web"}})), Ok(false));
    check(selector.clone(), pod("web"), None, Err("web"));
    check(selector.clone(), namespace("web"), None, Ok(true));
    check(selector.clone(), role(), None, Ok(true));
    let mut elsewhere = selector;
    elsewhere["kinds"] = json!([{"kinds": ["Service"]}]);
    check(elsewhere, pod("web"), None, Ok(false));
}

#[test]
fn names() {
    check(json!({"name": "api-1"}), pod("web"), None, Ok(true));
    check(json!({"name": "api-*"}), pod("web"), None, Ok(true));
    check(json!({"name": "db*"}), pod("web"), None, Ok(false));
    let generated = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "api-"}});
    check(json!({"name": "api*"}), generated.clone(), None, Ok(true));
    check(json!({"name": "*pi-*"}), generated.clone(), None, Ok(true));
    check(json!({"name": "api-"}), generated.clone(), None, Ok(false));
    check(json!({"name": "*-"}), generated, None, Ok(false));
}

#[test]
fn what_is_not_understood_is_refused() {
    let refused = |matches: Value| super::check(&serde_json::from_value(matches).unwrap()).unwrap_err();
    assert!(refused(json!({"scope": "namespaced"})).starts_with("spec.match.scope"));
    assert!(refused(json!({"source": "Generated"})).contains("expansion"));
    assert!(refused(json!({"namespaces": ["a*b"]})).starts_with("spec.match.namespaces"));
    assert!(
        refused(
            json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]}})
        )
        .contains("operator")
    );
    assert!(
        refused(json!({"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}))
            .contains("needs values")
    );
}
