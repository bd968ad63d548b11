//! Character classes of Go's regular expressions, between brackets and behind backslashes.

use super::syntax::{Problem, Result, escaped};

/// What stands between the brackets of a named class, as Go (and POSIX) has it.
const NAMED: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", r"\x00-\x7F"),
    ("blank", r"\t "),
    ("cntrl", r"\x00-\x1F\x7F"),
    ("digit", "0-9"),
    ("graph", r"\x21-\x7E"),
    ("lower", "a-z"),
    ("print", r"\x20-\x7E"),
    ("punct", r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E"),
    ("space", r"\t\n\x0B\x0C\r "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// `\d`, `\s`, `\w` and their opposites: ASCII only. The class and what follows.
pub(super) fn perl(text: &str) -> Option<(&'static str, &str)> {
    const CLASSES: &[(&str, &str)] = &[
        (r"\d", "[0-9]"),
        (r"\D", "[^0-9]"),
        (r"\s", r"[\t\n\x0C\r ]"),
        (r"\S", r"[^\t\n\x0C\r ]"),
        (r"\w", "[0-9A-Za-z_]"),
        (r"\W", "[^0-9A-Za-z_]"),
    ];
    CLASSES.iter().find_map(|(name, class)| Some((*class, text.strip_prefix(name)?)))
}

/// `\pN`, `\p{Greek}`, `\P{^Lu}`: the class and what follows; `None` when `text` is something else.
pub(super) fn unicode(text: &str) -> Result<Option<(String, &str)>> {
    let Some(rest) = text.strip_prefix(r"\p").or_else(|| text.strip_prefix(r"\P")) else { return Ok(None) };
    let whole = |rest: &str| text.get(..text.len() - rest.len()).unwrap_or(text).to_owned();
    let problem = |text: String| Problem { what: "invalid character class range", text };
    let (name, rest) = if let Some(braced) = rest.strip_prefix('{') {
        braced.split_once('}').ok_or_else(|| problem(text.to_owned()))?
    } else {
        let width = rest.chars().next().map_or(0, char::len_utf8);
        rest.split_at(width)
    };
    let (negated, plain) = name.strip_prefix('^').map_or((false, name), |plain| (true, plain));
    let negated = negated != text.starts_with(r"\P");
    let class = match plain {
        "Any" => r"[\x00-\x{10FFFF}]".to_owned(),
        plain => format!(r"\p{{{plain}}}"),
    };
    // Go knows categories and scripts by their exact names; lookups of the other kinds stay out.
    let known = plain.chars().all(|rune| rune.is_ascii_alphanumeric() || rune == '_')
        && plain.starts_with(|rune: char| rune.is_ascii_uppercase())
        && regex::Regex::new(&class).is_ok();
    if !known {
        return Err(problem(whole(rest)));
    }
    Ok(Some((if negated { format!("[^{class}]") } else { class }, rest)))
}

/// `[...]`: the class and what follows.
pub(super) fn bracketed(text: &str) -> Result<(String, &str)> {
    let mut out = String::from("[");
    let mut rest = text.strip_prefix('[').unwrap_or(text);
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some((class, behind)) = named(rest)? {
            out.push_str(&class);
            rest = behind;
        } else if let Some((class, behind)) = unicode(rest)? {
            out.push_str(&class);
            rest = behind;
        } else if let Some((class, behind)) = perl(rest) {
            out.push_str(class);
            rest = behind;
        } else {
            rest = range(&mut out, rest, text)?;
        }
    }
    out.push(']');
    Ok((out, rest.strip_prefix(']').unwrap_or(rest)))
}

/// `[:alpha:]` and `[:^alpha:]`.
fn named(text: &str) -> Result<Option<(String, &str)>> {
    let Some((name, rest)) = text.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) else {
        return Ok(None);
    };
    let (sign, plain) = name.strip_prefix('^').map_or(("", name), |plain| ("^", plain));
    match NAMED.iter().find(|(known, _)| *known == plain) {
        Some((_, class)) => Ok(Some((format!("[{sign}{class}]"), rest))),
        None => Err(Problem { what: "invalid character class range", text: format!("[:{name}:]") }),
    }
}

/// One character or a range of them.
fn range<'a>(out: &mut String, text: &'a str, class: &str) -> Result<&'a str> {
    let (low, mut rest) = character(text, class)?;
    let mut high = low;
    if let Some(behind) = rest.strip_prefix('-')
        && !behind.is_empty()
        && !behind.starts_with(']')
    {
        (high, rest) = character(behind, class)?;
        if high < low {
            let text = text.get(..text.len() - rest.len()).unwrap_or(text).to_owned();
            return Err(Problem { what: "invalid character class range", text });
        }
    }
    out.push_str(&format!(r"\x{{{:X}}}-\x{{{:X}}}", u32::from(low), u32::from(high)));
    Ok(rest)
}

fn character<'a>(text: &'a str, class: &str) -> Result<(char, &'a str)> {
    if text.starts_with('\\') {
        return escaped(text);
    }
    let mut runes = text.chars();
    let missing = || Problem { what: "missing closing ]", text: class.to_owned() };
    Ok((runes.next().ok_or_else(missing)?, runes.as_str()))
}
