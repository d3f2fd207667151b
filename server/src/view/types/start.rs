//! What starts a run by hand.

use dockercise_pipeline::plan::Input;
use serde::Serialize;
use utoipa::ToSchema;

/// How a pipeline is started by hand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StartView {
    /// The account.
    pub account: String,
    /// The slug.
    pub pipeline: String,
    /// `owner/name`.
    pub repository: String,
    /// On which ref, as it was asked for.
    pub git_ref: String,
    /// What may or must be said, in the order of the file.
    pub inputs: Vec<InputView>,
}

/// One thing to say.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InputView {
    /// The name of the variable.
    pub name: String,
    /// Where nothing is said.
    #[schema(required)]
    pub default: Option<String>,
    /// The only texts allowed; empty for any.
    pub choices: Vec<String>,
    /// Must something be said?
    pub required: bool,
}

impl From<Input> for InputView {
    fn from(Input { name, default, choices, required }: Input) -> Self {
        InputView { name, default, choices, required }
    }
}

/// What was said to an input of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaidView {
    /// The name of the variable.
    pub name: String,
    /// What was said.
    pub text: String,
}
