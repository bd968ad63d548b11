//! Names of objects. Source: `k8s.io/apimachinery/pkg/util/validation`.

/// Whether `text` may name most objects (RFC 1123 subdomain): labels with dots between them, at most 253
/// bytes.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether `text` may name a Namespace (RFC 1123 label): lower-case letters, digits and `-`, a letter or
/// digit at each end, at most 63 bytes.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_label(text)
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |text: &str, label: bool, subdomain: bool| {
            assert_eq!((is_dns_label(text), is_dns_subdomain(text)), (label, subdomain), "{text}");
        };
        check("web", true, true);
        check("7-a", true, true);
        check("a.b-c.d", false, true);
        for text in ["", "-a", "a-", "A", "a_b", "BAD NS", "a..b", ".a", "ä", "a/b"] {
            check(text, false, false);
        }
        check(&"a".repeat(63), true, true);
        check(&"a".repeat(64), false, true);
        check(&"a".repeat(254), false, false);
    }
}
