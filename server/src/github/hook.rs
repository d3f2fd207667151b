//! A repository's webhook: made, mended, and what it delivered.

use super::{Github, GithubError, next, read};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

/// A webhook as it should be.
#[derive(Debug, Clone)]
pub struct HookWanted<'a> {
    /// Where GitHub shall deliver.
    pub url: &'a str,
    /// What it signs with.
    pub secret: &'a str,
}

/// A webhook as it was found.
#[derive(Debug, Clone, Deserialize)]
pub struct HookFound {
    /// Does it deliver?
    pub active: bool,
    /// Which events.
    pub events: Vec<String>,
    /// Where to, and how.
    pub config: HookConfig,
}

/// Where a webhook delivers, and how.
#[derive(Debug, Clone, Deserialize)]
pub struct HookConfig {
    /// The address.
    #[serde(default)]
    pub url: String,
    /// `json` or `form`.
    #[serde(default)]
    pub content_type: String,
}

impl HookFound {
    /// Is it as it should be? Its secret cannot be seen.
    pub fn is(&self, url: &str) -> bool {
        let all = EVENTS.iter().all(|event| self.events.iter().any(|have| have == event));
        self.active && all && self.config.url == url && self.config.content_type == "json"
    }
}

/// Something that a webhook tried to deliver.
#[derive(Debug, Clone, Deserialize)]
pub struct Sent {
    /// Of this try.
    pub id: i64,
    /// Of the event.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// `OK`, or what went wrong.
    pub status: String,
    /// When.
    pub delivered_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

#[derive(Deserialize)]
struct Listed {
    id: i64,
    config: HookConfig,
}

/// The events that a run can be made for, and those that tell what becomes of the repository and of the webhook itself.
const EVENTS: [&str; 6] = ["push", "pull_request", "create", "delete", "repository", "meta"];
/// So many pages of what failed are looked at, of a hundred each.
const PAGES: usize = 20;

impl Github {
    /// Makes the webhook, or takes over the one that delivers there already. Returns its id.
    ///
    /// # Errors
    /// A call failed.
    pub async fn ensure_hook(&self, full_name: &str, hook: &HookWanted<'_>) -> Result<i64, GithubError> {
        let what = format!("add a webhook to {full_name}");
        let config = json!({ "url": hook.url, "content_type": "json", "secret": hook.secret, "insecure_ssl": "0" });
        // Not octocrab's own type: it sends `id` and `type`, which GitHub's schema does not know.
        let body = json!({ "name": "web", "active": true, "events": EVENTS, "config": config });
        match self.post::<Id>(&what, &format!("repos/{full_name}/hooks"), &body).await {
            Ok(made) => return Ok(made.id),
            Err(e) if e.status == Some(422) && e.why.contains("already exists") => {}
            Err(e) => return Err(e),
        }
        let hooks: Vec<Listed> = self.get(&what, &format!("repos/{full_name}/hooks?per_page=100")).await?;
        let Some(ours) = hooks.into_iter().find(|h| h.config.url == hook.url) else {
            let why = "GitHub says that it exists already, and does not list it".to_owned();
            return Err(GithubError::new(what, why, Some(422)));
        };
        self.mend_hook(full_name, ours.id, hook).await?;
        Ok(ours.id)
    }

    /// Makes a webhook as it should be.
    ///
    /// # Errors
    /// The call failed.
    pub async fn mend_hook(&self, full_name: &str, id: i64, hook: &HookWanted<'_>) -> Result<(), GithubError> {
        let config = json!({ "url": hook.url, "content_type": "json", "secret": hook.secret, "insecure_ssl": "0" });
        let body = json!({ "active": true, "events": EVENTS, "config": config });
        // Nothing but a webhook is the answer: a redirect is followed to something else.
        let _: Listed = self.patch(&format!("mend the webhook of {full_name}"), &format!("repos/{full_name}/hooks/{id}"), &body).await?;
        Ok(())
    }

    /// The webhook with that id, if it is there.
    ///
    /// # Errors
    /// The call failed.
    pub async fn hook(&self, full_name: &str, id: i64) -> Result<Option<HookFound>, GithubError> {
        match self.get(&format!("read the webhook of {full_name}"), &format!("repos/{full_name}/hooks/{id}")).await {
            Ok(found) => Ok(Some(found)),
            Err(e) if e.not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What a webhook failed to deliver since then, newest first; one event may stand there several times.
    ///
    /// # Errors
    /// A call failed.
    pub async fn failed_deliveries(&self, full_name: &str, hook: i64, since: DateTime<Utc>) -> Result<Vec<Sent>, GithubError> {
        let what = format!("list what the webhook of {full_name} failed to deliver");
        let (mut failed, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let route = format!("repos/{full_name}/hooks/{hook}/deliveries?per_page=100&status=failure{cursor}");
            let answer = self.ask(&what, &route).await?;
            let page: Vec<Sent> = read(&what, &answer)?;
            let older = page.last().is_none_or(|last| last.delivered_at < since);
            failed.extend(page.into_iter().filter(|sent| sent.status != "OK" && sent.delivered_at >= since));
            match next(&answer.headers, "cursor").filter(|_| !older) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(failed)
    }

    /// Has something delivered once more, under its GUID.
    ///
    /// # Errors
    /// The call failed.
    pub async fn deliver_again(&self, full_name: &str, hook: i64, delivery: i64) -> Result<(), GithubError> {
        let route = format!("repos/{full_name}/hooks/{hook}/deliveries/{delivery}/attempts");
        let what = format!("have a delivery of {full_name} sent again");
        self.call(&what, self.crab._post(super::full(&route), None::<&()>)).await.map(drop)
    }

    /// Removes a webhook; gone already is fine.
    ///
    /// # Errors
    /// The call failed.
    pub async fn remove_hook(&self, full_name: &str, id: i64) -> Result<(), GithubError> {
        self.delete(&format!("remove the webhook of {full_name}"), &format!("repos/{full_name}/hooks/{id}")).await
    }
}
