//! Newtypes for every id, so that one cannot be handed over for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A run: the merged graph of one event at one commit.
    RunId
);
uuid_id!(
    /// A job: the part of a run that can go on without a person, on one host.
    JobId
);

impl RunId {
    /// The first eight hex digits of the random part, for names that people and Docker see.
    /// (A version 7 uuid starts with the time, so the tail is what tells two runs apart.)
    pub fn short(&self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - 8..].to_owned()
    }
}

macro_rules! index_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position as an index into the plan's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

index_id!(
    /// A step's position in [`crate::plan::Plan::steps`].
    StepIx
);
index_id!(
    /// A pipeline's position in [`crate::plan::Plan::pipelines`].
    PipelineIx
);
index_id!(
    /// A gate's position in [`crate::plan::Plan::gates`].
    GateIx
);

/// A growing number handed out with each lease; a report that carries an older one changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One container of a step: which step, which try (from 1). With the phase it names the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// The step.
    pub step: StepIx,
    /// The try, from 1.
    pub number: u32,
}

/// Which of a step's two commands a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The step's `run`.
    Run,
    /// The step's `done`, after `run` succeeded.
    Done,
}

impl Phase {
    /// The word used in names of files, containers and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Run => "run",
            Phase::Done => "done",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
