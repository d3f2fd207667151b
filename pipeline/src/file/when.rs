//! `when`: which events need a step, and how what it rests on must have ended.

use super::Problems;
use super::globs::globs;
use super::keys::{fields, list};
use super::on::EVENTS;
use super::value;
use super::yaml::Node;
use crate::definition::When;
use crate::diagnostic::quote;
use crate::plan::WhenStatus;
use crate::suggest::did_you_mean;

/// The words of `status`.
const STATUSES: [&str; 3] = ["success", "failure", "always"];

/// Everything under `when`.
pub(super) fn when(problems: &mut Problems<'_>, node: &Node<'_>) -> When {
    let mut when = When::default();
    let keys = ["branch", "event", "tag", "paths", "status"];
    for (word, _, value) in fields(problems, node, "when", &keys, "{branch: main}") {
        let filters = &mut when.filters;
        match word {
            "branch" => filters.get_or_insert_default().branches = globs(problems, value, "branch"),
            "tag" => filters.get_or_insert_default().tags = globs(problems, value, "tag"),
            "paths" => filters.get_or_insert_default().paths = globs(problems, value, "paths"),
            "event" => filters.get_or_insert_default().events = events(problems, value),
            _ => {
                when.status_span = value.span;
                when.status = status(problems, value);
            }
        }
    }
    when
}

fn events(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for word in value::texts(problems, node, "event") {
        if EVENTS.contains(&word.value.as_str()) {
            found.push(word.value);
        } else {
            let hint = did_you_mean(&word.value, EVENTS).unwrap_or_else(|| format!("the events are {}", list(&EVENTS)));
            problems.error(word.span, format!("there is no event {}", quote(&word.value))).help(hint);
        }
    }
    found
}

fn status(problems: &mut Problems<'_>, node: &Node<'_>) -> WhenStatus {
    let Some(word) = value::text(problems, node, "status") else { return WhenStatus::Success };
    match word.value.as_str() {
        "success" => WhenStatus::Success,
        "failure" => WhenStatus::Failure,
        "always" => WhenStatus::Always,
        other => {
            let hint = did_you_mean(other, STATUSES).unwrap_or_else(|| format!("`status` is {}", list(&STATUSES)));
            problems.error(word.span, format!("{} is no status", quote(other))).help(hint);
            WhenStatus::Success
        }
    }
}
