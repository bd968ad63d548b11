//! The things a journey handles: binaries, processes, waiting.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sealward_controlplane::ControlPlane;

/// The root of this repository.
///
/// # Errors
/// Never, as long as this crate stands one folder below it.
pub fn repository_root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate has a parent folder")?.to_owned())
}

/// The built binary `name`: beside the program that runs now, or one folder above it (tests).
///
/// # Errors
/// When it is not built.
pub fn binary(name: &str) -> Result<PathBuf> {
    let current = env::current_exe()?;
    let folders = current.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built; run `cargo build --workspace` or `cargo xtask test`"))
}

/// Calls `seen` until it gives a value, for at most `bound`.
///
/// # Errors
/// When the time is up: what was waited for, and the last reason why not yet.
pub fn wait_until<T>(what: &str, bound: Duration, mut seen: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    let mut reason = None;
    while start.elapsed() < bound {
        match seen() {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => {}
            Err(error) => reason = Some(error),
        }
        std::thread::sleep(Duration::from_millis(150));
    }
    match reason {
        Some(error) => Err(error.context(format!("waited {} s in vain: {what}", bound.as_secs()))),
        None => bail!("waited {} s in vain: {what}", bound.as_secs()),
    }
}

/// What a finished program left.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

impl Ran {
    /// Runs `command` to its end, with `input` on its stdin.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of(command: &mut Command, input: &[u8]) -> Result<Self> {
        let program = command.get_program().to_owned();
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // A program that ends before it has read everything says why by itself.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        })?;
        Ok(Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// One of our daemons as a process; ends with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program args…`; its output goes to `log`. It dies with the thread that started it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path, args: &[String], log: PathBuf) -> Result<Self> {
        let output = File::options().create(true).append(true).open(&log)?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(args)
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, log })
    }

    /// The end of what it logged for people (not at debug and trace level), and whether it still runs.
    pub fn log_tail(&mut self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let for_people = |line: &&str| !line.contains(" TRACE ") && !line.contains(" DEBUG ");
        let lines: Vec<&str> = text.lines().filter(for_people).collect();
        let tail = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
        match self.child.try_wait() {
            Ok(Some(status)) => format!("{tail}\n(ended: {status})"),
            _ => tail,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop and does not wait.
    pub fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
    }

    /// Asks it to stop and waits.
    pub fn stop(&mut self) {
        // One that has ended was waited for: its id may be somebody else's by now.
        if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        self.ask_to_stop();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A folder to work in beside a control plane.
#[derive(Debug)]
pub struct Workbench<'a> {
    /// The cluster.
    pub plane: &'a ControlPlane,
    /// A folder that dies with the control plane.
    pub folder: PathBuf,
}

impl<'a> Workbench<'a> {
    /// A workbench in a folder of its own, named `name`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(plane: &'a ControlPlane, name: &str) -> Result<Self> {
        let folder = plane.folder().join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { plane, folder })
    }

    /// Runs `sealward args…` in `dir`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn sealward(&self, dir: &Path, args: &[&str]) -> Result<Ran> {
        let output = Command::new(binary("sealward")?)
            .args(args)
            .current_dir(dir)
            .env("KUBECONFIG", self.plane.admin_kubeconfig())
            .stdin(Stdio::null())
            .output()?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts `sealwardd role args…` with the token of service account `sealward-<role>`.
    ///
    /// # Errors
    /// When the token cannot be had or the process not started.
    pub fn role(&self, role: &str, args: &[&str]) -> Result<Process> {
        let account = format!("sealward-{role}");
        let kubeconfig = self.plane.service_account_kubeconfig("sealward-system", &account)?;
        let mut all = vec!["--log-level=trace".to_owned(), role.to_owned()];
        all.push(format!("--kubeconfig={}", kubeconfig.display()));
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        Process::start(&binary("sealwardd")?, &all, self.folder.join(format!("{role}.log")))
    }

    /// The JSON of what `kubectl get args…` shows.
    ///
    /// # Errors
    /// When kubectl fails.
    pub fn get(&self, args: &[&str]) -> Result<serde_json::Value> {
        let mut all = vec!["get"];
        all.extend_from_slice(args);
        all.extend(["-o", "json"]);
        Ok(serde_json::from_str(&self.plane.kubectl(&all)?)?)
    }

    /// What a GET of `url` answers, when it is 200.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn fetch(&self, url: &str) -> Result<String> {
        let output = Command::new("curl").args(["-sS", "-f", "-m", "30", url]).output()?;
        ensure!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// The ports that [`free_port`] gives: above the control planes' own, below the range from which the kernel
/// takes ports for outgoing connections and for whoever asks for any.
const PORTS: std::ops::Range<u16> = 23_000..32_000;

/// A port that is free now. This process gives each out once, and processes side by side begin elsewhere,
/// so that it is still free when a server that is started or restarted binds it.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    for _ in 0..count {
        let next = std::process::id().wrapping_mul(61).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from(next % count)?;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {} to {} is free", PORTS.start, PORTS.end)
}

/// Copies the folder `from` to `to`.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
