//! kubeseal (v0.40) over `sealward seal`: its flags, its defaults, its words.
//!
//! Where ours is stricter than kubeseal although it answers to its name: a document that cannot be read is an error
//! even when others can, a key that stands twice is refused, names must be names, `--merge-into` keeps the file's
//! format and scope, and nothing is read as nothing (`--validate` of an empty file fails). What kubeseal quietly
//! drops or makes into text is taken too, with a warning.

mod flags;
mod lax;
mod words;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use sealward_cluster::KubectlOptions;
use sealward_sealing::Scope;

use super::pflag::{FlagError, Values};
use crate::output;
use crate::seal::request::{Format, Manner, Request, Source};
use crate::seal::{Operation, flags as native};
use flags::{ALL, variable};
pub(crate) use lax::lax_secrets;

/// The kubeseal that this is, with who it is in the part of the version that orders nothing (semver's build).
const VERSION: &str = concat!("v0.40.0+sealward-", env!("CARGO_PKG_VERSION"));

/// Runs with these arguments.
pub(super) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let values = match Values::read(ALL, arguments, |name| std::env::var(variable(name)).ok()) {
        Ok(values) => values,
        Err(FlagError::Help) => return said(&flags::help()),
        Err(FlagError::Wrong(problem)) => {
            output::talk(&format!("{problem}\nusage: kubeseal --help\n"));
            return ExitCode::from(2);
        }
    };
    if values.switch(&flags::VERSION) {
        return said(&format!("kubeseal version: {VERSION}\n"));
    }
    if values.switch(&flags::HELP) {
        return said(&flags::help());
    }
    match understood(&values).and_then(|(operation, request)| operation.run(request).map_err(words::of)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            output::talk(&format!("error: {words}\n"));
            ExitCode::FAILURE
        }
    }
}

fn said(text: &str) -> ExitCode {
    match output::data(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What the flags ask for, or what kubeseal says instead.
fn understood(values: &Values) -> Result<(Operation, Request), String> {
    let text = |flag| Some(values.text(flag)).filter(|text| !text.is_empty()).map(str::to_owned);
    let from_file = values.list(&flags::FROM_FILE);
    if !from_file.is_empty() && !values.switch(&flags::RAW) {
        return Err("--from-file requires --raw".to_owned());
    }
    if values.is_given(&flags::ROTATE) {
        output::talk("Flag --rotate has been deprecated, please use --re-encrypt instead\n");
    }
    let operation = operation(values);
    let input = text(&flags::SECRET_FILE);
    // So that a file that is not there is said before anything else is.
    if let Some(path) = &input
        && std::fs::File::open(path).is_err()
    {
        return Err(words::NO_INPUT.to_owned());
    }
    let output = text(&flags::SEALED_SECRET_FILE)
        .or_else(|| input.clone().filter(|_| matches!(operation, Operation::ReEncrypt)));
    let scope = match values.text(&flags::SCOPE) {
        "" => Scope::default(),
        word => word.parse().map_err(|error: sealward_sealing::UnknownScope| error.to_string())?,
    };
    let format = format(values, &operation, output.as_deref())?;
    let mut keys = values.list(&flags::RECOVERY_PRIVATE_KEY);
    if !matches!(operation, Operation::Unseal) && !keys.is_empty() {
        keys.clear();
        if std::io::stderr().is_terminal() {
            output::talk(
                "warning: ignoring --recovery-private-key because unseal command not chosen with \
                 --recovery-unseal\n",
            );
        }
    }
    let request = Request {
        manner: Manner::Kubeseal,
        input: input.map(Into::into),
        output: output.map(Into::into),
        format,
        source: text(&flags::CERT).map_or(Source::Cluster, Source::Certificate),
        digest: None,
        // Strict is what the annotations may widen; but a single value has none.
        scope: Some(scope).filter(|scope| *scope != Scope::Strict),
        name: text(&flags::NAME),
        allow_empty_data: values.switch(&flags::ALLOW_EMPTY_DATA),
        from_file,
        keys,
        kubectl: kubectl(values)?,
        controller_namespace: values.text(&flags::CONTROLLER_NAMESPACE).to_owned(),
        controller_name: values.text(&flags::CONTROLLER_NAME).to_owned(),
    };
    Ok((operation, request))
}

/// kubeseal's precedence.
fn operation(values: &Values) -> Operation {
    let merge_into = values.text(&flags::MERGE_INTO);
    if values.switch(&flags::RECOVERY_UNSEAL) {
        Operation::Unseal
    } else if values.switch(&flags::VALIDATE) {
        Operation::Validate
    } else if values.switch(&flags::RE_ENCRYPT) || values.switch(&flags::ROTATE) {
        Operation::ReEncrypt
    } else if values.switch(&flags::FETCH_CERT) {
        Operation::FetchCertificate
    } else if !merge_into.is_empty() {
        Operation::MergeInto(merge_into.into())
    } else if values.switch(&flags::RAW) {
        Operation::Raw
    } else {
        Operation::Seal
    }
}

/// The format of what is written; an output file named .yaml or .yml is YAML whatever is asked for.
fn format(values: &Values, operation: &Operation, output: Option<&str>) -> Result<Option<Format>, String> {
    let extension = output.and_then(|path| Path::new(path).extension());
    if extension.is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Ok(Some(Format::Yaml));
    }
    let asked = values.text(&flags::FORMAT);
    let writes_objects =
        !matches!(operation, Operation::Validate | Operation::FetchCertificate | Operation::Raw);
    match asked.to_lowercase().as_str() {
        // A file that is merged into keeps its format unless another one is asked for.
        _ if matches!(operation, Operation::MergeInto(_)) && !values.is_given(&flags::FORMAT) => Ok(None),
        "json" | "" => Ok(Some(Format::Json)),
        "yaml" => Ok(Some(Format::Yaml)),
        _ if writes_objects => Err(format!("unsupported output format: {asked}")),
        _ => Ok(None),
    }
}

fn kubectl(values: &Values) -> Result<KubectlOptions, String> {
    let text = |flag| Some(values.text(flag)).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(KubectlOptions {
        files: native::kubeconfigs(text(&flags::KUBECONFIG).map(Into::into)),
        context: text(&flags::CONTEXT),
        cluster: text(&flags::CLUSTER),
        user: text(&flags::USER),
        namespace: text(&flags::NAMESPACE),
        server: text(&flags::SERVER),
        tls_server_name: text(&flags::TLS_SERVER_NAME),
        certificate_authority: text(&flags::CERTIFICATE_AUTHORITY),
        insecure_skip_tls_verify: values.switch(&flags::INSECURE_SKIP_TLS_VERIFY),
        disable_compression: values.switch(&flags::DISABLE_COMPRESSION),
        proxy_url: text(&flags::PROXY_URL),
        token: text(&flags::TOKEN).map(Into::into),
        username: text(&flags::USERNAME),
        password: text(&flags::PASSWORD).map(Into::into),
        client_certificate: text(&flags::CLIENT_CERTIFICATE),
        client_key: text(&flags::CLIENT_KEY),
        impersonate: text(&flags::AS),
        impersonate_uid: text(&flags::AS_UID),
        impersonate_groups: values.list(&flags::AS_GROUP),
        request_timeout: native::timeout(values.text(&flags::REQUEST_TIMEOUT))?,
    })
}
