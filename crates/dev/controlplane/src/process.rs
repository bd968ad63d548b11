//! One server: a child process that dies with us, with its log, its stop and its restart.

use crate::{run_dir::RunDir, tools};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a wait looks again.
const TICK: Duration = Duration::from_millis(20);

/// A program that runs beside us; stopping it is its owner's business, its death with ours is the kernel's.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    line: Vec<OsString>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Server {
    /// Starts `line` (program, then arguments), its output appended to `<run>/<name>.log`.
    pub(crate) fn start(name: &'static str, line: Vec<OsString>, run: &RunDir) -> io::Result<Self> {
        let log = run.path().join(format!("{name}.log"));
        let server = Self { name, line, log, child: Mutex::new(None) };
        server.restart(run)?;
        Ok(server)
    }

    /// Starts it again with the same command line; what still runs is killed first.
    pub(crate) fn restart(&self, run: &RunDir) -> io::Result<()> {
        self.kill();
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .args(&self.line)
            .process_group(0) // a terminal's ctrl-c is for the owner, who stops servers in order
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = spawn(command)?;
        let recorded = run.record_process(child.id(), self.name);
        *self.child() = Some(child);
        recorded
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// How it ended, if it did so by itself.
    pub(crate) fn ended(&self) -> Option<String> {
        let status = self.child().as_mut()?.try_wait().ok()??;
        Some(status.to_string())
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            reap(&mut child);
        }
    }

    /// SIGTERM, SIGKILL after `grace`, and waits until it is gone.
    pub(crate) fn stop(&self, grace: Duration) {
        let Some(mut child) = self.child().take() else { return };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        if !asked || !ended_within(&mut child, grace) {
            reap(&mut child);
        }
    }

    /// The last lines of its log.
    pub(crate) fn log_tail(&self) -> String {
        tools::tail(&String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()), 20)
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether the child ends within `limit`.
pub(crate) fn ended_within(child: &mut Child, limit: Duration) -> bool {
    within(limit, || !matches!(child.try_wait(), Ok(None)))
}

/// Whether `condition` comes true within `limit`.
pub(crate) fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if began.elapsed() >= limit {
            return false;
        }
        thread::sleep(TICK);
    }
}

fn reap(child: &mut Child) {
    // Both fail only when the child is gone already.
    drop(child.kill());
    drop(child.wait());
}

type Job = (Command, Sender<io::Result<Child>>);

/// Spawns on one thread that lives as long as the process: the kernel sends the parent-death signal when the
/// *thread* that forked ends (prctl(2), `PR_SET_PDEATHSIG`), and test threads end early.
fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: LazyLock<Sender<Job>> = LazyLock::new(|| {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::spawn(move || {
            for (mut command, reply) in inbox {
                drop(reply.send(command.spawn()));
            }
        });
        jobs
    });
    let gone = || io::Error::other("the spawning thread is gone");
    let (reply, answer) = mpsc::channel();
    SPAWNER.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), "no setpriv on PATH; install util-linux 2.33 or newer")
        }
        _ => error,
    })
}
