//! A role in this process, with the rights that `deploy/` gives its service account, and how its tests wait.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;
use sealward_controlplane::ControlPlane;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on a machine that does much else.
const BOUND: Duration = Duration::from_secs(180);

/// The root of this repository.
pub(crate) fn root() -> PathBuf {
    sealward_acceptance::repository_root().unwrap().canonicalize().unwrap()
}

/// A port that is this test's alone.
pub(crate) fn free_port() -> u16 {
    sealward_acceptance::free_port().unwrap()
}

/// Waits until `holds`.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    eventually_some(what, || holds().then_some(()));
}

/// Waits until there is something.
pub(crate) fn eventually_some<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    eventually_ok(what, || seen().ok_or_else(|| "nothing".to_owned()))
}

/// Waits until there is what is waited for, and not what else there is.
pub(crate) fn eventually_ok<T>(what: &str, mut seen: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match seen() {
            Ok(value) => return value,
            Err(else_there) => {
                assert!(start.elapsed() < BOUND, "not within {BOUND:?}: {what}; there is {else_there}");
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[derive(clap::Parser)]
struct Command<A: clap::Args> {
    #[command(flatten)]
    args: A,
}

/// A role that runs; it ends with this value.
pub(crate) struct Role {
    /// Where it serves `/readyz` and `/metrics`.
    probes: u16,
    stopping: CancellationToken,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Role {
    /// Starts `run` with the token of service account `sealward-<name>` and `flags`.
    pub(crate) fn start<A, F>(
        plane: &ControlPlane,
        name: &str,
        probes: u16,
        flags: &[String],
        run: fn(A, CancellationToken) -> F,
    ) -> Self
    where
        A: clap::Args + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + 'static,
    {
        let account = format!("sealward-{name}");
        let kubeconfig = plane.service_account_kubeconfig("sealward-system", &account).unwrap();
        let arguments = [name.to_owned(), format!("--kubeconfig={}", kubeconfig.display())];
        let args = Command::<A>::try_parse_from(arguments.iter().chain(flags)).unwrap().args;
        let stopping = CancellationToken::new();
        let token = stopping.clone();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(run(args, token))
        });
        Self { probes, stopping, thread: Some(thread) }
    }

    /// Status and body of what it serves at `path`; 0 while it serves nothing.
    pub(crate) fn probe(&self, path: &str) -> (u16, String) {
        let ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        assert!(!ended || self.stopping.is_cancelled(), "the role has ended by itself");
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.probes)) else {
            return (0, String::new());
        };
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        if stream.write_all(request.as_bytes()).is_err() || stream.read_to_string(&mut answer).is_err() {
            return (0, String::new());
        }
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// Stops it and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        self.stopping.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
