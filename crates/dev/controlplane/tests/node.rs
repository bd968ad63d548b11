//! A real node runs real Pods, and leaves nothing of them behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use sealward_controlplane::{Node, Options, image::Image, node, tools};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

const IMAGE: &str = "docker.io/local/probed:1";

/// One image with two static programs: a server that has a health endpoint, and a client.
fn import_image(node: &Node) {
    let archive = node.control_plane().folder().join("probed.tar");
    let image = Image::new(IMAGE).program("etcd", &tools::path("etcd").unwrap()).unwrap();
    let image = image.program("kubectl", &tools::path("kubectl").unwrap()).unwrap();
    image.entrypoint(&["/etcd"]).user("65532:65532").write(&archive).unwrap();
    node.import_image(&archive).unwrap();
}

fn pod(name: &str, container: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{ name: {name}, namespace: NS }}
spec:
  restartPolicy: Never
  securityContext: {{ runAsNonRoot: true, seccompProfile: {{ type: RuntimeDefault }} }}
  volumes: [{{ name: data, emptyDir: {{}} }}]
  containers:
    - name: main
      image: {IMAGE}
      imagePullPolicy: Never
      volumeMounts: [{{ name: data, mountPath: /data }}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {{ drop: [ALL] }}
{container}---
"
    )
}

const SERVER: &str = "      args: ['--data-dir=/data/etcd', '--listen-client-urls=http://0.0.0.0:2379',
             '--advertise-client-urls=http://0.0.0.0:2379']
      readinessProbe: { httpGet: { path: /health, port: 2379 }, periodSeconds: 1 }
      livenessProbe: { httpGet: { path: /health, port: 2379 } }
";

/// Speaks to the API server with the credentials that the kubelet mounts.
const CLIENT: &str = "      command: [/kubectl, --cache-dir=/data/cache, auth, whoami]\n";

/// Speaks to a server on the host.
fn caller(host: &str) -> String {
    format!("      command: [/kubectl, --cache-dir=/data/cache, '--server=http://{host}', get, --raw, /]\n")
}

/// Answers one request, for as often as one comes.
fn greet(listener: TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\nhello from you").unwrap();
    }
}

/// What there is to go away with a node.
struct Traces {
    folder: PathBuf,
    interface: String,
    processes: Vec<u32>,
    cgroup: String,
}

fn pid_namespace(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

fn processes() -> impl Iterator<Item = u32> {
    let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.to_str()?.parse().ok())
}

impl Traces {
    fn of(node: &Node) -> Self {
        let folder = node.control_plane().folder().to_owned();
        let ours = pid_namespace(std::process::id());
        let inside = |pid: &u32| pid_namespace(*pid).is_some_and(|namespace| Some(namespace) != ours);
        let mut processes: Vec<u32> = processes().filter(inside).collect();
        assert!(
            processes.len() >= 6,
            "first process, containerd, kubelet, shim, sandbox and container are inside: {processes:?}"
        );
        processes.extend(node.control_plane().pids());
        let cgroup = fs::read_to_string(folder.join("cgroup")).unwrap();
        let traces = Self { folder, interface: node.interface(), processes, cgroup };
        assert!(traces.interface_exists() && !traces.cgroups().is_empty());
        traces
    }

    fn interface_exists(&self) -> bool {
        Path::new("/sys/class/net").join(&self.interface).exists()
    }

    fn cgroups(&self) -> Vec<PathBuf> {
        let roots = fs::read_dir("/sys/fs/cgroup").unwrap().map(|entry| entry.unwrap().path());
        let roots = roots.chain([PathBuf::from("/sys/fs/cgroup")]);
        roots.map(|root| root.join(&self.cgroup)).filter(|path| path.exists()).collect()
    }

    fn assert_gone(&self) {
        let runs = |pid: &&u32| {
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        assert_eq!(self.processes.iter().filter(runs).collect::<Vec<_>>(), [&0; 0]);
        assert_eq!(self.cgroups(), [] as [PathBuf; 0]);
        assert!(!self.interface_exists());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(&*self.folder.to_string_lossy()), "{mounts}");
        assert!(!self.folder.exists());
    }
}

/// Which of the folders exist that Kubernetes' programs make on a host by default.
fn default_folders() -> Vec<&'static str> {
    let folders = [
        "/etc/cni/net.d",
        "/opt/containerd",
        "/run/containerd",
        "/run/netns",
        "/usr/libexec/kubernetes",
        "/var/lib/cni",
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/var/log/containers",
        "/var/log/pods",
    ];
    folders.into_iter().filter(|folder| Path::new(folder).exists()).collect()
}

/// The cgroups right under each hierarchy's root that Kubernetes' programs make on a host by default, or we.
fn cgroups() -> Vec<PathBuf> {
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let first = folders(Path::new("/sys/fs/cgroup"));
    let second: Vec<PathBuf> = first.iter().flat_map(|path| folders(path)).collect();
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ["k8s.io", "kube", "sealward", "node"].iter().any(|start| name.starts_with(start))
    };
    first.into_iter().chain(second).filter(ours).collect()
}

#[test]
fn pods_run_with_probes_and_credentials_and_go_without_a_trace() {
    if !node::wanted().unwrap() {
        return;
    }
    let (folders, groups) = (default_folders(), cgroups());
    let node = Node::start(Options::default()).unwrap();
    import_image(&node);
    let plane = node.control_plane();
    let namespace = plane.namespace("pods").unwrap();
    plane
        .kubectl(&["label", "namespace", &namespace, "pod-security.kubernetes.io/enforce=restricted"])
        .unwrap();
    let listener = TcpListener::bind((node.host_address(), 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || greet(listener));

    let pods = [pod("server", SERVER), pod("client", CLIENT), pod("caller", &caller(&host))].concat();
    plane.apply_text(&pods.replace("NS", &namespace)).unwrap();
    let kubectl = |args: &[&str]| plane.kubectl(&[args, &["--namespace", &namespace]].concat()).unwrap();
    kubectl(&["wait", "--for=condition=Ready", "pod/server", "--timeout=240s"]);
    for pod in ["pod/client", "pod/caller"] {
        kubectl(&["wait", "--for=jsonpath={.status.phase}=Succeeded", pod, "--timeout=240s"]);
    }
    let who = kubectl(&["logs", "client"]);
    assert!(who.contains(&format!("system:serviceaccount:{namespace}:default")), "{who}");
    assert_eq!(kubectl(&["logs", "caller"]), "hello from you");
    let proxy = format!("/api/v1/namespaces/{namespace}/pods/server:2379/proxy/health");
    assert!(plane.kubectl(&["get", "--raw", &proxy]).unwrap().contains(r#""health":"true""#));

    let traces = Traces::of(&node);
    drop(node);
    traces.assert_gone();
    assert_eq!((default_folders(), cgroups()), (folders, groups));
}
