//! A browser without a window: it keeps cookies, follows nothing by itself, and sends what our pages send.

use anyhow::{Context as _, ensure};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use standin_github::Standin;
use std::collections::BTreeMap;

/// A browser at one server.
#[derive(Debug, Clone)]
pub struct Browser {
    base: String,
    client: Client,
    /// By name.
    pub cookies: BTreeMap<String, String>,
    /// What the page was given to send along.
    pub page_token: Option<String>,
}

impl Browser {
    /// A fresh one.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(base: &str) -> anyhow::Result<Browser> {
        // Installed once; a second install would only say that it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Browser { base: base.to_owned(), client, cookies: BTreeMap::new(), page_token: None })
    }

    /// Sends a request as the page does, and keeps the cookies of the answer.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut call = self.client.request(method.clone(), format!("{}{path}", self.base)).header(COOKIE, cookies.join("; "));
        if method != Method::GET {
            call = call.header(ORIGIN, &self.base).header("x-dockercise", self.page_token.as_deref().unwrap_or("page"));
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().await?;
        self.keep(answer.headers());
        Ok(answer)
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for set in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Some((name, value)) = set.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The status of a request.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn status(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<u16> {
        Ok(self.ask(method, path, body).await?.status().as_u16())
    }

    /// Begins a login; the address at GitHub.
    ///
    /// # Errors
    /// The server refuses: its words are in the error.
    pub async fn begin(&mut self, to: &str, code: Option<&str>) -> anyhow::Result<String> {
        let answer = self.ask(Method::POST, "/api/login", Some(&json!({ "to": to, "code": code }))).await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status.is_success(), "{status}: {}", body["error"]);
        Ok(body["url"].as_str().context("there is no address")?.to_owned())
    }

    /// Comes back from GitHub. The status, and the address that it is sent to or the words that it is shown.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn come_back(&mut self, address: &str) -> anyhow::Result<(u16, String)> {
        let path = address.strip_prefix(&self.base).context("not an address of the server")?.to_owned();
        let answer = self.ask(Method::GET, &path, None).await?;
        let status = answer.status().as_u16();
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        Ok((
            status,
            match to {
                Some(to) => to,
                None => answer.text().await?,
            },
        ))
    }

    /// Logs in, from the click to the page.
    ///
    /// # Errors
    /// Server or GitHub refuse: the words are in the error.
    pub async fn log_in(&mut self, github: &Standin, login: &str, code: Option<&str>) -> anyhow::Result<()> {
        let url = self.begin("/", code).await?;
        let (status, words) = self.come_back(&github.consent(login, &url)?).await?;
        ensure!(status == 303, "{status}: {words}");
        self.page_token = self.me().await?["page_token"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Who the server says one is.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn me(&mut self) -> anyhow::Result<Value> {
        Ok(self.ask(Method::GET, "/api/me", None).await?.json().await?)
    }

    /// Makes a token for programs.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn token(&mut self, scope: &str) -> anyhow::Result<String> {
        let wanted = json!({ "name": format!("for {scope}"), "scope": scope, "days": 1 });
        let answer: Value = self.ask(Method::POST, "/api/tokens", Some(&wanted)).await?.json().await?;
        Ok(answer["secret"].as_str().with_context(|| format!("no token: {answer}"))?.to_owned())
    }
}
