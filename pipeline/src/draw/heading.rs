//! A pipeline's own line.

use super::words::{click, duration, filter, list, pipelines};
use crate::plan::{DEFAULT_QUEUE_TIMEOUT_SECONDS, Filters, PipelinePlan, Plan};

/// When it starts, what it waits for, where it runs and how long it may take.
pub(super) fn heading(plan: &Plan, pipeline: &PipelinePlan) -> String {
    let mut parts = vec![format!("on {}", events(pipeline).join(", "))];
    if !pipeline.after.is_empty() {
        parts.push(format!("after {}", pipelines(plan, &pipeline.after)));
    }
    if let Some(gate) = pipeline.gate {
        parts.push(format!("after a {}", click(plan, gate)));
    }
    if let Some(account) = &pipeline.account {
        parts.push(format!("in {account}"));
    }
    let more = [(pipeline.source.submodules, "submodules"), (pipeline.source.lfs, "lfs")];
    let more: Vec<&str> = more.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    if !more.is_empty() {
        parts.push(format!("source with {}", more.join(" and ")));
    }
    parts.push(format!("at most {}", duration(pipeline.timeout_seconds)));
    if pipeline.queue_timeout_seconds != DEFAULT_QUEUE_TIMEOUT_SECONDS {
        parts.push(format!("at most {} in the queue", duration(pipeline.queue_timeout_seconds)));
    }
    parts.join(" · ")
}

fn events(pipeline: &PipelinePlan) -> Vec<String> {
    let on = &pipeline.on;
    let filtered = |word: &str, filters: &Filters| {
        let parts = [("branches", &filters.branches), ("tags", &filters.tags), ("paths", &filters.paths)];
        with(word, parts.into_iter().filter_map(|(word, globs)| filter(word, globs)).collect())
    };
    let of = |word, filters: &Option<Filters>| filters.as_ref().map(|filters| filtered(word, filters));
    let times: Vec<String> = on.schedule.iter().map(|time| time.cron.clone()).collect();
    let manual = on.manual.as_ref().map(|manual| {
        let names: Vec<String> = manual.inputs.iter().map(|input| input.name.clone()).collect();
        with("manual", if names.is_empty() { names } else { vec![list(&names)] })
    });
    [
        of("push", &on.push),
        of("pull_request", &on.pull_request),
        of("tag", &on.tag),
        (!times.is_empty()).then(|| with("schedule", vec![times.join("; ")])),
        manual,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn with(word: &str, parts: Vec<String>) -> String {
    if parts.is_empty() { word.to_owned() } else { format!("{word} ({})", parts.join("; ")) }
}
