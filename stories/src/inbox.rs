//! The server's webhook inbox: what it holds, and deliveries of one's own making.

use crate::world::{REPOSITORY, World};
use anyhow::Context as _;
use reqwest::header::{HeaderMap, HeaderValue};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// A stored delivery.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Stored {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// `waiting`, `done`, `ignored` or `failed`.
    pub state: String,
    /// Why, in words.
    pub note: String,
    /// How often it was put off.
    pub attempts: i64,
}

/// A POST to the webhook's address, as GitHub makes it unless it is changed.
#[derive(Debug, Clone)]
pub struct Post {
    url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl World {
    /// The server's database, beside the server.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn db(&self) -> anyhow::Result<SqliteConnection> {
        let file = self.server.data().join("dockercise.db");
        Ok(SqliteConnectOptions::new().filename(file).connect().await?)
    }

    /// All stored deliveries, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn inbox(&self) -> anyhow::Result<Vec<Stored>> {
        let sql = "select guid, event, state, note, attempts from delivery order by received_at, id";
        Ok(sqlx::query_as(sql).fetch_all(&mut self.db().await?).await?)
    }

    /// The stored delivery of that GUID, once it is closed.
    ///
    /// # Errors
    /// It is not closed in time.
    pub async fn closed(&self, guid: &str) -> anyhow::Result<Stored> {
        crate::api::eventually(&format!("the end of delivery {guid}"), async || {
            Ok(self.inbox().await?.into_iter().find(|d| d.guid == guid && d.state != "waiting"))
        })
        .await
    }

    /// Waits until every delivery is closed; all of them.
    ///
    /// # Errors
    /// Some is not, in time.
    pub async fn settled(&self) -> anyhow::Result<Vec<Stored>> {
        crate::api::eventually("the end of all deliveries", async || {
            Ok(Some(self.inbox().await?).filter(|all| all.iter().all(|d| d.state != "waiting")))
        })
        .await
    }

    /// A delivery signed with the repository's own secret, under a new GUID.
    ///
    /// # Errors
    /// The repository has no hook.
    pub fn delivery(&self, event: &str, body: impl Into<Vec<u8>>) -> anyhow::Result<Post> {
        let hook = self.github.hooks(REPOSITORY).pop().context("the repository has no hook")?;
        let body = body.into();
        let signature = standin_github::sign(hook.secret.as_deref().context("the hook has no secret")?, &body);
        let mut post = Post { url: hook.url, headers: HeaderMap::new(), body };
        post.set("content-type", "application/json");
        post.set("user-agent", "GitHub-Hookshot/044aadd");
        post.set("x-github-event", event);
        post.set("x-github-delivery", &uuid::Uuid::new_v4().to_string());
        post.set("x-github-hook-id", &hook.id.to_string());
        post.set("x-hub-signature-256", &signature);
        Ok(post)
    }
}

impl Post {
    /// Sets a header in place of what was there.
    ///
    /// # Panics
    /// If it is none.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header's value"));
    }

    /// Goes to another hook's address of the same server.
    #[must_use]
    pub fn to(mut self, hook: &str) -> Post {
        let base = self.url.rsplit_once('/').map_or_else(String::new, |(base, _)| base.to_owned());
        self.url = format!("{base}/{hook}");
        self
    }

    /// Its GUID.
    pub fn guid(&self) -> &str {
        self.headers.get("x-github-delivery").and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Sends it; the status and the body of the answer.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send(&self) -> anyhow::Result<(u16, String)> {
        self.send_by(&reqwest::Client::new()).await
    }

    /// As [`Post::send`], by a client that is there already.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send_by(&self, client: &reqwest::Client) -> anyhow::Result<(u16, String)> {
        let answer = client.post(&self.url).headers(self.headers.clone()).body(self.body.clone()).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}
