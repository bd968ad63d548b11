//! Which programs there are, and how each is linked.

use super::ToolError;

/// One program of one Go module.
#[derive(Debug)]
pub struct Program {
    /// The name that [`super::path`] takes and that the built file has.
    pub name: &'static str,
    /// The module's folder under `tools/`.
    pub module: &'static str,
    /// The Go package to install.
    pub package: &'static str,
    /// The file name that `go install` gives it.
    pub(super) installed_as: &'static str,
    /// What the linker sets, so that the program knows its version.
    pub(super) link: &'static str,
    /// How long the first build takes on two cores, for the progress line.
    pub(super) takes: &'static str,
    /// Whether envtest's folder of binaries may hold it.
    pub(super) in_assets: bool,
}

/// Without these a Kubernetes program calls itself v0.0.0-master.
const KUBERNETES: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";
const SEALED_SECRETS: &str = "-s -w -X main.VERSION=v0.40.0";
const STRIPPED: &str = "-s -w";

/// Every program, in the order in which a cold cache is filled best.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "etcd",
        module: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        installed_as: "server",
        link: STRIPPED,
        takes: "20 seconds",
        in_assets: true,
    },
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", "3 minutes", true),
    kubernetes(
        "kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "30 seconds",
        false,
    ),
    kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl", "20 seconds", true),
    kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", "20 seconds", false),
    kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet", "30 seconds", false),
    Program {
        name: "kustomize",
        module: "kustomize",
        package: "sigs.k8s.io/kustomize/kustomize/v5",
        installed_as: "kustomize",
        link: "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.1",
        takes: "15 seconds",
        in_assets: false,
    },
    Program {
        name: "kubeseal",
        module: "sealed-secrets",
        package: "github.com/bitnami/sealed-secrets/cmd/kubeseal",
        installed_as: "kubeseal",
        link: SEALED_SECRETS,
        takes: "1 minute",
        in_assets: false,
    },
    Program {
        name: "sealed-secrets-controller",
        module: "sealed-secrets",
        package: "github.com/bitnami/sealed-secrets/cmd/controller",
        installed_as: "controller",
        link: SEALED_SECRETS,
        takes: "1 minute",
        in_assets: false,
    },
    Program {
        name: "opa",
        module: "opa",
        package: "github.com/open-policy-agent/opa",
        installed_as: "opa",
        link: STRIPPED,
        takes: "40 seconds",
        in_assets: false,
    },
    Program {
        name: "template-oracle",
        module: "template-oracle",
        package: "sealward.dev/tools/template-oracle",
        installed_as: "template-oracle",
        link: STRIPPED,
        takes: "10 seconds",
        in_assets: false,
    },
    Program {
        name: "pause",
        module: "pause",
        package: "sealward.dev/tools/pause",
        installed_as: "pause",
        link: STRIPPED,
        takes: "5 seconds",
        in_assets: false,
    },
];

const fn kubernetes(
    name: &'static str,
    package: &'static str,
    takes: &'static str,
    in_assets: bool,
) -> Program {
    Program { name, module: "kubernetes", package, installed_as: name, link: KUBERNETES, takes, in_assets }
}

/// The program of that name.
pub(super) fn find(name: &str) -> Result<&'static Program, ToolError> {
    PROGRAMS.iter().find(|program| program.name == name).ok_or_else(|| ToolError::Unknown {
        name: name.to_owned(),
        known: PROGRAMS.iter().map(|program| program.name).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = find("kube-proxy").unwrap_err().to_string();
        assert!(error.starts_with("no program called kube-proxy; known: etcd, kube-apiserver"), "{error}");
    }

    #[test]
    fn names_are_unique_and_each_module_names_its_package() {
        for (index, program) in PROGRAMS.iter().enumerate() {
            assert!(PROGRAMS[..index].iter().all(|other| other.name != program.name), "{}", program.name);
            let module =
                std::fs::read_to_string(super::super::build::module_dir(program).join("go.mod")).unwrap();
            assert!(module.contains(program.package), "{} is not in its go.mod", program.package);
        }
    }
}
