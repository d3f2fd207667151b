//! Which steps' values are secrets, decided before anything runs (language.md, "Secrets").
//!
//! A value is one where its step says so (`secret: true`); where a variable that is called like a secret takes it; where a
//! step whose value such a variable takes reads it as a file; and where it is made from a secret's file. `secret: false`
//! ends all of that but what is said by the step itself. A value that comes in through a variable makes no secret of what
//! goes out: its bytes are masked there.

use crate::ids::StepIx;
use crate::plan::{EnvPlan, EnvValue, StepPlan, Work};
use std::collections::VecDeque;

/// What in a variable's name says that its value is a secret. AWS's three are among them.
const WORDS: [&str; 4] = ["KEY", "SECRET", "TOKEN", "PASSWORD"];

/// What a step's file says that its plan does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// `secret`
    pub secret: Option<bool>,
    /// The steps whose values its `run` reads as files; what `done` alone reads does not become its value.
    pub reads: Vec<StepIx>,
}

/// Why a value is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its step says so.
    Declared,
    /// A variable takes it.
    Used {
        /// Whose variable.
        by: StepIx,
        /// What it is called.
        name: String,
    },
    /// A step reads it whose own value a variable takes.
    Through {
        /// That step.
        step: StepIx,
    },
    /// It is made from a secret.
    MadeFrom {
        /// Whose.
        step: StepIx,
    },
}

/// For each step, why its value is a secret; none where it is not.
pub fn decide(steps: &[StepPlan], said: &[Said]) -> Vec<Option<Why>> {
    let mut found: Vec<Option<Why>> = vec![None; steps.len()];
    // An image's id is no secret: who has the image has it.
    let may = |ix: StepIx| said[ix.index()].secret != Some(false) && !matches!(steps[ix.index()].work, Work::Build { .. });
    let mark = |found: &mut [Option<Why>], ix: StepIx, why: Why| {
        let fresh = found[ix.index()].is_none() && may(ix);
        if fresh {
            found[ix.index()] = Some(why);
        }
        fresh
    };
    let mut queue = VecDeque::new();
    for (by, step) in (0..).map(StepIx).zip(steps) {
        for env in variables(step) {
            if let EnvValue::Step { step } = env.value
                && is_secret_variable(&env.name)
                && mark(&mut found, step, Why::Used { by, name: env.name.clone() })
            {
                queue.push_back(step);
            }
        }
    }
    while let Some(step) = queue.pop_front() {
        for read in &said[step.index()].reads {
            if mark(&mut found, *read, Why::Through { step }) {
                queue.push_back(*read);
            }
        }
    }
    for (ix, said) in (0..).map(StepIx).zip(said) {
        if said.secret == Some(true) {
            mark(&mut found, ix, Why::Declared);
        }
    }
    let mut readers: Vec<Vec<StepIx>> = vec![Vec::new(); steps.len()];
    for (ix, said) in (0..).map(StepIx).zip(said) {
        said.reads.iter().for_each(|read| readers[read.index()].push(ix));
    }
    queue.extend((0..).map(StepIx).zip(&found).filter(|(_, why)| why.is_some()).map(|(ix, _)| ix));
    while let Some(step) = queue.pop_front() {
        for reader in &readers[step.index()] {
            if mark(&mut found, *reader, Why::MadeFrom { step }) {
                queue.push_back(*reader);
            }
        }
    }
    found
}

/// All variables that a step sets: its own, its services', and the arguments of its build.
fn variables(step: &StepPlan) -> impl Iterator<Item = &EnvPlan> {
    let args = match &step.work {
        Work::Build { build } => build.args.as_slice(),
        Work::Run { .. } | Work::Image { .. } => &[],
    };
    step.env.iter().chain(args).chain(step.services.iter().flat_map(|service| &service.env))
}

/// Does the name of a variable say that its value is a secret?
pub fn is_secret_variable(name: &str) -> bool {
    let holds = |word: &str| name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    WORDS.into_iter().any(holds)
}

#[cfg(test)]
mod tests;
