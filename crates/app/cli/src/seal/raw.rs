//! One value, sealed by itself.

use std::path::Path;

use sealward_sealing::{Binding, Recipients, Scope, seal_value};

use super::documents;
use super::error::SealError;
use super::input::Input;
use super::recipients::recipients;
use super::request::{Manner, Request};

/// Seals the bytes of `--from-file` or stdin for the namespace, name and scope that `request` names.
pub(crate) fn raw(request: &Request) -> Result<(), SealError> {
    if request.manner == Manner::Sealward && request.input.is_some() {
        return Err(SealError::RawInput);
    }
    let recipients = recipients(request)?;
    let scope = request.scope.unwrap_or_default();
    let binding = binding(request, scope)?;
    let (item, value) = match request.from_file.as_slice() {
        [] => (None, Input::read(None, "a secret to encrypt")?),
        [one] => {
            let (item, file) = match one.split_once('=') {
                Some((item, file)) => (Some(item), file),
                None => (None, one.as_str()),
            };
            (item, Input::file("--from-file", Path::new(file))?)
        }
        _ => return Err(SealError::RawFiles),
    };
    let item = match (&recipients, item) {
        // Such a value is not bound to its key; kubeseal passes over the one that is given.
        (Recipients::Rsa(_), _) => "value",
        (Recipients::Age(_), Some(item)) => item,
        (Recipients::Age(_), None) => {
            let problem = "a value for age recipients is bound to its key: give it by --from-file KEY=FILE";
            return Err(SealError::RawValue(problem.to_owned()));
        }
    };
    let sealed = seal_value(&value.bytes, &binding, item, &recipients)
        .map_err(|error| SealError::RawValue(error.to_string()))?;
    documents::write(request, sealed.as_bytes())
}

fn binding(request: &Request, scope: Scope) -> Result<Binding, SealError> {
    let name = request.name.as_deref().unwrap_or_default();
    let mut namespace = None;
    if scope != Scope::ClusterWide {
        let found = request.kubectl.namespace().map_err(SealError::Connect)?;
        let configured = found.is_some();
        let found = found.filter(|namespace| !namespace.is_empty());
        namespace = Some(found.ok_or(SealError::RawUnbound { flag: "namespace", scope, configured })?);
        if scope == Scope::Strict && name.is_empty() {
            return Err(SealError::RawUnbound { flag: "name", scope, configured });
        }
    }
    Binding::new(scope, namespace.as_deref().unwrap_or_default(), name)
        .map_err(|error| SealError::RawValue(error.to_string()))
}
