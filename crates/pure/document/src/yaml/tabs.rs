//! Tabs where kubectl's reader takes none: in the indentation of a block, and after its `-` and `?`.

use std::ops::Range;

/// Where tabs may stand in a text: inside what spans lines on its own terms.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    flow: usize,
    covered: Vec<Range<usize>>,
}

impl Tabs {
    /// A collection starts; `written` is the text up to and with its bracket, or empty in block style.
    pub(super) fn enter(&mut self, written: &str) -> bool {
        let flow = written.ends_with(['{', '[']);
        self.flow += usize::from(flow);
        flow
    }

    /// The collection that `enter` said was in flow style ends; it has these bytes.
    pub(super) fn leave(&mut self, range: Range<usize>) {
        self.flow = self.flow.saturating_sub(1);
        if self.flow == 0 {
            self.covered.push(range);
        }
    }

    pub(super) fn is_in_flow(&self) -> bool {
        self.flow > 0
    }

    /// A scalar with these bytes; whether a tab stands between a block's indicator and it.
    pub(super) fn scalar(&mut self, text: &str, range: Range<usize>) -> bool {
        if self.flow > 0 {
            return false;
        }
        let bad = self.is_after_tab(text, range.start);
        if text.get(range.clone()).is_some_and(|written| written.contains('\n')) {
            self.covered.push(range);
        }
        bad
    }

    /// Whether, in block style, a tab stands between `-` or `?` and what starts at `start`.
    pub(super) fn is_after_tab(&self, text: &str, start: usize) -> bool {
        let before = text.get(..start).unwrap_or_default();
        let kept = before.trim_end_matches([' ', '\t']);
        let between = before.get(kept.len()..).unwrap_or_default();
        self.flow == 0 && between.contains('\t') && kept.ends_with(['-', '?'])
    }

    /// The first tab in the indentation of a line that nothing covers.
    pub(super) fn find(mut self, text: &str) -> Option<usize> {
        if !text.contains('\t') {
            return None;
        }
        self.covered.sort_by_key(|range| range.start);
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start_matches([' ', '\t']);
            let indent = line.get(..line.len() - content.len()).unwrap_or_default();
            if let Some(tab) = indent.find('\t').map(|tab| start + tab)
                && !self.covers(tab)
            {
                return Some(tab);
            }
            start += line.len();
        }
        None
    }

    /// The ranges are sorted and none overlaps the next.
    fn covers(&self, byte: usize) -> bool {
        let next = self.covered.partition_point(|range| range.start <= byte);
        next.checked_sub(1).and_then(|last| self.covered.get(last)).is_some_and(|range| byte < range.end)
    }
}

/// A tab where the first line of a block scalar (these bytes, properties and header first) would show
/// its indentation, unless its header tells it.
pub(super) fn in_block_indentation(text: &str, range: Range<usize>) -> Option<usize> {
    let written = text.get(range.clone())?;
    let header = written.split('\n').next()?;
    let indicators = header.get(header.rfind(['|', '>'])?..)?.split('#').next()?;
    if indicators.contains(|character: char| character.is_ascii_digit()) {
        return None;
    }
    let mut start = range.start + header.len() + 1;
    for line in written.get(header.len() + 1..)?.split('\n') {
        let content = line.trim_start_matches(' ');
        if content.starts_with('\t') {
            return Some(start + line.len() - content.len());
        }
        if !content.trim_end_matches('\r').is_empty() {
            return None;
        }
        start += line.len() + 1;
    }
    None
}
