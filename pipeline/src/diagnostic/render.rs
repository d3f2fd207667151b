//! Diagnostics as text for a terminal or a log, drawn by miette.

use super::{Diagnostic, Related, Severity, escape};
use crate::source::Span;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::fmt;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal: lines drawn with box characters, in colour.
    Colour,
    /// For a terminal whose owner set `NO_COLOR`.
    NoColour,
    /// For a file or a log: ASCII only (but for the user's own text).
    Plain,
}

/// All diagnostics as text, one after the other, each with its line and a caret.
pub fn render(diagnostics: &[Diagnostic], style: Style) -> String {
    let theme = match style {
        Style::Colour => GraphicalTheme::unicode(),
        Style::NoColour => GraphicalTheme::unicode_nocolor(),
        Style::Plain => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120).with_wrap_lines(false);
    let mut out = String::new();
    for diagnostic in diagnostics {
        for report in reports(diagnostic) {
            // Writing to a String does not fail; what miette may fail at is a span outside of its text, and then the
            // words alone must do.
            if handler.render_report(&mut out, &report).is_err() {
                out.push_str(&format!("{}:{}: {}\n", report.line.file, report.line.line + 1, report.message));
            }
        }
        out.push('\n');
    }
    out
}

/// One line that counts them: `2 errors and 1 warning`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (errors, diagnostics.len() - errors) {
        (e, 0) => count(e, "error"),
        (0, w) => count(w, "warning"),
        (e, w) => format!("{} and {}", count(e, "error"), count(w, "warning")),
    }
}

/// A diagnostic, or a related place, as miette wants it. (Its own related diagnostics come with a title each.)
#[derive(Debug)]
struct Report {
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    line: Line,
}

/// A diagnostic, then its related places; what to do stands last.
fn reports(d: &Diagnostic) -> Vec<Report> {
    let first = Report {
        message: escape(&d.message),
        severity: if d.severity == Severity::Error { miette::Severity::Error } else { miette::Severity::Warning },
        help: None,
        line: Line::new(&d.file, d.line, d.column, d.cut, d.span, &d.text),
    };
    let related = |r: &Related| Report {
        message: escape(&r.label),
        severity: miette::Severity::Advice,
        help: None,
        line: Line::new(&r.file, r.line, r.column, r.cut, r.span, &r.text),
    };
    let mut reports: Vec<Report> = std::iter::once(first).chain(d.related.iter().map(related)).collect();
    if let Some(last) = reports.last_mut() {
        last.help = d.help.as_deref().map(|help| help.split('\n').map(escape).collect::<Vec<_>>().join("\n"));
    }
    reports
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.line)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, self.line.caret))))
    }
}

/// The one line of a file that a caret points at; to miette it is the whole source.
#[derive(Debug)]
struct Line {
    file: String,
    /// From 0.
    line: usize,
    /// From 0, in the file.
    column: usize,
    text: String,
    caret: SourceSpan,
}

impl Line {
    fn new(file: &str, line: u32, column: u32, cut: u32, span: Span, text: &str) -> Line {
        let at = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(i, _)| i);
        let start = at((column.saturating_sub(1)).saturating_sub(cut) as usize);
        // The span counts bytes of the file, the text has one character for each of the file's; a span that goes on
        // over the line's end stops there.
        let mut end = start;
        let mut left = span.len as usize;
        while left > 0
            && let Some(c) = text[end..].chars().next()
        {
            left = left.saturating_sub(c.len_utf8());
            end += c.len_utf8();
        }
        Line {
            file: escape(file),
            line: line.saturating_sub(1) as usize,
            column: column.saturating_sub(1) as usize,
            text: text.to_owned(),
            caret: (start, end - start).into(),
        }
    }
}

impl SourceCode for Line {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if span.offset() + span.len() > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let whole: SourceSpan = (0, self.text.len()).into();
        // miette asks for the place alone, to name it, and for the place with its surroundings, to draw them.
        let column = if before + after == 0 { self.column } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(self.file.clone(), self.text.as_bytes(), whole, self.line, column, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_diagnostic_is_drawn_with_its_line_and_caret() {
        let source = Source::new("ci.dockercise.yaml".into(), "a:\n  imgg: alpine\n".into());
        let mut d = Diagnostic::new(Severity::Error, &source, Span { offset: 5, len: 4 }, "unknown key `imgg`");
        d.help("did you mean `img`?").also(&source, Span { offset: 0, len: 1 }, "in this step");
        insta::assert_snapshot!("plain", render(&[d.clone()], Style::Plain));
        insta::assert_snapshot!("no_colour", render(&[d.clone()], Style::NoColour));
        assert!(render(&[d.clone()], Style::Colour).contains("\u{1b}["));
        let json = serde_json::to_string(&d).expect("plain data");
        assert_eq!(serde_json::from_str::<Diagnostic>(&json).expect("plain data"), d);
    }

    #[test]
    fn no_control_character_of_the_user_reaches_the_terminal() {
        let source = Source::new("\u{1b}]0;x\u{7}.dockercise.yaml".into(), "\u{1b}[2J\u{202e}\u{9b}31m: x".into());
        let mut d = Diagnostic::new(Severity::Error, &source, Span { offset: 0, len: 12 }, "bad \u{1b}[31m name\u{202e}");
        d.help("first\nsecond\u{1b}");
        for style in [Style::Plain, Style::NoColour] {
            let text = render(&[d.clone()], style);
            assert!(!text.chars().any(|c| super::super::acts(c) && c != '\n'), "{text:?}");
        }
    }
}
