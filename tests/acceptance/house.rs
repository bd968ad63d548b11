//! The house holds: which room may name which, and that each ring's bans fire.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Normal dependencies of our own that each crate may have. A new edge is a change of its own, with
/// its reason.
const ALLOWED: &[(&str, &str)] = &[
    ("diagnostic", ""),
    ("golang", ""),
    ("keys", ""),
    ("api", ""),
    ("snapshot", "diagnostic"),
    ("document", "diagnostic golang"),
    ("manifest", "diagnostic document"),
    ("sealing", "manifest document keys golang api diagnostic"),
    ("render", "snapshot document manifest sops keys api diagnostic"),
    ("policy", "snapshot document manifest golang api diagnostic"),
    ("guard", "manifest api diagnostic"),
    ("plan", "manifest api diagnostic"),
    ("admission", "manifest policy guard sealing api diagnostic"),
    ("lint", "diagnostic golang keys api snapshot document manifest sealing sops render policy"),
    ("git", "snapshot"),
    ("files", "snapshot"),
    ("keyservice", "keys"),
    ("cluster", "manifest plan api"),
    ("chassis", ""),
    ("sealer", "manifest sealing keys plan api cluster chassis"),
    ("webhook", "manifest policy admission api cluster chassis"),
    ("reconciler", "snapshot manifest sops keys render policy plan api git keyservice cluster chassis"),
    (
        "cli",
        "diagnostic golang keys api snapshot document manifest sealing render policy guard plan lint \
         admission git files keyservice cluster chassis",
    ),
    ("daemon", "sealer webhook reconciler chassis"),
    ("testkit", ""),
    ("controlplane", ""),
    ("xtask", "controlplane"),
    ("bench", "acceptance controlplane keys"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn workspace() -> Vec<Package> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap();
    metadata.packages
}

fn ours(name: &str) -> Option<&str> {
    name.strip_prefix("sealward-")
}

#[test]
fn house_edges_are_the_allowed_ones() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, edges)| (*name, edges.split_whitespace().collect())).collect();
    let mut wrong = Vec::new();
    for package in workspace() {
        let name = ours(&package.name).unwrap().to_owned();
        if name == "acceptance" {
            continue;
        }
        let Some(allowed) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name}: not in the table"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|edge| edge.kind == DependencyKind::Normal) {
            if let Some(edge) = ours(&dependency.name).filter(|edge| !allowed.contains(edge)) {
                wrong.push(format!("{name} → {edge}"));
            }
        }
    }
    assert!(wrong.is_empty(), "edges outside the table: {wrong:?}");
}

#[test]
fn house_pure_crates_name_nothing_that_touches() {
    let touching = ["tokio", "kube", "kube-client", "reqwest", "gix", "hyper", "axum", "tempfile", "rustix"];
    for package in workspace() {
        if !package.manifest_path.as_str().contains("/crates/pure/") {
            continue;
        }
        for dependency in package.dependencies.iter().filter(|edge| edge.kind == DependencyKind::Normal) {
            assert!(
                !touching.contains(&dependency.name.as_str()),
                "{} names {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn house_every_crate_takes_the_workspace_lints_and_opens_with_its_picture() {
    for package in workspace() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
        let folder = package.manifest_path.parent().unwrap();
        let source = ["src/lib.rs", "src/main.rs"]
            .iter()
            .find_map(|file| fs::read_to_string(folder.join(file)).ok())
            .unwrap();
        assert!(source.starts_with("//! "), "{} does not say what it is", package.name);
        if folder.as_str().contains("/pure/") || folder.as_str().contains("/io/") {
            assert!(source.contains("//! ```text"), "{} has no picture", package.name);
            assert!(source.contains("nvariant"), "{} states no invariant", package.name);
        }
    }
}

/// A line of Rust that does what the ban of that path forbids.
const VIOLATIONS: &[(&str, &str)] = &[
    ("std::process::exit", "std::process::exit(1)"),
    ("std::env::var", "std::env::var(\"X\")"),
    ("std::env::var_os", "std::env::var_os(\"X\")"),
    ("std::env::vars", "std::env::vars()"),
    ("std::env::current_dir", "std::env::current_dir()"),
    ("std::env::args", "std::env::args()"),
    ("std::fs::read", "std::fs::read(\"x\")"),
    ("std::fs::read_to_string", "std::fs::read_to_string(\"x\")"),
    ("std::fs::write", "std::fs::write(\"x\", b\"\")"),
    ("std::fs::create_dir_all", "std::fs::create_dir_all(\"x\")"),
    ("std::fs::remove_file", "std::fs::remove_file(\"x\")"),
    ("std::fs::read_dir", "std::fs::read_dir(\"x\")"),
    ("std::fs::metadata", "std::fs::metadata(\"x\")"),
    ("std::time::SystemTime::now", "std::time::SystemTime::now()"),
    ("std::time::Instant::now", "std::time::Instant::now()"),
    ("jiff::Timestamp::now", "jiff::Timestamp::now()"),
    ("jiff::Zoned::now", "jiff::Zoned::now()"),
    ("std::thread::spawn", "std::thread::spawn(|| ())"),
    ("std::thread::sleep", "std::thread::sleep(std::time::Duration::ZERO)"),
    ("std::io::stdin", "std::io::stdin()"),
    ("std::io::stdout", "std::io::stdout()"),
    ("std::fs::File", "std::fs::File::open(\"x\")"),
    ("std::fs::OpenOptions", "std::fs::OpenOptions::new()"),
    ("std::net::TcpStream", "std::net::TcpStream::connect(\"x\")"),
    ("std::net::TcpListener", "std::net::TcpListener::bind(\"x\")"),
    ("std::net::UdpSocket", "std::net::UdpSocket::bind(\"x\")"),
    ("std::process::Command", "std::process::Command::new(\"x\")"),
];

fn banned_paths(clippy: &str) -> Vec<String> {
    let marker = "path = \"";
    clippy
        .lines()
        .filter_map(|line| line.split_once(marker))
        .filter_map(|(_, rest)| rest.split_once('"'))
        .map(|(path, _)| path.to_owned())
        .collect()
}

/// Plants every ban of `ring` in a small crate under that ring's clippy.toml and expects each to fire.
fn check_bans(ring: &str) {
    let clippy = fs::read_to_string(root().join("crates").join(ring).join("clippy.toml")).unwrap();
    let planted = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("planted-{ring}"));
    fs::create_dir_all(planted.join("src")).unwrap();
    fs::write(planted.join("clippy.toml"), &clippy).unwrap();
    fs::write(
        planted.join("Cargo.toml"),
        "[package]\nname = \"planted\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\njiff = { version = \"0.2\", default-features = false, features = [\"std\"] }\n",
    )
    .unwrap();
    fs::copy(root().join("Cargo.lock"), planted.join("Cargo.lock")).unwrap();
    let paths = banned_paths(&clippy);
    let mut source = String::from("#![deny(clippy::disallowed_methods, clippy::disallowed_types)]\n");
    for (index, path) in paths.iter().enumerate() {
        let (_, line) = VIOLATIONS
            .iter()
            .find(|(known, _)| known == path)
            .unwrap_or_else(|| panic!("no violation is planted for the ban of {path} in {ring}"));
        source.push_str(&format!("pub fn planted_{index}() {{ let _ = {line}; }}\n"));
    }
    fs::write(planted.join("src/lib.rs"), source).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "--quiet"])
        .current_dir(&planted)
        .env("CARGO_TARGET_DIR", planted.join("target"))
        .env_remove("CLIPPY_CONF_DIR")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    for path in &paths {
        assert!(
            said.contains(&format!("`{path}`")),
            "the ban of {path} did not fire in ring {ring}; clippy said:\n{said}"
        );
    }
    assert!(paths.is_empty() || !output.status.success());
}

#[test]
fn house_bans_fire_in_every_ring() {
    for ring in ["pure", "io", "app", "dev"] {
        check_bans(ring);
    }
}

#[test]
fn house_the_root_entries_are_repeated_in_every_ring_but_dev() {
    let root_bans = banned_paths(&fs::read_to_string(root().join("clippy.toml")).unwrap());
    assert!(!root_bans.is_empty());
    for ring in ["pure", "io", "app"] {
        let bans =
            banned_paths(&fs::read_to_string(root().join("crates").join(ring).join("clippy.toml")).unwrap());
        for ban in &root_bans {
            assert!(bans.contains(ban), "{ring} does not repeat the ban of {ban}");
        }
    }
}
