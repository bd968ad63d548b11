//! The folder of one run, and how it always goes away.
//!
//! ```text
//! $TMPDIR/sealward-<uid>/
//!     lock                 held while folders are swept and made
//!     run-<n>-<pid>-<k>/   n: the run's number, from which ports, names and addresses follow
//!         owner            pid and start time of the process that made it
//!         processes        pid, start time and name of each server
//!         cgroup           the name of the node's cgroup, if there is one
//!         interface        the host's interface to the node, if there is one
//! ```
//! One script ([`CLEANUP`]) removes a run. It is run by a janitor process that waits for the owner to let go
//! (by dropping, by panicking, by being killed), and by [`sweep`] for a run whose janitor is gone as well. Two
//! at once clean one after the other, and no folder's name comes again: a late one never meets a later run.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const CLEANUP: &str = include_str!("cleanup.sh");

/// How many runs there may be side by side.
const RUNS: u16 = 250;

/// Below the range from which the kernel takes ports for outgoing connections, so that a server that is
/// restarted finds its port free.
const FIRST_PORT: u16 = 20_000;
const PORTS_PER_RUN: u16 = 10;

/// Runs that this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// How long the janitor may take.
const JANITOR_GRACE: Duration = Duration::from_secs(40);

/// Why a run's folder could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// A file operation failed.
    #[error("{}: {source}", path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The folder for runs belongs to someone else.
    #[error("{} belongs to user {owner}; remove it or set TMPDIR to a folder of your own", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Every number is taken.
    #[error("{RUNS} control planes run already, or their ports are taken; stop some")]
    Full,
}

/// The folder of one run; dropping it removes the folder and everything recorded in it.
#[derive(Debug)]
pub(crate) struct RunDir {
    path: PathBuf,
    number: u16,
    janitor: Mutex<Option<Child>>,
}

impl RunDir {
    /// Sweeps what dead runs left, takes a free number, and starts the janitor.
    pub(crate) fn create() -> Result<Self, RunDirError> {
        let base = base()?;
        let _lock = lock(&base)?;
        sweep_locked(&base)?;
        for number in 1..=RUNS {
            if taken(&base, number)? || !ports_free(number) {
                continue;
            }
            let me = std::process::id();
            let path = base.join(format!("run-{number}-{me}-{}", MADE.fetch_add(1, Ordering::Relaxed)));
            private_dir(&path)?;
            let owner = path.join("owner");
            let started = started(me).unwrap_or_default();
            fs::write(&owner, format!("{me} {started}\n")).map_err(files(&owner))?;
            let janitor = janitor(&path).map_err(files(&path))?;
            return Ok(Self { path, number, janitor: Mutex::new(Some(janitor)) });
        }
        Err(RunDirError::Full)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The run's number, 1 to 250, no two alike at a time.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// One of the run's own ports; `which` is below ten.
    pub(crate) fn port(&self, which: u16) -> u16 {
        port(self.number, which)
    }

    /// Records a process, so that it is killed with the run.
    pub(crate) fn record_process(&self, pid: u32, name: &str) -> io::Result<()> {
        let started = started(pid).unwrap_or_default();
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.path.join("processes"))?;
        writeln!(file, "{pid} {started} {name}")
    }

    /// Records the cgroup (a name directly under each hierarchy's root), so that it is removed with the run.
    pub(crate) fn record_cgroup(&self, name: &str) -> io::Result<()> {
        fs::write(self.path.join("cgroup"), name)
    }

    /// Records the host's interface to the node, so that it is removed with the run.
    pub(crate) fn record_interface(&self, name: &str) -> io::Result<()> {
        fs::write(self.path.join("interface"), name)
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        let janitor = self.janitor.get_mut().ok().and_then(Option::take);
        let done = janitor.is_some_and(|mut janitor| {
            drop(janitor.stdin.take());
            crate::process::ended_within(&mut janitor, JANITOR_GRACE)
        });
        if !done || self.path.exists() {
            clean(&self.path);
        }
    }
}

/// Removes what runs left whose owner is gone: processes, interfaces, cgroups, folders.
///
/// Every start does it; a runner may call it at its end.
///
/// # Errors
/// [`RunDirError`], when the folder of runs cannot be read.
pub fn sweep() -> Result<(), RunDirError> {
    let base = base()?;
    let _lock = lock(&base)?;
    sweep_locked(&base)
}

fn sweep_locked(base: &Path) -> Result<(), RunDirError> {
    for entry in fs::read_dir(base).map_err(files(base))? {
        let path = entry.map_err(files(base))?.path();
        if path.is_dir() && !owned(&path) {
            clean(&path);
        }
    }
    Ok(())
}

/// Whether a run of that number has a folder, be it only to be cleaned.
fn taken(base: &Path, number: u16) -> Result<bool, RunDirError> {
    let start = format!("run-{number}-");
    for entry in fs::read_dir(base).map_err(files(base))? {
        if entry.map_err(files(base))?.file_name().to_string_lossy().starts_with(&start) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the process that made the folder still runs.
fn owned(path: &Path) -> bool {
    let Ok(owner) = fs::read_to_string(path.join("owner")) else { return false };
    let mut words = owner.split_whitespace();
    let (Some(pid), Some(then)) = (words.next(), words.next()) else { return false };
    pid.parse().ok().and_then(started).is_some_and(|now| now.to_string() == then)
}

/// When a process started, in clock ticks since boot; none if there is no such process, or only its zombie.
///
/// With the pid it names a process for good (proc(5), field 22 of `stat`).
pub(crate) fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn clean(path: &Path) {
    let cleanup = Command::new("sh").args(["-c", CLEANUP, "sealward-cleanup"]).arg(path).status();
    drop(cleanup); // the next sweep tries again
}

/// Its own process group, so that a terminal's ctrl-c does not reach it.
fn janitor(path: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", CLEANUP, "sealward-cleanup"])
        .arg(path)
        .arg("wait")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn base() -> Result<PathBuf, RunDirError> {
    let user = rustix::process::getuid().as_raw();
    let path = std::env::temp_dir().join(format!("sealward-{user}"));
    if !path.is_dir() {
        private_dir(&path)?;
    }
    let owner = fs::symlink_metadata(&path).map_err(files(&path))?.uid();
    if owner == user { Ok(path) } else { Err(RunDirError::Foreign { path, owner }) }
}

fn private_dir(path: &Path) -> Result<(), RunDirError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(files(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn lock(base: &Path) -> Result<fs::File, RunDirError> {
    let path = base.join("lock");
    let file = fs::File::create(&path).map_err(files(&path))?;
    file.lock().map_err(files(&path))?;
    Ok(file)
}

fn port(number: u16, which: u16) -> u16 {
    FIRST_PORT + number * PORTS_PER_RUN + which
}

fn ports_free(number: u16) -> bool {
    (0..PORTS_PER_RUN).all(|which| TcpListener::bind((Ipv4Addr::LOCALHOST, port(number, which))).is_ok())
}

fn files(path: &Path) -> impl FnOnce(io::Error) -> RunDirError {
    let path = path.to_owned();
    move |source| RunDirError::Files { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_gone_and_its_processes_with_it() {
        let run = RunDir::create().unwrap();
        let path = run.path().to_owned();
        let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
        run.record_process(sleeper.id(), "sleep").unwrap();
        drop(run);
        assert!(!path.exists());
        assert!(!sleeper.wait().unwrap().success());
    }

    #[test]
    fn a_run_of_a_dead_owner_is_swept_and_a_live_one_is_not() {
        let live = RunDir::create().unwrap();
        let orphan = base().unwrap().join("run-of-a-dead-owner");
        private_dir(&orphan).unwrap();
        fs::write(orphan.join("owner"), format!("{} 1\n", std::process::id())).unwrap();
        sweep().unwrap();
        assert!(!orphan.exists());
        assert!(live.path().exists());
    }

    #[test]
    fn a_process_of_the_same_number_that_started_at_another_time_is_spared() {
        let run = RunDir::create().unwrap();
        let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
        fs::write(run.path().join("processes"), format!("{} 1 sleep\n", sleeper.id())).unwrap();
        drop(run);
        assert!(sleeper.try_wait().unwrap().is_none());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }

    /// As when a janitor comes late: the sweep has cleaned, and the number is another run's already.
    #[test]
    fn a_late_janitor_leaves_a_later_run_alone() {
        let first = RunDir::create().unwrap();
        let (path, number) = (first.path().to_owned(), first.number());
        let mut late = janitor(&path).unwrap();
        drop(first);
        let later = RunDir::create().unwrap();
        fs::write(later.path().join("file"), "of the later run").unwrap();
        drop(late.stdin.take());
        assert!(crate::process::ended_within(&mut late, JANITOR_GRACE));
        assert!(later.path().join("file").exists());
        assert!(later.number() != number || later.path() != path);
    }

    #[test]
    fn runs_side_by_side_have_their_own_numbers() {
        let (one, two) = (RunDir::create().unwrap(), RunDir::create().unwrap());
        assert_ne!(one.number(), two.number());
        assert_ne!(one.port(9), two.port(0));
    }
}
