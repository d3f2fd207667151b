//! How a repository comes to be connected, as people see it.

use super::{ConnectStep, ConnectionView, FoundView, PipelineView, graph, state_of, step};
use crate::db::connection::{Connection, Found, Step, StepName, StepState};
use crate::db::repository::Repository;
use dockercise_pipeline::run::{Run, Selection};
use std::collections::HashMap;
use std::sync::Arc;

/// The view of a connection; `web` is the base of GitHub's pages.
pub fn connection(row: Connection, repository: Option<&Repository>, web: &str) -> ConnectionView {
    let name = repository.map_or(row.full_name.clone(), Repository::full_name);
    ConnectionView {
        id: row.repository,
        url: repository.map_or_else(|| format!("{web}/{name}"), |r| r.web_url.clone()),
        name,
        account: row.account,
        want: row.want.word().to_owned(),
        state: row.state.word().to_owned(),
        connected: repository.is_some_and(|r| r.disconnected_at.is_none() && r.hook_id.is_some()),
        by: row.asked_by,
        began_at: row.began_at,
        steps: row.steps.into_iter().map(ConnectStep::from).collect(),
        found: row.found.map(found),
    }
}

impl From<Step> for ConnectStep {
    fn from(step: Step) -> ConnectStep {
        let Step { name, state, words, error, help, at } = step;
        let name = match name {
            StepName::Find => "find",
            StepName::Key => "key",
            StepName::Hook => "hook",
            StepName::Read => "read",
            StepName::Ping => "ping",
            StepName::RemoveHook => "remove-hook",
            StepName::RemoveKey => "remove-key",
            StepName::Forget => "forget",
        };
        let state = match state {
            StepState::Waiting => "waiting",
            StepState::Doing => "doing",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Undone => "undone",
        };
        ConnectStep { name: name.to_owned(), state: state.to_owned(), words, error, help, at }
    }
}

/// The graph as it stands before anything has run.
fn found(found: Found) -> FoundView {
    let Found { branch, sha, plan, diagnostics } = found;
    let Some(plan) = plan.map(Arc::new) else {
        return FoundView { branch, sha, diagnostics, pipelines: Vec::new(), steps: Vec::new(), edges: Vec::new(), gates: Vec::new() };
    };
    let run = Run::new(Arc::clone(&plan), &Selection::default());
    let state = run.state();
    let pipelines = plan.pipelines.iter().enumerate().map(|(ix, planned)| PipelineView {
        index: ix as u32,
        name: planned.name.clone(),
        number: None,
        account: "local".to_owned(),
        state: state_of(Some(&plan), state, ix),
        after: planned.after.iter().map(|a| a.0).collect(),
        gate: planned.gate.map(|g| g.0),
        this: true,
        href: None,
    });
    FoundView {
        branch,
        sha,
        diagnostics,
        pipelines: pipelines.collect(),
        steps: step::lines(&plan, state, &HashMap::new()),
        edges: graph::edges(&plan),
        gates: graph::gates(&plan, state, 0),
    }
}
