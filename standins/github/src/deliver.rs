//! Deliveries: an event becomes one signed POST per hook that wants it, logged with its outcome.
//!
//! As GitHub does it: ten seconds, no redirects followed, never tried again by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use crate::github::GitHub;
use crate::journal::{self, Body, Headers, Line, Sent};
use crate::links::encode_value;
use crate::state::Hook;

/// How long GitHub waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Payloads above this are not delivered at all.
const MAX_PAYLOAD: usize = 25 * 1024 * 1024;
/// How much of the answer's body the log keeps, in bytes.
const KEPT_ANSWER: usize = 64 * 1024;

/// An event about to be delivered to the hooks of a repository.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// `X-GitHub-Event`.
    pub(crate) name: &'static str,
    pub(crate) payload: Value,
}

/// One entry of the delivery log.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Number.
    pub id: u64,
    /// Hook it belongs to.
    pub hook: u64,
    /// One per event: a redelivery repeats it.
    pub guid: String,
    /// When it was sent.
    pub delivered_at: DateTime<Utc>,
    /// Whether it repeats an earlier one.
    pub redelivery: bool,
    /// Seconds until the answer.
    pub duration: f64,
    /// `OK` or what went wrong.
    pub status: String,
    /// The answer's status; 502 and 504 also stand for no connection and no answer.
    pub status_code: u16,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: Option<String>,
    /// Where it went.
    pub url: String,
    /// Headers as sent.
    pub request_headers: Headers,
    /// The event.
    pub payload: Value,
    /// Headers of the answer.
    pub response_headers: Option<Headers>,
    /// Body of the answer.
    pub response_body: Option<String>,
}

impl Delivery {
    /// Whether the receiver took it.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status == "OK"
    }
}

/// Delivers `event` to all hooks of the repository that want it, in the background.
pub(crate) fn to_hooks(github: &Arc<GitHub>, repository: u64, event: &Event) {
    let hooks: Vec<u64> = {
        let world = github.world();
        let Some(repository) = world.repositories.get(&repository) else {
            return;
        };
        let wants = |hook: &&Hook| hook.active && hook.events.iter().any(|name| name == "*" || name == event.name);
        repository.hooks.values().filter(wants).map(|hook| hook.id).collect()
    };
    // One GUID per event, not per hook.
    let guid = Uuid::new_v4().to_string();
    for hook in hooks {
        to_hook(github, repository, hook, event.clone(), guid.clone(), false);
    }
}

/// Delivers `event` to one hook, in the background.
pub(crate) fn to_hook(github: &Arc<GitHub>, repository: u64, hook: u64, event: Event, guid: String, redelivery: bool) {
    let hook = github.world().repositories.get(&repository).and_then(|own| own.hooks.get(&hook).cloned());
    let Some(hook) = hook else { return };
    let task = deliver(Arc::clone(github), repository, hook, event, guid, redelivery);
    github.tasks.spawn(task);
}

/// What came back.
struct Answer {
    status: String,
    code: u16,
    received: Option<(u16, Headers, String)>,
}

async fn deliver(github: Arc<GitHub>, repository: u64, hook: Hook, event: Event, guid: String, redelivery: bool) {
    let (id, lost) = {
        let mut world = github.world();
        let lost = world.lose_deliveries > 0;
        world.lose_deliveries = world.lose_deliveries.saturating_sub(1);
        (world.next_id(), lost)
    };
    let Some((headers, body)) = request(&hook, repository, &event, &guid) else {
        return;
    };
    let delivered_at = Utc::now();
    let started = Instant::now();
    let answer = if lost {
        Answer { status: "failed to connect to host".to_owned(), code: 502, received: None }
    } else {
        tokio::select! {
            answer = post(&github.client, &hook.url, headers.clone(), body.clone()) => answer,
            () = github.stop.cancelled() => return,
        }
    };
    let duration = (started.elapsed().as_secs_f64() * 100.0).round() / 100.0;
    let request_headers = journal::headers(&headers);
    let action = event.payload["action"].as_str().map(str::to_owned);
    if !lost {
        github.journal.write(&Line::Delivery(Box::new(Sent {
            time: delivered_at,
            hook: hook.id,
            delivery: id,
            guid: guid.clone(),
            event: event.name.to_owned(),
            action: action.clone(),
            url: hook.url.clone(),
            request_headers: request_headers.clone(),
            request_body: Body::of(&body),
            status: answer.received.as_ref().map(|(status, ..)| *status),
        })));
    }
    tracing::info!(event = event.name, hook = hook.id, guid, status = answer.status, "delivered");
    let (response_headers, response_body) = match answer.received {
        Some((_, headers, body)) => (Some(headers), Some(body)),
        None => (None, None),
    };
    log(
        &github,
        repository,
        Delivery {
            id,
            hook: hook.id,
            guid,
            delivered_at,
            redelivery,
            duration,
            status: answer.status,
            status_code: answer.code,
            event: event.name.to_owned(),
            action,
            url: hook.url,
            request_headers,
            payload: event.payload,
            response_headers,
            response_body,
        },
    );
}

fn log(github: &GitHub, repository: u64, delivery: Delivery) {
    {
        let mut world = github.world();
        let Some(own) = world.repositories.get_mut(&repository) else {
            return;
        };
        if let Some(hook) = own.hooks.get_mut(&delivery.hook) {
            let state = if delivery.ok() { "active" } else { "failed" };
            hook.last_response = (Some(delivery.status_code), state.to_owned(), Some(delivery.status.clone()));
        }
        own.deliveries.push(delivery);
    }
    github.wake();
}

/// Headers and body of a delivery; `None` where the payload is too large to be delivered.
fn request(hook: &Hook, target: u64, event: &Event, guid: &str) -> Option<(HeaderMap, Vec<u8>)> {
    let json = serde_json::to_vec(&event.payload).ok()?;
    if json.len() > MAX_PAYLOAD {
        tracing::warn!(bytes = json.len(), "payload too large: not delivered");
        return None;
    }
    let (content_type, body) = match hook.content_type.as_str() {
        "json" => ("application/json", json),
        _ => {
            let form = format!("payload={}", encode_value(&json));
            ("application/x-www-form-urlencoded", form.into_bytes())
        }
    };
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("accept", "*/*".to_owned());
    set("content-type", content_type.to_owned());
    set("user-agent", "GitHub-Hookshot/c0ffee5".to_owned());
    set("x-github-delivery", guid.to_owned());
    set("x-github-event", event.name.to_owned());
    set("x-github-hook-id", hook.id.to_string());
    set("x-github-hook-installation-target-id", target.to_string());
    set("x-github-hook-installation-target-type", "repository".to_owned());
    if let Some(secret) = &hook.secret {
        set("x-hub-signature-256", sign(secret, &body));
    }
    Some((headers, body))
}

/// `X-Hub-Signature-256` of a body.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256=".to_owned();
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

async fn post(client: &reqwest::Client, url: &str, headers: HeaderMap, body: Vec<u8>) -> Answer {
    let failed = |error: &reqwest::Error| {
        let (status, code) = if error.is_timeout() { ("timed out", 504) } else { ("failed to connect to host", 502) };
        Answer { status: status.to_owned(), code, received: None }
    };
    let sent = client.post(url).timeout(TIMEOUT).headers(headers).body(body).send().await;
    let response = match sent {
        Ok(response) => response,
        Err(error) => return failed(&error),
    };
    let code = response.status().as_u16();
    let headers = journal::headers(response.headers());
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) => return failed(&error),
    };
    let kept = String::from_utf8_lossy(&body[..body.len().min(KEPT_ANSWER)]).into_owned();
    let status = match code {
        200..=299 => "OK".to_owned(),
        _ => format!("Invalid HTTP Response: {code}"),
    };
    Answer { status, code, received: Some((code, headers, kept)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_githubs_test_vector() {
        assert_eq!(
            sign("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
