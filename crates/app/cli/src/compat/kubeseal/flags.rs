//! kubeseal's flags. Each has a variable too: `SEALED_SECRETS_` and the name in capitals, `-` as `_`.

use super::super::pflag::{Flag, Kind};

macro_rules! flags {
    ({ $($id:ident = $name:literal, $short:expr, $kind:expr, $default:literal, $usage:literal;)* }
        { $($klog:literal, $klog_short:expr, $klog_kind:expr;)* }) => {
        $(pub(super) const $id: Flag =
            Flag { name: $name, short: $short, kind: $kind, default: $default, usage: $usage };)*

        /// All of them, in the order of their names; then those of Go's klog, which have nothing to say here.
        pub(super) const ALL: &[Flag] = &[
            $($id,)*
            $(Flag { name: $klog, short: $klog_short, kind: $klog_kind, default: "", usage: "" },)*
        ];
    };
}

flags! {
    {
        ALLOW_EMPTY_DATA = "allow-empty-data", None, Kind::Switch, "", "Seal a Secret without data too";
        AS = "as", None, Kind::Text, "", "User to act as";
        AS_GROUP = "as-group", None, Kind::Repeated, "", "Group to act as; may be repeated";
        AS_UID = "as-uid", None, Kind::Text, "", "UID to act as";
        CERT = "cert", None, Kind::Text, "", "Certificate to seal for: a file or URL; no cluster is asked then";
        CERTIFICATE_AUTHORITY = "certificate-authority", None, Kind::Text, "", "File with the authority of the API server's certificate";
        CLIENT_CERTIFICATE = "client-certificate", None, Kind::Text, "", "File of a client certificate";
        CLIENT_KEY = "client-key", None, Kind::Text, "", "File of the client certificate's key";
        CLUSTER = "cluster", None, Kind::Text, "", "Cluster of the kubeconfig";
        CONTEXT = "context", None, Kind::Text, "", "Context of the kubeconfig";
        CONTROLLER_NAME = "controller-name", None, Kind::Text, "sealed-secrets-controller", "Name of the controller's Service";
        CONTROLLER_NAMESPACE = "controller-namespace", None, Kind::Text, "kube-system", "Namespace of the controller";
        DISABLE_COMPRESSION = "disable-compression", None, Kind::Switch, "", "Do not ask for compressed answers";
        FETCH_CERT = "fetch-cert", None, Kind::Switch, "", "Print the certificate, to keep it for --cert";
        FORMAT = "format", Some('o'), Kind::Text, "json", "Format of the output: json or yaml";
        FROM_FILE = "from-file", None, Kind::List, "", "With --raw: file of the value, [key=]file";
        HELP = "help", None, Kind::Switch, "", "Print this";
        INSECURE_SKIP_TLS_VERIFY = "insecure-skip-tls-verify", None, Kind::Switch, "", "Do not look at the API server's certificate";
        KUBECONFIG = "kubeconfig", None, Kind::Text, "", "Kubeconfig file";
        MERGE_INTO = "merge-into", None, Kind::Text, "", "Seal into this SealedSecret's file, in place of writing a new one";
        NAME = "name", None, Kind::Text, "", "Name of the SealedSecret; --raw needs it with the strict scope";
        NAMESPACE = "namespace", Some('n'), Kind::Text, "", "Namespace of Secrets that name none";
        PASSWORD = "password", None, Kind::Text, "", "Password of basic authentication";
        PROXY_URL = "proxy-url", None, Kind::Text, "", "Proxy to the API server";
        RAW = "raw", None, Kind::Switch, "", "Seal one value from --from-file or stdin, not Secrets";
        RE_ENCRYPT = "re-encrypt", None, Kind::Switch, "", "Let the controller seal SealedSecrets for its newest key; with -f alone in place";
        RECOVERY_PRIVATE_KEY = "recovery-private-key", None, Kind::List, "", "Keys for --recovery-unseal: PEM, or a Secret or List of Secrets as kubectl prints it";
        RECOVERY_UNSEAL = "recovery-unseal", None, Kind::Switch, "", "Open SealedSecrets with keys from files, without a cluster";
        REQUEST_TIMEOUT = "request-timeout", None, Kind::Text, "0", "Most time that one request may take; 0 stands for 20s";
        ROTATE = "rotate", None, Kind::Switch, "", "";
        SCOPE = "scope", None, Kind::Checked(scope), "strict", "Where values open: strict, namespace-wide, cluster-wide; with strict the Secret's annotations may widen it";
        SEALED_SECRET_FILE = "sealed-secret-file", Some('w'), Kind::Text, "", "File to write; YAML when it is named so";
        SECRET_FILE = "secret-file", Some('f'), Kind::Text, "", "File to read";
        SERVER = "server", None, Kind::Text, "", "Address of the API server";
        TLS_SERVER_NAME = "tls-server-name", None, Kind::Text, "", "Name that the API server's certificate must have";
        TOKEN = "token", None, Kind::Text, "", "Bearer token";
        USER = "user", None, Kind::Text, "", "User of the kubeconfig";
        USERNAME = "username", None, Kind::Text, "", "User of basic authentication";
        VALIDATE = "validate", None, Kind::Switch, "", "Ask the controller whether the SealedSecrets open";
        VERSION = "version", None, Kind::Switch, "", "Print the version";
    }
    {
        "add_dir_header", None, Kind::Switch;
        "alsologtostderr", None, Kind::Switch;
        "alsologtostderrthreshold", None, Kind::Text;
        "legacy_stderr_threshold_behavior", None, Kind::Switch;
        "log_backtrace_at", None, Kind::Text;
        "log_dir", None, Kind::Text;
        "log_file", None, Kind::Text;
        "log_file_max_size", None, Kind::Number;
        "logtostderr", None, Kind::Switch;
        "one_output", None, Kind::Switch;
        "skip_headers", None, Kind::Switch;
        "skip_log_headers", None, Kind::Switch;
        "stderrthreshold", None, Kind::Text;
        "v", Some('v'), Kind::Number;
        "vmodule", None, Kind::Text;
    }
}

fn scope(text: &str) -> Result<(), String> {
    match text {
        "" => Ok(()),
        word => word
            .parse::<sealward_sealing::Scope>()
            .map(drop)
            .map_err(|error: sealward_sealing::UnknownScope| error.to_string()),
    }
}

/// The variable of the flag `name`.
pub(super) fn variable(name: &str) -> String {
    format!("SEALED_SECRETS_{}", name.to_uppercase().replace('-', "_"))
}

/// What `--help` prints.
pub(super) fn help() -> String {
    let mut text = "Usage of kubeseal:\n".to_owned();
    for flag in ALL.iter().filter(|flag| !flag.usage.is_empty()) {
        let short = flag.short.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
        let value = match flag.kind {
            Kind::Switch => "",
            Kind::Text | Kind::Checked(_) => " string",
            Kind::List => " strings",
            Kind::Repeated => " stringArray",
            Kind::Number => " int",
        };
        let default =
            if flag.default.is_empty() { String::new() } else { format!(" (default {:?})", flag.default) };
        text.push_str(&format!(
            "  {short}{:<34}{}{default}\n",
            format!("--{}{value}", flag.name),
            flag.usage
        ));
    }
    text.push_str(
        "\nA variable SEALED_SECRETS_<FLAG> stands for each flag that is not given, such as SEALED_SECRETS_CERT.\n\
         The flags of Go's logging (-v, --vmodule, --logtostderr and the like) are taken and change nothing: there is\n\
         no such log here.\n\
         \n\
         This is sealward under the name of kubeseal; `sealward seal --help` tells more.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_stand_once() {
        let mut names: Vec<&str> = ALL.iter().map(|flag| flag.name).collect();
        let known = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), known);
        assert!(
            ALL.iter().take_while(|flag| flag.name != "add_dir_header").is_sorted_by_key(|flag| flag.name)
        );
    }

    #[test]
    fn variables_are_named_after_flags() {
        assert_eq!(variable("controller-namespace"), "SEALED_SECRETS_CONTROLLER_NAMESPACE");
    }
}
