//! SealedSecrets that stand already: do they open, and the same for the newest key.

use sealward_api::bitnami::{API_VERSION, KIND};
use sealward_document::Node;
use sealward_manifest::{Manifest, Origin, read};
use sealward_sealing::{Keys, Newest, OpenOptions, Recipients, read_sealed_secret, rotate, verify};

use super::error::{Asked, SealError};
use super::input::Input;
use super::request::{Manner, Request};
use super::sealer::Sealer;
use super::{documents, recipients};
use crate::open;
use crate::output;

const EXPECTED: &str = "json/yaml k8s resource";

/// Asks the sealer (or, with keys at hand, nobody) whether every SealedSecret of the input opens. All of them are
/// looked at; the last that does not open is the error, those before it are said.
pub(crate) fn validate(request: &Request) -> Result<(), SealError> {
    let input = Input::read(request.input.as_deref(), EXPECTED)?;
    let objects = sealed_secrets(&input)?;
    if !request.keys.is_empty() {
        let (ring, identities) = open::keys(request)?;
        let keys = Keys { ring: &ring, identities: &identities, worked_last: None };
        return each(objects.iter(), |object| {
            verify(object, keys, OpenOptions::default()).map_err(|error| {
                SealError::Answer(format!("{}: {error}: {}", object.origin(), object.name()))
            })
        });
    }
    let sealer = Sealer::find(request, &Asked::ForKeys)?;
    each(objects.iter(), |object| {
        sealer.post("/v1/verify", body(object), Asked::ToVerify(object.name().to_owned())).map(drop)
    })
}

/// Does `check` for all; says every failure but the last, which is returned.
fn each<'a>(
    objects: impl Iterator<Item = &'a Manifest>,
    check: impl Fn(&Manifest) -> Result<(), SealError>,
) -> Result<(), SealError> {
    let mut failed = None;
    for object in objects {
        if let Err(error) = check(object)
            && let Some(before) = failed.replace(error)
        {
            output::talk(&crate::failure::Failure::from(before).text());
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Writes the SealedSecrets of the input sealed for the newest key: by the sealer, or here when keys are at hand, for
/// the certificate or recipients that `request` names.
pub(crate) fn re_encrypt(request: &Request) -> Result<(), SealError> {
    let input = Input::read(request.input.as_deref(), EXPECTED)?;
    let objects = sealed_secrets(&input)?;
    let anew = if request.keys.is_empty() { by_sealer(request, &objects)? } else { here(request, &objects)? };
    let anew: Vec<Node> = anew.into_iter().map(Manifest::into_root).collect();
    // kubeseal has a format of its own; in place of the file it came from, the text keeps what it can.
    let in_place = request.input.is_some() && request.input == request.output;
    let text = match request.manner {
        Manner::Sealward if in_place => documents::changed(request, &input, &anew),
        Manner::Kubeseal | Manner::Sealward => documents::text(request.manner, request.format(), &anew),
    };
    documents::write(request, text.as_bytes())
}

fn by_sealer(request: &Request, objects: &[Manifest]) -> Result<Vec<Manifest>, SealError> {
    let sealer = Sealer::find(request, &Asked::ForKeys)?;
    let mut anew = Vec::with_capacity(objects.len());
    for object in objects {
        let answer = sealer.post("/v1/rotate", body(object), Asked::ToRotate)?;
        let answer: serde_json::Value = serde_json::from_str(&answer)
            .map_err(|_| SealError::Answer("the sealer's answer to /v1/rotate is no JSON".to_owned()))?;
        anew.push(of_sealer(&answer, object.origin())?);
    }
    Ok(anew)
}

/// What the sealer sent, without what only objects in a cluster have. Upstream's leaves out apiVersion and kind, and
/// writes times that are not set as null.
fn of_sealer(answer: &serde_json::Value, origin: &Origin) -> Result<Manifest, SealError> {
    let wrong = |problem: String| SealError::Answer(format!("the sealer's answer to /v1/rotate: {problem}"));
    let mut root = Node::from_json(answer, origin);
    if let Some(map) = root.as_map_mut() {
        map.remove("status");
        for (field, value) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            if map.get(field).and_then(Node::as_str).is_none_or(str::is_empty) {
                map.insert(field, Node::text(value, origin.clone()));
            }
        }
        if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
            for field in ["creationTimestamp", "deletionTimestamp", "generation"] {
                metadata.remove(field);
            }
        }
        let template =
            map.get_mut("spec").and_then(Node::as_map_mut).and_then(|spec| spec.get_mut("template"));
        let template = template.and_then(Node::as_map_mut).and_then(|template| template.get_mut("metadata"));
        if let Some(metadata) = template.and_then(Node::as_map_mut)
            && metadata.get("creationTimestamp").is_some_and(Node::is_null)
        {
            metadata.remove("creationTimestamp");
        }
    }
    let manifest = Manifest::from_node(root).map_err(|error| wrong(error.to_string()))?;
    match read_sealed_secret(&manifest) {
        Ok(_) => Ok(manifest),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn here(request: &Request, objects: &[Manifest]) -> Result<Vec<Manifest>, SealError> {
    let (ring, identities) = open::keys(request)?;
    let newest = match recipients::recipients(request)? {
        Recipients::Rsa(key) => Newest { rsa: Some(key), age: Vec::new() },
        Recipients::Age(_) => {
            let problem = "sealing anew without the sealer is for a certificate: give it by --cert";
            return Err(SealError::Recipients(problem.to_owned()));
        }
    };
    let keys = Keys { ring: &ring, identities: &identities, worked_last: None };
    let anew = objects.iter().map(|object| {
        rotate(object, keys, OpenOptions::default(), &newest)
            .map_err(|error| SealError::Rotate { place: object.origin().clone(), error })
    });
    anew.collect()
}

/// The SealedSecrets of the input; everything else is an error.
pub(crate) fn sealed_secrets(input: &Input) -> Result<Vec<Manifest>, SealError> {
    let objects = read(&input.path, &input.bytes).map_err(SealError::Read)?;
    for object in &objects {
        read_sealed_secret(object)
            .map_err(|error| SealError::NotSealed { place: object.origin().clone(), error })?;
    }
    if objects.is_empty() {
        return Err(SealError::Empty { path: input.path.clone(), kind: "SealedSecret" });
    }
    Ok(objects)
}

fn body(object: &Manifest) -> Vec<u8> {
    object.root().to_json_redacted().to_string().into_bytes()
}
