//! Hooks, deploy keys and the delivery log.

use serde_json::{Value, json};

use super::time;
use crate::deliver::Delivery;
use crate::links::Links;
use crate::state::{DeployKey, Hook};

/// `hook`; the secret is never shown.
pub(crate) fn hook(links: &Links, name: &str, hook: &Hook) -> Value {
    let url = format!("{}/repos/{name}/hooks/{}", links.api, hook.id);
    let mut config = json!({
        "content_type": hook.content_type,
        "insecure_ssl": hook.insecure_ssl,
        "url": hook.url,
    });
    if hook.secret.is_some() {
        config["secret"] = json!("********");
    }
    let (code, status, message) = &hook.last_response;
    json!({
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config,
        "updated_at": time(&hook.updated_at),
        "created_at": time(&hook.created_at),
        "url": url,
        "test_url": format!("{url}/test"),
        "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"),
        "last_response": { "code": code, "status": status, "message": message },
    })
}

/// `hook-delivery-item`.
pub(crate) fn delivery_item(delivery: &Delivery, repository: u64) -> Value {
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": time(&delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": null,
        "repository_id": repository,
        "throttled_at": null,
    })
}

/// `hook-delivery`: the item with request and answer.
pub(crate) fn delivery(delivery: &Delivery, repository: u64) -> Value {
    let mut value = delivery_item(delivery, repository);
    value["url"] = json!(delivery.url);
    value["request"] = json!({
        "headers": delivery.request_headers,
        "payload": delivery.payload,
    });
    value["response"] = json!({
        "headers": delivery.response_headers,
        "payload": delivery.response_body,
    });
    value
}

/// `deploy-key`.
pub(crate) fn key(links: &Links, name: &str, key: &DeployKey) -> Value {
    json!({
        "id": key.id,
        "key": key.key,
        "url": format!("{}/repos/{name}/keys/{}", links.api, key.id),
        "title": key.title,
        "verified": true,
        "created_at": time(&key.created_at),
        "read_only": key.read_only,
        "added_by": key.added_by,
        "last_used": key.last_used.as_ref().map(time),
        "enabled": true,
    })
}
