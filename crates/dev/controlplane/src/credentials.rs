//! The keys and certificates of one run: its own authority, so that no other run's server is ever trusted.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Where each file of [`create`] lies.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The authority's certificate.
    pub(crate) ca: PathBuf,
    /// The API server's certificate and key.
    pub(crate) serving: (PathBuf, PathBuf),
    /// What the API server shows to the kubelet.
    pub(crate) kubelet_client: (PathBuf, PathBuf),
    /// Signs service-account tokens.
    pub(crate) service_account_key: PathBuf,
    /// Verifies them.
    pub(crate) service_account_public: PathBuf,
}

/// Makes the authority, what it signs, and the pair for service-account tokens.
///
/// `names` are the API server's host names and addresses.
pub(crate) fn create(folder: &Path, names: Vec<String>) -> io::Result<Credentials> {
    fs::create_dir(folder)?;
    let file = |name: &str| folder.join(name);
    let authority = authority().map_err(io::Error::other)?;
    write(&file("ca.crt"), &authority.1)?;

    let mut serving = CertificateParams::new(names).map_err(io::Error::other)?;
    serving.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let serving = signed(serving, &authority.0, file("apiserver.crt"), file("apiserver.key"))?;

    let mut client = CertificateParams::default();
    client.distinguished_name.push(DnType::CommonName, "kube-apiserver-kubelet-client");
    client.distinguished_name.push(DnType::OrganizationName, "system:masters");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let kubelet_client =
        signed(client, &authority.0, file("kubelet-client.crt"), file("kubelet-client.key"))?;

    let tokens = KeyPair::generate().map_err(io::Error::other)?;
    write(&file("sa.key"), &tokens.serialize_pem())?;
    write(&file("sa.pub"), &tokens.public_key_pem())?;
    Ok(Credentials {
        ca: file("ca.crt"),
        serving,
        kubelet_client,
        service_account_key: file("sa.key"),
        service_account_public: file("sa.pub"),
    })
}

/// 128 random bits in hex.
pub(crate) fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only its owner reads.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "sealward control plane");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), certificate))
}

fn signed(
    mut params: CertificateParams,
    authority: &Issuer<'_, KeyPair>,
    certificate: PathBuf,
    key: PathBuf,
) -> io::Result<(PathBuf, PathBuf)> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let pair = KeyPair::generate().map_err(io::Error::other)?;
    write(&certificate, &params.signed_by(&pair, authority).map_err(io::Error::other)?.pem())?;
    write(&key, &pair.serialize_pem())?;
    Ok((certificate, key))
}
