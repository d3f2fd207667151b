//! What is wrong with a pipeline file, where, and what to do about it.
//!
//! A diagnostic is plain data: it is stored with a run, travels to the page as JSON, and is drawn for a terminal by
//! [`render`]. It carries the line of text that its caret points at, so that nobody needs the file again.

pub mod render;

use crate::source::{Source, Span};
use serde::{Deserialize, Serialize};

/// Longest piece of a line that a diagnostic carries, in characters.
const MAX_LINE_CHARS: usize = 240;
/// How much of a long line is kept in front of the caret, in characters.
const KEPT_IN_FRONT: usize = 80;
/// Longest piece of a user's word that a message repeats, in characters.
const MAX_QUOTED_CHARS: usize = 80;

/// Does it stop the pipeline?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing runs until it is mended.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// One problem in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// Does it stop the pipeline?
    pub severity: Severity,
    /// What failed and on what, in lower case, one line.
    pub message: String,
    /// The file's path in the repository.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The piece of the file's text, in bytes.
    pub span: Span,
    /// The line's text, or the part around the caret where it is long. One character each for what a terminal or a
    /// page would act upon (control characters, direction marks), so that columns stay true.
    pub text: String,
    /// How many characters of the line were cut off in front of `text`.
    pub cut: u32,
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

/// Another place that belongs to a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// What is there.
    pub label: String,
    /// The file's path in the repository.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The piece of the file's text, in bytes.
    pub span: Span,
    /// As [`Diagnostic::text`].
    pub text: String,
    /// As [`Diagnostic::cut`].
    pub cut: u32,
}

impl Diagnostic {
    /// A problem at a place in a file.
    pub(crate) fn new(severity: Severity, source: &Source, span: Span, message: impl Into<String>) -> Diagnostic {
        let place = Place::find(source, span);
        Diagnostic {
            severity,
            message: message.into(),
            file: source.path.clone(),
            line: place.line,
            column: place.column,
            span,
            text: place.text,
            cut: place.cut,
            help: None,
            related: Vec::new(),
        }
    }

    /// Say what to do.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Show another place.
    pub(crate) fn also(&mut self, source: &Source, span: Span, label: impl Into<String>) -> &mut Diagnostic {
        let place = Place::find(source, span);
        self.related.push(Related {
            label: label.into(),
            file: source.path.clone(),
            line: place.line,
            column: place.column,
            span,
            text: place.text,
            cut: place.cut,
        });
        self
    }

    /// Is it an error?
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

struct Place {
    line: u32,
    column: u32,
    text: String,
    cut: u32,
}

impl Place {
    fn find(source: &Source, span: Span) -> Place {
        let offset = span.start().min(source.text.len());
        let line = source.line(offset);
        let range = source.line_range(line);
        let whole = &source.text[range.clone()];
        let front = whole.get(..offset.saturating_sub(range.start).min(whole.len())).unwrap_or("").chars().count();
        let cut = if front > KEPT_IN_FRONT && whole.len() > MAX_LINE_CHARS { front - KEPT_IN_FRONT } else { 0 };
        Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(front + 1).unwrap_or(u32::MAX),
            text: whole.chars().skip(cut).take(MAX_LINE_CHARS).map(tame).collect(),
            cut: u32::try_from(cut).unwrap_or(u32::MAX),
        }
    }
}

/// One harmless character for one that a terminal or a page would act upon.
fn tame(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if acts(c) => '\u{fffd}',
        c => c,
    }
}

/// Would a terminal or a page act upon it instead of showing it?
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text with what a terminal or a page would act upon written out, as `\u{202e}`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// A user's word for a message: in backticks, escaped, cut where it is long.
pub(crate) fn quote(word: &str) -> String {
    let mut shown = escape(&word.chars().take(MAX_QUOTED_CHARS).collect::<String>());
    if word.chars().nth(MAX_QUOTED_CHARS).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let source = Source::new("f".into(), format!("a\n{}X{}\n", "é".repeat(1000), "y".repeat(1000)));
        let d = Diagnostic::new(Severity::Error, &source, Span { offset: 2002, len: 1 }, "m");
        assert_eq!((d.line, d.column, d.cut), (2, 1001, 920));
        assert_eq!(d.text.chars().count(), MAX_LINE_CHARS);
        assert_eq!(d.text.chars().nth((d.column - 1 - d.cut) as usize), Some('X'));
    }

    #[test]
    fn what_a_terminal_acts_upon_is_tamed_one_for_one() {
        let source = Source::new("f".into(), "a\u{1b}[31m\u{9b}\u{202e}b".into());
        let d = Diagnostic::new(Severity::Error, &source, Span::default(), "m");
        assert_eq!(d.text, "a␛[31m��b");
        assert_eq!(quote("x\u{1b}\u{202e}"), "`x\\u{1b}\\u{202e}`");
        assert_eq!(quote(&"n".repeat(1_000_000)).chars().count(), MAX_QUOTED_CHARS + 3);
    }
}
