//! Where a step's logs are.

use super::{App, Fault};
use crate::db::{self, Conn};
use crate::store::LogName;
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How many runs' names are kept in memory.
const KEPT: usize = 256;

/// The names of a run's pipelines and steps as its logs' places need them. They never change, and every piece of every log
/// asks for them: the run itself, with its plan and all of its steps, is not read for that.
#[derive(Debug)]
pub struct Names {
    pipelines: Vec<PipelineName>,
    steps: Vec<StepName>,
}

#[derive(Debug)]
struct StepName {
    name: Box<str>,
    /// Its pipeline's position.
    pipeline: usize,
    /// Is its value a secret? Then it is on the docker host alone.
    secret: bool,
}

#[derive(Debug)]
struct PipelineName {
    account: String,
    slug: String,
    number: Option<i64>,
}

impl Names {
    /// The place of a log; none where the run has no such step, or its pipeline no number.
    pub fn log(&self, attempt: Attempt, phase: Phase, service: Option<&str>) -> Option<LogName> {
        let StepName { name: step, pipeline, .. } = self.steps.get(attempt.step.index())?;
        let PipelineName { account, slug, number } = self.pipelines.get(*pipeline)?;
        Some(LogName {
            account: account.clone(),
            slug: slug.clone(),
            number: (*number)?,
            step: step.to_string(),
            attempt: attempt.number,
            phase,
            service: service.map(str::to_owned),
        })
    }

    /// Does the run have that step?
    pub fn has(&self, step: StepIx) -> bool {
        step.index() < self.steps.len()
    }

    /// Is a step's value a secret?
    pub fn is_secret(&self, step: StepIx) -> bool {
        self.steps.get(step.index()).is_some_and(|step| step.secret)
    }
}

/// The names of the runs that were asked for last.
#[derive(Debug, Clone, Default)]
pub struct AllNames(Arc<Mutex<HashMap<RunId, Arc<Names>>>>);

impl AllNames {
    /// A run's names.
    ///
    /// # Errors
    /// There is no such run, or it never had a plan; or the database's.
    pub async fn of(&self, conn: &mut Conn, run: RunId) -> Result<Arc<Names>, Fault> {
        if let Some(known) = self.0.lock().ok().and_then(|all| all.get(&run).map(Arc::clone)) {
            return Ok(known);
        }
        let stored = db::run::load(conn, run).await?.ok_or_else(Fault::not_found)?;
        let plan = stored.plan()?.ok_or_else(Fault::not_found)?;
        let pipelines = stored.pipelines.iter();
        let names = Arc::new(Names {
            pipelines: pipelines.map(|p| PipelineName { account: p.account.clone(), slug: p.slug.clone(), number: p.number }).collect(),
            steps: (plan.steps.iter())
                .map(|s| StepName { name: s.name.as_str().into(), pipeline: s.pipeline.index(), secret: s.tainted })
                .collect(),
        });
        if let Ok(mut all) = self.0.lock() {
            if all.len() >= KEPT {
                all.clear();
            }
            all.insert(run, Arc::clone(&names));
        }
        Ok(names)
    }
}

/// The place of a log of a run.
pub async fn name(app: &App, conn: &mut Conn, run: RunId, attempt: Attempt, phase: Phase, service: Option<&str>) -> Result<LogName, Fault> {
    app.names.of(conn, run).await?.log(attempt, phase, service).ok_or_else(Fault::not_found)
}
