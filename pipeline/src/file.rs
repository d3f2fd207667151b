//! One pipeline file's bytes to a [`Definition`], or to everything that is wrong with it.

mod after;
mod build;
mod cache;
mod done;
mod env;
mod globs;
mod keys;
mod on;
mod path;
mod resources;
mod service;
mod settings;
mod shell;
mod step;
mod value;
mod vol;
mod when;
mod yaml;

#[cfg(test)]
pub(crate) use keys::{SETTINGS, STEP_KEYS};

use crate::definition::Definition;
use crate::diagnostic::{Diagnostic, Severity};
use crate::discover::{MAX_FILE_BYTES, default_name};
use crate::source::{Source, SourceFile, Span, Spanned};
use std::sync::Arc;

/// What to write in a file that holds nothing.
const STARTER: &str = "the smallest pipeline is `hello: {img: alpine, run: echo hello}`";

/// What became of one file.
#[derive(Debug)]
pub(crate) struct FileRead {
    pub(crate) source: Arc<Source>,
    /// The pipeline's name: what the file says, as far as it could be read, else what its path says.
    pub(crate) name: Spanned<String>,
    /// None where the file is not YAML at all, or holds no map.
    pub(crate) definition: Option<Definition>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads one file.
pub(crate) fn read(repository_name: &str, file: SourceFile) -> FileRead {
    let default = Spanned { value: default_name(repository_name, &file.path), span: Span::default() };
    let (text, encoding) = if file.text.len() as u64 > MAX_FILE_BYTES {
        (
            String::new(),
            Err((
                0,
                format!("the file is over {} KiB", MAX_FILE_BYTES >> 10),
                "keep long scripts in the repository and run them from there".to_owned(),
            )),
        )
    } else {
        decode(&file.text)
    };
    let source = Arc::new(Source::new(file.path, text));
    let mut problems = Problems { source: &source, list: Vec::new() };
    let (name, definition) = match encoding {
        Err((offset, message, help)) => {
            problems.error(Span::between(offset, offset), message).help(help);
            (default, None)
        }
        Ok(()) => match yaml::parse(&mut problems) {
            Some(root) => settings::definition(&mut problems, &source, default, &root),
            None => (default, None),
        },
    };
    let diagnostics = problems.list;
    FileRead { source, name, definition, diagnostics }
}

/// Where, what, and what to do.
type Refusal = (usize, String, String);

/// The text of a file's bytes, and why it cannot be read, where it cannot.
fn decode(bytes: &[u8]) -> (String, Result<(), Refusal>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let utf8 = "save the file as utf-8";
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return (String::new(), Err((0, "the file is utf-16".to_owned(), utf8.to_owned())));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            return (text, Err((error.valid_up_to(), "the file is not utf-8".to_owned(), utf8.to_owned())));
        }
    };
    let refused = text
        .char_indices()
        .find(|(_, c)| matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}') && *c != '\r');
    match refused {
        None => (text, Ok(())),
        Some((offset, c)) => {
            let help = if c == '\0' { utf8.to_owned() } else { format!("in double quotes it can be written `\\x{:02x}`", u32::from(c)) };
            (text, Err((offset, format!("a control character (U+{:04X}) in the file", u32::from(c)), help)))
        }
    }
}

/// Collects what is wrong with one file.
pub(crate) struct Problems<'s> {
    pub(crate) source: &'s Source,
    pub(crate) list: Vec<Diagnostic>,
}

impl Problems<'_> {
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, message.into())
    }

    pub(crate) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, span, message.into())
    }

    fn add(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        self.list.push(Diagnostic::new(severity, self.source, span, message));
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}
