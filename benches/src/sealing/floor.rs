//! The least that the work can cost: the bare arithmetic, and the bare writes.

use std::time::{Duration, Instant};

use anyhow::Result;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::PostParams;
use serde_json::json;

use super::fleet::Fleet;
use crate::table::{Table, say};

/// Bare RSA-4096 operations, one core.
pub(super) fn arithmetic(table: &mut Table) -> Result<()> {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa4096)?;
    let public = OaepPublicEncryptingKey::new(private.public_key())?;
    // The key is read anew, as a controller reads it.
    let private = PrivateDecryptingKey::from_pkcs8(AsDer::as_der(&private)?.as_ref())?;
    let private = OaepPrivateDecryptingKey::new(private)?;
    let (session, label) = ([7; 32], Some(&b"bench/secret"[..]));
    let mut sealed = vec![0; public.ciphertext_size()];
    let mut opened = vec![0; private.min_output_size()];
    let seal = each(500, || {
        public.encrypt(&OAEP_SHA256_MGF1SHA256, &session, &mut sealed, label)?;
        Ok(())
    })?;
    let open = each(500, || {
        private.decrypt(&OAEP_SHA256_MGF1SHA256, &sealed, &mut opened, label)?;
        Ok(())
    })?;
    let text = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
    table.row("floor: one RSA-4096 OAEP encryption, bare", &text(seal), "", "");
    table.row("floor: one RSA-4096 OAEP decryption, bare", &text(open), "", "");
    Ok(())
}

fn each(times: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..times {
        work()?;
    }
    Ok(start.elapsed() / times)
}

/// The writes of a controller that opens every SealedSecret of `fleet`, by a bare client: a Secret, an event and a
/// status each, with the look at the Secret that comes before.
pub(super) async fn writes(fleet: &Fleet) -> Result<Duration> {
    let start = Instant::now();
    let created = stream::iter(0..fleet.objects).map(|index| write(fleet, index));
    created.buffer_unordered(16).try_for_each(|()| async { Ok(()) }).await?;
    let took = start.elapsed();
    say(&format!("floor: {} objects written in {:.2} s", fleet.objects, took.as_secs_f64()));
    Ok(took)
}

async fn write(fleet: &Fleet, index: usize) -> Result<()> {
    let (namespace, name) = (format!("bench-{}", index % 10), format!("secret-{index}"));
    let sealed = fleet.api("bitnami.com/v1alpha1", "SealedSecret", &namespace);
    let object = sealed.get(&name).await?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": name, "namespace": namespace,
            "ownerReferences": [{
                "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": name,
                "uid": object.metadata.uid, "controller": true,
            }],
        },
        "data": {
            "username": STANDARD.encode(format!("user-{index}")),
            "password": STANDARD.encode("a password as long as such a password is"),
            "settings.ini": STANDARD.encode("key = value of a line\n".repeat(40)),
        },
    });
    let parameters = PostParams::default();
    fleet.api("v1", "Secret", &namespace).create(&parameters, &serde_json::from_value(secret)?).await?;
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": "Unsealed",
        "metadata": {"generateName": format!("{name}."), "namespace": namespace},
        "message": "SealedSecret unsealed successfully",
        "involvedObject": {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": name, "namespace": namespace},
    });
    fleet.api("v1", "Event", &namespace).create(&parameters, &serde_json::from_value(event)?).await?;
    let mut status = serde_json::to_value(&object)?;
    if let Some(object) = status.as_object_mut() {
        object.insert("status".to_owned(), json!({"conditions": [{"type": "Synced", "status": "True"}]}));
    }
    sealed.replace_status(&name, &parameters, &serde_json::from_value(status)?).await?;
    Ok(())
}
