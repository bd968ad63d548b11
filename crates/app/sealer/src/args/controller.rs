//! Flags about what the sealer looks at and how it writes.

use std::num::NonZeroUsize;
use std::time::Duration;

use sealward_cluster::Rate;

use super::selector::label_selector;
use super::values::{duration, switch};

/// What client-go takes for a rate of zero.
const DEFAULT_QPS: f64 = 5.0;

/// Which SealedSecrets, and what is done about them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ControllerArgs {
    /// Whether SealedSecrets of all namespaces are opened; with =false only those of the sealer's own.
    #[arg(
        long,
        env = "SEALED_SECRETS_ALL_NAMESPACES",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    all_namespaces: bool,
    /// Namespaces, comma-separated, whose SealedSecrets are opened beside those of the sealer's own; then not
    /// of all. Roles in these namespaces suffice.
    #[arg(long, env = "SEALED_SECRETS_ADDITIONAL_NAMESPACES", default_value = "", value_parser = namespaces)]
    additional_namespaces: Namespaces,
    /// Only SealedSecrets whose labels match are opened.
    #[arg(long, env = "SEALED_SECRETS_LABEL_SELECTOR", default_value = "", value_parser = label_selector)]
    pub(crate) label_selector: String,
    /// Whether SealedSecrets of the format before 0.7 are opened.
    #[arg(
        long,
        env = "SEALED_SECRETS_ACCEPT_DEPRECATED_V1_DATA",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) accept_deprecated_v1_data: bool,
    /// Whether the Secret of a deleted SealedSecret is deleted by the sealer, not left to the garbage
    /// collector. Needs the right to delete Secrets.
    #[arg(
        long,
        env = "SEALED_SECRETS_OLD_GC_BEHAVIOR",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) old_gc_behavior: bool,
    /// Whether the status of SealedSecrets is written.
    #[arg(
        long,
        env = "SEALED_SECRETS_UPDATE_STATUS",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) update_status: bool,
    /// Leaves Secrets alone that were altered or deleted, until their SealedSecret changes or the sealer
    /// starts again.
    #[arg(
        long,
        env = "SEALED_SECRETS_SKIP_RECREATE",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) skip_recreate: bool,
    /// How many times a SealedSecret that failed is tried again quickly, before it is tried ever more
    /// rarely, at least every five minutes.
    #[arg(
        long,
        env = "SEALED_SECRETS_MAX_UNSEAL_RETRIES",
        default_value = "5",
        allow_negative_numbers = true
    )]
    max_unseal_retries: i32,
    /// Requests a second to the API server; below zero is no bound, and so is leaving it out: the API
    /// server's own priorities bound then.
    #[arg(long, env = "SEALED_SECRETS_KUBECLIENT_QPS", allow_negative_numbers = true)]
    kubeclient_qps: Option<f32>,
    /// Requests that may go out at once when --kubeclient-qps bounds them.
    #[arg(long, env = "SEALED_SECRETS_KUBECLIENT_BURST", default_value = "10")]
    kubeclient_burst: u32,
    /// SealedSecrets worked on at a time.
    #[arg(long, env = "SEALED_SECRETS_WORKERS", default_value = "8")]
    pub(crate) workers: NonZeroUsize,
    /// How often a Secret is looked at where Secrets may not be watched: one that was deleted or altered
    /// comes back then. `0s` is never.
    #[arg(long, env = "SEALWARD_RESYNC_PERIOD", default_value = "10m", value_parser = duration)]
    pub(crate) resync_period: Duration,
}

/// Names of namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Namespaces(Vec<String>);

impl ControllerArgs {
    /// The namespaces whose SealedSecrets are opened by a sealer in namespace `own`; `[None]` is all.
    pub(crate) fn scopes(&self, own: &str) -> Vec<Option<String>> {
        if self.all_namespaces && self.additional_namespaces.0.is_empty() {
            return vec![None];
        }
        let mut names = vec![own.to_owned()];
        names.extend(self.additional_namespaces.0.iter().filter(|name| *name != own).cloned());
        names.into_iter().map(Some).collect()
    }

    /// How many retries are quick.
    pub(crate) fn quick_retries(&self) -> u32 {
        u32::try_from(self.max_unseal_retries).unwrap_or(0)
    }

    /// The bound on requests; `None` where there is none.
    pub(crate) fn rate(&self) -> Option<Rate> {
        let per_second = self.kubeclient_qps.map(f64::from)?;
        Rate::new(if per_second == 0.0 { DEFAULT_QPS } else { per_second }, self.kubeclient_burst)
    }
}

fn namespaces(text: &str) -> Result<Namespaces, String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.len() > 63 || !name.bytes().all(fits) || name.starts_with('-') || name.ends_with('-') {
            return Err(format!("{name:?} is no name of a namespace"));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(Namespaces(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: ControllerArgs,
    }

    fn read(args: &[&str]) -> Result<ControllerArgs, String> {
        let line = Line::try_parse_from([&["controller"], args].concat());
        line.map(|line| line.args).map_err(|error| error.to_string())
    }

    #[test]
    fn namespaces_are_all_or_the_own_and_the_named() {
        let check = |args: &[&str], expect: &[Option<&str>]| {
            let scopes = read(args).unwrap().scopes("own");
            assert_eq!(scopes.iter().map(Option::as_deref).collect::<Vec<_>>(), expect, "{args:?}");
        };
        check(&[], &[None]);
        check(&["--all-namespaces=false"], &[Some("own")]);
        check(&["--additional-namespaces=b, a,own,b,"], &[Some("own"), Some("b"), Some("a")]);
        check(&["--all-namespaces", "--additional-namespaces", "a"], &[Some("own"), Some("a")]);
        assert!(
            read(&["--additional-namespaces=A"]).unwrap_err().contains("\"A\" is no name of a namespace")
        );
    }

    #[test]
    fn switches_follow_go() {
        assert!(read(&["--skip-recreate"]).unwrap().skip_recreate);
        assert!(!read(&["--update-status=F"]).unwrap().update_status);
        assert!(read(&["--update-status=maybe"]).unwrap_err().contains("neither true nor false"));
        assert!(read(&["--label-selector=a b"]).unwrap_err().contains("no requirement"));
    }

    #[test]
    fn the_rate_is_client_gos() {
        let bounded = |args: &[&str]| read(args).unwrap().rate().is_some();
        assert!(!bounded(&[]), "only where it is asked for");
        assert!(bounded(&["--kubeclient-qps=50"]));
        assert!(bounded(&["--kubeclient-qps", "0"]), "zero is client-go's default");
        assert!(!bounded(&["--kubeclient-qps", "-1"]));
        assert!(read(&["--kubeclient-burst=-1"]).is_err());
        assert_eq!(read(&["--max-unseal-retries", "-1"]).unwrap().quick_retries(), 0);
    }
}
