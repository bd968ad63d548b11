//! What was decided and why.

use std::fmt;

use sealward_manifest::ObjectId;

/// The guard's answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Let through.
    Allow(AllowReason),
    /// Refused.
    Deny(Box<Denial>),
}

/// Why a request was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AllowReason {
    /// The user is one of the trusted actors.
    TrustedActor,
    /// Git does not declare this object.
    Unmanaged,
    /// Nothing that Git declares is touched.
    Undeclared,
    /// The object is on its way out; its deletion was decided before.
    BeingDeleted,
    /// A controller of the cluster does its work; the row's name in the table of passes.
    Pass(&'static str),
    /// A subresource that changes nothing that Git declares.
    NotGuarded,
}

impl AllowReason {
    /// One word for metrics and audit annotations.
    pub fn word(self) -> &'static str {
        match self {
            Self::TrustedActor => "trusted-actor",
            Self::Unmanaged => "unmanaged",
            Self::Undeclared => "undeclared",
            Self::BeingDeleted => "being-deleted",
            Self::Pass(row) => row,
            Self::NotGuarded => "not-guarded",
        }
    }
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The object that Git declares.
    pub object: ObjectId,
    /// The Kustomization it belongs to, as `(namespace, name)`, where its labels say so.
    pub owner: Option<(String, String)>,
    /// Paths of the fields in question, such as `spec.replicas`; sorted.
    pub fields: Vec<String>,
    /// Why.
    pub cause: Cause,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It changes fields that a trusted manager declares.
    DeclaredFields,
    /// It deletes an object that a trusted manager declares.
    DeclaredObject,
    /// It adds, removes or alters a trusted manager's managedFields entry.
    Ownership {
        /// The manager whose entry it is.
        manager: String,
    },
    /// It adds, removes or alters labels or annotations that say whose the object is.
    Marks,
    /// It alters the ownerReferences of a managed object.
    OwnerReferences,
    /// It deletes a namespace or a definition that managed objects live in.
    Contents {
        /// How many.
        count: usize,
        /// The first few.
        examples: Vec<String>,
    },
    /// Something that the verdict depends on is not known.
    Unknown {
        /// What is not known.
        what: String,
    },
}

impl Cause {
    /// One word for metrics and audit annotations.
    pub fn word(&self) -> &'static str {
        match self {
            Self::DeclaredFields => "declared-fields",
            Self::DeclaredObject => "declared-object",
            Self::Ownership { .. } => "ownership",
            Self::Marks => "marks",
            Self::OwnerReferences => "owner-references",
            Self::Contents { .. } => "contents",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeclaredFields => f.write_str("Git declares what this request changes"),
            Self::DeclaredObject => f.write_str("Git declares this object; it is deleted there"),
            Self::Ownership { manager } => {
                write!(
                    f,
                    "the request alters which fields belong to {manager}, and only {manager} may do that"
                )
            }
            Self::Marks => {
                f.write_str("the request alters the labels or annotations that say whose the object is")
            }
            Self::OwnerReferences => f.write_str(
                "the request alters ownerReferences, by which an object that Git declares can be deleted",
            ),
            Self::Contents { count, examples } => {
                write!(
                    f,
                    "{count} objects that Git declares would be deleted with it: {}",
                    examples.join(", ")
                )?;
                if examples.len() < *count { f.write_str(", …") } else { Ok(()) }
            }
            Self::Unknown { what } => write!(f, "{what}; what is not known is denied"),
        }
    }
}
