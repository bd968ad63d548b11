//! A control plane starts, serves, breaks, mends and goes away whole.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use sealward_controlplane::{ControlPlane, CredentialError, KubectlError, Options, StartError};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

fn stderr(result: Result<String, KubectlError>) -> String {
    match result.unwrap_err() {
        KubectlError::Failed { stderr, .. } => stderr,
        error @ KubectlError::Run(_) => panic!("{error}"),
    }
}

fn is_running(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.contains(") Z ")
}

#[test]
fn answers_as_the_version_that_is_pinned() {
    let plane = ControlPlane::shared().unwrap();
    assert_eq!(plane.kubectl(&["get", "--raw=/readyz"]).unwrap(), "ok");
    assert!(plane.kubectl(&["get", "--raw=/version"]).unwrap().contains("v1.36.3"));
    assert!(plane.server_url().starts_with("https://127.0.0.1:2"));
    assert!(plane.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_declared_user_has_the_rights_that_rbac_gives_and_no_others() {
    let plane = ControlPlane::shared().unwrap();
    let namespace = plane.namespace("users").unwrap();
    let developer = plane.kubeconfig_for("developer").unwrap();
    let get = ["get", "configmaps", "--namespace", &namespace];
    assert!(stderr(plane.kubectl_as(&developer, &get, None)).contains(r#"User "developer" cannot list"#));
    let bind = ["create", "rolebinding", "edit", "--clusterrole=edit", "--group=developers", "--namespace"];
    plane.kubectl(&[&bind[..], &[&namespace]].concat()).unwrap();
    assert!(plane.kubectl_as(&developer, &get, None).unwrap().contains("kube-root-ca.crt"));
}

#[test]
fn an_undeclared_user_is_an_error_that_names_it() {
    let error = ControlPlane::shared().unwrap().kubeconfig_for("nobody").unwrap_err();
    assert!(matches!(&error, CredentialError::UnknownUser { name } if name == "nobody"), "{error}");
}

#[test]
fn a_service_account_token_is_real_and_limited_by_rbac() {
    let plane = ControlPlane::shared().unwrap();
    let namespace = plane.namespace("tokens").unwrap();
    plane
        .apply_text(&format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{ name: reader, namespace: {namespace} }}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n\
             metadata: {{ name: reader, namespace: {namespace} }}\n\
             rules: [{{ apiGroups: [''], resources: [configmaps], verbs: [list] }}]\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
             metadata: {{ name: reader, namespace: {namespace} }}\n\
             roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }}\n\
             subjects: [{{ kind: ServiceAccount, name: reader, namespace: {namespace} }}]\n"
        ))
        .unwrap();
    let reader = plane.service_account_kubeconfig(&namespace, "reader").unwrap();
    let who =
        plane.kubectl_as(&reader, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"], None);
    assert_eq!(who.unwrap(), format!("system:serviceaccount:{namespace}:reader"));
    plane.kubectl_as(&reader, &["get", "configmaps"], None).unwrap();
    let refused = stderr(plane.kubectl_as(&reader, &["get", "secrets"], None));
    assert!(refused.contains("cannot list resource \"secrets\""), "{refused}");
    let missing = plane.service_account_kubeconfig(&namespace, "missing").unwrap_err();
    assert!(matches!(missing, CredentialError::Token { .. }), "{missing}");
}

#[test]
fn the_audit_log_tells_each_request_once() {
    let plane = ControlPlane::shared().unwrap();
    let namespace = plane.namespace("audit").unwrap();
    plane.kubectl(&["create", "configmap", "seen", "--namespace", &namespace]).unwrap();
    let developer = plane.kubeconfig_for("developer").unwrap();
    plane.kubectl_as(&developer, &["get", "configmap", "seen", "--namespace", &namespace], None).unwrap_err();
    let events = plane.audit_events().unwrap();
    let of = |user: &str, verb: &str| {
        let mine = events.iter().filter(|event| {
            event.user == user
                && event.verb == verb
                && event.resource == "configmaps"
                && event.namespace == namespace
        });
        mine.map(|event| (event.name.as_str(), event.code)).collect::<Vec<_>>()
    };
    assert_eq!(of("admin", "create"), [("seen", 201)]);
    assert_eq!(of("developer", "get"), [("seen", 403)]);
    assert!(
        events.iter().any(|event| event.verb == "watch" && event.user == "system:kube-controller-manager")
    );
}

#[test]
fn a_namespace_that_is_deleted_goes_away() {
    let plane = ControlPlane::shared().unwrap();
    let namespace = plane.namespace("deleted").unwrap();
    plane.kubectl(&["create", "configmap", "inside", "--namespace", &namespace]).unwrap();
    plane.kubectl(&["delete", "namespace", &namespace, "--timeout=240s"]).unwrap();
    assert!(stderr(plane.kubectl(&["get", "namespace", &namespace])).contains("NotFound"));
}

#[test]
fn a_folder_is_applied_with_or_without_a_kustomization() {
    let plane = ControlPlane::shared().unwrap();
    let namespace = plane.namespace("apply").unwrap();
    let folder = plane.folder().join("applied");
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one, namespace: NS }\n";
    std::fs::write(folder.join("one.yaml"), manifest.replace("NS", &namespace)).unwrap();
    plane.apply(&folder).unwrap();
    std::fs::write(folder.join("kustomization.yaml"), "resources: [one.yaml]\nnamePrefix: more-\n").unwrap();
    plane.apply(&folder).unwrap();
    plane.kubectl(&["get", "configmap", "one", "more-one", "--namespace", &namespace]).unwrap();
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let extra_apiserver_args = vec!["--no-such-flag".to_owned()];
    let options = Options { extra_apiserver_args, controller_manager: false, ..Options::default() };
    let error = ControlPlane::start(options).unwrap_err();
    assert!(matches!(error, StartError::Server(_)), "{error}");
    assert!(error.to_string().contains("unknown flag: --no-such-flag"), "{error}");
}

/// Kills and restarts each server, then panics; hands out what it had.
fn break_mend_and_panic(seen: &mut (Vec<u32>, PathBuf)) {
    let plane = ControlPlane::start(Options::default()).unwrap();
    plane.kubectl(&["create", "configmap", "kept"]).unwrap();
    let kept = || plane.kubectl(&["get", "configmap", "kept", "--request-timeout=60s"]);
    plane.kill_apiserver();
    kept().unwrap_err();
    plane.restart_apiserver().unwrap();
    kept().unwrap();
    plane.kill_etcd();
    plane.kubectl(&["get", "configmap", "kept", "--request-timeout=2s"]).unwrap_err();
    plane.restart_etcd().unwrap();
    kept().unwrap();
    *seen = (plane.pids(), plane.folder().to_owned());
    panic!("the test fails here");
}

#[test]
fn killed_servers_come_back_with_their_data_and_a_panic_leaves_nothing() {
    let mut seen = (Vec::new(), PathBuf::new());
    let panic = catch_unwind(AssertUnwindSafe(|| break_mend_and_panic(&mut seen))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the test fails here"));
    let (pids, folder) = seen;
    assert_eq!(pids.len(), 3);
    assert!(!pids.iter().any(|pid| is_running(*pid)), "{pids:?}");
    assert!(!Path::new(&folder).exists());
}
