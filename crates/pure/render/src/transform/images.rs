//! `images`. Source: kustomize `api/filters/imagetag`, `api/image`.

use regex::Regex;
use sealward_document::{Node, Value};

use crate::error::RenderError;
use crate::field_path::{self, Missing};
use crate::kustomization::Image;
use crate::resources::Resources;
use crate::tables::FIELDS;

/// Changes the images of containers, wherever a list of that name stands, and of image volumes.
///
/// # Errors
/// When the name is no regular expression, or an image is no text.
pub(crate) fn set(resources: &mut Resources, image: &Image) -> Result<(), RenderError> {
    let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
    let pattern = Regex::new(&pattern).map_err(|_| RenderError::Invalid {
        field: "images[].name".into(),
        problem: format!("{:?} is no image name", image.name),
        origin: image.origin.clone(),
    })?;
    let change = |node: &mut Node| change_image(node, image, &pattern);
    for index in 0..resources.list().len() {
        let Some(resource) = resources.content_mut(index) else { continue };
        if resource.kind() == "CustomResourceDefinition" {
            continue;
        }
        if let Err(problem) = walk(&mut resource.root, &change) {
            return Err(RenderError::Field {
                field: "image".into(),
                id: resource.id().to_string(),
                problem,
                origin: resource.origin().clone(),
            });
        }
        for rule in &FIELDS.images {
            field_path::change(resource, rule, Missing::Skip, &mut |node| change(node))?;
        }
    }
    Ok(())
}

/// Images of the items of every `containers` and `initContainers`, at any depth.
fn walk(node: &mut Node, change: &dyn Fn(&mut Node) -> Result<(), String>) -> Result<(), String> {
    match &mut node.value {
        Value::List(items) => items.iter_mut().try_for_each(|item| walk(item, change)),
        Value::Map(map) => map.iter_mut().try_for_each(|field| {
            walk(&mut field.node, change)?;
            match (field.key.as_str(), &mut field.node.value) {
                ("containers" | "initContainers", Value::List(items)) => {
                    items.iter_mut().try_for_each(|item| change_container(item, change))
                }
                _ => Ok(()),
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => Ok(()),
    }
}

fn change_container(
    container: &mut Node,
    change: &dyn Fn(&mut Node) -> Result<(), String>,
) -> Result<(), String> {
    if container.is_null() {
        return Ok(());
    }
    let map = container.as_map_mut().ok_or("an item of containers is no mapping")?;
    map.get_mut("image").map_or(Ok(()), change)
}

fn change_image(node: &mut Node, image: &Image, pattern: &Regex) -> Result<(), String> {
    let found = match &node.value {
        Value::Null => return Ok(()),
        Value::List(_) | Value::Map(_) => return Err("an image is wanted there".into()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {
            crate::resource::scalar_text(node)
        }
    };
    if !pattern.is_match(&found) {
        return Ok(());
    }
    let changed = renamed(&found, image);
    *node = Node::text(changed, image.origin.clone());
    Ok(())
}

fn renamed(found: &str, image: &Image) -> String {
    let (mut name, mut tag, mut digest) = split(found);
    if !image.new_name.is_empty() {
        name.clone_from(&image.new_name);
    }
    match (image.new_tag.is_empty(), image.digest.is_empty()) {
        (true, true) if image.tag_suffix.is_empty() => {}
        (true, true) => {
            tag.push_str(&image.tag_suffix);
            digest.clear();
        }
        _ => {
            tag.clone_from(&image.new_tag);
            digest.clone_from(&image.digest);
        }
    }
    if !tag.is_empty() {
        name = format!("{name}:{tag}");
    }
    if !digest.is_empty() {
        name = format!("{name}@{digest}");
    }
    name
}

/// Name, tag and digest; a colon before the first slash belongs to the registry.
fn split(image: &str) -> (String, String, String) {
    let registry = image.find('/').unwrap_or_default();
    let (before, rest) = image.split_at_checked(registry).unwrap_or(("", image));
    let (named, digest) = rest.split_once('@').unwrap_or((rest, ""));
    let (name, tag) = named.split_once(':').unwrap_or((named, ""));
    (format!("{before}{name}"), tag.to_owned(), digest.to_owned())
}

#[cfg(test)]
mod tests {
    use sealward_diagnostic::Origin;

    use super::*;

    #[test]
    fn images_are_split_and_renamed() {
        let check = |found: &str, image: Image, expect: &str| {
            assert_eq!(renamed(found, &image), expect, "{found}");
        };
        let none = || Image::new("", Origin::file("k"));
        let tag = |tag: &str| Image { new_tag: tag.into(), ..none() };
        let digest = |digest: &str| Image { digest: digest.into(), ..none() };
        check("nginx", tag("1.2"), "nginx:1.2");
        check("reg.example:5000/a/b:1@sha256:ab", tag("2"), "reg.example:5000/a/b:2");
        check("reg.example:5000/a/b", digest("sha256:cd"), "reg.example:5000/a/b@sha256:cd");
        check("a:1@sha256:ab", Image { new_name: "b".into(), ..none() }, "b:1@sha256:ab");
        check("a:1@sha256:ab", Image { tag_suffix: "-x".into(), ..none() }, "a:1-x");
    }
}
