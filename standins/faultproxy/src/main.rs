//! `faultproxy LISTEN UPSTREAM [RULE...]`: the proxy as a program; the journal goes to standard output.

use anyhow::{Context as _, bail};
use faultproxy::{Endpoint, Proxy, Rule};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: faultproxy LISTEN UPSTREAM [RULE...]
LISTEN and UPSTREAM are tcp://ADDRESS:PORT or unix:///PATH
RULE is JSON: {\"method\": \"POST\", \"path\": \"/containers/*\", \"times\": 1, \"kind\": \"reset\"}
kinds: \"reset\", \"hang\", \"duplicate\", \"two_hundred_then_cut\", {\"delay\": MILLISECONDS}, {\"cut_after\": BYTES},
       {\"error\": {\"status\": 503, \"headers\": [[\"retry-after\", \"1\"]], \"body\": \"{}\"}}";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, upstream, rules @ ..] = arguments.as_slice() else { bail!(USAGE) };
    let rules = rules
        .iter()
        .map(|rule| serde_json::from_str(rule).with_context(|| format!("{rule:?} is no rule\n{USAGE}")))
        .collect::<anyhow::Result<Vec<Rule>>>()?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (listen, upstream): (Endpoint, Endpoint) = (listen.parse()?, upstream.parse()?);
    let proxy = Proxy::start(listen, upstream, rules).await?;
    eprintln!("listening on {}", proxy.address());
    let mut written = 0;
    let follow = async {
        loop {
            proxy.wait_until(|entries| entries.get(written).is_some_and(|entry| entry.duration.is_some())).await;
            println!("{}", serde_json::to_string(&proxy.journal()[written])?);
            written += 1;
        }
    };
    tokio::select! {
        result = follow => result,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}
