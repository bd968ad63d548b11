//! Paths inside a repository.

/// A path that would leave the repository or is not relative.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `..` beyond the root.
    #[error("path {path:?} leaves the repository")]
    Leaves {
        /// As written.
        path: String,
    },
    /// An absolute path.
    #[error("path {path:?} is absolute; paths are relative to the repository")]
    Absolute {
        /// As written.
        path: String,
    },
}

/// Resolves `path` as written in folder `base` to a path relative to the root, without `.` and `..`.
/// The root is `""`.
///
/// # Errors
/// [`PathError`] when `path` is absolute or climbs above the root.
pub fn join(base: &str, path: &str) -> Result<String, PathError> {
    if path.starts_with('/') {
        return Err(PathError::Absolute { path: path.into() });
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(PathError::Leaves { path: path.into() });
                }
            }
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

/// The folder that holds `path`; `""` for a file at the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, path: &str, expect: Result<&str, &str>) {
        let found = join(base, path).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expect);
    }

    #[test]
    fn joins_inside_the_root_only() {
        check("apps/a/overlays/dev", "../../base", Ok("apps/a/base"));
        check("", "./x//y", Ok("x/y"));
        check("a", "..", Ok(""));
        check("a", "../../x", Err("path \"../../x\" leaves the repository"));
        check(
            "a",
            "/etc/passwd",
            Err("path \"/etc/passwd\" is absolute; paths are relative to the repository"),
        );
    }
}
