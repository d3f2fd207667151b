//! `dockercise logs`: what a step of a run has written, and what it writes.

use super::remote::{Remote, RunArg, ServerArgs, words};
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use reqwest::StatusCode;
use serde_json::Value;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

/// Between two looks at a log that grows.
const LOOK: Duration = Duration::from_millis(500);

/// Show what a step has written
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The step, as PIPELINE/STEP or PIPELINE/NUMBER/STEP; without a number of the newest run
    #[arg(value_name = "STEP")]
    step: String,
    /// Go on until the step is over
    #[arg(short, long)]
    follow: bool,
    /// The account that it runs in
    #[arg(long, default_value = "local", value_name = "ACCOUNT")]
    account: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Shows.
///
/// # Errors
/// The server cannot be reached, or there is no such step.
pub fn run(args: &LogsArgs) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(show(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &LogsArgs) -> anyhow::Result<()> {
    let remote = args.server.open()?;
    let (run, step) = match args.step.split('/').collect::<Vec<_>>().as_slice() {
        [pipeline, step] => ((*pipeline).to_owned(), *step),
        [pipeline, number, step] => (format!("{pipeline}/{number}"), *step),
        _ => bail!("`{}` is no step\nhelp: write PIPELINE/STEP or PIPELINE/NUMBER/STEP", escape(&args.step)),
    };
    let asked = RunArg { run, account: args.account.clone() };
    let (status, view) = remote.ask(remote.get(remote.of_run(&asked, &[])?)).await?;
    if status == StatusCode::NOT_FOUND {
        bail!(
            "there is no run `{}` in the account `{}`\nhelp: `dockercise runs` lists those there are",
            escape(&asked.run),
            escape(&asked.account)
        );
    }
    let index = position(&view, step)?;
    // By its number: what is the newest may be another at the next look.
    let run = RunArg { run: format!("{}/{}", view["pipeline"].as_str().unwrap_or_default(), view["number"]), account: asked.account };
    let mut from = 0;
    loop {
        let page = page(&remote, &run, index, from).await?;
        write(&page)?;
        let next = page["next"].as_u64().unwrap_or(from);
        let more = next < page["length"].as_u64().unwrap_or(0);
        if !more && (page["complete"] == true || !args.follow) {
            return Ok(());
        }
        if !more || next == from {
            // Between computers there is no event that outlives a broken connection better than the next question.
            tokio::time::sleep(LOOK).await;
        }
        from = next;
    }
}

fn position(view: &Value, name: &str) -> anyhow::Result<u64> {
    // A step of the run's own pipeline, or of another one as `pipeline.step`.
    let own = view["pipelines"].as_array().into_iter().flatten().find(|p| p["number"] == view["number"]).map(|p| &p["index"]);
    let steps = view["steps"].as_array().cloned().unwrap_or_default();
    let found = steps.iter().filter(|step| step["name"].as_str() == Some(name));
    let step = found.clone().find(|step| Some(&step["pipeline"]) == own).or_else(|| found.clone().next());
    step.and_then(|step| step["index"].as_u64()).with_context(|| {
        let names: Vec<String> = steps.iter().filter_map(|s| Some(escape(s["name"].as_str()?).to_string())).collect();
        format!("the run has no step `{}`\nhelp: it has {}", escape(name), names.join(", "))
    })
}

async fn page(remote: &Remote, run: &RunArg, step: u64, from: u64) -> anyhow::Result<Value> {
    let mut url = remote.of_run(run, &["steps", &step.to_string(), "log"])?;
    url.query_pairs_mut().append_pair("from", &from.to_string());
    let (status, page) = remote.ask(remote.get(url)).await?;
    if status == StatusCode::NOT_FOUND {
        bail!("{}", words(&page));
    }
    Ok(page)
}

/// A terminal gets text and colours, and nothing that could move its cursor or set its title; a file gets every byte.
fn write(page: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let to_terminal = out.is_terminal();
    for frame in page["frames"].as_array().into_iter().flatten() {
        let bytes = STANDARD.decode(frame["data"].as_str().unwrap_or_default()).context("the server's answer holds no bytes")?;
        if to_terminal {
            out.write_all(tame(&String::from_utf8_lossy(&bytes)).as_bytes())?;
        } else {
            out.write_all(&bytes)?;
        }
    }
    Ok(out.flush()?)
}

/// Lines, tabs and colours stay; every other control character is shown as what it is.
fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = rest.strip_prefix("\x1b[").and_then(|after| {
            let end = after.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            (after.as_bytes().get(end) == Some(&b'm')).then_some(2 + end + 1)
        });
        let length = colour.unwrap_or(c.len_utf8());
        let (piece, after) = rest.split_at(length);
        if colour.is_some() || matches!(c, '\n' | '\t') || piece == "\r" && after.starts_with('\n') {
            out.push_str(piece);
        } else {
            out.push_str(&escape(piece).to_string());
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::tame;

    #[test]
    fn a_terminal_gets_no_more_than_colours() {
        assert_eq!(tame("a\x1b[1;31mred\x1b[0m\tb\r\nc\n"), "a\x1b[1;31mred\x1b[0m\tb\r\nc\n");
        for bad in ["\x1b]0;title\x07", "\x1b[2J", "\x1b[1A", "\x07", "x\ry", "\u{9b}31m", "\u{202e}", "\x1b[", "\x1b[31"] {
            let tamed = tame(bad);
            assert!(!tamed.chars().any(|c| c.is_control() || c == '\u{202e}'), "{bad:?}: {tamed:?}");
        }
    }
}
