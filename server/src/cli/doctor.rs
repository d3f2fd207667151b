//! `dockercise doctor`: looks at everything that a server needs, with the server's own settings, and says what fails, on what,
//! and what to do. It changes nothing.

use crate::db::{Db, repository};
use crate::github::Anonymous;
use crate::settings::{DataSettings, GithubSettings, LoginSettings};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use dockercise_runner::engine::glimpse;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// How long another side may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Less of a disk than this will not last.
const LEAST_FREE: u64 = 2_000_000_000;

/// Look at all that a server needs, and say what is wrong
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Docker engine to run steps on, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, env = "DOCKERCISE_DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,
    #[command(flatten)]
    data: DataSettings,
    #[command(flatten)]
    github: GithubSettings,
    #[command(flatten)]
    login: LoginSettings,
}

/// Looks; the exit code is 1 where anything fails.
///
/// # Errors
/// No looking is possible at all.
pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let well = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(look(args));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(args: &DoctorArgs) -> bool {
    let mut well = true;
    let mut say = |what: &str, found: anyhow::Result<String>| match found {
        Ok(words) => println!("ok     {what}: {words}"),
        Err(error) => {
            well = false;
            let words = format!("{error:#}");
            let (why, help) = words.split_once("\nhelp: ").map_or((words.as_str(), None), |(why, help)| (why, Some(help)));
            println!("FAILS  {what}: {}", why.replace('\n', "\n       "));
            if let Some(help) = help {
                println!("       help: {help}");
            }
        }
    };
    say("docker engine", engine(args).await);
    say("git and ssh", programs());
    say("data folder", folder(&args.data.data));
    say("GitHub's API", api(args).await);
    say("public address", public(args).await);
    say("login", login(args));
    match repositories(args).await {
        Ok(found) if found.is_empty() => say("repositories", Ok("none is connected yet: log in and go to /connect".to_owned())),
        Ok(found) => found.into_iter().for_each(|(name, state)| say(&name, state)),
        Err(error) => say("repositories", Err(error)),
    }
    well
}

async fn engine(args: &DoctorArgs) -> anyhow::Result<String> {
    let found = tokio::time::timeout(PATIENCE, glimpse(args.docker_host.clone())).await.context("no answer in 15 s")??;
    let (memory, driver) = (found.memory >> 30, &found.storage_driver);
    Ok(format!("Docker {} at {}, {} processors, {memory} GiB, {driver}", found.version, found.address, found.cpus))
}

/// What the runner fetches sources with.
fn programs() -> anyhow::Result<String> {
    let git = Command::new("git").arg("--version").output();
    let git =
        git.ok().filter(|out| out.status.success()).context("there is no `git`\nhelp: install it: the runner fetches sources with it")?;
    let ssh = Command::new("ssh").arg("-V").output().ok().context("there is no `ssh`\nhelp: install an ssh client: git fetches with it")?;
    let first = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned();
    Ok(format!("{}, {}", first(&git.stdout), first(&ssh.stderr)))
}

fn folder(data: &Path) -> anyhow::Result<String> {
    ensure!(
        data.is_dir(),
        "{} is no folder\nhelp: --data or DOCKERCISE_DATA says where it is; `dockercise serve` makes it",
        data.display()
    );
    let probe = data.join(".doctor");
    std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)).with_context(|| format!("writing to {}", data.display()))?;
    let disk = rustix::fs::statvfs(data).with_context(|| format!("looking at the disk of {}", data.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let shown = format!("{} MB free on the disk of {}", free / 1_000_000, data.display());
    ensure!(free >= LEAST_FREE, "{shown}\nhelp: results and logs need room: free some, or lower --keep-bytes and --cache-bytes");
    Ok(shown)
}

async fn api(args: &DoctorArgs) -> anyhow::Result<String> {
    let address = &args.github.github_api;
    let help = "may this machine reach it? --github-api says where it is";
    let keys = tokio::time::timeout(PATIENCE, Anonymous::new(address)?.ssh_host_keys()).await;
    match keys {
        Ok(Ok(keys)) => Ok(format!("{address} answers, with {} ssh host keys", keys.len())),
        Ok(Err(error)) => bail!("{error}\nhelp: {help}"),
        Err(_) => bail!("{address} does not answer in 15 s\nhelp: {help}"),
    }
}

/// From here: whether GitHub reaches it, only a delivery shows.
async fn public(args: &DoctorArgs) -> anyhow::Result<String> {
    let Some(url) = &args.data.public_url else {
        return Ok("not set: GitHub cannot deliver to this computer's own address, unless it is on it too".to_owned());
    };
    let url = url.trim_end_matches('/');
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let help = "does its name lead here, does the proxy in front run, and does the server?";
    let answer = match client.get(format!("{url}/healthz")).send().await {
        Ok(answer) => answer,
        Err(e) => bail!("{url} does not answer: {:#}\nhelp: {help}", anyhow::Error::from(e.without_url())),
    };
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    ensure!(status.is_success() && text == "ok\n", "{url} answers {status}, but not as dockercise does\nhelp: {help}");
    Ok(format!("{url} leads to a dockercise, seen from here"))
}

fn login(args: &DoctorArgs) -> anyhow::Result<String> {
    match (&args.login.client_id, &args.login.client_secret) {
        (Some(id), Some(_)) => Ok(format!("with GitHub, as the OAuth app {id}")),
        (None, None) => Ok("none: whoever reaches the server acts, so it listens on loopback only".to_owned()),
        _ => bail!(
            "only one half of the OAuth app is set\nhelp: both DOCKERCISE_GITHUB_CLIENT_ID and DOCKERCISE_GITHUB_CLIENT_SECRET are needed"
        ),
    }
}

async fn repositories(args: &DoctorArgs) -> anyhow::Result<Vec<(String, anyhow::Result<String>)>> {
    let file = args.data.data.join("dockercise.db");
    ensure!(file.exists(), "there is no {}\nhelp: no server has run here; --data says where its folder is", file.display());
    let db = Db::open(&file).await?;
    let all = repository::all_connected(&mut *db.read().await?).await?;
    db.close().await;
    let state = |row: &repository::Repository| match (row.hook_id, row.verified_at) {
        (None, _) => Err(anyhow::anyhow!("it is connected by half\nhelp: connect it again: what is there is taken over")),
        (Some(_), None) => Err(anyhow::anyhow!(
            "no delivery of GitHub's has ever come\nhelp: GitHub must reach the public address; {}/settings/hooks shows what it says",
            row.web_url
        )),
        (Some(_), Some(at)) => Ok(format!("connected; its webhook has worked since {}", at.format("%Y-%m-%d %H:%M UTC"))),
    };
    Ok(all.iter().map(|row| (row.full_name(), state(row))).collect())
}
