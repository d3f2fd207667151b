//! One pipeline file, read: what it says, with the places where it says it. Names are not resolved yet.

use crate::plan::On;
use crate::source::{Source, Spanned};
use std::sync::Arc;

/// One pipeline file.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) source: Arc<Source>,
    /// From `name`, else from the file's name at its first byte.
    pub(crate) name: Spanned<String>,
    pub(crate) on: On,
    pub(crate) timeout_seconds: u64,
    pub(crate) after: After,
    pub(crate) steps: Vec<StepDefinition>,
}

/// One step, defaults filled in.
#[derive(Debug)]
pub(crate) struct StepDefinition {
    pub(crate) name: Spanned<String>,
    /// None where it is missing, and that has been said.
    pub(crate) image: Option<Spanned<String>>,
    /// None where it is missing, and that has been said.
    pub(crate) run: Option<Command>,
    pub(crate) done: Option<Done>,
    /// A step or `source`.
    pub(crate) vol: Option<Spanned<String>>,
    pub(crate) env: Arc<Vec<EnvItem>>,
    pub(crate) after: After,
    pub(crate) timeout_seconds: Option<u64>,
}

/// A shell command: one text, or several that stop at the first failure.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) parts: Vec<Spanned<String>>,
}

/// The second command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) command: Command,
    pub(crate) timeout_seconds: Option<u64>,
}

/// One entry under `env`.
#[derive(Debug)]
pub(crate) enum EnvItem {
    /// `- access-key-id`
    Step(Spanned<String>),
    /// `NAME: "{step}"`
    Named { name: Spanned<String>, step: Spanned<String> },
    /// `NAME: text`
    Literal { name: Spanned<String>, text: Spanned<String> },
}

/// What `after` says.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) gate: Option<Gate>,
    /// Steps or pipelines.
    pub(crate) names: Vec<Spanned<String>>,
}

/// `human-click`
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) note: Option<String>,
}
