//! The configuration files of containerd, CNI and the kubelet.

use serde_json::json;
use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// Where containerd listens; inside the node's mount namespace, so that every node has this same path.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// The sandbox image, made by us.
pub(super) const PAUSE_IMAGE: &str = "docker.io/local/pause:1";

/// The addresses of one node, from its run's number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network(pub(super) u8);

impl Network {
    /// The host's end of the link to the node.
    pub(super) fn host(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.0, 1)
    }

    /// The node's end, which is its address.
    pub(super) fn node(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.0, 2)
    }

    /// The addresses of its Pods.
    pub(super) fn pods(self) -> String {
        format!("10.88.{}.0/24", self.0)
    }

    /// The host's interface.
    pub(super) fn interface(self) -> String {
        format!("sealward{}", self.0)
    }
}

/// Writes containerd's configuration and its network's; returns the path of the first.
pub(super) fn write_containerd(folder: &Path, network: Network, plugins: &Path) -> io::Result<PathBuf> {
    let cni = folder.join("cni");
    fs::create_dir(&cni)?;
    let conflist = json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{ "subnet": network.pods() }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "loopback" },
        ],
    });
    fs::write(cni.join("10-pods.conflist"), conflist.to_string())?;
    let path = folder.join("containerd.toml");
    fs::write(&path, containerd(folder, plugins, &cni))?;
    Ok(path)
}

fn containerd(folder: &Path, plugins: &Path, cni: &Path) -> String {
    let quoted = |path: &Path| format!("{:?}", path.to_string_lossy());
    // restrict_oom_score_adj: without CAP_SYS_RESOURCE, runc otherwise dies while it makes the sandbox.
    format!(
        r#"version = 2
root = {root}
state = "/run/containerd/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = {opt}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {plugins}
    conf_dir = {cni}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"#,
        root = quoted(&folder.join("containerd")),
        opt = quoted(&folder.join("containerd-opt")),
        plugins = quoted(plugins),
        cni = quoted(cni),
    )
}

/// Writes the kubelet's configuration; returns its path.
///
/// Its API takes the API server's client certificate only and asks RBAC, as on a real cluster. Limits and
/// evictions are off, because the machine is shared with the tests.
pub(super) fn write_kubelet(folder: &Path, ca: &Path) -> io::Result<PathBuf> {
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": ca },
        },
        "authorization": { "mode": "Webhook" },
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": false,
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        "localStorageCapacityIsolation": false,
        "resolvConf": "",
        "volumePluginDir": folder.join("volume-plugins"),
        "evictionHard": {
            "memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%",
            "imagefs.available": "0%", "imagefs.inodesFree": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "2s",
    });
    let path = folder.join("kubelet.yaml");
    fs::write(&path, configuration.to_string())?;
    Ok(path)
}
