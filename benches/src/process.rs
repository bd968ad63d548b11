//! A process that is measured: its CPU time and its memory, as Linux counts them.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Clock ticks of `/proc/<pid>/stat` in a second; Linux shows user space 100 on every machine that we run on.
const TICKS: f64 = 100.0;

/// A program under measurement; killed when dropped.
#[derive(Debug)]
pub(crate) struct Measured {
    child: Child,
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu: f64,
    /// Memory resident now, in MB (10^6 bytes).
    pub(crate) resident: f64,
    /// The most that ever was resident, in MB.
    pub(crate) peak: f64,
}

impl Measured {
    /// Starts `command`, which must become the measured program itself (a wrapper ends in `exec`); its output
    /// goes to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::create(log)?;
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn();
        Ok(Self { child: child.with_context(|| format!("cannot start {}", program.display()))? })
    }

    /// What it has used so far.
    pub(crate) fn usage(&mut self) -> Result<Usage> {
        ensure!(self.child.try_wait()?.is_none(), "the measured program has ended");
        let pid = self.child.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields = stat.rsplit_once(") ").context("no stat")?.1;
        let ticks: f64 =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default()
                * 1.024e-3
        };
        Ok(Usage { cpu: ticks / TICKS, resident: megabytes("VmRSS:"), peak: megabytes("VmHWM:") })
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs `command` to its end and says how long that took.
pub(crate) fn timed(command: &mut Command) -> Result<Duration> {
    let start = std::time::Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = start.elapsed();
    ensure!(
        output.status.success(),
        "{:?}: {}",
        command.get_program(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(took)
}
