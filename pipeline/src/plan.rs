//! The plan: what the compiler makes of all pipeline files at one commit, as plain data.
//!
//! References are resolved to positions, commands hold the paths of the value files already, defaults are filled in.
//! Nobody after the compiler looks at text again.

mod hash;
mod new;
mod on;

use crate::ids::{GateIx, PipelineIx, StepIx};
pub use on::{Filters, Input, Manual, On, Schedule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a step's working directory is in its container.
pub const WORKDIR: &str = "/work";
/// The folder that holds the value files a step uses: `{VALUES}/{pipeline}/{step}`.
pub const VALUES: &str = "/dockercise/values";
/// A pipeline's timeout where it names none, in seconds (language.md, "Settings").
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 60 * 60;
/// How long a pipeline may wait for a host where it names no time, in seconds (language.md, "Settings").
pub const DEFAULT_QUEUE_TIMEOUT_SECONDS: u64 = 24 * 60 * 60;

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
    /// The account it is to run in, as the file says it: an alias, twelve digits, or `local`. None: the repository's.
    pub account: Option<String>,
    /// How `vol: source` is made for its steps.
    pub source: SourceOptions,
    /// Seconds it may run; waiting at a gate, in the queue or for a host does not count.
    pub timeout_seconds: u64,
    /// Seconds it may wait for a host.
    pub queue_timeout_seconds: u64,
    /// Pipelines that must have passed (or not been needed) before any of its steps starts.
    pub after: Vec<PipelineIx>,
    /// The gate in front of all of its steps.
    pub gate: Option<GateIx>,
    /// Its steps, in the order of the file.
    pub steps: Vec<StepIx>,
}

/// What of a repository is fetched beyond the commit itself: nothing, unless the file asks
/// (`settings: {source: {submodules: true, lfs: true}}`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceOptions {
    /// Submodules, recursively.
    pub submodules: bool,
    /// Files that Git LFS keeps elsewhere.
    pub lfs: bool,
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
    /// What it does.
    pub work: Work,
    /// The second command.
    pub done: Option<DonePlan>,
    /// What stands in its working directory when it starts: each path once, a folder before what is below it. Empty for
    /// an empty directory.
    pub volume: Vec<MountPlan>,
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
    /// Which events need it. None: all that start its pipeline.
    pub when: Option<WhenPlan>,
    /// How what it rests on must have ended.
    pub status: WhenStatus,
    /// Does a failure of this step count as a failure?
    pub allow_failure: bool,
    /// Is its value a secret: never shown, never off its host, masked in everything that any step of the run puts out?
    /// Decided by the compiler (`taint.rs`).
    pub tainted: bool,
    /// Globs of files in its working directory to keep for people.
    pub results: Vec<String>,
    /// Containers that run beside it.
    pub services: Vec<ServicePlan>,
    /// Folders kept from run to run.
    pub cache: Option<CachePlan>,
    /// Seconds for `run`.
    pub timeout_seconds: Option<u64>,
    /// Processors reserved and allowed, in thousandths. None: the runner's default, one.
    pub cpus: Option<u32>,
    /// Bytes of memory reserved and allowed. None: the share that goes with its processors.
    pub memory: Option<u64>,
    /// The user, as `name`, `uid`, `name:group` or `uid:gid`. None: the image's own.
    pub user: Option<String>,
    /// The directory the command starts in: absolute, or below [`WORKDIR`]. None: [`WORKDIR`].
    pub workdir: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Work {
    /// Runs a command in an image.
    Run {
        /// The image.
        image: ImageFrom,
        /// The command as it stands in the file, for people.
        text: String,
        /// What is run: shell and script, or the arguments themselves, with references replaced by the paths of value files.
        argv: Vec<String>,
    },
    /// Runs an image's own entrypoint and command.
    Image {
        /// The image.
        image: ImageFrom,
    },
    /// Makes an image; the value is its id.
    Build {
        /// How.
        build: BuildPlan,
    },
}

/// Which image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageFrom {
    /// By name, as `alpine:3.20`.
    Named {
        /// The name.
        name: String,
    },
    /// The one that a `build` step of the run made.
    Step {
        /// The step.
        step: StepIx,
    },
}

/// An image to be made by the host's engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildPlan {
    /// The folder that is sent to the engine, relative to the working directory; `.` is all of it.
    pub context: String,
    /// The Dockerfile, relative to `context`.
    pub file: String,
    /// `ARG`s. A tainted value cannot be one: an image's history shows them.
    pub args: Vec<EnvPlan>,
    /// Names for the image, as `registry.example/app:1.2`.
    pub tags: Vec<String>,
    /// Are the tags pushed?
    pub push: bool,
}

/// A folder of a step's working directory, and what it starts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountPlan {
    /// Relative to the working directory, clean (`a/b`); `.` is the working directory itself.
    pub path: String,
    /// What it starts as.
    pub from: VolumeFrom,
}

/// Which events need a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhenPlan {
    /// The branch must match; empty for any.
    pub branches: Globs,
    /// The tag must match; empty for any.
    pub tags: Globs,
    /// One of the changed paths must match; empty for any.
    pub paths: Globs,
    /// The event's words (`push`, `tag`, ...); empty for any.
    pub events: Vec<String>,
}

/// How what a step rests on must have ended for it to run. It rests on the steps it uses or names in `after`; where there
/// are none, and it is not [`WhenStatus::Success`], on all the rest of its pipeline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenStatus {
    /// All passed.
    #[default]
    Success,
    /// At least one did not.
    Failure,
    /// All are over.
    Always,
}

/// Whole-string globs, tried in order: the last that matches decides, `!` takes away. Empty: everything.
/// A list that begins with `!` takes away from everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Globs(pub Vec<String>);

/// A container beside a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePlan {
    /// Its name, which the step reaches it by.
    pub name: String,
    /// The image to run.
    pub image: ImageFrom,
    /// What to run in place of the image's own command.
    pub argv: Option<Vec<String>>,
    /// Its environment.
    pub env: Vec<EnvPlan>,
    /// Run in it again and again; the first exit code of 0 says that it is ready.
    pub ready: Option<ReadyPlan>,
    /// As the step's.
    pub cpus: Option<u32>,
    /// As the step's.
    pub memory: Option<u64>,
    /// As the step's.
    pub user: Option<String>,
}

/// How a service is waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyPlan {
    /// The command.
    pub argv: Vec<String>,
    /// Seconds until it must have ended with 0.
    pub timeout_seconds: u64,
}

/// Folders kept from run to run on the host; trusted runs only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CachePlan {
    /// Absolute, or relative to the working directory.
    pub paths: Vec<String>,
    /// What it is found by, in its repository.
    pub key: String,
    /// Globs of files in the working directory whose content is part of the key.
    pub files: Vec<String>,
    /// Beginnings of keys to take the newest of, where there is none under the key itself.
    pub fallback: Vec<String>,
}

impl StepPlan {
    /// The image it runs in; none for a step that makes one.
    pub fn image(&self) -> Option<&ImageFrom> {
        match &self.work {
            Work::Run { image, .. } | Work::Image { image } => Some(image),
            Work::Build { .. } => None,
        }
    }

    /// The image's name as the file says it, for people: for an image of the run's own, the making step's name in braces.
    pub fn image_text(&self, plan: &Plan) -> String {
        match self.image() {
            Some(ImageFrom::Named { name }) => name.clone(),
            Some(ImageFrom::Step { step }) => format!("{{{}}}", plan.step(*step).name),
            None => String::new(),
        }
    }

    /// The command as it stands in the file, for people; empty where the image's own is run.
    pub fn text(&self) -> &str {
        match &self.work {
            Work::Run { text, .. } => text,
            Work::Image { .. } | Work::Build { .. } => "",
        }
    }

    /// The steps whose value, volume or image this one uses: without them it cannot run. May hold one twice.
    pub fn uses(&self) -> impl Iterator<Item = StepIx> + '_ {
        let of_env = |env: &EnvPlan| match env.value {
            EnvValue::Step { step } => Some(step),
            _ => None,
        };
        let of_image = |image: &ImageFrom| match image {
            ImageFrom::Step { step } => Some(*step),
            ImageFrom::Named { .. } => None,
        };
        let volume = self.volume.iter().filter_map(|mount| match mount.from {
            VolumeFrom::Step { step } => Some(step),
            VolumeFrom::Source => None,
        });
        let args = match &self.work {
            Work::Build { build } => build.args.as_slice(),
            Work::Run { .. } | Work::Image { .. } => &[],
        };
        let services = self.services.iter().flat_map(move |s| of_image(&s.image).into_iter().chain(s.env.iter().filter_map(of_env)));
        volume
            .chain(self.image().and_then(of_image))
            .chain(self.env.iter().chain(args).filter_map(of_env))
            .chain(services)
            .chain(self.values.iter().copied())
    }

    /// Does it look at how things ended and name nothing to look at? It runs when all the rest of its pipeline is over.
    pub fn runs_last(&self) -> bool {
        self.status != WhenStatus::Success && self.needs().next().is_none() && self.after_pipelines.is_empty()
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
    /// What is run, with references replaced.
    pub argv: Vec<String>,
    /// Seconds between two tries, where it is tried until it ends with 0. None: its first end counts.
    pub every_seconds: Option<u64>,
    /// Seconds it may take, all tries together.
    pub timeout_seconds: Option<u64>,
    /// Does it read the value that its own step's `run` gave, at [`Plan::value_path`] as any other?
    pub reads_own_value: bool,
}

/// What a step's working directory, or a folder in it, starts as.
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
    /// A secret of the account's own store.
    Secret {
        /// Its name.
        name: String,
    },
    /// A parameter of the AWS account's Parameter Store, read on the host.
    Ssm {
        /// Its name, as `/app/token`.
        path: String,
    },
    /// A secret of the AWS account's Secrets Manager, read on the host.
    Secretsmanager {
        /// Its name or ARN.
        id: String,
    },
    /// One of the three above, which the step may not have in this run (`policy.rs`): it ends before it begins.
    Withheld {
        /// What the file calls it.
        name: String,
        /// Why, in words for people.
        why: String,
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
    /// Who may click: logins and teams (`org/team`). Empty: whoever may click at all.
    pub by: Vec<String>,
    /// More such lists, of gates that this one stands for too: whoever clicks must be in each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Vec<String>>,
    /// Seconds after which it cannot be clicked any more, and what it guards is skipped.
    pub expires_seconds: Option<u64>,
}

/// What a gate guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Guarded {
    /// The whole run: nothing of it begins before. No file says so; the server does, of code that it does not trust.
    Run,
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

    /// The gate in front of everything, where there is one.
    pub fn run_gate(&self) -> Option<GateIx> {
        self.gates.iter().zip(0..).find(|(gate, _)| gate.guards == Guarded::Run).map(|(_, ix)| GateIx(ix))
    }

    /// Does a gate stand in front of a pipeline, or of a step in it?
    pub fn stands_in(&self, gate: GateIx, pipeline: PipelineIx) -> bool {
        match self.gates[gate.index()].guards {
            Guarded::Run => true,
            Guarded::Pipeline { pipeline: guarded } => guarded == pipeline,
            Guarded::Step { step } => self.step(step).pipeline == pipeline,
        }
    }

    /// The pipeline and all whose values or volumes its steps use, however far back.
    pub fn with_what_it_uses(&self, pipeline: PipelineIx) -> BTreeSet<PipelineIx> {
        let mut found = BTreeSet::new();
        let mut open = vec![pipeline];
        while let Some(ix) = open.pop() {
            if found.insert(ix) {
                open.extend(self.pipeline(ix).steps.iter().flat_map(|s| self.step(*s).uses()).map(|used| self.step(used).pipeline));
            }
        }
        found
    }
}
