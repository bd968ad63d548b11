//! Secrets in, SealedSecrets out.

use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_sealing::{Recipients, Scope, SealOptions, read_secrets, seal_secret};

use super::error::SealError;
use super::input::Input;
use super::recipients::recipients;
use super::request::{Manner, Request};
use super::{documents, words};
use crate::compat;
use crate::output;

/// Seals all Secrets of the input and writes them.
pub(crate) fn seal(request: &Request) -> Result<(), SealError> {
    let input = Input::read(request.input.as_deref(), "json/yaml k8s resource")?;
    let sealed = sealed(request, &input, request.name.as_deref(), None)?;
    let text = documents::text(request.manner, request.format(), &sealed);
    documents::write(request, text.as_bytes())
}

/// The Secrets of `input`, sealed; `name` and `bound` (a namespace) stand for the Secrets' own, whatever those are.
pub(super) fn sealed(
    request: &Request,
    input: &Input,
    name: Option<&str>,
    bound: Option<&str>,
) -> Result<Vec<Node>, SealError> {
    // kubeseal looks at whom to seal for first; we ask nobody before the input is known to be good.
    let (secrets, recipients) = match request.manner {
        Manner::Sealward => {
            let secrets = secrets(request, input, name)?;
            (secrets, recipients(request)?)
        }
        Manner::Kubeseal => {
            let recipients = recipients(request)?;
            (secrets(request, input, name)?, recipients)
        }
    };
    if secrets.is_empty() {
        return Err(SealError::Empty { path: input.path.clone(), kind: "Secret" });
    }
    if name.is_some() && secrets.len() > 1 && request.manner == Manner::Sealward {
        return Err(SealError::ManyForOneName { path: input.path.clone(), count: secrets.len() });
    }
    seal_all(request, &secrets, &recipients, name, bound)
}

fn secrets(request: &Request, input: &Input, name: Option<&str>) -> Result<Vec<Manifest>, SealError> {
    match request.manner {
        Manner::Sealward => read_secrets(&input.path, &input.bytes, name).map_err(SealError::Read),
        Manner::Kubeseal => compat::kubeseal::lax_secrets(input, name),
    }
}

fn seal_all(
    request: &Request,
    secrets: &[Manifest],
    recipients: &Recipients,
    name: Option<&str>,
    bound: Option<&str>,
) -> Result<Vec<Node>, SealError> {
    let default_namespace = match bound {
        Some(_) => None,
        None => default_namespace(request, secrets)?,
    };
    let without = |secret: &&Manifest| secret.namespace().is_empty();
    let mixed =
        secrets.iter().any(|secret| without(&secret)) && !secrets.iter().all(|secret| without(&secret));
    let mut sealed = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let moved = bound.map(|namespace| in_namespace(secret, namespace)).transpose()?;
        let secret = moved.as_ref().unwrap_or(secret);
        // kubeseal gives no namespace to what needs none.
        let bare = request.manner == Manner::Kubeseal && scope_of(request, secret) == Scope::ClusterWide;
        let options = SealOptions {
            scope: request.scope,
            name,
            namespace: request.kubectl.namespace.as_deref().filter(|_| !bare),
            default_namespace: default_namespace.as_deref().filter(|_| !bare),
            allow_empty_data: request.allow_empty_data,
        };
        let one = seal_secret(secret, recipients, &options).map_err(|error| SealError::Secret {
            place: words::place(secret, &error),
            error,
            mixed,
        })?;
        sealed.push(one.into_root());
    }
    Ok(sealed)
}

fn in_namespace(secret: &Manifest, namespace: &str) -> Result<Manifest, SealError> {
    let origin = secret.origin().clone();
    let moved = secret.with(|root| {
        if let Some(metadata) = root.child_map("metadata") {
            metadata.insert("namespace", Node::text(namespace, origin));
        }
    });
    moved.map_err(|error| SealError::Read(error.into()))
}

fn scope_of(request: &Request, secret: &Manifest) -> Scope {
    let set = |key: &str| {
        secret.root().at(&["metadata", "annotations", key]).and_then(Node::as_str) == Some("true")
    };
    request.scope.unwrap_or_else(|| Scope::from_set(set))
}

/// The namespace of the kubeconfig's context, looked up only when a Secret needs it.
fn default_namespace(request: &Request, secrets: &[Manifest]) -> Result<Option<String>, SealError> {
    let needed = secrets
        .iter()
        .any(|secret| secret.namespace().is_empty() && scope_of(request, secret) != Scope::ClusterWide);
    if !needed || request.kubectl.namespace.is_some() {
        return Ok(None);
    }
    match (request.kubectl.namespace(), request.manner) {
        (Ok(namespace), Manner::Kubeseal) => Ok(namespace),
        (Err(_), Manner::Kubeseal) => Ok(None),
        (Ok(namespace), Manner::Sealward) => {
            if let Some(namespace) = &namespace {
                output::talk(&format!(
                    "note: sealing for namespace {namespace:?}, which the kubeconfig names\n"
                ));
            }
            Ok(namespace)
        }
        (Err(error), Manner::Sealward) => Err(SealError::Connect(error)),
    }
}
