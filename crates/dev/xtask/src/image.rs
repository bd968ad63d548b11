//! `cargo xtask image`: one image for the three roles, as an archive, without a daemon.
//!
//! The image holds the binary, the libraries that it links to, CA certificates and a passwd entry; and the
//! binary's name `controller`, under which Bitnami's Deployment of sealed-secrets starts it.
//! `dist/image/root` is its file system, `dist/sealwardd.tar` the archive that `ctr images import` and
//! `docker load` take; `deploy/image/Dockerfile` makes the same image from the root folder.

use crate::workspace;
use anyhow::{Context as _, Result, bail, ensure};
use sealward_controlplane::image::Image;
use std::{
    fs,
    io::{Write as _, stdout},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Name and tag that the Deployments name.
const IMAGE: &str = "ghcr.io/sealward/sealwardd:0.1.0";

const USER: &str = "65532:65532";
const ENTRYPOINT: &str = "/usr/bin/sealwardd";
/// Where the image has Bitnami's name of the sealer, and what that links to.
const CONTROLLER: (&str, &str) = ("usr/local/bin/controller", "../../bin/sealwardd");
const PATH: &str = "/usr/local/bin:/usr/bin";
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const TEMPORARY: u32 = 0o1777;

/// How the binary is built.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take the debug profile: quicker to build, larger, slower
    #[arg(long)]
    debug: bool,
}

/// Builds the image and prints where it is.
pub(crate) fn run(args: Args) -> Result<()> {
    let Args { debug } = args;
    let archive = build(debug)?;
    let megabytes = fs::metadata(&archive)?.len() as f64 / 1e6;
    writeln!(stdout(), "{} ({megabytes:.1} MB): {IMAGE}", archive.display())?;
    Ok(())
}

/// Builds `sealwardd` and its image archive below `dist/`; the archive's path.
pub(crate) fn build(debug: bool) -> Result<PathBuf> {
    let profile = if debug { "debug" } else { "release" };
    let mut args = vec!["build", "--quiet", "--locked", "--package", "sealward-daemon"];
    if !debug {
        args.push("--release");
    }
    workspace::cargo(&args, &[])?;
    let dist = workspace::root()?.join("dist");
    let root = dist.join("image/root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let files = files(&workspace::target()?.join(profile).join("sealwardd"))?;
    let mut image = Image::new(IMAGE).folder("tmp", TEMPORARY)?;
    for (path, mode, content) in &files {
        install(&root.join(path), *mode, content)?;
        image = image.file(path, *mode, content)?;
    }
    let (name, binary) = CONTROLLER;
    install_link(&root.join(name), binary)?;
    image = image.link(name, binary)?;
    fs::create_dir_all(root.join("tmp"))?;
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(TEMPORARY))?;
    let archive = dist.join("sealwardd.tar");
    image
        .entrypoint(&[ENTRYPOINT])
        .environment("PATH", PATH)
        .environment("SSL_CERT_FILE", &format!("/{CERTIFICATES}"))
        .user(USER)
        .write(&archive)?;
    Ok(archive)
}

/// Path in the image, mode and content of each file.
fn files(binary: &Path) -> Result<Vec<(String, u32, Vec<u8>)>> {
    let certificates = Path::new("/").join(CERTIFICATES);
    let certificates =
        fs::read(certificates).context("CA certificates: install the package ca-certificates")?;
    let mut files = vec![
        ("etc/passwd".to_owned(), 0o644, b"nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n".to_vec()),
        ("etc/group".to_owned(), 0o644, b"nonroot:x:65532:\n".to_vec()),
        (CERTIFICATES.to_owned(), 0o644, certificates),
        ("usr/bin/sealwardd".to_owned(), 0o755, fs::read(binary)?),
    ];
    for library in linked_libraries(binary)? {
        let path = library.strip_prefix("/").unwrap_or(&library).display().to_string();
        files.push((path, 0o755, fs::read(&library)?));
    }
    Ok(files)
}

/// The dynamic loader and the shared libraries of `binary`, as `ldd` resolves them.
fn linked_libraries(binary: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(binary).output().context("ldd (package libc-bin)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(!text.contains("not found"), "a library is missing:\n{text}");
    let words = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let libraries: Vec<PathBuf> = words.map(PathBuf::from).collect();
    if libraries.is_empty() && !text.contains("statically linked") {
        bail!("ldd named no library:\n{text}");
    }
    Ok(libraries)
}

fn install(path: &Path, mode: u32, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn install_link(path: &Path, target: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    std::os::unix::fs::symlink(target, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        fs::read_to_string(workspace::root().unwrap().join(path)).unwrap()
    }

    #[test]
    fn the_dockerfile_says_what_the_archive_says() {
        let dockerfile = text("deploy/image/Dockerfile");
        let said: Vec<&str> = dockerfile.lines().filter(|line| !line.starts_with('#')).collect();
        let expect = [
            "FROM scratch".to_owned(),
            "COPY . /".to_owned(),
            format!("USER {USER}"),
            format!("ENV PATH={PATH} SSL_CERT_FILE=/{CERTIFICATES}"),
            format!("ENTRYPOINT [\"{ENTRYPOINT}\"]"),
        ];
        assert_eq!(said, expect);
        assert!(dockerfile.contains(IMAGE), "its first lines tag another image");
    }

    #[test]
    fn the_deployments_run_this_image() {
        for role in ["sealer/workload", "webhook", "reconciler"] {
            let deployment = text(&format!("deploy/{role}/deployment.yaml"));
            assert!(deployment.contains(&format!("image: {IMAGE}\n")), "{role}");
            let user = USER.split(':').next().unwrap();
            assert!(deployment.contains(&format!("runAsUser: {user}\n")), "{role}");
        }
        assert!(IMAGE.ends_with(&format!(":{}", env!("CARGO_PKG_VERSION"))), "the tag is not our version");
    }
}
