//! A pipeline file's text and the places in it.

use serde::{Deserialize, Serialize};

/// A pipeline file as it came from a repository or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path from the repository's root, with `/`.
    pub path: String,
    /// Its bytes, whatever they are.
    pub text: Vec<u8>,
}

/// A piece of a file's text, in bytes from its start (a byte order mark not counted).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Where it starts.
    pub offset: u32,
    /// How many bytes it is long; 0 is a point.
    pub len: u32,
}

impl Span {
    /// From two byte offsets.
    pub(crate) fn between(start: usize, end: usize) -> Span {
        let offset = u32::try_from(start).unwrap_or(u32::MAX);
        Span { offset, len: u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX) }
    }

    /// The first byte.
    pub(crate) fn start(self) -> usize {
        self.offset as usize
    }

    /// The byte after the last.
    pub(crate) fn end(self) -> usize {
        self.offset as usize + self.len as usize
    }
}

/// Something a file says, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// A file's text with its lines found.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    line_starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Source {
        let line_starts = std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1)).collect();
        Source { path, text, line_starts }
    }

    /// The line (from 1) that holds a byte.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// Where a line (from 1) starts and ends, its line break not included.
    pub(crate) fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.line_starts.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        start..start + text.len()
    }

    /// The text at a span, where the span fits.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start()..span.end()).unwrap_or("")
    }

    /// The byte at line (from 1) and column (in characters, from 0).
    pub(crate) fn offset_at(&self, line: usize, column: usize) -> usize {
        let range = self.line_range(line.max(1));
        let text = &self.text[range.clone()];
        range.start + text.char_indices().nth(column).map_or(text.len(), |(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found() {
        let source = Source::new("f".into(), "ab\r\ncü\n".into());
        assert_eq!(source.line(0), 1);
        assert_eq!(source.line(3), 1);
        assert_eq!(source.line(4), 2);
        assert_eq!(source.line(8), 3);
        assert_eq!(source.line_range(1), 0..2);
        assert_eq!(source.line_range(2), 4..7);
        assert_eq!(source.offset_at(2, 2), 7);
        assert_eq!(source.offset_at(99, 4), 8);
    }

    #[test]
    fn an_empty_file_has_a_line() {
        let source = Source::new("f".into(), String::new());
        assert_eq!((source.line(0), source.line(7)), (1, 1));
        assert_eq!(source.line_range(1), 0..0);
    }
}
