//! How many nodes may be read.

use crate::MAX_NODES;

/// What a token of YAML begins with, unless it is a plain scalar: of those, one never follows another.
const MARKS: &[u8] = b"-?:,[]{}#&*!|>'\"%@`";

/// What is left of the nodes that one file may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    left: usize,
    limit: usize,
    /// How many marks a document of YAML may have.
    marks: usize,
}

impl Budget {
    /// `limit` nodes, and never more than [`MAX_NODES`].
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.min(MAX_NODES);
        Self { left: limit, limit, marks: usize::MAX }
    }

    /// The same for what strangers send. YAML's scanner holds every token of a flow collection at once,
    /// before any of them is a node: the marks that tokens begin with are bounded too.
    pub(crate) fn strict(limit: usize) -> Self {
        let budget = Self::new(limit);
        Self { marks: budget.limit.saturating_mul(2), ..budget }
    }

    /// Whether YAML's scanner may be let loose on `text`.
    ///
    /// # Errors
    /// What to say when it may not.
    pub(crate) fn scan(&self, text: &str) -> Result<(), String> {
        let marks = text.bytes().filter(|byte| MARKS.contains(byte)).count();
        if marks > self.marks { Err(self.too_many()) } else { Ok(()) }
    }

    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Takes `nodes` off; when so many are not left, what to say about it.
    pub(crate) fn spend(&mut self, nodes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(nodes).ok_or_else(|| self.too_many())?;
        Ok(())
    }

    fn too_many(&self) -> String {
        format!("the file holds more than {} nodes", self.limit)
    }
}
