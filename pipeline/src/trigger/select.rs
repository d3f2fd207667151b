//! Which pipelines and steps an event needs.

use super::Trigger;
use crate::ids::PipelineIx;
use crate::outcome::Outcome;
use crate::plan::{Filters, Globs, PipelinePlan, Plan, WhenPlan};
use crate::run::Selection;
use std::collections::BTreeSet;

impl Trigger {
    /// What of a plan the event starts. `changed` holds the paths that it changed; none where they are not known: then every
    /// filter on paths lets it through, for a run too many does less harm than one that is missing.
    pub fn select(&self, plan: &Plan, changed: Option<&[String]>) -> Selection {
        let mut selection = Selection::default();
        let asked_for = self.with_what_it_uses(plan);
        for (ix, pipeline) in plan.pipelines() {
            let wanted = match &asked_for {
                Some(wanted) if wanted.contains(&ix) => Ok(()),
                Some(_) => Err(format!("only `{}` was asked for", self.asked_for().unwrap_or_default())),
                None => self.starts(pipeline, changed),
            };
            if let Err(filter) = wanted {
                selection.pipelines.insert(ix, Outcome::NotNeeded { filter });
            }
        }
        for (ix, step) in plan.steps() {
            if let Some(when) = &step.when
                && !selection.pipelines.contains_key(&step.pipeline)
                && let Err(filter) = self.needs(when, changed)
            {
                selection.steps.insert(ix, Outcome::NotNeeded { filter });
            }
        }
        selection.in_connected_accounts(plan)
    }

    /// Is there a filter whose answer hangs on which paths changed? Only then it is worth asking for them.
    pub fn asks_for_paths(&self, plan: &Plan) -> bool {
        let of = |filters: &Option<Filters>| filters.as_ref().is_some_and(|f| !f.paths.is_empty());
        let pipelines = plan.pipelines.iter().any(|p| match self {
            Trigger::Push { .. } => of(&p.on.push),
            Trigger::PullRequest { .. } => of(&p.on.pull_request),
            _ => false,
        });
        let changes = matches!(self, Trigger::Push { .. } | Trigger::PullRequest { .. });
        pipelines || changes && plan.steps.iter().any(|s| s.when.as_ref().is_some_and(|w| !w.paths.is_empty()))
    }

    /// The one pipeline that was asked for and those whose values or volumes its steps use, however far back.
    fn with_what_it_uses(&self, plan: &Plan) -> Option<BTreeSet<PipelineIx>> {
        let name = self.asked_for()?;
        let first = plan.pipelines().find(|(_, p)| p.name == name).map(|(ix, _)| ix);
        Some(first.map(|ix| plan.with_what_it_uses(ix)).unwrap_or_default())
    }

    /// Is the pipeline started by this event? If not, the words of the filter that keeps it out.
    fn starts(&self, pipeline: &PipelinePlan, changed: Option<&[String]>) -> Result<(), String> {
        let on = &pipeline.on;
        let filters = match self {
            Trigger::Push { .. } => on.push.as_ref(),
            Trigger::Tag { .. } => on.tag.as_ref(),
            Trigger::PullRequest { .. } => on.pull_request.as_ref(),
            // A person who asks for a run gets it: `on: manual` is for pipelines that nothing else starts.
            Trigger::Manual { .. } => return Ok(()),
            Trigger::Schedule { .. } => None,
        };
        let Filters { branches, tags, paths } = filters.ok_or_else(|| format!("`on` does not name {}", self.word()))?;
        let branch = match self {
            Trigger::PullRequest { base_branch, .. } => Some(base_branch.clone()),
            other => other.branch(),
        };
        matches("on", "branch", branches, branch)?;
        matches("on", "tag", tags, self.tag())?;
        changes("on", paths, changed)
    }

    /// Does the event need a step that says so?
    fn needs(&self, when: &WhenPlan, changed: Option<&[String]>) -> Result<(), String> {
        if !when.events.is_empty() && !when.events.iter().any(|event| event == self.word()) {
            return Err(format!("`when` does not name {}", self.word()));
        }
        matches("when", "branch", &when.branches, self.branch())?;
        matches("when", "tag", &when.tags, self.tag())?;
        changes("when", &when.paths, changed)
    }
}

fn matches(key: &str, what: &str, globs: &Globs, text: Option<String>) -> Result<(), String> {
    if globs.is_empty() {
        return Ok(());
    }
    let Some(text) = text else { return Err(format!("`{key}` names a {what}, and this event has none")) };
    if globs.matcher()?.matches(&text) { Ok(()) } else { Err(format!("`{key}` leaves out the {what} `{text}`")) }
}

fn changes(key: &str, globs: &Globs, changed: Option<&[String]>) -> Result<(), String> {
    let Some(changed) = changed.filter(|_| !globs.is_empty()) else { return Ok(()) };
    let paths = globs.matcher()?;
    if changed.iter().any(|path| paths.matches(path)) { Ok(()) } else { Err(format!("`{key}` leaves out all paths that changed")) }
}
