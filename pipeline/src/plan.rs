//! The plan: what the compiler makes of all pipeline files at one commit, as plain data.
//!
//! References are resolved to positions, commands hold the paths of the value files already, defaults are filled in.
//! Nobody after the compiler looks at text again.

use crate::ids::{GateIx, PipelineIx, StepIx};
use serde::{Deserialize, Serialize};

/// Where a step's working directory is in its container.
pub const WORKDIR: &str = "/work";
/// The folder that holds the value files a step uses: `{VALUES}/{pipeline}/{step}`.
pub const VALUES: &str = "/dockercise/values";
/// A pipeline's timeout where it names none, in seconds (language.md, "Settings").
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 60 * 60;

/// The merged graph of all pipeline files at one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// All pipelines, by name.
    pub pipelines: Vec<PipelinePlan>,
    /// All steps; a pipeline's stand together, in the order of the file.
    pub steps: Vec<StepPlan>,
    /// All gates.
    pub gates: Vec<GatePlan>,
}

/// One named file after merging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelinePlan {
    /// Its name, unique in the repository.
    pub name: String,
    /// The file's path in the repository.
    pub file: String,
    /// What starts it.
    pub on: On,
    /// Seconds it may run; waiting at a gate, in the queue or for a host does not count.
    pub timeout_seconds: u64,
    /// Pipelines that must have passed (or not been needed) before any of its steps starts.
    pub after: Vec<PipelineIx>,
    /// The gate in front of all of its steps.
    pub gate: Option<GateIx>,
    /// Its steps, in the order of the file.
    pub steps: Vec<StepIx>,
}

/// What starts a pipeline. Filters by branch, path and the like come with the whole language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Pushes to branches.
    pub push: bool,
    /// Pushed tags.
    pub tag: bool,
    /// By hand, from the page or the command line.
    pub manual: bool,
}

impl Default for On {
    fn default() -> Self {
        On { push: true, tag: false, manual: false }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPlan {
    /// Its name, unique in its pipeline.
    pub name: String,
    /// The pipeline it stands in.
    pub pipeline: PipelineIx,
    /// The line of its key in the pipeline's file, from 1.
    pub line: u32,
    /// The image to run.
    pub image: String,
    /// The shell command as it stands in the file, for people.
    pub run_text: String,
    /// The script that `sh -ec` is given, with references replaced by the paths of value files.
    pub run: String,
    /// The second command.
    pub done: Option<DonePlan>,
    /// What the working directory starts as a copy of.
    pub volume: Option<VolumeFrom>,
    /// Environment, in the order of the file.
    pub env: Vec<EnvPlan>,
    /// Steps whose values `run` or `done` read as files.
    pub values: Vec<StepIx>,
    /// Steps that must have passed first, with nothing taken from them.
    pub after: Vec<StepIx>,
    /// Pipelines that must have passed (or not been needed) first.
    pub after_pipelines: Vec<PipelineIx>,
    /// The gate in front of this step alone.
    pub gate: Option<GateIx>,
    /// Seconds for `run`.
    pub timeout_seconds: Option<u64>,
}

impl StepPlan {
    /// The steps whose value or volume this one uses: without them it cannot run.
    pub fn uses(&self) -> impl Iterator<Item = StepIx> + '_ {
        let volume = match self.volume {
            Some(VolumeFrom::Step { step }) => Some(step),
            _ => None,
        };
        let env = self.env.iter().filter_map(|e| match e.value {
            EnvValue::Step { step } => Some(step),
            EnvValue::Literal { .. } => None,
        });
        volume.into_iter().chain(env).chain(self.values.iter().copied())
    }

    /// Every step that must be over before this one starts, itself excluded; may hold one twice.
    pub fn needs(&self) -> impl Iterator<Item = StepIx> + '_ {
        self.uses().chain(self.after.iter().copied())
    }
}

/// The second command of a step: runs in a fresh container on a copy of the volume as `run` left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DonePlan {
    /// As it stands in the file.
    pub text: String,
    /// The script with references replaced.
    pub run: String,
    /// Seconds it may take.
    pub timeout_seconds: Option<u64>,
    /// Does it read the value that its own step's `run` gave, at [`Plan::value_path`] as any other?
    #[serde(default)]
    pub reads_own_value: bool,
}

/// What a step's working directory starts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum VolumeFrom {
    /// The repository at the commit that triggered the run.
    Source,
    /// A copy-on-write copy of that step's working directory as it ended.
    Step {
        /// The step.
        step: StepIx,
    },
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvPlan {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub value: EnvValue,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EnvValue {
    /// From the file, as written.
    Literal {
        /// The text.
        text: String,
    },
    /// That step's value without one trailing newline.
    Step {
        /// The step.
        step: StepIx,
    },
}

/// A place where a person must click.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePlan {
    /// What it guards.
    pub guards: Guarded,
    /// What the file says to the person who clicks.
    pub note: Option<String>,
}

/// What a gate guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Guarded {
    /// All steps of a pipeline.
    Pipeline {
        /// The pipeline.
        pipeline: PipelineIx,
    },
    /// One step.
    Step {
        /// The step.
        step: StepIx,
    },
}

impl Plan {
    /// The step at a position.
    ///
    /// # Panics
    /// If the position is of another plan.
    pub fn step(&self, ix: StepIx) -> &StepPlan {
        &self.steps[ix.index()]
    }

    /// The pipeline at a position.
    ///
    /// # Panics
    /// If the position is of another plan.
    pub fn pipeline(&self, ix: PipelineIx) -> &PipelinePlan {
        &self.pipelines[ix.index()]
    }

    /// A step's name as another file would write it: `pipeline/step`.
    pub fn full_name(&self, ix: StepIx) -> String {
        let step = self.step(ix);
        format!("{}/{}", self.pipeline(step.pipeline).name, step.name)
    }

    /// The path of the file, inside a container, that holds a step's value.
    pub fn value_path(&self, ix: StepIx) -> String {
        format!("{VALUES}/{}", self.full_name(ix))
    }

    /// The pipelines with their positions.
    pub fn pipelines(&self) -> impl Iterator<Item = (PipelineIx, &PipelinePlan)> {
        self.pipelines.iter().enumerate().map(|(i, p)| (PipelineIx(i as u32), p))
    }

    /// The steps with their positions.
    pub fn steps(&self) -> impl Iterator<Item = (StepIx, &StepPlan)> {
        self.steps.iter().enumerate().map(|(i, s)| (StepIx(i as u32), s))
    }
}
