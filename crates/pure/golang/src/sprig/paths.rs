//! Paths and URLs (`path` and `path/filepath` on Linux are alike; `url.go` of sprig v3.3.0).

use super::url::{self, Url};
use crate::template::{Call, Dict, Function, FunctionError, Text, Type, Value};

type Answer = Result<Value, FunctionError>;

const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("base", &[S], |call| path(call, base)),
    Function::new("osBase", &[S], |call| path(call, base)),
    Function::new("dir", &[S], |call| path(call, dir)),
    Function::new("osDir", &[S], |call| path(call, dir)),
    Function::new("clean", &[S], |call| path(call, clean)),
    Function::new("osClean", &[S], |call| path(call, clean)),
    Function::new("ext", &[S], |call| path(call, ext)),
    Function::new("osExt", &[S], |call| path(call, ext)),
    Function::new("isAbs", &[S], |call| Ok(call.text(0)?.as_bytes().starts_with(b"/").into())),
    Function::new("osIsAbs", &[S], |call| Ok(call.text(0)?.as_bytes().starts_with(b"/").into())),
    Function::new("urlParse", &[S], url_parse),
    Function::new("urlJoin", &[Type::Dict], url_join),
];

fn path(call: &mut Call<'_>, operation: fn(&[u8]) -> Vec<u8>) -> Answer {
    Ok(Text::from(operation(call.text(0)?.as_bytes())).into())
}

fn base(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    let trimmed = path.get(..end).unwrap_or_default();
    match trimmed.rsplit(|byte| *byte == b'/').next() {
        Some(b"") | None => b"/".to_vec(),
        Some(last) => last.to_vec(),
    }
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    clean(path.get(..end).unwrap_or_default())
}

fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => drop(kept.pop()),
            b".." if rooted => {}
            element => kept.push(element),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

fn ext(path: &[u8]) -> Vec<u8> {
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let dot = last.iter().rposition(|byte| *byte == b'.');
    dot.and_then(|dot| last.get(dot..)).unwrap_or_default().to_vec()
}

fn url_parse(call: &mut Call<'_>) -> Answer {
    let text = call.text(0)?.as_bytes();
    call.charge(text.len() as u64 / 8)?;
    let url = Url::parse(text).map_err(|why| {
        FunctionError::with_data_or(format!("unable to parse url: {why}"), "unable to parse url")
    })?;
    let hostname = url.hostname().to_vec();
    let userinfo = url.user.as_ref().map(url::User::write).unwrap_or_default();
    let fields = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", userinfo),
    ];
    Ok(Value::dict(fields.map(|(name, value)| (name, Value::String(value.into())))))
}

fn url_join(call: &mut Call<'_>) -> Answer {
    let dict = call.dict(0)?;
    let mut url = Url {
        scheme: field(&dict, "scheme")?,
        host: field(&dict, "host")?,
        path: field(&dict, "path")?,
        query: field(&dict, "query")?,
        opaque: field(&dict, "opaque")?,
        fragment: field(&dict, "fragment")?,
        user: None,
    };
    let user = field(&dict, "userinfo")?;
    let length = [&url.scheme, &url.host, &url.path, &url.query, &url.opaque, &url.fragment, &user];
    call.reserve(length.iter().map(|part| part.len()).sum::<usize>().saturating_mul(3))?;
    if !user.is_empty() {
        url.user = url::user(&user).map_err(|why| {
            FunctionError::with_data_or(
                format!("unable to parse userinfo in dict: {why}"),
                "unable to parse userinfo in dict",
            )
        })?;
    }
    Ok(Text::from(url.write()).into())
}

fn field(dict: &Dict, name: &str) -> Result<Vec<u8>, FunctionError> {
    match dict.get(name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.as_bytes().to_vec()),
        Some(other) => {
            let kind = other.type_of().ok_or_else(super::lists::nil_pointer)?.kind();
            let text = format!("unable to parse {name} key, must be of type string, but {kind} found");
            Err(FunctionError::new(text))
        }
    }
}
