//! YAML text to a tree of nodes with places. The only module that knows the YAML library.
//!
//! It reads the events of serde-saphyr's parser and not serde's view of them: that has already turned `1.10` into 1.1
//! and `no` into false, has dropped tags and stops at the first of two equal keys. The tree keeps scalars as written.
//! Nothing here calls itself, and nothing grows past the limits, so that no text can exhaust stack or memory.

use super::{Problems, STARTER};
use crate::diagnostic::quote;
use crate::source::Span;
use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Most nodes in a file once aliases are expanded (language.md, "Files").
const MAX_NODES: usize = 10_000;
/// Deepest nesting (language.md, "Files").
const MAX_DEPTH: usize = 32;
/// Most bytes of text once aliases are expanded: four times what a file may hold.
const MAX_TEXT: usize = 1024 * 1024;

/// From how many keys on a map's are looked up and not looked through.
const MANY_KEYS: usize = 16;

/// A node with its place.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) kind: Kind<'s>,
    pub(super) span: Span,
    /// Nodes in it, itself included, aliases expanded.
    nodes: usize,
    /// Bytes of text in it.
    text: usize,
    /// Lists and maps in each other, itself included; a scalar has none.
    depth: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'s> {
    /// Text as written.
    Scalar {
        text: Cow<'s, str>,
        /// Without quotes or block mark, so that `~` or nothing at all means no value.
        plain: bool,
    },
    List(Vec<Arc<Node<'s>>>),
    Map(Vec<Entry<'s>>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry<'s> {
    pub(super) key: Arc<Node<'s>>,
    pub(super) value: Arc<Node<'s>>,
}

impl<'s> Node<'s> {
    /// Is there no value: nothing, `~` or `null`, not quoted?
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The name in `{name}` without quotes, which YAML reads as a map with one key and no value.
    pub(super) fn braced(&self) -> Option<&Node<'s>> {
        match &self.kind {
            Kind::Map(entries) => match entries.as_slice() {
                [Entry { key, value }] if value.is_null() && value.text() == Some("") && key.text().is_some() => Some(key),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Reads a file's text. None where it is not YAML, or over a limit; what is wrong is in `problems` then.
pub(super) fn parse<'s>(problems: &mut Problems<'s>) -> Option<Arc<Node<'s>>> {
    let source = problems.source;
    let options = granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH + 2,
        block_nesting_limit: MAX_DEPTH + 2,
    };
    let mut tree =
        Tree { problems: &mut *problems, open: Vec::new(), anchors: HashMap::new(), root: None, documents: 0, nodes: 0, text: 0 };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let next = match event {
            Ok((event, span)) => tree.event(event, span),
            Err(error) => {
                tree.scan_error(&error);
                Err(Stop)
            }
        };
        if next.is_err() {
            return None;
        }
    }
    let root = tree.root;
    if root.is_none() {
        problems.error(Span::default(), "the file is empty").help(STARTER);
    }
    root
}

/// Where a key stands already. Few are looked through, many are looked up.
fn standing<'s>(entries: &[Entry<'s>], seen: &mut HashMap<Cow<'s, str>, Span>, text: &str) -> Option<Span> {
    if entries.len() < MANY_KEYS {
        return entries.iter().find(|entry| entry.key.text() == Some(text)).map(|entry| entry.key.span);
    }
    if seen.is_empty() {
        let known = entries.iter().filter_map(|entry| match &entry.key.kind {
            Kind::Scalar { text, .. } => Some((text.clone(), entry.key.span)),
            _ => None,
        });
        seen.extend(known);
    }
    seen.get(text).copied()
}

/// Reading cannot go on; the problem is recorded.
struct Stop;

/// A list or map that is not closed yet.
struct Open<'s> {
    kind: OpenKind<'s>,
    start: Span,
    anchor: usize,
}

enum OpenKind<'s> {
    List(Vec<Arc<Node<'s>>>),
    Map { entries: Vec<Entry<'s>>, key: Option<Arc<Node<'s>>>, seen: HashMap<Cow<'s, str>, Span> },
}

struct Tree<'t, 's> {
    problems: &'t mut Problems<'s>,
    open: Vec<Open<'s>>,
    /// Finished nodes that an alias may name.
    anchors: HashMap<usize, Arc<Node<'s>>>,
    root: Option<Arc<Node<'s>>>,
    documents: usize,
    nodes: usize,
    text: usize,
}

impl<'s> Tree<'_, 's> {
    fn event(&mut self, event: Event<'s>, at: granit_parser::Span) -> Result<(), Stop> {
        let span = at.byte_range().map_or_else(Span::default, |range| Span::between(range.start, range.end));
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problems
                        .error(span, "a second yaml document in one file")
                        .help("a pipeline is one document: put the second in a file of its own");
                    return Err(Stop);
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at, span);
                let plain = style == ScalarStyle::Plain;
                // The parser says `~` for what is not there at all.
                let text = if plain && span.len == 0 { Cow::Borrowed("") } else { text };
                self.count(1, text.len(), 0, span)?;
                let node = Arc::new(Node { nodes: 1, text: text.len(), depth: 0, kind: Kind::Scalar { text, plain }, span });
                self.finish(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at, span);
                self.start(OpenKind::List(Vec::new()), span, anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at, span);
                // A block's start has no text of its own; a flow map's is its brace.
                let span = if style == StructureStyle::Flow { span } else { Span { offset: span.offset, len: 0 } };
                self.start(OpenKind::Map { entries: Vec::new(), key: None, seen: HashMap::new() }, span, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    self.problems.error(span, "an alias inside of what it stands for");
                    return Err(Stop);
                };
                self.count(node.nodes, node.text, node.depth, span)?;
                self.finish(node, 0)
            }
            _ => Ok(()),
        }
    }

    /// Counts nodes and text that are about to be added below the open ones.
    fn count(&mut self, nodes: usize, text: usize, depth: usize, at: Span) -> Result<(), Stop> {
        self.nodes += nodes;
        self.text += text;
        let (message, help) = if self.nodes > MAX_NODES {
            (format!("over {MAX_NODES} nodes once aliases are expanded"), "split the pipeline into several files")
        } else if self.open.len() + depth > MAX_DEPTH {
            (format!("nested over {MAX_DEPTH} levels deep"), "no pipeline needs more than a handful: is a bracket too many?")
        } else if self.text > MAX_TEXT {
            (
                format!("over {MAX_TEXT} bytes of text once aliases are expanded"),
                "keep long scripts in the repository and run them from there",
            )
        } else {
            return Ok(());
        };
        self.problems.error(at, message).help(help);
        Err(Stop)
    }

    fn start(&mut self, kind: OpenKind<'s>, start: Span, anchor: usize) -> Result<(), Stop> {
        self.count(1, 0, 1, start)?;
        self.open.push(Open { kind, start, anchor });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), Stop> {
        let Some(Open { kind, start, anchor }) = self.open.pop() else { return Ok(()) };
        let kind = match kind {
            OpenKind::List(items) => Kind::List(items),
            OpenKind::Map { entries, .. } => Kind::Map(entries),
        };
        let (mut nodes, mut text, mut depth) = (1, 0, 0);
        let mut add = |child: &Node<'_>| {
            nodes += child.nodes;
            text += child.text;
            depth = depth.max(child.depth);
        };
        match &kind {
            Kind::List(items) => items.iter().for_each(|item| add(item)),
            Kind::Map(entries) => entries.iter().for_each(|entry| {
                add(&entry.key);
                add(&entry.value);
            }),
            Kind::Scalar { .. } => {}
        }
        let span = if start.len == 0 { start } else { Span::between(start.start(), end.end()) };
        self.finish(Arc::new(Node { kind, span, nodes, text, depth: depth + 1 }), anchor)
    }

    /// A node is complete: give it to what holds it.
    fn finish(&mut self, node: Arc<Node<'s>>, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map { entries, key, seen }) => match key.take() {
                None => *key = Some(node),
                Some(name) => {
                    let Kind::Scalar { text, plain } = &name.kind else {
                        self.problems.error(name.span, "a key must be a plain word");
                        return Ok(());
                    };
                    if *plain && text == "<<" {
                        self.problems
                            .error(name.span, "merge keys (`<<`) are not part of the language")
                            .help("name a whole value with an anchor (`&it`) and use it with an alias (`*it`), or write the keys out");
                    } else if let Some(first) = standing(entries, seen, text) {
                        let source = self.problems.source;
                        self.problems.error(name.span, format!("{} stands here twice", quote(text))).also(
                            source,
                            first,
                            "the first is here",
                        );
                    } else {
                        if entries.len() >= MANY_KEYS {
                            seen.insert(text.clone(), name.span);
                        }
                        entries.push(Entry { key: name, value: node });
                    }
                }
            },
        }
        Ok(())
    }

    fn refuse_tag(&mut self, tagged: bool, at: granit_parser::Span, node: Span) {
        if tagged {
            let span = at.tag_span().and_then(|tag| tag.byte_range()).map_or(node, |range| Span::between(range.start, range.end));
            let tag = quote(self.problems.source.slice(span));
            self.problems
                .error(span, format!("the yaml tag {tag} means nothing here"))
                .help("leave it out: every value is taken as written");
        }
    }

    /// The parser's own errors, in our words where people meet them often.
    fn scan_error(&mut self, error: &ScanError) {
        let source = self.problems.source;
        let mark = error.marker();
        let offset = mark.byte_offset().unwrap_or_else(|| source.offset_at(mark.line(), mark.col())).min(source.text.len());
        let span = Span::between(offset, offset);
        let rest = &source.text[source.line_range(source.line(offset))];
        let (message, help) = match error.kind() {
            _ if rest.trim_start_matches(' ').starts_with('\t') => ("a tab where yaml wants spaces".to_owned(), Some("indent with spaces")),
            kind if kind.to_string().contains(" tab") || kind.to_string().starts_with("tab") => {
                ("a tab where yaml wants spaces".to_owned(), Some("indent with spaces"))
            }
            ErrorKind::UnknownAnchor => (
                "an alias (`*name`) of an anchor (`&name`) that does not stand above it".to_owned(),
                Some("a word that starts with `*` needs quotes"),
            ),
            ErrorKind::DirectiveDisallowed => (
                "yaml directives (`%`) are not part of the language".to_owned(),
                Some("leave the line out, or quote the word that starts with `%`"),
            ),
            kind if kind.to_string().contains("nesting") || kind.to_string().contains("recursion") => {
                (format!("nested over {MAX_DEPTH} levels deep"), Some("no pipeline needs more than a handful: is a bracket too many?"))
            }
            kind if kind.to_string().starts_with("unclosed") => (format!("not valid yaml: {kind}"), None),
            kind => (
                format!("not valid yaml: {}", kind.to_string().to_ascii_lowercase()),
                Some(
                    "text with `: `, ` #` or a leading `{`, `[`, `*`, `&`, `%`, `@` needs quotes or a block (`run: |` and the text on the lines below)",
                ),
            ),
        };
        let problem = self.problems.error(span, message);
        if let Some(help) = help {
            problem.help(help);
        }
    }
}
