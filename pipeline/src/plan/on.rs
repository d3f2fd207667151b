//! What starts a pipeline.

use super::Globs;
use serde::{Deserialize, Serialize};

/// What starts a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Pushes to branches, if they do.
    pub push: Option<Filters>,
    /// Pull requests, if they do; `branches` are those that they want to go into.
    pub pull_request: Option<Filters>,
    /// Pushed tags, if they do.
    pub tag: Option<Filters>,
    /// Times.
    pub schedule: Vec<Schedule>,
    /// By hand, from the page or the command line, if the file names it. A person may start any pipeline: this says with
    /// which inputs.
    pub manual: Option<Manual>,
}

/// What of an event must match. Empty: everything does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// The branch.
    pub branches: Globs,
    /// The tag.
    pub tags: Globs,
    /// At least one of the paths that changed.
    pub paths: Globs,
}

/// A time at which the pipeline is started on the default branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five fields, UTC: minute, hour, day of month, month, day of week.
    pub cron: String,
}

/// What a person who starts the pipeline by hand may or must say. It becomes environment of every step of the pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    /// In the order of the file.
    pub inputs: Vec<Input>,
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The name of the variable.
    pub name: String,
    /// Where nothing is said, and for every other event.
    pub default: Option<String>,
    /// The only texts allowed; empty for any.
    pub choices: Vec<String>,
    /// Must something be said?
    pub required: bool,
}

impl Default for On {
    fn default() -> Self {
        On { push: Some(Filters::default()), pull_request: None, tag: None, schedule: Vec::new(), manual: None }
    }
}
