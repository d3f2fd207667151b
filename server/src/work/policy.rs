//! The plan of a pull request as it may run: its own graph, its base branch's gates and secrets, and of a fork nothing before
//! a click (docs/decisions/0011).

use super::make::Base;
use crate::db::repository::Repository;
use dockercise_pipeline::compile::Compiled;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::policy::{self, behind_a_click, under, untrusted};
use dockercise_pipeline::run::Selection;
use dockercise_pipeline::trigger::Trigger;

/// Puts a plan under its base's files.
pub fn apply(repository: &Repository, trigger: &Trigger, (base, files): (&Base, &Compiled), plan: Plan, selection: &Selection) -> Plan {
    let (number, url) = (trigger.pull_request().unwrap_or_default(), &repository.web_url);
    let plan = if base.fork {
        let look = format!("Look at what it changes before its code runs here: {url}/pull/{number}/files.");
        untrusted(plan, &format!("Pull request #{number} comes from a fork. {look} It runs without secrets."))
    } else if files.plan.is_none() {
        let words = format!("The pipeline files of `{}` have errors: what they keep behind a click is not known.", base.branch);
        behind_a_click(plan, &words)
    } else {
        plan
    };
    let none = Plan { pipelines: Vec::new(), steps: Vec::new(), gates: Vec::new() };
    let theirs = files.plan.as_ref().unwrap_or(&none);
    let would_start = trigger.select(theirs, None);
    under(plan, selection, policy::Base { branch: &base.branch, plan: theirs, selection: &would_start })
}
