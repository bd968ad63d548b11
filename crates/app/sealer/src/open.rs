//! What a SealedSecret says its Secret is.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealward_chassis::clock;
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;
use sealward_sealing::{
    Environment, Keys, Limits, OpenOptions, Opened, Scope, UsedKey, changing_items, open_sealed_secret,
    read_sealed_secret, secret_for, system_random,
};

use crate::args::RestrictionArgs;
use crate::failure::Failure;
use crate::keyring::{self, Keyring};

/// What a SealedSecret says its Secret is.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) secret: Manifest,
    /// Items that a template makes anew each time.
    pub(crate) changing: BTreeSet<String>,
    /// For people: the keys that opened its values.
    pub(crate) opened_with: String,
}

/// Opens SealedSecrets.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) options: OpenOptions,
    pub(crate) restrictions: RestrictionArgs,
}

impl Opener {
    /// The Secret that `object` describes. Costs time: not for a thread that others wait for.
    pub(crate) fn open(&self, object: &Manifest) -> Result<Wanted, Failure> {
        let sealed = read_sealed_secret(object).map_err(Failure::unseal)?;
        let current = self.keyring.keys();
        let keys = Keys {
            ring: &current.ring,
            identities: &current.identities,
            worked_last: self.keyring.worked_last(),
        };
        let opened = open_sealed_secret(&sealed, keys, self.options).map_err(Failure::unseal)?;
        self.keyring.worked(opened.worked_last);
        let mut random = system_random;
        let mut environment =
            Environment { now: clock::now(), random: &mut random, limits: Limits::default() };
        let secret =
            secret_for(&sealed, &opened, object.origin(), &mut environment).map_err(Failure::unseal)?;
        let scope = Scope::from_annotations(sealed.metadata.annotations.as_ref());
        let secret_type = secret.root().get("type").and_then(Node::as_str);
        self.restrictions.refuse(object.namespace(), scope, secret_type).map_err(Failure::unseal)?;
        let opened_with = opened_with(&opened, &current);
        Ok(Wanted { secret, changing: changing_items(&sealed), opened_with })
    }
}

/// `opened with sealed-secrets-keyabcde`: RSA keys by the names of their Secrets, age by recipient.
fn opened_with(opened: &Opened, keys: &keyring::Keys) -> String {
    let name = |key: &UsedKey| match key {
        UsedKey::Rsa(fingerprint) => {
            keys.ring.find(*fingerprint).map_or_else(|| fingerprint.to_string(), |key| key.name().to_owned())
        }
        UsedKey::Age(recipient) => recipient.to_string(),
    };
    let names: BTreeSet<String> = opened.keys.values().map(name).collect();
    if names.is_empty() {
        return "it holds no sealed values".to_owned();
    }
    format!("opened with {}", names.into_iter().collect::<Vec<_>>().join(", "))
}
