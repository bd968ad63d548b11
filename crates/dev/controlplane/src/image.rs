//! Container images as archives, without a daemon or a registry.
//!
//! The format is the one of `docker save`: a tar with `manifest.json`, the image's configuration and one layer.
//! `ctr images import`, `docker load` and `podman load` read it. The same input gives the same bytes.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{fs, io, path::Path};

/// An image in the making: one layer, and how it is run.
pub struct Image {
    name: String,
    layer: tar::Builder<Vec<u8>>,
    entrypoint: Vec<String>,
    environment: Vec<String>,
    user: String,
}

impl Image {
    /// An empty image with a full name and tag, like `docker.io/sealward/sealwardd:dev`.
    ///
    /// (A short name would be looked up under `docker.io/library/` by some readers and not by others.)
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            layer: tar::Builder::new(Vec::new()),
            entrypoint: Vec::new(),
            environment: Vec::new(),
            user: String::new(),
        }
    }

    /// Adds a folder; `path` is relative to the image's root. Parents come before what they hold.
    ///
    /// # Errors
    /// An [`io::Error`], when the path does not fit into a tar header.
    pub fn folder(mut self, path: &str, mode: u32) -> io::Result<Self> {
        let mut header = header(tar::EntryType::Directory, mode, 0);
        self.layer.append_data(&mut header, format!("{}/", path.trim_end_matches('/')), io::empty())?;
        Ok(self)
    }

    /// Adds a file with that content.
    ///
    /// # Errors
    /// An [`io::Error`], when the path does not fit into a tar header.
    pub fn file(mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<Self> {
        let mut header = header(tar::EntryType::Regular, mode, content.len() as u64);
        self.layer.append_data(&mut header, path, content)?;
        Ok(self)
    }

    /// Adds an executable file of the host.
    ///
    /// # Errors
    /// An [`io::Error`], when it cannot be read.
    pub fn program(self, path: &str, host: &Path) -> io::Result<Self> {
        self.file(path, 0o755, &fs::read(host)?)
    }

    /// Adds a symbolic link.
    ///
    /// # Errors
    /// An [`io::Error`], when path or target do not fit into a tar header.
    pub fn link(mut self, path: &str, target: &str) -> io::Result<Self> {
        let mut header = header(tar::EntryType::Symlink, 0o777, 0);
        self.layer.append_link(&mut header, path, target)?;
        Ok(self)
    }

    /// What is run.
    #[must_use]
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.entrypoint = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// The numeric user and group that it runs as, like `65532:65532`.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// An [`io::Error`], when the file cannot be written.
    pub fn write(self, path: &Path) -> io::Result<()> {
        let layer = self.layer.into_inner()?;
        let configuration = json!({
            "architecture": architecture(),
            "os": "linux",
            "config": { "Entrypoint": self.entrypoint, "Env": self.environment, "User": self.user },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))] },
        })
        .to_string();
        let configuration_name = format!("{}.json", digest(configuration.as_bytes()));
        let manifest = json!([{
            "Config": configuration_name, "RepoTags": [self.name], "Layers": ["layer.tar"],
        }])
        .to_string();
        let mut archive = tar::Builder::new(fs::File::create(path)?);
        for (name, content) in [
            ("layer.tar", layer.as_slice()),
            (&configuration_name, configuration.as_bytes()),
            ("manifest.json", manifest.as_bytes()),
        ] {
            let mut header = header(tar::EntryType::Regular, 0o644, content.len() as u64);
            archive.append_data(&mut header, name, content)?;
        }
        archive.into_inner()?.sync_all()
    }
}

/// Owned by root, of no time, so that equal content is an equal archive.
fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Go's name of this machine's architecture, which images use.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeMap, io::Read as _};

    fn entries(path: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.path().unwrap().to_string_lossy().into_owned(), bytes)
        });
        read.collect()
    }

    fn sample(path: &Path) {
        let image = Image::new("docker.io/local/sample:1").folder("etc", 0o755).unwrap();
        let image =
            image.file("etc/passwd", 0o644, b"root:x:0:0::/:\n").unwrap().link("bin", "usr/bin").unwrap();
        image.entrypoint(&["/run"]).environment("A", "b").user("1:1").write(path).unwrap();
    }

    #[test]
    fn manifest_configuration_and_layer_name_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        sample(&path);
        let entries = entries(&path);
        let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let manifest = json(&entries["manifest.json"]);
        assert_eq!(manifest[0]["RepoTags"][0], "docker.io/local/sample:1");
        let configuration = &entries[manifest[0]["Config"].as_str().unwrap()];
        assert_eq!(manifest[0]["Config"], format!("{}.json", digest(configuration)));
        let layer = format!("sha256:{}", digest(&entries["layer.tar"]));
        assert_eq!(json(configuration)["rootfs"]["diff_ids"][0], layer);
        assert_eq!(json(configuration)["config"]["User"], "1:1");
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        sample(&one);
        sample(&two);
        assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
    }
}
