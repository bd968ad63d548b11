//! The hook of `.pre-commit-hooks.yaml` under the real pre-commit.

use std::fs;
use std::path::PathBuf;

use sealward_acceptance::{binary, repository_root};
use sealward_testkit::GitRepo;

use super::workplace::{Workplace, key, python_environment, sample};

fn pre_commit() -> PathBuf {
    python_environment("pre-commit", "4.7.0").join("bin/pre-commit")
}

#[test]
fn a_commit_of_a_plaintext_secret_is_refused_and_one_of_the_sealed_file_passes() {
    let place = Workplace::new();
    // The repository that holds the hook, as a user's configuration names it by URL and revision.
    let hooks = GitRepo::init(place.path().join("sealward"));
    hooks.write(
        ".pre-commit-hooks.yaml",
        fs::read(repository_root().unwrap().join(".pre-commit-hooks.yaml")).unwrap(),
    );
    let revision = hooks.commit("hooks");
    let repository = GitRepo::init(place.path().join("app"));
    let configuration = format!(
        "repos:\n  - repo: {}\n    rev: {revision}\n    hooks:\n      - id: sealward-lint\n",
        hooks.dir().display()
    );
    repository.write(".pre-commit-config.yaml", configuration.as_bytes());
    repository.write("README.md", "# app\n".as_bytes());
    repository.commit("first");

    let git = |args: &[&str]| {
        let mut command = place.command("git".as_ref());
        let folder = binary("sealward").unwrap().parent().unwrap().to_owned();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
        command.arg("-C").arg(repository.dir()).args(args).env("PATH", path);
        command.env("PRE_COMMIT_HOME", place.path().join("pre-commit"));
        for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            command.env(format!("{who}_NAME"), "t").env(format!("{who}_EMAIL"), "t@example.com");
        }
        place.run(&mut command, "")
    };
    let mut install = place.command(&pre_commit());
    install
        .arg("install")
        .current_dir(repository.dir())
        .env("PRE_COMMIT_HOME", place.path().join("pre-commit"));
    let installed = place.run(&mut install, "");
    assert_eq!(installed.code, 0, "{}{}", installed.stdout, installed.stderr);

    repository.write("secret.yaml", sample("secret.yaml").as_bytes());
    repository.git(&["add", "secret.yaml"]);
    let refused = git(&["commit", "-m", "plaintext"]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert_eq!(refused.code, 1, "{said}");
    for part in ["sealward lint", "Failed", "- exit code: 1", "secret.yaml:", "secret/plaintext"] {
        assert!(said.contains(part), "{part:?} is missing:\n{said}");
    }
    assert!(!said.contains("[WARNING]") && !said.contains("deprecated"), "{said}");

    let file = repository.dir().join("secret.yaml").display().to_string();
    let sealed = place.sealward(&["seal", "--cert", &key("rsa-2048.crt"), "-f", &file, "-w", &file], "");
    assert_eq!(sealed.code, 0, "{}", sealed.stderr);
    repository.git(&["add", "secret.yaml"]);
    let passed = git(&["commit", "-m", "sealed"]);
    let said = format!("{}{}", passed.stdout, passed.stderr);
    assert_eq!(passed.code, 0, "{said}");
    assert!(said.contains("sealward lint") && said.contains("Passed"), "{said}");
    assert_eq!(repository.git(&["log", "-1", "--format=%s"]).trim(), "sealed");
}
