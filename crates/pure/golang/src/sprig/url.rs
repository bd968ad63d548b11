//! `net/url`: reading and writing URLs for `urlParse` and `urlJoin` (source followed: `url.go` of Go 1.26).

use super::text::words::find;
use crate::strconv;

/// A URL in its decoded parts.
#[derive(Debug, Default, Clone)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// Name and password in front of the host.
#[derive(Debug, Clone)]
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

/// The part of a URL, which decides what is escaped in it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

impl Url {
    /// `url.Parse`; fails with its text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (main, fragment) = cut(text, b'#');
        let failed = |text: &[u8], why: String| format!("parse {}: {why}", quoted(text));
        let mut url = Self::parse_main(main).map_err(|why| failed(main, why))?;
        if let Some(fragment) = fragment {
            url.fragment = unescape(fragment, Place::Fragment).map_err(|why| failed(text, why))?;
        }
        Ok(url)
    }

    fn parse_main(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = text.to_vec();
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if let Some(authority) = rest.strip_prefix(b"//")
            && (!url.scheme.is_empty() || !rest.starts_with(b"///"))
        {
            let end = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
            let (authority, path) = authority.split_at(end);
            (url.user, url.host) = parse_authority(&url.scheme, authority)?;
            rest = path;
        }
        url.path = unescape(rest, Place::Path)?;
        Ok(url)
    }

    /// `URL.Hostname`: the host without port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let mut host = self.host.as_slice();
        if let Some(colon) = host.iter().rposition(|byte| *byte == b':') {
            let (name, port) = host.split_at(colon);
            if is_optional_port(port) {
                host = name;
            }
        }
        host.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(host)
    }

    /// `URL.String` of a URL that was put together from parts.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Place::Fragment));
        }
        out
    }

    fn write_hierarchy(&self, out: &mut Vec<u8>) {
        let somewhere = !self.host.is_empty() || self.user.is_some();
        if somewhere || (!self.scheme.is_empty() && !self.path.is_empty()) {
            out.extend_from_slice(b"//");
            if let Some(user) = &self.user {
                out.extend(user.write());
                out.push(b'@');
            }
            out.extend(escape(&self.host, Place::Host));
        }
        let path = if self.path == b"*" { self.path.clone() } else { escape(&self.path, Place::Path) };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

impl User {
    /// `Userinfo.String`.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Place::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Place::User));
        }
        out
    }
}

fn quoted(text: &[u8]) -> String {
    strconv::quote_bytes(text, false)
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(index) => (text.get(..index).unwrap_or_default(), text.get(index + 1..)),
        None => (text, None),
    }
}

fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => {
                return Ok((
                    text.get(..index).unwrap_or_default(),
                    text.get(index + 1..).unwrap_or_default(),
                ));
            }
            _ => return Ok((b"", text)),
        }
    }
    Ok((b"", text))
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<User>, Vec<u8>), String> {
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
        return Ok((None, parse_host(scheme, authority)?));
    };
    let host = parse_host(scheme, authority.get(at + 1..).unwrap_or_default())?;
    let user = authority.get(..at).unwrap_or_default();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user.iter().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = cut(user, b':');
    let name = unescape(name, Place::User)?;
    let password = password.map(|password| unescape(password, Place::User)).transpose()?;
    Ok((Some(User { name, password }), host))
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    let bad_port = |port: &[u8]| format!("invalid port {} after host", quoted(port));
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return parse_bracketed(host, bad_port),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    let mut colons = host.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(index, _)| index);
    if let Some(first) = colons.next() {
        // Databases list several hosts with their ports; only http is strict about it.
        let strict = matches!(scheme, b"http" | b"https");
        let colon = if strict { first } else { colons.next_back().unwrap_or(first) };
        let port = host.get(colon..).unwrap_or_default();
        if !is_optional_port(port) {
            return Err(bad_port(port));
        }
    }
    unescape(host, Place::Host)
}

fn parse_bracketed(host: &[u8], bad_port: impl Fn(&[u8]) -> String) -> Result<Vec<u8>, String> {
    let close = host.iter().rposition(|byte| *byte == b']').ok_or("missing ']' in host")?;
    let port = host.get(close + 1..).unwrap_or_default();
    if !is_optional_port(port) {
        return Err(bad_port(port));
    }
    let inner = host.get(1..close).unwrap_or_default();
    let address = match find(inner, b"%25") {
        Some(at) => {
            let (address, zone) = inner.split_at(at);
            [unescape(address, Place::Host)?, unescape(zone, Place::Zone)?].concat()
        }
        None => unescape(inner, Place::Host)?,
    };
    check_address(&address)?;
    Ok([b"[", address.as_slice(), b"]", port].concat())
}

/// Only an IPv6 address (with a zone or without) stands in brackets.
fn check_address(address: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(address);
    let (plain, zone) = match text.split_once('%') {
        Some((plain, zone)) => (plain, Some(zone)),
        None => (text.as_ref(), None),
    };
    if zone == Some("") || plain.parse::<std::net::Ipv6Addr>().is_err() {
        if plain.parse::<std::net::Ipv4Addr>().is_ok() && zone.is_none() {
            return Err("invalid IP-literal".to_owned());
        }
        return Err("invalid host: the brackets hold no IPv6 address".to_owned());
    }
    Ok(())
}

fn is_optional_port(port: &[u8]) -> bool {
    port.strip_prefix(b":").map_or(port.is_empty(), |digits| digits.iter().all(u8::is_ascii_digit))
}

fn must_escape(byte: u8, place: Place) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    let plain: &[u8] = match place {
        Place::Host | Place::Zone => b"!$&'()*+,;=:[]<>\"",
        Place::Path => b"$&+,/:;=@",
        Place::User => b"$&+,;=",
        Place::Fragment => b"$&+,/:;=?@!()*",
    };
    !plain.contains(&byte)
}

fn escape(text: &[u8], place: Place) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if must_escape(*byte, place) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescape(text: &[u8], place: Place) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            if matches!(place, Place::Host | Place::Zone) && byte.is_ascii() && must_escape(*byte, place) {
                let wrong = strconv::quote(&char::from(*byte).to_string());
                return Err(format!("invalid character {wrong} in host name"));
            }
            out.push(*byte);
            continue;
        }
        let decoded = match behind {
            [high, low, ..] => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        let invalid = |behind: &[u8]| {
            let shown = [b"%", behind.get(..behind.len().min(2)).unwrap_or_default()].concat();
            format!("invalid URL escape {}", quoted(&shown))
        };
        let Some((high, low)) = decoded else { return Err(invalid(behind)) };
        let value = high << 4 | low;
        let percent = value == b'%';
        let refused = match place {
            Place::Host => high < 8 && !percent,
            Place::Zone => !percent && value != b' ' && must_escape(value, Place::Host),
            Place::Path | Place::User | Place::Fragment => false,
        };
        if refused {
            return Err(invalid(behind));
        }
        out.push(value);
        rest = behind.get(2..).unwrap_or_default();
    }
    Ok(out)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The user part of `proto://USERINFO@host`, as `urlJoin` reads it.
pub(super) fn user(text: &[u8]) -> Result<Option<User>, String> {
    Ok(Url::parse(&[b"proto://", text, b"@host"].concat())?.user)
}
