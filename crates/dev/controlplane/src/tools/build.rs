//! Building a program into the cache, once, however many processes ask at the same time.

use super::{Program, ToolError, go};
use sha2::{Digest, Sha256};
use std::{
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// Replaces the whole cache folder.
const CACHE: &str = "SEALWARD_TOOLS";

/// What every build passes to `go install`; the sums in go.sum pin the rest.
const FLAGS: &[&str] = &["-mod=readonly", "-trimpath"];

/// The program in the cache, built if it is not there yet.
pub(super) fn built(program: &'static Program) -> Result<PathBuf, ToolError> {
    let cache = cache_dir()?;
    let home = cache.join("tools").join(format!("{}-{}", program.module, digest(program)?));
    let target = home.join("bin").join(program.name);
    if target.is_file() {
        return Ok(target);
    }
    fs::create_dir_all(home.join("bin")).map_err(files(&home))?;
    let _lock = lock(&home.join("lock"))?;
    if !target.is_file() {
        install(program, &home, &target, &cache)?;
    }
    Ok(target)
}

/// Where built programs (and a Go toolchain, if one had to be brought) are kept.
pub(super) fn cache_dir() -> Result<PathBuf, ToolError> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(CACHE)
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("sealward")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/sealward")))
        .ok_or(ToolError::NoCache)
}

/// The folder of the program's module in this repository.
pub(super) fn module_dir(program: &Program) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tools").join(program.module)
}

/// An exclusive lock on `path`, held until the file is dropped.
pub(super) fn lock(path: &Path) -> Result<fs::File, ToolError> {
    let file = fs::File::create(path).map_err(files(path))?;
    file.lock().map_err(files(path))?;
    Ok(file)
}

/// One line of progress.
pub(super) fn say(line: &str) {
    // Nothing can be done about a closed stderr.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Adds the path to a file error.
pub(super) fn files(path: &Path) -> impl FnOnce(io::Error) -> ToolError {
    let path = path.to_owned();
    move |source| ToolError::Files { path, source }
}

fn install(program: &'static Program, home: &Path, target: &Path, cache: &Path) -> Result<(), ToolError> {
    let go = go::toolchain(program.module, cache)?;
    say(&format!("building {} … (about {} the first time)", program.name, program.takes));
    let began = Instant::now();
    let scratch = tempfile::Builder::new().prefix("build-").tempdir_in(home).map_err(files(home))?;
    let output = Command::new(&go)
        .arg("install")
        .args(FLAGS)
        .args(["-ldflags", program.link, program.package])
        .current_dir(module_dir(program))
        .env("GOBIN", scratch.path())
        .env("GOWORK", "off")
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(files(&go))?;
    if !output.status.success() {
        let tail = tail(&String::from_utf8_lossy(&output.stderr), 20);
        return Err(ToolError::Build { program: program.name, module: program.module, tail });
    }
    fs::rename(scratch.path().join(program.installed_as), target).map_err(files(target))?;
    say(&format!("built {} in {} s", program.name, began.elapsed().as_secs()));
    Ok(())
}

/// The hash of everything that decides what is built.
fn digest(program: &Program) -> Result<String, ToolError> {
    let folder = module_dir(program);
    let mut hasher = Sha256::new();
    for path in sources(&folder)? {
        let bytes = fs::read(&path).map_err(files(&path))?;
        hasher.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    hasher.update(FLAGS.join(" "));
    hasher.update(program.link);
    Ok(hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, ToolError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(files(folder))? {
        let path = entry.map_err(files(folder))?.path();
        if ["mod", "sum", "go"].map(OsStr::new).iter().any(|wanted| path.extension() == Some(*wanted)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The last `count` lines of `text`.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
        assert_eq!(tail("", 2), "");
    }

    #[test]
    fn modules_have_different_digests() {
        let [first, .., last] = super::super::PROGRAMS else { panic!("no programs") };
        assert_ne!(digest(first).unwrap(), digest(last).unwrap());
    }
}
