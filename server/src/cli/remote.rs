//! A running server, from the command line.

use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than the server waits for GitHub.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server, and as whom.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Address of the server [default: where `dockercise login` went last, or this computer's]
    #[arg(long, env = "DOCKERCISE_PUBLIC_URL", value_name = "URL")]
    pub server: Option<Url>,
    /// A token that was made on the server's page /settings [default: the one that `dockercise login` was given]
    #[arg(long, env = "DOCKERCISE_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// Which run of which pipeline.
#[derive(Debug, Clone, Args)]
pub struct RunArg {
    /// The run, as PIPELINE or PIPELINE/NUMBER; without a number its newest
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The account that it runs in
    #[arg(long, default_value = "local", value_name = "ACCOUNT")]
    pub account: String,
}

/// A server that can be asked.
#[derive(Debug)]
pub struct Remote {
    /// Its address.
    pub server: Url,
    token: Option<String>,
    client: Client,
}

impl ServerArgs {
    /// # Errors
    /// No client can be made.
    pub fn open(&self) -> anyhow::Result<Remote> {
        let kept = kept();
        let server = match (&self.server, &kept) {
            (Some(said), _) => said.clone(),
            (None, Some((server, _))) => server.clone(),
            (None, None) => Url::parse("http://127.0.0.1:8080")?,
        };
        // A token goes to the server that it was made by, and to no other.
        let of_kept = kept.filter(|(whose, _)| whose.origin() == server.origin()).map(|(_, token)| token);
        // Never over plain http to elsewhere: everybody on the way would have it.
        let plain = server.scheme() == "http" && !matches!(server.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let token = self.token.clone().filter(|token| !token.is_empty()).or(of_kept);
        if plain && token.is_some() {
            bail!("the token would go to {server} in the clear\nhelp: use its https:// address");
        }
        Ok(Remote { server, token, client: Client::builder().connect_timeout(PATIENCE).build()? })
    }
}

impl Remote {
    /// The address of something at the server; each part is one part of it, whatever it holds.
    ///
    /// # Errors
    /// The server's address is none.
    pub fn address(&self, parts: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.server.clone();
        let mut path = url.path_segments_mut().map_err(|()| anyhow::anyhow!("`--server {}` is no address of a server", self.server))?;
        path.pop_if_empty().extend(parts);
        drop(path);
        Ok(url)
    }

    /// Of a run: the address of something of it.
    ///
    /// # Errors
    /// The server's address is none.
    pub fn of_run(&self, run: &RunArg, more: &[&str]) -> anyhow::Result<Url> {
        let (pipeline, number) = run.run.split_once('/').unwrap_or((&run.run, "latest"));
        self.address(&[&["api", "results", &run.account, pipeline, number], more].concat())
    }

    /// A question.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.as_whom(self.client.get(url)).timeout(PATIENCE)
    }

    /// A question whose answer comes as long as there is something to say.
    pub fn follow(&self, url: Url) -> RequestBuilder {
        self.as_whom(self.client.get(url))
    }

    /// Something to be done.
    pub fn post(&self, url: Url) -> RequestBuilder {
        // The header that no page of another site can set.
        self.as_whom(self.client.post(url)).header("x-dockercise", "cli").timeout(PATIENCE)
    }

    fn as_whom(&self, call: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }

    /// Sends it; a refusal is an error but for 404, for which only the caller has words.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses: its words are in the error.
    pub async fn ask(&self, call: RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        let answer = self.send(call).await?;
        let status = answer.status();
        if status == StatusCode::NO_CONTENT {
            return Ok((status, Value::Null));
        }
        let body: Value = answer
            .json()
            .await
            .with_context(|| format!("{} answers {status}, but not as dockercise does\nhelp: {REACHED}", self.server))?;
        match status {
            StatusCode::UNAUTHORIZED => {
                let help = "`dockercise login` takes a token that you make on the server's page /settings";
                bail!("{}\nhelp: {help}", escape(body["error"].as_str().unwrap_or("you are not logged in")))
            }
            _ if status.is_success() || status == StatusCode::NOT_FOUND => Ok((status, body)),
            _ => bail!("{}", words(&body)),
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn send(&self, call: RequestBuilder) -> anyhow::Result<reqwest::Response> {
        match call.send().await {
            Ok(answer) => Ok(answer),
            // Its cause before the help, which is a line of its own and the last.
            Err(e) => bail!("the server at {} cannot be reached: {:#}\nhelp: {REACHED}", self.server, anyhow::Error::from(e.without_url())),
        }
    }
}

const REACHED: &str = "is it running? its address is given with --server or DOCKERCISE_PUBLIC_URL";

/// What the server says, and its help on a line of its own.
pub fn words(problem: &Value) -> String {
    let help = problem["help"].as_str().map_or(String::new(), |help| format!("\nhelp: {}", escape(help)));
    format!("{}{help}", escape(problem["error"].as_str().unwrap_or("the server refused, and did not say why")))
}

/// Where the token is kept from one command to the next.
///
/// # Errors
/// There is no home folder.
pub fn place() -> anyhow::Result<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let config = config.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
    Ok(config
        .context("there is no home folder to keep the token in\nhelp: set HOME, or give DOCKERCISE_TOKEN each time")?
        .join("dockercise/login"))
}

/// Server and token, a line each.
fn kept() -> Option<(Url, String)> {
    let text = std::fs::read_to_string(place().ok()?).ok()?;
    let (server, token) = text.trim_end().split_once('\n')?;
    Some((server.parse().ok()?, token.to_owned()))
}
