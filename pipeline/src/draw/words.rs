//! Words that several drawings share.

use crate::diagnostic::escape;
use crate::ids::{GateIx, PipelineIx};
use crate::plan::{Globs, Plan};

/// Longest piece of a command that is shown, in characters.
const MAX_COMMAND_CHARS: usize = 88;

/// A gate: who may click, until when, and what they are told.
pub(super) fn click(plan: &Plan, gate: GateIx) -> String {
    let Some(gate) = plan.gates.get(gate.index()) else { return String::new() };
    let mut text = "human click".to_owned();
    if !gate.by.is_empty() {
        text.push_str(&format!(" by {}", gate.by.join(" or ")));
    }
    if let Some(seconds) = gate.expires_seconds {
        text.push_str(&format!(" within {}", duration(seconds)));
    }
    if let Some(note) = &gate.note {
        text.push_str(&format!(": {}", command(note)));
    }
    text
}

pub(super) fn pipelines(plan: &Plan, after: &[PipelineIx]) -> String {
    let names: Vec<String> = after.iter().map(|ix| format!("pipeline {}", plan.pipeline(*ix).name)).collect();
    names.join(", ")
}

/// The first line of a command, short.
pub(super) fn command(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let mut shown: String = escape(first).chars().take(MAX_COMMAND_CHARS).collect();
    if lines.next().is_some() || first.chars().nth(MAX_COMMAND_CHARS).is_some() {
        shown.push_str(" …");
    }
    shown
}

/// Texts in one line, short.
pub(super) fn list(texts: &[String]) -> String {
    command(&texts.join(", ").replace('\n', " "))
}

/// `branches main, !old`; nothing for no globs.
pub(super) fn filter(word: &str, globs: &Globs) -> Option<String> {
    (!globs.0.is_empty()).then(|| format!("{word} {}", list(&globs.0)))
}

pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// `512m`, as a file would say it.
pub(super) fn memory(bytes: u64) -> String {
    match bytes {
        b if b % (1 << 30) == 0 => format!("{}g", b >> 30),
        b if b % (1 << 20) == 0 => format!("{}m", b >> 20),
        b => format!("{}k", b >> 10),
    }
}

/// `0.5`, as a file would say it.
pub(super) fn cpus(thousandths: u32) -> String {
    format!("{}", f64::from(thousandths) / 1000.0)
}
