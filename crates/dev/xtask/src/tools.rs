//! `cargo xtask tools`: builds the real programs into the cache.

use sealward_controlplane::tools;
use std::io::{Write as _, stdout};

/// Which programs to build.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of programs; all of them when none is given
    names: Vec<String>,
}

/// Builds them one after the other and prints `name path` lines.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let Args { names } = args;
    let all = || tools::PROGRAMS.iter().map(|program| program.name.to_owned()).collect();
    let names: Vec<String> = if names.is_empty() { all() } else { names };
    for name in names {
        let path = tools::path(&name)?;
        writeln!(stdout(), "{name} {}", path.display())?;
    }
    Ok(())
}
