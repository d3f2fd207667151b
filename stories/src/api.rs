//! The server's API, in a person's words.

use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use serde_json::Value;
use std::time::Duration;

/// How long a story waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    client: reqwest::Client,
}

/// A run of a pipeline.
#[derive(Debug, Clone)]
pub struct Run {
    api: Api,
    /// The pipeline's slug.
    pub pipeline: String,
    /// The number.
    pub number: i64,
}

impl Api {
    /// A client.
    pub fn new(base: &str) -> Api {
        // Installed once; a second install would only say that it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Api { base: base.to_owned(), client: reqwest::Client::new() }
    }

    /// A client that sends a token along.
    ///
    /// # Errors
    /// The token is none.
    pub fn with_token(base: &str, token: &str) -> anyhow::Result<Api> {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert(reqwest::header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        Ok(Api { base: base.to_owned(), client: reqwest::Client::builder().default_headers(headers).build()? })
    }

    /// GET; none for 404.
    ///
    /// # Errors
    /// The server does not answer, or with another error.
    pub async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await?;
        match answer.status().as_u16() {
            200 => Ok(Some(answer.json().await?)),
            404 => Ok(None),
            status => bail!("GET {path}: {status}: {}", answer.text().await?),
        }
    }

    /// GET, bytes.
    ///
    /// # Errors
    /// The server does not answer, or not with 2xx.
    pub async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await?.error_for_status()?;
        Ok(answer.bytes().await?.to_vec())
    }

    /// POST as the page does.
    ///
    /// # Errors
    /// The server does not answer, or not with 2xx; its words are in the error.
    pub async fn post(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.post(format!("{}{path}", self.base)).header("x-dockercise", "story").send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("POST {path}: {status}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// POST of JSON as the page does; the status, and the answer's JSON.
    ///
    /// # Errors
    /// The server does not answer, or not with JSON.
    pub async fn send(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let call = self.client.post(format!("{}{path}", self.base)).header("x-dockercise", "story").json(body);
        let answer = call.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Waits for a number of a pipeline to exist.
    ///
    /// # Errors
    /// It does not come in time.
    pub async fn run(&self, pipeline: &str, number: i64) -> anyhow::Result<Run> {
        let run = Run { api: self.clone(), pipeline: pipeline.to_owned(), number };
        eventually(&format!("run {number} of {pipeline}"), async || Ok(self.get(&run.path()).await?.map(drop))).await?;
        Ok(run)
    }

    /// The numbers of a pipeline, newest first.
    ///
    /// # Errors
    /// The server fails.
    pub async fn numbers(&self, pipeline: &str) -> anyhow::Result<Vec<i64>> {
        let list = self.get(&format!("/api/results/local/{pipeline}")).await?;
        let runs = list.as_ref().and_then(|l| l["runs"].as_array().cloned()).unwrap_or_default();
        Ok(runs.iter().filter_map(|r| r["number"].as_i64()).collect())
    }
}

/// Asks until there is an answer.
///
/// # Errors
/// There is none in time, or asking fails.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if tokio::time::Instant::now() > deadline {
            bail!("{what} did not come in {} s", PATIENCE.as_secs());
        }
        // What another process does has no event for us where there is no stream of it.
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

impl Run {
    /// Its address in the API.
    pub fn path(&self) -> String {
        format!("/api/results/local/{}/{}", self.pipeline, self.number)
    }

    /// Its view.
    ///
    /// # Errors
    /// The server fails.
    pub async fn view(&self) -> anyhow::Result<Value> {
        self.api.get(&self.path()).await?.context("the run is gone")
    }

    /// Waits until the view is as wanted, told by the server's stream of changes.
    ///
    /// # Errors
    /// It is not in time; how it stands is in the error.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let watching = async {
            loop {
                let stream = self.api.client.get(format!("{}{}/events", self.api.base, self.path())).send().await;
                let Ok(stream) = stream else {
                    // The server is being restarted.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let mut chunks = stream.bytes_stream();
                while let Some(Ok(_)) = chunks.next().await {
                    if let Ok(view) = self.view().await
                        && wanted(&view)
                    {
                        return view;
                    }
                }
            }
        };
        match tokio::time::timeout(PATIENCE, watching).await {
            Ok(view) => Ok(view),
            Err(_) => bail!("{} {}: {what} did not come; it stands so: {}", self.pipeline, self.number, brief(&self.view().await?)),
        }
    }

    /// Waits until it is over; returns its state's word.
    ///
    /// # Errors
    /// It is not over in time.
    pub async fn over(&self) -> anyhow::Result<String> {
        let view = self.until("its end", |v| !matches!(v["summary"]["state"].as_str(), Some("queued" | "running" | "waiting"))).await?;
        Ok(view["summary"]["state"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until it is over, in that state.
    ///
    /// # Errors
    /// It is not over in time, or ends in another state; how it stands is in the error.
    pub async fn ends(&self, state: &str) -> anyhow::Result<()> {
        let over = self.over().await?;
        if over != state {
            bail!("{} {} ended {over}, not {state}: {}", self.pipeline, self.number, brief(&self.view().await?));
        }
        Ok(())
    }

    /// Everything about a step of it, by name; the fields of its line beside those of its details.
    ///
    /// # Errors
    /// There is none.
    pub async fn step(&self, name: &str) -> anyhow::Result<Value> {
        let index = step(&self.view().await?, name)?["index"].clone();
        let mut all = self.api.get(&format!("{}/steps/{index}", self.path())).await?.context("the step has no page")?;
        let line = all["step"].take();
        if let (Value::Object(all), Value::Object(line)) = (&mut all, line) {
            all.extend(line);
        }
        Ok(all)
    }

    /// Waits until a step is in a state.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn step_is(&self, name: &str, state: &str) -> anyhow::Result<Value> {
        let view = self.until(&format!("{name} being {state}"), |v| step(v, name).is_ok_and(|s| s["state"] == state)).await?;
        step(&view, name)
    }

    /// A step's value.
    ///
    /// # Errors
    /// The server fails.
    pub async fn value(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let index = self.step(name).await?["index"].clone();
        self.api.bytes(&format!("{}/steps/{index}/value", self.path())).await
    }

    /// A step's whole log as text.
    ///
    /// # Errors
    /// The server fails.
    pub async fn log(&self, name: &str, phase: &str) -> anyhow::Result<String> {
        let index = self.step(name).await?["index"].clone();
        let bytes = self.api.bytes(&format!("{}/steps/{index}/log/raw?phase={phase}", self.path())).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The log of a service beside a step's command.
    ///
    /// # Errors
    /// There is no such step or service.
    pub async fn service_log(&self, name: &str, service: &str) -> anyhow::Result<String> {
        let index = self.step(name).await?["index"].clone();
        let bytes = self.api.bytes(&format!("{}/steps/{index}/log/raw?service={service}", self.path())).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits until a step's log holds a text.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn log_holds(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let what = format!("`{text}` in the log of {name}");
        eventually(&what, async || Ok(self.log(name, "run").await.is_ok_and(|log| log.contains(text)).then_some(()))).await
    }

    /// Clicks at the gate that waits.
    ///
    /// # Errors
    /// None waits, or the server refuses.
    pub async fn click(&self) -> anyhow::Result<()> {
        let gate = |v: &Value| v["gates"].as_array().and_then(|g| g.iter().find(|g| g["state"] == "waiting").map(|g| g["index"].clone()));
        let view = self.until("a gate", |v| gate(v).is_some()).await?;
        let index = gate(&view).context("no gate waits")?;
        self.api.post(&format!("{}/gates/{index}/approve", self.path())).await.map(drop)
    }

    /// Clicks at a gate, whether it waits or not.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn click_again(&self, gate: u32) -> anyhow::Result<()> {
        self.api.post(&format!("{}/gates/{gate}/approve", self.path())).await.map(drop)
    }

    /// Cancels it.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn cancel(&self) -> anyhow::Result<()> {
        self.api.post(&format!("{}/cancel", self.path())).await.map(drop)
    }

    /// Cancels what it does to clean up.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn cancel_clean_up(&self) -> anyhow::Result<()> {
        self.api.post(&format!("{}/cancel?clean_up=true", self.path())).await.map(drop)
    }

    /// Runs it again.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn again(&self) -> anyhow::Result<Run> {
        let place = self.api.post(&format!("{}/rerun", self.path())).await?;
        let number = place["number"].as_i64().context("the answer has no number")?;
        Ok(Run { api: self.api.clone(), pipeline: self.pipeline.clone(), number })
    }
}

fn step(view: &Value, name: &str) -> anyhow::Result<Value> {
    let steps = view["steps"].as_array().context("the view has no steps")?;
    steps.iter().find(|s| s["name"] == name).cloned().with_context(|| format!("there is no step {name}"))
}

/// A view in one line.
pub fn brief(view: &Value) -> String {
    let steps = view["steps"].as_array().cloned().unwrap_or_default();
    let steps =
        steps.iter().map(|s| format!("{}={}{}", s["name"], s["state"], s["reason"].as_str().map_or(String::new(), |r| format!(" ({r})"))));
    format!("{} [{}]", view["summary"]["state"], steps.collect::<Vec<_>>().join(", "))
}
