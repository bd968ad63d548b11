//! A folder to run `sealward` in, and keys to seal for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealward_acceptance::{Planted, Ran, binary, repository_root};
use sealward_controlplane::tools;
use serde_json::Value;
use tempfile::TempDir;

/// A value that no output may show.
pub(super) const PLANTED: &str = "correct \"horse\" battery 4711";

/// An empty folder, without kubeconfig or other settings.
pub(super) struct Workplace {
    folder: TempDir,
}

impl Workplace {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path().join(name), text).unwrap();
        name.to_owned()
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A command in this folder with nothing of the environment but PATH.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().env("HOME", self.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Runs `sealward args…`; the planted value is in none of its outputs.
    pub(super) fn sealward(&self, args: &[&str], input: &str) -> Ran {
        self.run(self.command(&binary("sealward").unwrap()).args(args), input)
    }

    pub(super) fn run(&self, command: &mut Command, input: &str) -> Ran {
        let ran = Ran::of(command, input.as_bytes()).unwrap();
        for text in [&ran.stdout, &ran.stderr] {
            assert_eq!(Planted::new(PLANTED).found_in(text), None, "{command:?} shows the value:\n{text}");
        }
        ran
    }

    /// `sealward seal` for `rsa-2048.crt`.
    pub(super) fn seal(&self, args: &[&str], input: &str) -> Ran {
        self.sealward(&[&["seal", "--cert", &key("rsa-2048.crt")], args].concat(), input)
    }

    /// As [`Workplace::seal`], for what must succeed without a word on stderr; its stdout.
    pub(super) fn sealed(&self, args: &[&str], input: &str) -> String {
        let ran = self.seal(args, input);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        ran.stdout
    }

    /// What the real kubeseal opens with `rsa-2048.key`.
    pub(super) fn recovered(&self, sealed: &str) -> Value {
        let mut command = self.command(&tools::path("kubeseal").unwrap());
        command.args(["--recovery-unseal", "--recovery-private-key", &key("rsa-2048.key")]);
        let ran = Ran::of(&mut command, sealed.as_bytes()).unwrap();
        assert_eq!(ran.code, 0, "kubeseal: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }
}

/// The path of a file in `testdata/sealing/keys`.
pub(super) fn key(name: &str) -> String {
    key_path(name).display().to_string()
}

pub(super) fn key_path(name: &str) -> PathBuf {
    repository_root().unwrap().join("testdata/sealing/keys").join(name)
}

/// The recipient of an identity in `testdata/sealing/keys`.
pub(super) fn recipient(name: &str) -> String {
    let text = fs::read_to_string(key_path(name)).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

/// The text of a file in `testdata/cli`, `{planted}` replaced by the planted value in YAML's double quotes.
pub(super) fn sample(name: &str) -> String {
    let text = fs::read_to_string(repository_root().unwrap().join("testdata/cli").join(name)).unwrap();
    text.replace("{planted}", &PLANTED.replace('"', "\\\""))
}

/// A virtual environment with this Python package, made once beside the built binaries.
pub(super) fn python_environment(package: &str, version: &str) -> PathBuf {
    let folder = binary("sealward").unwrap().with_file_name(format!("{package}-{version}"));
    let done = folder.join("installed");
    if !done.is_file() {
        let run = |command: &mut Command| {
            let output = command.output().expect("python3 with its venv module is needed");
            assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let package = format!("{package}=={version}");
        let pip = folder.join("bin/pip");
        run(Command::new("timeout").arg("300").arg(pip).args(["install", "--quiet", &package]));
        fs::write(&done, "").unwrap();
    }
    folder
}
