//! Label selectors as `kubectl -l` takes them. Source: `k8s.io/apimachinery/pkg/labels`.

use sealward_document::Map;

use crate::resource::scalar_text;

/// Requirements that must all hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LabelSelector(Vec<Requirement>);

#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl LabelSelector {
    /// From text such as `app=web,tier in (a, b),!old`; the empty text selects everything.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(Vec::new()));
        }
        requirements(text).into_iter().map(requirement).collect::<Result<_, _>>().map(Self)
    }

    /// Whether labels (or annotations) fulfil it.
    pub(super) fn matches(&self, labels: Option<&Map>) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key)).map(scalar_text);
            let number = || value.as_deref().and_then(|value| value.parse::<i64>().ok());
            let is_one_of = |values: &[String]| {
                value.as_deref().is_some_and(|value| values.iter().any(|known| known == value))
            };
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
                Test::In(values) => is_one_of(values),
                Test::NotIn(values) => !is_one_of(values),
                Test::Above(bound) => number().is_some_and(|number| number > *bound),
                Test::Below(bound) => number().is_some_and(|number| number < *bound),
            }
        })
    }
}

/// The parts between commas outside brackets.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
    .collect()
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let made = |key: &str, test| {
        let key = key.trim();
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
        if key.is_empty() || !key.chars().all(plain) {
            return Err(format!("{key:?} is no key of a label"));
        }
        Ok(Requirement { key: key.to_owned(), test })
    };
    if let Some(key) = text.strip_prefix('!') {
        return made(key, Test::Missing);
    }
    for (sign, test) in [
        ("!=", Test::NotIn as fn(Vec<String>) -> Test),
        ("==", Test::In as fn(Vec<String>) -> Test),
        ("=", Test::In as fn(Vec<String>) -> Test),
    ] {
        if let Some((key, value)) = text.split_once(sign) {
            return made(key, test(vec![plain_value(value)?]));
        }
    }
    for (sign, test) in [('>', Test::Above as fn(i64) -> Test), ('<', Test::Below as fn(i64) -> Test)] {
        if let Some((key, value)) = text.split_once(sign) {
            let number = value.trim().parse().map_err(|_| "an integer must follow < and >".to_owned())?;
            return made(key, test(number));
        }
    }
    match text.split_once(char::is_whitespace) {
        None => made(text, Test::Exists),
        Some((key, rest)) => {
            let rest = rest.trim();
            if let Some(values) = rest.strip_prefix("notin") {
                return made(key, Test::NotIn(bracketed(values)?));
            }
            let values = rest.strip_prefix("in").ok_or("in, notin, =, != or nothing must follow a key")?;
            made(key, Test::In(bracketed(values)?))
        }
    }
}

fn plain_value(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if text.chars().all(plain) { Ok(text.to_owned()) } else { Err("a value holds what no label may".into()) }
}

fn bracketed(text: &str) -> Result<Vec<String>, String> {
    let inner = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.ok_or("values in brackets must follow in and notin")?.split(',').map(plain_value).collect()
}

#[cfg(test)]
mod tests {
    use sealward_diagnostic::Origin;
    use sealward_document::Node;

    use super::*;

    fn check(selector: &str, expect: Result<bool, ()>) {
        let labels = [("app", "web"), ("tier", "front"), ("n", "5")];
        let labels: Map = labels
            .iter()
            .map(|(key, value)| ((*key).into(), Node::text(*value, Origin::file("x"))))
            .collect();
        let found = LabelSelector::parse(selector).map(|selector| selector.matches(Some(&labels)));
        assert_eq!(found.map_err(drop), expect, "{selector}");
    }

    #[test]
    fn selectors_mean_what_kubectl_means() {
        check("", Ok(true));
        check("app=web", Ok(true));
        check("app == web , tier!=back", Ok(true));
        check("app,!other", Ok(true));
        check("!app", Ok(false));
        check("tier in (front, back),app", Ok(true));
        check("tier notin (front)", Ok(false));
        check("other notin (x)", Ok(true));
        check("n>4,n<6", Ok(true));
        check("n>5", Ok(false));
        check("other!=x", Ok(true));
        check("a b", Err(()));
        check("=x", Err(()));
        check("tier in front", Err(()));
    }
}
