//! A command's text to the script that `sh -ec` is given.

use super::merge::Merge;
use crate::definition::Command;
use crate::diagnostic::quote;
use crate::ids::{PipelineIx, StepIx};
use crate::plan::VALUES;
use crate::references::{self, Word};
use crate::source::Span;

/// Longest script, in bytes: the kernel takes 128 KiB for one argument (language.md, "References").
const MAX_SCRIPT: usize = 120 * 1024;
/// Between two commands of a list. `-e` alone lets `false && true` pass, and a list stops at the first failure.
const STOP_AT_FAILURE: &str = "\n{ dockercise_code=$?; [ \"$dockercise_code\" = 0 ] || exit \"$dockercise_code\"; }\n";

/// A command ready to run.
pub(super) struct Script {
    /// As it stands in the file.
    pub(super) text: String,
    /// With paths in place of references.
    pub(super) run: String,
    /// The steps whose values it reads, each once, with the place that says so.
    pub(super) used: Vec<(StepIx, Span)>,
}

impl Merge<'_, '_> {
    /// Resolves the references of a command.
    pub(super) fn script(&mut self, pipeline: PipelineIx, command: &Command) -> Script {
        let mut script = Script { text: String::new(), run: String::new(), used: Vec::new() };
        let mut seen = std::collections::HashSet::new();
        for (i, part) in command.parts.iter().enumerate() {
            if i > 0 {
                script.text.push('\n');
                script.run.push_str(STOP_AT_FAILURE);
            }
            let scanned = references::scan(&part.value, |word| self.word(pipeline, word));
            for (range, near) in scanned.near {
                let word = &part.value[range];
                let span = self.within(pipeline, part.span, word);
                self.error(pipeline, span, format!("there is no step {}", quote(word)))
                    .help(format!("did you mean `{{{near}}}`? The text itself is written `\\{{{word}}}`"));
            }
            script.text.push_str(&part.value);
            script.run.push_str(&scanned.text);
            for (step, word) in scanned.used {
                if seen.insert(step) {
                    let span = self.within(pipeline, part.span, &word);
                    script.used.push((step, span));
                }
            }
        }
        if script.run.len() > MAX_SCRIPT
            && let Some(part) = command.parts.first()
        {
            self.error(pipeline, part.span, format!("the command has {} bytes; {MAX_SCRIPT} are the most", script.run.len()))
                .help("keep long scripts in the repository and run them from there");
        }
        script
    }

    /// What `{word}` is in that pipeline's file.
    fn word(&mut self, pipeline: PipelineIx, word: &str) -> Word<(StepIx, String)> {
        if let Some(step) = self.find(pipeline, word) {
            // As Plan::value_path.
            let path = match word.contains('/') {
                true => format!("{VALUES}/{word}"),
                false => format!("{VALUES}/{}/{word}", self.definitions[pipeline.index()].name.value),
            };
            return Word::Step((step, word.to_owned()), path);
        }
        if !word.contains(['-', '/']) || word.contains('/') && self.is_unsure(word) {
            return Word::Other;
        }
        match self.near(pipeline, word, 2) {
            Some(near) if strsim::levenshtein(word, &near) <= 2 => Word::Near(near),
            _ => Word::Other,
        }
    }

    /// The place of `{word}` in a command, if it stands there as it is; else the whole command's.
    fn within(&self, pipeline: PipelineIx, command: Span, word: &str) -> Span {
        let source = &self.definitions[pipeline.index()].source;
        match source.slice(command).find(&format!("{{{word}}}")) {
            Some(at) => Span::between(command.start() + at, command.start() + at + word.len() + 2),
            None => command,
        }
    }
}
