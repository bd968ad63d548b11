//! What an execution may use up, and what it is given: time, randomness, limits.

use super::collection::Dict;

/// What one execution may use. The defaults suit Secrets: their values have room for 1 MiB in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes evaluated, functions called and bytes looked at (64 to a step); costly functions take more.
    pub steps: u64,
    /// Bytes written.
    pub output: usize,
    /// Bytes of all values that functions made, given back or not.
    pub memory: usize,
    /// How deep templates, actions, parentheses and values may nest.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, output: 1 << 20, memory: 16 << 20, depth: 100 }
    }
}

/// The limit that an execution ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`Limits::steps`].
    #[error("template takes too many steps")]
    Steps,
    /// [`Limits::output`].
    #[error("template writes too much")]
    Output,
    /// [`Limits::memory`].
    #[error("template makes values that are too large")]
    Memory,
    /// [`Limits::depth`].
    #[error("template nests too deep")]
    Depth,
}

/// What an execution is given from outside.
pub struct Environment<'a> {
    /// The time that `now` and its kin see.
    pub now: jiff::Timestamp,
    /// Fills a buffer with random bytes, for `rand*`, `uuidv4` and key generation.
    pub random: &'a mut dyn FnMut(&mut [u8]),
    /// What the execution may use up.
    pub limits: Limits,
}

/// What is left of the limits, and the maps that were changed on the way.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    steps: u64,
    memory: usize,
    depth: usize,
    changed: Vec<Dict>,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, steps: limits.steps, memory: limits.memory, depth: 0, changed: Vec::new() }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes `steps` away.
    pub(crate) fn charge(&mut self, steps: u64) -> Result<(), Limit> {
        self.steps = self.steps.checked_sub(steps).ok_or(Limit::Steps)?;
        Ok(())
    }

    /// Takes `bytes` of memory away, and the steps that it costs to fill them.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), Limit> {
        self.memory = self.memory.checked_sub(bytes).ok_or(Limit::Memory)?;
        self.charge(bytes as u64 / 64)
    }

    /// Bytes of memory that are left.
    pub(crate) fn memory_left(&self) -> usize {
        self.memory
    }

    /// One level down; [`Budget::leave`] comes back.
    pub(crate) fn enter(&mut self) -> Result<(), Limit> {
        if self.depth >= self.limits.depth {
            return Err(Limit::Depth);
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Remembers a map that is about to change: it may come to hold itself.
    pub(super) fn changes(&mut self, dict: &Dict) -> Result<(), Limit> {
        if !self.changed.last().is_some_and(|last| last.is_same(dict)) {
            self.reserve(size_of::<Dict>())?;
            self.changed.push(dict.clone());
        }
        Ok(())
    }
}

impl Drop for Budget {
    /// Empties every map that was changed. That breaks the circles, and as all of them are still held here,
    /// letting one go never leads into the next, however long their chain is.
    fn drop(&mut self) {
        for dict in &self.changed {
            dict.clear();
        }
    }
}
