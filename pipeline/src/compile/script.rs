//! A command's text to what a container is given to run.

use super::merge::Merge;
use crate::definition::{Command, Join, Shell};
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
    /// What is run, with paths in place of references.
    pub(super) argv: Vec<String>,
    /// The steps whose values it reads, each once, with the place that says so.
    pub(super) used: Vec<(StepIx, Span)>,
}

impl Merge<'_, '_> {
    /// Resolves the references of a command, and hands it to its shell.
    pub(super) fn script(&mut self, pipeline: PipelineIx, command: &Command, shell: &Shell) -> Script {
        // Between two parts of a list: what people see, and what runs (none: they are arguments of their own).
        let (shown, between) = match shell {
            Shell::Script { join: Join::StopAtFailure, .. } => ("\n", Some(STOP_AT_FAILURE)),
            Shell::Script { .. } => ("\n", Some("\n")),
            Shell::None => (" ", None),
        };
        let argv = if let Shell::Script { argv, .. } = shell { argv.clone() } else { Vec::new() };
        let mut script = Script { text: String::new(), argv, used: Vec::new() };
        let mut seen = std::collections::HashSet::new();
        for (i, part) in command.parts.iter().enumerate() {
            if i > 0 {
                script.text.push_str(shown);
            }
            let scanned = references::scan(&part.value, |word| self.word(pipeline, word));
            for (range, near) in scanned.near {
                let word = &part.value[range];
                let span = self.within(pipeline, part.span, word);
                self.error(pipeline, span, format!("there is no step {}", quote(word)))
                    .help(format!("did you mean `{{{near}}}`? The text itself is written `\\{{{word}}}`"));
            }
            script.text.push_str(&part.value);
            match (between, script.argv.last_mut()) {
                (Some(between), Some(last)) if i > 0 => {
                    last.push_str(between);
                    last.push_str(&scanned.text);
                }
                _ => script.argv.push(scanned.text),
            }
            for (step, word) in scanned.used {
                if seen.insert(step) {
                    let span = self.within(pipeline, part.span, &word);
                    script.used.push((step, span));
                }
            }
        }
        if let Some(long) = script.argv.iter().map(String::len).find(|length| *length > MAX_SCRIPT)
            && let Some(part) = command.parts.first()
        {
            self.error(pipeline, part.span, format!("the command has {long} bytes; {MAX_SCRIPT} are the most"))
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
