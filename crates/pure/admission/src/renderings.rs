//! Where each object that Git declares is written down.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealward_api::flux::InventoryId;
use sealward_api::rendering::RenderingSpec;
use sealward_guard::Contents;
use sealward_manifest::ObjectId;

/// How many objects a denial names.
const EXAMPLES: usize = 3;

/// The known Renderings, by the name of the object that holds each.
#[derive(Debug, Clone, Default)]
pub struct Renderings {
    all: Arc<BTreeMap<String, Arc<RenderingSpec>>>,
}

/// One place in Git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The Kustomization, as `namespace/name`.
    pub application: String,
    /// The repository's URL.
    pub repository: String,
    /// `main@sha1:…`
    pub revision: String,
    /// File, from the repository's root.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
}

impl Renderings {
    /// Takes `all` in the place of what was known.
    pub fn replace(&mut self, all: impl IntoIterator<Item = (String, RenderingSpec)>) {
        self.all = Arc::new(all.into_iter().map(|(name, spec)| (name, Arc::new(spec))).collect());
    }

    /// Takes in one that is new or has changed.
    pub fn insert(&mut self, name: String, spec: RenderingSpec) {
        Arc::make_mut(&mut self.all).insert(name, Arc::new(spec));
    }

    /// Forgets one.
    pub fn remove(&mut self, name: &str) {
        Arc::make_mut(&mut self.all).remove(name);
    }

    /// Where `object` is declared; of several places the one of `owner` (namespace, name), else the first.
    pub fn place(&self, object: &ObjectId, owner: Option<&(String, String)>) -> Option<Place> {
        let ObjectId { group, kind, namespace, name } = object.clone();
        let id = InventoryId { namespace, name, group, kind }.to_string();
        let owner = owner.map(|(namespace, name)| format!("{namespace}/{name}"));
        let mut places = self.all.values().filter_map(|spec| {
            let object = spec.objects.iter().find(|object| object.id == id)?;
            Some(Place {
                application: spec.application.clone(),
                repository: spec.repository.clone(),
                revision: spec.revision.clone(),
                path: object.path.clone(),
                line: object.line,
            })
        });
        let first = places.next()?;
        if owner.as_ref().is_none_or(|owner| *owner == first.application) {
            return Some(first);
        }
        Some(places.find(|place| Some(&place.application) == owner.as_ref()).unwrap_or(first))
    }

    /// The declared objects that stand in `namespace`.
    pub fn in_namespace(&self, namespace: &str) -> Contents {
        self.contents(|id| id.namespace == namespace)
    }

    /// The declared objects of `kind` of `group`.
    pub fn of_kind(&self, group: &str, kind: &str) -> Contents {
        self.contents(|id| id.group == group && id.kind == kind)
    }

    /// Whether anything of `group` that is called so is declared, of whatever kind.
    pub fn names(&self, group: &str, namespace: &str, name: &str) -> bool {
        self.contents(|id| id.group == group && id.namespace == namespace && id.name == name).count > 0
    }

    fn contents(&self, belongs: impl Fn(&ObjectId) -> bool) -> Contents {
        let ids = self.all.values().flat_map(|spec| &spec.objects);
        let mut found: Vec<ObjectId> =
            ids.filter_map(|object| parse_id(&object.id)).filter(belongs).collect();
        found.sort();
        found.dedup();
        let examples = found.iter().take(EXAMPLES).map(ToString::to_string).collect();
        Contents { count: found.len(), examples }
    }
}

fn parse_id(id: &str) -> Option<ObjectId> {
    let InventoryId { namespace, name, group, kind } = InventoryId::parse(id)?;
    Some(ObjectId { group, kind, namespace, name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealward_api::rendering::RenderedObject;

    fn spec(application: &str, ids: &[&str]) -> RenderingSpec {
        RenderingSpec {
            application: application.into(),
            repository: "https://git.example/shop".into(),
            revision: "main@sha1:abc".into(),
            rule_set_digest: String::new(),
            objects: ids
                .iter()
                .zip(1..)
                .map(|(id, line)| RenderedObject {
                    id: (*id).into(),
                    path: format!("{application}.yaml"),
                    line,
                })
                .collect(),
        }
    }

    fn two() -> Renderings {
        let mut renderings = Renderings::default();
        renderings.replace([
            ("flux-system.a".into(), spec("flux-system/a", &["web_api_apps_Deployment", "_web__Namespace"])),
            (
                "flux-system.b".into(),
                spec("flux-system/b", &["web_cfg__ConfigMap", "web_api_apps_Deployment"]),
            ),
        ]);
        renderings
    }

    fn id(namespace: &str, name: &str, group: &str, kind: &str) -> ObjectId {
        ObjectId { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn a_place_is_that_of_the_owner() {
        let (renderings, deployment) = (two(), id("web", "api", "apps", "Deployment"));
        let of = |owner: Option<(&str, &str)>| {
            let owner = owner.map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
            renderings.place(&deployment, owner.as_ref()).map(|place| (place.application, place.line))
        };
        assert_eq!(of(None), Some(("flux-system/a".into(), 1)));
        assert_eq!(of(Some(("flux-system", "b"))), Some(("flux-system/b".into(), 2)));
        assert_eq!(of(Some(("flux-system", "gone"))), Some(("flux-system/a".into(), 1)));
        assert_eq!(renderings.place(&id("web", "other", "apps", "Deployment"), None), None);
    }

    #[test]
    fn contents_are_counted_once() {
        let mut renderings = two();
        let held = renderings.in_namespace("web");
        assert_eq!(
            held,
            Contents {
                count: 2,
                examples: vec!["ConfigMap web/cfg".into(), "Deployment.apps web/api".into()]
            }
        );
        assert_eq!(renderings.in_namespace("other").count, 0);
        assert_eq!(renderings.of_kind("apps", "Deployment").count, 1);
        assert!(renderings.names("apps", "web", "api") && !renderings.names("apps", "web", "cfg"));
        renderings.remove("flux-system.b");
        assert_eq!(renderings.in_namespace("web").count, 1);
        renderings.insert("flux-system.b".into(), spec("flux-system/b", &["web_cfg__ConfigMap"]));
        assert_eq!(renderings.in_namespace("web").count, 2);
    }
}
