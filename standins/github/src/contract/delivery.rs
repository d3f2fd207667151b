//! One delivery: is it an event of GitHub's, with its headers and its payload?

use serde_json::Value;
use uuid::Uuid;

use super::document::{Document, step};
use crate::journal::Sent;
use crate::links::decode;

pub(super) fn problems(document: &Document, sent: &Sent) -> Vec<String> {
    let mut name = sent.event.replace('_', "-");
    if let Some(action) = &sent.action {
        name = format!("{name}-{}", action.replace('_', "-"));
    }
    let pointer = format!("/x-webhooks/{}/post", step(&name));
    let Some((_, operation)) = document.at(&pointer) else {
        return vec![format!("GitHub has no event {name}")];
    };
    let mut problems = headers(operation, sent);
    let body = sent.request_body.text();
    let content = sent.request_headers.get("content-type").map_or("", String::as_str);
    let text = match (content, body.strip_prefix("payload=")) {
        ("application/json", _) => body.to_owned(),
        ("application/x-www-form-urlencoded", Some(encoded)) => decode(&encoded.replace('+', " ")),
        _ => {
            problems.push(format!("GitHub does not send {content:?} with this body"));
            return problems;
        }
    };
    match serde_json::from_str::<Value>(&text) {
        Err(error) => problems.push(format!("the payload is no JSON: {error}")),
        Ok(payload) => {
            let schema = format!("{pointer}/requestBody/content/application~1json/schema");
            problems.extend(document.errors(&schema, &payload));
        }
    }
    problems
}

fn headers(operation: &Value, sent: &Sent) -> Vec<String> {
    let mut problems = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_lowercase();
        // Only hooks with a secret are signed.
        if name != "x-hub-signature-256" && !sent.request_headers.contains_key(&name) {
            problems.push(format!("the header {name} is missing"));
        }
    }
    let header = |name: &str| sent.request_headers.get(name).map_or("", String::as_str);
    if !header("user-agent").starts_with("GitHub-Hookshot/") {
        problems.push("GitHub's user agent starts with GitHub-Hookshot/".to_owned());
    }
    if Uuid::try_parse(header("x-github-delivery")).is_err() {
        problems.push("x-github-delivery is no UUID".to_owned());
    }
    if header("x-github-event") != sent.event {
        problems.push("x-github-event names another event".to_owned());
    }
    problems
}
