//! What is asked, what is trusted, and what the answer may still need.

use std::collections::BTreeSet;

use sealward_manifest::Manifest;

use crate::Verdict;

/// What a request does, as AdmissionReview names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `CREATE`
    Create,
    /// `UPDATE`, patches and applies included.
    Update,
    /// `DELETE`; a collection arrives as one request per object.
    Delete,
    /// `CONNECT`: exec, attach, proxy, port-forward.
    Connect,
}

/// What a request is about, as URLs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// API group, `""` for core.
    pub group: &'a str,
    /// Version within the group.
    pub version: &'a str,
    /// Plural, such as `deployments`.
    pub plural: &'a str,
    /// Subresource, such as `scale`, or `""`.
    pub subresource: &'a str,
}

/// One request to the API server.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What it does.
    pub operation: Operation,
    /// About which resource.
    pub resource: Resource<'a>,
    /// In which namespace, or `""`.
    pub namespace: &'a str,
    /// On which object; `""` where the server makes the name.
    pub name: &'a str,
    /// Who asks: the authenticated user's name, exactly.
    pub user: &'a str,
    /// The object as it stands; none on CREATE and CONNECT.
    pub old: Option<&'a Manifest>,
    /// The object as it would be; none on DELETE.
    pub new: Option<&'a Manifest>,
}

/// Who speaks for Git, and under which names Git's fields are applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// User names, exactly, such as `system:serviceaccount:flux-system:sealward-applier`.
    pub actors: BTreeSet<String>,
    /// Field managers whose entries say what Git declares.
    pub managers: BTreeSet<String>,
}

/// Something that the verdict depends on and the request does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The object that a subresource belongs to: its metadata, managedFields included.
    Parent {
        /// API group.
        group: String,
        /// Version.
        version: String,
        /// Plural.
        plural: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// Whether this namespace is being deleted.
    Namespace {
        /// Its name.
        name: String,
    },
    /// Which managed objects this namespace holds.
    NamespaceContents {
        /// Its name.
        name: String,
    },
    /// Which managed objects of this kind the cluster holds.
    KindContents {
        /// API group.
        group: String,
        /// Kind.
        kind: String,
    },
}

/// Answers to needs; `None` is "not asked yet".
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// To [`Need::Parent`].
    pub parent: Option<Parent>,
    /// To [`Need::Namespace`].
    pub namespace: Option<NamespaceState>,
    /// To [`Need::NamespaceContents`] and [`Need::KindContents`].
    pub contents: Option<Contents>,
}

/// The object that a subresource belongs to.
#[derive(Debug, Clone)]
pub enum Parent {
    /// It stands so.
    Found(Box<Manifest>),
    /// It could not be asked for, but nothing that Git declares is called so.
    Unmanaged,
    /// There is none.
    Missing,
    /// It could not be read, and why.
    Unreadable(String),
}

/// What is known of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceState {
    /// In use.
    Active,
    /// Being deleted.
    Terminating,
    /// Not there, or it could not be read.
    Unknown,
}

/// Managed objects that would go with what is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How many there are.
    pub count: usize,
    /// The first few, as people name them.
    pub examples: Vec<String>,
}

/// A verdict, or what is needed for one.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Decided.
    Verdict(Verdict),
    /// Answer this in [`Facts`] and ask again.
    Need(Need),
}
