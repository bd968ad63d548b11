//! Sources: credentials, authorities, other namespaces, and one that goes away.

use std::net::TcpListener;

use sealward_testkit::GitServer;

use crate::git_tls::behind_tls;
use crate::reconcile::shop;
use crate::reconcile_harness::{World, condition, config_map, kustomization_yaml};
use crate::role::eventually;

/// What everybody may read of a world's sources and applications.
fn told(world: &World) -> String {
    world.kubectl(&["get", "gitrepository,kustomization,events.events.k8s.io", "-o", "yaml"])
}

fn write_settings(world: &World) {
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
}

#[test]
fn credentials_come_from_the_secret_and_stay_there() {
    const PASSWORD: &str = "correct-horse-battery";
    let world = World::serving("secret", |root| GitServer::with_basic_auth(root, "robot", PASSWORD));
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    world.push_beside("first");
    world.source("app", "  secretRef: {name: git}\n");
    world.wait_for_ready(
        "gitrepository",
        "app",
        "AuthenticationFailed: spec.secretRef: there is no Secret \"git\"",
    );
    let wrong = "--from-literal=password=wrong-password";
    world.kubectl(&["create", "secret", "generic", "git", "--from-literal=username=robot", wrong]);
    world.fetch("app");
    world.wait_for_ready("gitrepository", "app", "AuthenticationFailed: http://");
    world.kubectl(&["delete", "secret", "git"]);
    let right = format!("--from-literal=password={PASSWORD}");
    world.kubectl(&["create", "secret", "generic", "git", "--from-literal=username=robot", &right]);
    world.fetch("app");
    world.wait_for_ready("gitrepository", "app", "True");
    let said = world.kubectl(&["get", "gitrepository,kustomization,events", "-o", "yaml"]);
    assert!(!said.contains(PASSWORD) && !said.contains("wrong-password"));
}

#[test]
fn a_bearer_token_is_sent() {
    const TOKEN: &str = "a-token-that-nobody-may-read";
    let world = World::serving("bearer", |root| GitServer::with_bearer(root, TOKEN));
    write_settings(&world);
    world.push_beside("first");
    world.kubectl(&["create", "secret", "generic", "git", "--from-literal=bearerToken=another-token"]);
    world.source("app", "  secretRef: {name: git}\n");
    world.wait_for_ready("gitrepository", "app", "False AuthenticationFailed: http://");
    let patch = |data: &str| {
        let patch = format!(r#"{{"stringData":{{{data}}}}}"#);
        world.kubectl(&["patch", "secret", "git", "--type=merge", "-p", &patch]);
        world.fetch("app");
    };
    patch(&format!(r#""bearerToken":"{TOKEN}","password":"x""#));
    world.wait_for_ready("gitrepository", "app", "has both a bearerToken and a username or password");
    world.kubectl(&["patch", "secret", "git", "--type=merge", "-p", r#"{"data":{"password":null}}"#]);
    world.fetch("app");
    world.wait_for_ready("gitrepository", "app", "True");
    patch(r#""identity":"an ssh key""#);
    world.wait_for_ready("gitrepository", "app", "key \"identity\" is not supported yet");
    let told = told(&world);
    assert!(!told.contains(TOKEN) && !told.contains("another-token") && !told.contains("an ssh key"));
}

#[test]
fn an_authority_comes_from_the_secret() {
    let mut world = World::new("authority");
    write_settings(&world);
    let commit = world.push_beside("first");
    let (https, authority) = behind_tls(&world.server);
    world.url = format!("{https}/app.git");
    world.source("app", "");
    world.wait_for_ready("gitrepository", "app", "False GitOperationFailed: no trusted TLS connection");
    let authority = format!("--from-literal=ca.crt={authority}");
    world.kubectl(&["create", "secret", "generic", "git", &authority]);
    world.source("app", "  secretRef: {name: git}\n");
    world.wait_for_ready("gitrepository", "app", &commit);
}

#[test]
fn references_to_other_namespaces_can_be_forbidden() {
    let world = World::with_flags("foreign", &["--no-cross-namespace-refs"]);
    write_settings(&world);
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "  dependsOn: [{name: b, namespace: elsewhere}]\n");
    world.wait_for("app", "False AccessDenied: a reference to elsewhere/b crosses namespaces");
    world.kustomization("app", "app", "");
    world.wait_for("app", "True");
    let patch = r#"{"spec":{"sourceRef":{"namespace":"elsewhere"}}}"#;
    world.kubectl(&["patch", "kustomization", "app", "--type=merge", "-p", patch]);
    world.wait_for("app", "False AccessDenied: a reference to elsewhere/app crosses namespaces");
}

#[test]
fn without_its_source_an_application_stays_and_can_be_deleted() {
    let (world, _) = shop("gone");
    world.kubectl(&["delete", "gitrepository", "app", "--timeout=180s"]);
    world.wait_for("my-app", "False ArtifactFailed: GitRepository \"app\" does not exist");
    assert!(world.exists("configmap", "settings"));
    world.kubectl(&["delete", "kustomization", "my-app", "--timeout=180s"]);
    assert!(!world.exists("configmap", "settings") && !world.exists("deployment", "web"));
}

#[test]
fn what_has_begun_is_told_before_it_ends() {
    let mut world = World::new("begun");
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    world.url = format!("http://{}/app.git", silent.local_addr().unwrap());
    world.source("app", "");
    world.kustomization("app", "app", "");
    for kind in ["gitrepository", "kustomization"] {
        world.wait_for_ready(kind, "app", "Unknown Progressing");
        let object = world.get(kind, "app");
        assert!(condition(&object, "Reconciling").starts_with("True Progressing"), "{object}");
        assert_ne!(object["status"]["observedGeneration"], object["metadata"]["generation"]);
    }
    world.kubectl(&["patch", "gitrepository", "app", "--type=merge", "-p", r#"{"spec":{"timeout":"1s"}}"#]);
    drop(silent);
    world.wait_for_ready("gitrepository", "app", "False GitOperationFailed");
    eventually("the generation is told as observed", || {
        let object = world.get("gitrepository", "app");
        object["status"]["observedGeneration"] == object["metadata"]["generation"]
    });
}

#[test]
fn local_repositories_need_a_flag_of_the_process() {
    let allowed = tempfile::tempdir().unwrap();
    let local = format!("--allow-local-repositories={}", allowed.path().display());
    for (name, flags) in [("remote", &[][..]), ("local", &[local.as_str()])] {
        let mut world = World::with_flags(name, flags);
        write_settings(&world);
        let first = world.push("first");
        world.url = world.local_url();
        world.source("app", "");
        if flags.is_empty() {
            world.wait_for_ready("gitrepository", "app", "False URLInvalid: file:// URLs need a reconciler");
            continue;
        }
        // Not every repository of the machine: neither by its path nor by a link.
        let outside = "there is no repository /";
        world.wait_for_ready("gitrepository", "app", outside);
        let served = world.local_url();
        std::os::unix::fs::symlink(served.trim_start_matches("file://"), allowed.path().join("link"))
            .unwrap();
        world.url = format!("file://{}/link", allowed.path().display());
        world.source("app", "");
        world.wait_for_ready(
            "gitrepository",
            "app",
            &format!("{outside}{}/link", &allowed.path().display().to_string()[1..]),
        );
        world.url = format!("file://{}/../../etc", allowed.path().display());
        world.source("app", "");
        world.wait_for_ready(
            "gitrepository",
            "app",
            "/../../etc in a folder that --allow-local-repositories names",
        );
        world.move_served(&allowed.path().join("app.git"));
        world.url = world.local_url();
        world.source("app", "");
        world.kustomization("app", "app", "");
        world.wait_for("app", &first);
        world.repo.write("app/config.yaml", config_map("settings", "two"));
        let second = world.push_beside("second");
        world.fetch("app");
        world.wait_for("app", &second);
        assert_eq!(world.get("configmap", "settings")["data"]["key"], "two");
    }
}

#[test]
fn mirrors_of_sources_that_went_meanwhile_are_swept() {
    let (mut world, commit) = shop("sweep");
    let namespace = world.namespace.clone();
    let mirrors = |world: &World| {
        let entries = std::fs::read_dir(world.cache()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mirror_of = |name: &str| format!("{namespace}.{name}.");
    world.source("other", "");
    world.wait_for_ready("gitrepository", "other", &commit);
    assert_eq!(mirrors(&world).len(), 2);
    std::fs::create_dir(world.cache().join("not-a-mirror")).unwrap();
    world.reconciler.stop();
    world.kubectl(&["delete", "gitrepository", "other", "--timeout=180s"]);
    world.start();
    eventually("the mirror of the one that is gone goes", || mirrors(&world).len() == 2);
    let left = mirrors(&world);
    assert!(left[0] == "not-a-mirror" || left[1] == "not-a-mirror", "{left:?}");
    assert!(left.iter().any(|name| name.starts_with(&mirror_of("app"))), "{left:?}");
}
