//! One call: is there such an operation, do parameters, bodies and status fit it?

use serde_json::Value;

use super::document::{Document, step};
use super::route::{Route, find};
use crate::journal::{Body, Call};
use crate::links::decode;

pub(super) fn problems(document: &Document, routes: &[Route], call: &Call) -> Vec<String> {
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    if path.starts_with("/repositories/") {
        return Vec::new();
    }
    let method = call.method.to_lowercase();
    let Some((route, bound)) = find(routes, path) else {
        return vec!["there is no such path in GitHub's description".to_owned()];
    };
    let pointer = format!("{}/{method}", route.pointer);
    let Some((_, operation)) = document.at(&pointer) else {
        return vec![format!("this path has no method {}", call.method)];
    };
    let mut problems = parameters(document, &pointer, operation, &bound, query);
    problems.extend(request_body(document, &pointer, operation, call));
    if !call.fault {
        problems.extend(answer(document, &pointer, operation, call));
    }
    problems
}

fn parameters(document: &Document, pointer: &str, operation: &Value, bound: &[(String, String)], query: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut given: Vec<(&str, String, String)> = bound.iter().map(|(name, value)| ("path", name.clone(), decode(value))).collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        given.push(("query", decode(name), decode(&value.replace('+', " "))));
    }
    let count = operation["parameters"].as_array().map_or(0, Vec::len);
    let mut known = Vec::new();
    for at in 0..count {
        let Some((found, parameter)) = document.at(&format!("{pointer}/parameters/{at}")) else {
            continue;
        };
        let (name, place) = (parameter["name"].as_str(), parameter["in"].as_str());
        let (Some(name), Some(place)) = (name, place) else {
            continue;
        };
        known.push((place, name));
        let value = given.iter().find(|(where_, own, _)| *where_ == place && own == name);
        match value {
            None if place == "query" && parameter["required"] == Value::Bool(true) => {
                problems.push(format!("the parameter {name} is missing"));
            }
            None => {}
            Some((_, _, text)) => {
                let value = typed(&parameter["schema"], text);
                let errors = document.errors(&format!("{found}/schema"), &value);
                problems.extend(errors.iter().map(|error| format!("parameter {name}: {error}")));
            }
        }
    }
    for (place, name, _) in &given {
        if !known.contains(&(*place, name.as_str())) {
            problems.push(format!("GitHub knows no {place} parameter {name}"));
        }
    }
    problems
}

/// A parameter's text as its schema's type.
fn typed(schema: &Value, text: &str) -> Value {
    let parsed = match schema["type"].as_str() {
        Some("integer" | "number") => text.parse::<i64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        Some("array") => Some(text.split(',').map(Value::from).collect()),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::from(text))
}

fn request_body(document: &Document, pointer: &str, operation: &Value, call: &Call) -> Vec<String> {
    let Some((found, body)) = document.at(&format!("{pointer}/requestBody")) else {
        let empty = call.request_body == Body::Text(String::new());
        return if empty { Vec::new() } else { vec!["this request takes no body".to_owned()] };
    };
    let text = call.request_body.text();
    if text.is_empty() {
        let required = operation["requestBody"]["required"] == Value::Bool(true) || body["required"] == Value::Bool(true);
        return if required { vec!["the request's body is missing".to_owned()] } else { Vec::new() };
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return vec!["the request's body is no JSON".to_owned()];
    };
    let errors = document.errors(&format!("{found}/content/application~1json/schema"), &value);
    errors.iter().map(|error| format!("request {error}")).collect()
}

fn answer(document: &Document, pointer: &str, operation: &Value, call: &Call) -> Vec<String> {
    let listed = document.at(&format!("{pointer}/responses/{}", call.status));
    let text = call.response_body.text();
    let Some((found, response)) = listed else {
        return unlisted(document, operation, call);
    };
    let Some(content) = response["content"].as_object() else {
        // Redirects carry a body for people, which GitHub does not describe.
        let empty = call.response_body == Body::Text(String::new());
        return match call.status {
            200..=299 if !empty => vec!["this answer has no body at GitHub".to_owned()],
            _ => Vec::new(),
        };
    };
    let media = media_type(call);
    if !content.contains_key(&media) {
        // Raw forms are named in prose only.
        return if media.starts_with("application/vnd.github.raw") {
            Vec::new()
        } else {
            vec![format!("GitHub does not answer {media} here")]
        };
    }
    let schema = format!("{found}/content/{}/schema", step(&media));
    let value = if media == "application/json" || media.ends_with(".object") {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => value,
            Err(error) => return vec![format!("the answer's body is no JSON: {error}")],
        }
    } else {
        Value::from(text)
    };
    document.errors(&schema, &value).iter().map(|error| format!("answer {error}")).collect()
}

/// The description's name of the answer's form: JSON unless told, `object` when it was asked for.
fn media_type(call: &Call) -> String {
    let header = |headers: &crate::journal::Headers, name: &str| headers.get(name).cloned().unwrap_or_default();
    let accept = header(&call.request_headers, "accept");
    let content = header(&call.response_headers, "content-type");
    let media = content.split(';').next().unwrap_or_default().trim();
    let media = match media {
        "" => "application/json",
        "application/vnd.github.raw+json" => "application/vnd.github.raw",
        other => other,
    };
    if media == "application/json" && accept.contains("vnd.github.object") {
        return "application/vnd.github.object".to_owned();
    }
    media.to_owned()
}

/// Refusals that GitHub gives anywhere without listing them; anything else is a violation.
fn unlisted(document: &Document, operation: &Value, call: &Call) -> Vec<String> {
    let schema = match call.status {
        422 => "validation-error",
        301 | 400 | 401 | 403 | 404 | 409 | 429 => "basic-error",
        status => {
            let name = operation["operationId"].as_str().unwrap_or_default();
            return vec![format!("{name} does not answer {status}")];
        }
    };
    let Ok(value) = serde_json::from_str::<Value>(call.response_body.text()) else {
        return vec!["the answer's body is no JSON".to_owned()];
    };
    let mut errors = document.errors(&format!("/components/schemas/{schema}"), &value);
    if !value["message"].is_string() {
        errors.push("a refusal has a message".to_owned());
    }
    errors.iter().map(|error| format!("answer {error}")).collect()
}
