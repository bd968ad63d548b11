//! From parser events to a tree.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};
use sealward_diagnostic::Origin;

use super::ambiguity;
use super::fields::Fields;
use super::refuse;
use super::resolve::{self, Scalar};
use super::tabs::{self, Tabs};
use super::{DuplicateKey, Source};
use crate::budget::Budget;
use crate::position::{self, Characters};
use crate::{Field, MAX_DEPTH, Map, Node, ReadError, Span, Value};

type Place = saphyr_parser::Span;

/// The one document of `source`, of whose text `length` bytes stand in the file; every node taken is
/// taken off `budget`.
pub(crate) fn document(
    source: &Source<'_>,
    length: usize,
    budget: &mut Budget,
) -> Result<(Node, Vec<DuplicateKey>), ReadError> {
    refuse::characters(source)?;
    refuse::directives(source)?;
    let mut builder = Builder {
        parser: Parser::new_from_str(source.text),
        characters: Characters::of(source.text),
        source,
        length,
        anchors: HashMap::new(),
        tabs: Tabs::default(),
        budget,
        duplicates: Vec::new(),
    };
    let node = builder.document()?;
    if let Some(tab) = std::mem::take(&mut builder.tabs).find(source.text) {
        return Err(refuse::tab(source, tab));
    }
    Ok((node, builder.duplicates))
}

struct Builder<'a, 'b> {
    parser: Parser<'a, StrInput<'a>>,
    characters: Characters<'a>,
    source: &'b Source<'a>,
    length: usize,
    /// What each anchor stands for; `None` while it is being read.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    tabs: Tabs,
    budget: &'b mut Budget,
    duplicates: Vec<DuplicateKey>,
}

impl<'a> Builder<'a, '_> {
    fn document(&mut self) -> Result<Node, ReadError> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd, place) => {
                    // What holds only blanks and comments does not come here, but for tabs.
                    let error = self.error(place.start, "found a tab that cannot start any token");
                    return Err(error.hint("remove it, or indent with spaces"));
                }
                (Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, _, _), place) => {
                    let error = self.error(place.start, "a document cannot be a block scalar");
                    return Err(error.hint("kubectl reads it as empty; write a mapping"));
                }
                (event, place) => {
                    let node = self.build(event, place, 0)?;
                    self.end()?;
                    return Ok(node);
                }
            }
        }
    }

    /// Nothing may follow the document: kubectl does not read on after `...`.
    fn end(&mut self) -> Result<(), ReadError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, place) => {
                    return Err(self
                        .error(place.start, "content after the end of the document, which kubectl ignores")
                        .hint("start the next document with a line `---`"));
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Place), ReadError> {
        match self.parser.next_event() {
            Some(Ok((event, place))) => {
                let place = self.place_from_header(&event, place);
                Ok((event, place))
            }
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, Place::default())),
        }
    }

    /// The parser has a block scalar begin with its text; here it begins with its `|` or `>`.
    fn place_from_header(&self, event: &Event<'a>, place: Place) -> Place {
        let Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, 0, None) = event else {
            return place;
        };
        let before = self.source.text.get(..self.local(place).start).unwrap_or_default();
        let Some(header) = ambiguity::block_header(before) else {
            return place;
        };
        let between = before.get(header..).unwrap_or_default();
        let line_start = before.get(..header).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let column = before.get(line_start..header).unwrap_or_default().chars().count();
        let index = place.start.index() - between.chars().count();
        let line = place.start.line() - between.matches('\n').count();
        Place { start: Marker::new(index, line, column), end: place.end }
    }

    fn build(&mut self, event: Event<'a>, place: Place, depth: usize) -> Result<Node, ReadError> {
        if depth > MAX_DEPTH {
            return Err(self.error(place.start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.spend(1, place.start)?;
        self.refuse_ambiguous(&event, place)?;
        match event {
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = self.scalar(&text, style, tag.as_deref(), place)?;
                let value = resolve::value(scalar).map_err(|message| self.error(place.start, message))?;
                let node = self.node(value, place);
                self.remember(anchor, &node, 1, place)?;
                Ok(node)
            }
            Event::SequenceStart(anchor, _) => self.anchored(anchor, place, |this| this.list(place, depth)),
            Event::MappingStart(anchor, _) => self.anchored(anchor, place, |this| this.map(place, depth)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(self.error(place.start, "did not find expected node content")),
        }
    }

    /// Builds a collection and remembers it under its anchor, which it must not hold itself.
    fn anchored(
        &mut self,
        anchor: usize,
        place: Place,
        build: impl FnOnce(&mut Self) -> Result<Node, ReadError>,
    ) -> Result<Node, ReadError> {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        let before = self.budget.left();
        let range = self.local(place);
        if self.tabs.is_after_tab(self.source.text, range.start) {
            return Err(refuse::tab(self.source, range.start));
        }
        let flow = self.tabs.enter(self.source.text.get(range.clone()).unwrap_or_default());
        let node = build(self)?;
        if flow {
            self.tabs.leave(range.start..node.span.end.saturating_sub(self.source.byte));
        }
        let size = before - self.budget.left() + 1;
        self.remember(anchor, &node, size, place)?;
        Ok(node)
    }

    fn list(&mut self, place: Place, depth: usize) -> Result<Node, ReadError> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => {
                    let last = items.last().map(|item| item.span.end);
                    return Ok(self.collection(Value::List(items), place, end, last));
                }
                (event, place) => items.push(self.build(event, place, depth + 1)?),
            }
        }
    }

    fn map(&mut self, place: Place, depth: usize) -> Result<Node, ReadError> {
        let mut fields = Fields::default();
        loop {
            match self.next()? {
                (Event::MappingEnd, end) => {
                    let last = fields.end;
                    return Ok(self.collection(Value::Map(fields.into_map()), place, end, last));
                }
                (Event::Scalar(text, ScalarStyle::Plain, _, tag), place)
                    if text == "<<" && tag.as_deref().is_none_or(is_merge_tag) =>
                {
                    let (event, value) = self.next()?;
                    self.merge(event, value, place, depth, &mut fields)?;
                }
                (event, place) => self.field(event, place, depth, &mut fields)?,
            }
        }
    }

    fn field(
        &mut self,
        event: Event<'a>,
        place: Place,
        depth: usize,
        fields: &mut Fields,
    ) -> Result<(), ReadError> {
        let key = self.key(event, place)?;
        let origin = self.origin(place.start);
        let (event, value) = self.next()?;
        let absent = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text.is_empty());
        let mut node = self.build(event, value, depth + 1)?;
        if absent {
            // The parser gives an empty value the place of whatever comes next.
            let end = self.byte(place.end);
            node.origin = origin.clone();
            node.span = Span { start: end, end };
        }
        fields.end = Some(node.span.end);
        if let Some(first) = fields.put(Field { key: key.clone(), origin: origin.clone(), node }) {
            self.duplicates.push(DuplicateKey { key, first, again: origin });
        }
        Ok(())
    }

    fn key(&mut self, event: Event<'a>, place: Place) -> Result<String, ReadError> {
        self.spend(1, place.start)?;
        self.refuse_ambiguous(&event, place)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if style == ScalarStyle::Plain {
                    self.refuse_tight_colon(place)?;
                }
                let scalar = self.scalar(&text, style, tag.as_deref(), place)?;
                if anchor > 0 {
                    let value =
                        resolve::value(scalar.clone()).map_err(|message| self.error(place.start, message))?;
                    let node = self.node(value, place);
                    self.remember(anchor, &node, 1, place)?;
                }
                resolve::key(scalar).map_err(|message| self.error(place.start, message))
            }
            Event::Alias(anchor) => {
                let node = self.alias(anchor, place)?;
                let scalar = match node.value {
                    Value::Null => Scalar::Null,
                    Value::Bool(value) => Scalar::Bool(value),
                    Value::Number(value) if value.is_f64() => {
                        Scalar::Float(value.as_f64().unwrap_or_default())
                    }
                    Value::Number(value) => Scalar::Integer(value),
                    Value::String(text) => Scalar::Text(text),
                    Value::Secret(_) | Value::List(_) | Value::Map(_) => {
                        return Err(self.error(place.start, "invalid map key: a mapping or sequence"));
                    }
                };
                resolve::key(scalar).map_err(|message| self.error(place.start, message))
            }
            _ => Err(self
                .error(place.start, "invalid map key: a mapping or sequence")
                .hint("quote text that starts with `{` or `[`, such as a template")),
        }
    }

    /// `<<`: the fields of a mapping, or of several of which earlier ones win, at this point of the
    /// mapping. As in go-yaml they replace fields written before and are replaced by ones after.
    fn merge(
        &mut self,
        event: Event<'a>,
        value: Place,
        key: Place,
        depth: usize,
        fields: &mut Fields,
    ) -> Result<(), ReadError> {
        self.spend(1, key.start)?;
        let aliased = matches!(event, Event::Alias(_));
        let node = self.build(event, value, depth + 1)?;
        fields.end = Some(self.byte(value.end).max(node.span.end));
        let sources = match node.value {
            Value::Map(map) => vec![map],
            Value::List(items) if !aliased => {
                let maps: Option<Vec<Map>> = items.into_iter().map(into_map).collect();
                maps.ok_or_else(|| self.wants_map(value))?
            }
            _ => return Err(self.wants_map(value)),
        };
        for map in sources.into_iter().rev() {
            for field in map {
                fields.put(field);
            }
        }
        Ok(())
    }

    fn wants_map(&self, place: Place) -> ReadError {
        self.error(place.start, "map merge requires map or sequence of maps as the value")
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<Node, ReadError> {
        match self.anchors.get(&anchor) {
            Some(Some((node, size))) => {
                let (node, size) = (node.clone(), *size);
                self.spend(size, place.start)?;
                Ok(node)
            }
            Some(None) => Err(self.error(place.start, "the anchor's value contains itself")),
            None => Err(self.error(place.start, "unknown anchor referenced")),
        }
    }

    /// Refuses what YAML 1.1, which kubectl reads, and 1.2, which this parser reads, take differently.
    fn refuse_ambiguous(&self, event: &Event<'a>, place: Place) -> Result<(), ReadError> {
        let written = self.characters.from(place.start.index());
        let flow = self.tabs.is_in_flow();
        let length = place.len();
        match ambiguity::of(event, written, length, flow) {
            Some((message, hint)) => Err(self.error(place.start, message).hint(hint)),
            None => Ok(()),
        }
    }

    /// Refuses `{key:}`: to YAML 1.1 the colon is a part of the key.
    fn refuse_tight_colon(&self, place: Place) -> Result<(), ReadError> {
        if !ambiguity::has_tight_colon(self.characters.from(place.end.index())) {
            return Ok(());
        }
        Err(self
            .error(place.start, "no space between `:` and what follows, so that the colon may be text")
            .hint("put a space after the colon"))
    }

    /// Keeps a copy for aliases; the copy is paid for, so that nested anchors stay bounded.
    fn remember(&mut self, anchor: usize, node: &Node, size: usize, place: Place) -> Result<(), ReadError> {
        if anchor > 0 {
            self.spend(size, place.start)?;
            self.anchors.insert(anchor, Some((node.clone(), size)));
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, at: Marker) -> Result<(), ReadError> {
        self.budget.spend(nodes).map_err(|message| {
            self.error(at, format!("{message}, aliases expanded"))
                .hint("split the file, or write fewer aliases of large anchors")
        })
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<Scalar, ReadError> {
        let range = self.local(place);
        if !range.is_empty() && self.tabs.scalar(self.source.text, range.clone()) {
            return Err(refuse::tab(self.source, range.start));
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
            && let Some(tab) = tabs::in_block_indentation(self.source.text, range)
        {
            return Err(refuse::tab(self.source, tab));
        }
        let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        resolve::scalar(text, style == ScalarStyle::Plain, tag.as_deref())
            .map_err(|message| self.error(place.start, message))
    }

    fn node(&self, value: Value, place: Place) -> Node {
        let span = Span { start: self.byte(place.start), end: self.byte(place.end) };
        Node { value, origin: self.origin(place.start), span }
    }

    /// A collection ends at its bracket, or, in block style, where its last child ends.
    fn collection(&self, value: Value, start: Place, end: Place, last: Option<usize>) -> Node {
        let mut node = self.node(value, start);
        node.span.end = if end.is_empty() { last.unwrap_or(node.span.end) } else { self.byte(end.end) };
        node
    }

    /// The bytes of a place within the source's text.
    fn local(&self, place: Place) -> std::ops::Range<usize> {
        self.characters.byte(place.start.index())..self.characters.byte(place.end.index())
    }

    fn byte(&self, marker: Marker) -> usize {
        self.source.byte + self.characters.byte(marker.index()).min(self.length)
    }

    fn origin(&self, marker: Marker) -> Origin {
        let line = self.source.line.saturating_add(position::number(marker.line().saturating_sub(1)));
        Origin::new(self.source.path.clone(), line, position::number(marker.col() + 1))
    }

    fn error(&self, marker: Marker, message: impl Into<String>) -> ReadError {
        ReadError::new(self.origin(marker), message)
    }

    fn scan_error(&self, error: &saphyr_parser::ScanError) -> ReadError {
        let read = self.error(*error.marker(), error.info());
        match refuse::hint(error.info()) {
            Some(hint) => read.hint(hint),
            None => read,
        }
    }
}

fn is_merge_tag(tag: &Tag) -> bool {
    format!("{}{}", tag.handle, tag.suffix) == "tag:yaml.org,2002:merge"
}

fn into_map(node: Node) -> Option<Map> {
    match node.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}
