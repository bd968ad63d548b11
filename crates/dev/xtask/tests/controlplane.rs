//! `cargo xtask controlplane up` leaves nothing behind, however it ends.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use sealward_controlplane::node;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Longer than every bounded wait of a teardown together.
const GONE: Duration = Duration::from_secs(180);

struct Up {
    child: Child,
    folder: PathBuf,
    servers: Vec<u32>,
}

/// Starts it and reads from its output and its folder what there is to go away.
fn up(flags: &[&str]) -> Up {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealward-xtask"))
        .args(["controlplane", "up"])
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let lines: Vec<String> = lines.take_while(|line| !line.starts_with("ctrl-c")).collect();
    let after = |start: &str| {
        let line = lines.iter().find_map(|line| line.trim().strip_prefix(start));
        line.unwrap_or_else(|| panic!("no line starts with {start}: {lines:?}")).trim()
    };
    let kubeconfig = after("export KUBECONFIG=");
    let kubectl = after("/").trim_end_matches(" get namespaces");
    let get = ["get", "namespaces", "--cache-dir=/dev/null", "--kubeconfig", kubeconfig];
    assert!(Command::new(format!("/{kubectl}")).args(get).output().unwrap().status.success());
    let folder = PathBuf::from(after("logs, audit log, keys:"));
    let processes = fs::read_to_string(folder.join("processes")).unwrap();
    let servers = processes.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    Up { child, folder, servers }
}

fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Up {
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn assert_nothing_left(&self) {
        let began = Instant::now();
        let left = || self.folder.exists() || self.servers.iter().any(|pid| is_running(*pid));
        while left() && began.elapsed() < GONE {
            thread::sleep(Duration::from_millis(50));
        }
        assert!(!self.folder.exists(), "{}", self.folder.display());
        assert!(!self.servers.iter().any(|pid| is_running(*pid)), "{:?}", self.servers);
    }
}

#[test]
fn ctrl_c_tears_down_in_order_and_exits_well() {
    let mut up = up(&[]);
    assert_eq!(up.servers.len(), 3);
    up.signal("INT");
    assert!(up.child.wait().unwrap().success());
    assert!(!up.folder.exists(), "it had to be gone before the command ended");
    up.assert_nothing_left();
}

#[test]
fn sigkill_leaves_neither_process_nor_file() {
    let mut up = up(&[]);
    up.signal("KILL");
    assert!(!up.child.wait().unwrap().success());
    up.assert_nothing_left();
}

#[test]
fn what_is_left_when_the_janitor_is_killed_too_is_swept() {
    let mut up = up(&[]);
    let command = |pid: u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let mut pids = names.filter_map(|name| name.to_str()?.parse().ok());
    let watches = |pid: &u32| {
        let command = command(*pid);
        command.contains("\0sealward-cleanup\0") && command.contains(&*up.folder.to_string_lossy())
    };
    let janitor = pids.find(watches).unwrap();
    assert!(Command::new("kill").args(["-s", "KILL", &janitor.to_string()]).status().unwrap().success());
    up.signal("KILL");
    assert!(!up.child.wait().unwrap().success());
    sealward_controlplane::sweep().unwrap();
    assert!(!up.folder.exists());
    up.assert_nothing_left();
}

#[test]
fn sigkill_leaves_nothing_of_a_node() {
    if !node::wanted().unwrap() {
        return;
    }
    let mut up = up(&["--node"]);
    let cgroup = fs::read_to_string(up.folder.join("cgroup")).unwrap();
    let interface = fs::read_to_string(up.folder.join("interface")).unwrap();
    let cgroups = || {
        let roots = fs::read_dir("/sys/fs/cgroup").unwrap().map(|entry| entry.unwrap().path());
        let roots = roots.chain([PathBuf::from("/sys/fs/cgroup")]);
        roots.map(|root| root.join(&cgroup)).filter(|path| path.exists()).collect::<Vec<_>>()
    };
    assert!(!cgroups().is_empty());
    assert!(Path::new("/sys/class/net").join(&interface).exists());
    up.signal("KILL");
    assert!(!up.child.wait().unwrap().success());
    up.assert_nothing_left();
    assert_eq!(cgroups(), [] as [PathBuf; 0]);
    assert!(!Path::new("/sys/class/net").join(&interface).exists());
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&*up.folder.to_string_lossy()));
}
