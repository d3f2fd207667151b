//! One pipeline file, read: what it says, with the places where it says it. Names are not resolved yet.

use crate::plan::{On, SourceOptions, WhenPlan, WhenStatus};
use crate::source::{Source, Span, Spanned};
use std::sync::Arc;

/// One pipeline file.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) source: Arc<Source>,
    /// From `name`, else from the file's name at its first byte.
    pub(crate) name: Spanned<String>,
    pub(crate) on: On,
    pub(crate) account: Option<String>,
    pub(crate) source_options: SourceOptions,
    pub(crate) timeout_seconds: u64,
    pub(crate) queue_timeout_seconds: u64,
    pub(crate) after: After,
    pub(crate) steps: Vec<StepDefinition>,
}

/// One step, defaults filled in.
#[derive(Debug)]
pub(crate) struct StepDefinition {
    pub(crate) name: Spanned<String>,
    /// None where it is missing, and that has been said; and with `build`.
    pub(crate) image: Option<ImageText>,
    pub(crate) shell: Arc<Shell>,
    pub(crate) run: Option<Command>,
    pub(crate) build: Option<Build>,
    pub(crate) done: Option<Done>,
    pub(crate) vol: Arc<Vec<Mount>>,
    pub(crate) env: Arc<Vec<EnvItem>>,
    pub(crate) after: After,
    pub(crate) when: When,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) allow_failure: bool,
    /// What it says of itself.
    pub(crate) secret: Option<Spanned<bool>>,
    pub(crate) results: Vec<Spanned<String>>,
    pub(crate) services: Vec<Service>,
    pub(crate) cache: Option<Cache>,
    pub(crate) cpus: Option<u32>,
    pub(crate) memory: Option<u64>,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
}

/// `img`
#[derive(Debug, Clone)]
pub(crate) enum ImageText {
    /// `alpine:3.22`
    Named(Spanned<String>),
    /// `"{step}"`
    Step(Spanned<String>),
}

/// What runs a command.
#[derive(Debug, Clone)]
pub(crate) enum Shell {
    /// These arguments, and then the script.
    Script { argv: Vec<String>, join: Join },
    /// Nothing: the command is the list of arguments.
    None,
}

/// How the commands of a list become one script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// With a line between them that ends a POSIX shell at the first failure.
    StopAtFailure,
    /// As lines: the language itself ends at an error.
    Lines,
    /// Not at all.
    Unknown,
}

/// A command: one text, or a list.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) parts: Vec<Spanned<String>>,
    pub(crate) is_list: bool,
    pub(crate) span: Span,
}

/// The second command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) command: Command,
    pub(crate) every_seconds: Option<u64>,
    pub(crate) timeout_seconds: Option<u64>,
}

/// One entry under `vol`.
#[derive(Debug)]
pub(crate) struct Mount {
    /// Clean; `.` is the working directory itself.
    pub(crate) path: String,
    /// A step or `source`.
    pub(crate) from: Spanned<String>,
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
    /// `NAME: {secret: name}`
    Stored { name: Spanned<String>, store: Store, key: Spanned<String> },
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Secret,
    Ssm,
    Secretsmanager,
}

/// What `after` says.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) gate: Option<Gate>,
    /// Steps or pipelines.
    pub(crate) names: Vec<Spanned<String>>,
}

/// `human-click`
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) note: Option<String>,
    pub(crate) by: Vec<String>,
    pub(crate) expires_seconds: Option<u64>,
}

/// `when`
#[derive(Debug, Default)]
pub(crate) struct When {
    /// None where no filter is named.
    pub(crate) filters: Option<WhenPlan>,
    pub(crate) status: WhenStatus,
    /// Where `status` stands.
    pub(crate) status_span: Span,
}

/// `build`
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) context: String,
    pub(crate) file: String,
    pub(crate) args: Vec<EnvItem>,
    pub(crate) tags: Vec<String>,
    pub(crate) push: bool,
}

/// One entry under `services`.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// None where it is missing, and that has been said.
    pub(crate) image: Option<ImageText>,
    pub(crate) shell: Shell,
    pub(crate) run: Option<Command>,
    pub(crate) env: Vec<EnvItem>,
    pub(crate) ready: Option<Ready>,
    pub(crate) cpus: Option<u32>,
    pub(crate) memory: Option<u64>,
    pub(crate) user: Option<String>,
}

/// `ready`
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) command: Command,
    pub(crate) timeout_seconds: u64,
}

/// `cache`
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) paths: Vec<Spanned<String>>,
    /// None where it names none: the step's own name.
    pub(crate) key: Option<Spanned<String>>,
    pub(crate) files: Vec<Spanned<String>>,
    pub(crate) fallback: Vec<Spanned<String>>,
}
