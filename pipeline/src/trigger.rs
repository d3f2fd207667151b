//! What happened, and which pipelines it starts.

use crate::plan::{PipelinePlan, Plan};
use serde::{Deserialize, Serialize};

/// The event a run is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// A push to a branch.
    Push {
        /// The branch, without `refs/heads/`.
        branch: String,
    },
    /// A pushed tag.
    Tag {
        /// The tag, without `refs/tags/`.
        tag: String,
    },
    /// By hand, on a ref.
    Manual {
        /// The full ref, as `refs/heads/main`.
        git_ref: String,
    },
}

impl Trigger {
    /// The event's word: `push`, `tag`, `manual`.
    pub fn word(&self) -> &'static str {
        match self {
            Trigger::Push { .. } => "push",
            Trigger::Tag { .. } => "tag",
            Trigger::Manual { .. } => "manual",
        }
    }

    /// The full ref.
    pub fn git_ref(&self) -> String {
        match self {
            Trigger::Push { branch } => format!("refs/heads/{branch}"),
            Trigger::Tag { tag } => format!("refs/tags/{tag}"),
            Trigger::Manual { git_ref } => git_ref.clone(),
        }
    }

    /// The branch, where the ref is one.
    pub fn branch(&self) -> Option<String> {
        self.git_ref().strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The tag, where the ref is one.
    pub fn tag(&self) -> Option<String> {
        self.git_ref().strip_prefix("refs/tags/").map(str::to_owned)
    }

    /// Is the pipeline started by this event? If not, the words of the filter that keeps it out.
    ///
    /// # Errors
    /// The reason why it is not needed.
    pub fn starts(&self, pipeline: &PipelinePlan) -> Result<(), String> {
        let wanted = match self {
            Trigger::Push { .. } => pipeline.on.push.is_some(),
            Trigger::Tag { .. } => pipeline.on.tag.is_some(),
            // A person who asks for a run gets it: `on: manual` is for pipelines that nothing else starts.
            Trigger::Manual { .. } => true,
        };
        if wanted { Ok(()) } else { Err(format!("`on` does not name {}", self.word())) }
    }

    /// For each pipeline of the plan, in its order: started, or why not.
    pub fn select(&self, plan: &Plan) -> Vec<Result<(), String>> {
        plan.pipelines.iter().map(|p| self.starts(p)).collect()
    }
}
