//! JSON out.

use crate::Node;

/// `node` as indented JSON with a line break at its end; every secret leaf is the text `[redacted]`.
pub fn write_redacted(node: &Node) -> String {
    format!("{:#}\n", node.to_json_redacted())
}

/// `node` as indented JSON with a line break at its end, secrets in plaintext. Only for what a person
/// asked the CLI to print or write, and for request bodies to the API server.
pub fn write_exposed(node: &Node) -> String {
    format!("{:#}\n", node.expose_json())
}
