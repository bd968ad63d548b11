//! Where printing goes: bytes with a bound.

/// Bytes that are written, up to a limit; what comes after that is dropped and remembered as overflow.
#[derive(Debug)]
pub(crate) struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    overflown: bool,
    too_deep: bool,
}

impl Sink {
    /// One that takes at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, overflown: false, too_deep: false }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        if self.takes(bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The same byte `count` times.
    pub(crate) fn fill(&mut self, byte: u8, count: usize) {
        if self.takes(count) {
            self.bytes.resize(self.bytes.len() + count, byte);
        }
    }

    fn takes(&mut self, more: usize) -> bool {
        self.overflown |= more > self.limit - self.bytes.len();
        !self.overflown
    }

    /// Remembers that what was to be printed nests too deep; nothing more is taken.
    pub(crate) fn refuse_depth(&mut self) {
        self.too_deep = true;
        self.overflown = true;
    }

    pub(crate) fn is_too_deep(&self) -> bool {
        self.too_deep
    }

    /// Whether something was dropped.
    pub(crate) fn is_overflown(&self) -> bool {
        self.overflown
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
