//! `make demo`: a stand-in for GitHub, a server, a repository with a pipeline, a real push, and the address of the page.
//! Stays up until ctrl-c, and leaves nothing.

use anyhow::Context as _;
use bollard::Docker;
use clap::Parser;
use standin_github::{NewRepository, Standin, StandinOptions};
use std::path::{Path, PathBuf};
use stories::server::GithubAt;
use stories::{Api, Checkout, Server, images, referee};
use tokio::signal::unix::{SignalKind, signal};

/// Where the demo's repository comes from.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/demo");
const REPOSITORY: &str = "you/calc";
const IMAGE: &str = "busybox:stable";

/// Shows dockercise on this computer: a real push, a run, the address of its results page
#[derive(Debug, Parser)]
struct Args {
    /// Port of the server, where it is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Push, wait for the gate, click, wait for the end, and leave (for tests)
    #[arg(long)]
    hands_free: bool,
    /// Begin where a person does who has just installed it: nothing is connected, and the first login claims the server
    #[arg(long)]
    login: bool,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let dir = tempfile::Builder::new().prefix("dockercise-demo-").tempdir()?;
    let docker = Docker::connect_with_defaults()?;
    docker.ping().await.context("no Docker engine answers\nhelp: scripts/engine starts one")?;
    let images_before = images::names(&docker).await?;
    let mut server = None;
    let shown = tokio::select! {
        shown = show(&args, &docker, dir.path(), &mut server) => shown,
        _ = int.recv() => Ok(()),
        _ = term.recv() => Ok(()),
    };
    println!("\nputting everything away …");
    if let Some(server) = &mut server {
        let host = std::fs::read_to_string(server.data().join("runner/host")).unwrap_or_default();
        server.stop().await?;
        for left in referee::remove_all(&docker, host.trim()).await? {
            println!("removed {left}");
        }
    }
    for left in images::remove_new(&docker, &images_before, IMAGE).await? {
        println!("removed {left}");
    }
    shown
}

async fn show(args: &Args, docker: &Docker, dir: &Path, kept: &mut Option<Server>) -> anyhow::Result<()> {
    println!("{}", images::pull_or_make(docker, IMAGE).await?);

    let github = Standin::start(StandinOptions::new(dir.join("github"))).await?;
    github.create_user("you")?;
    let token = github.create_token("you", &["repo", "admin:repo_hook"])?;
    github.create_repository(NewRepository::private(REPOSITORY.parse()?)).await?;
    println!("a stand-in for GitHub listens on {}", github.web_base());

    let at = GithubAt { api: github.api_base(), web: github.web_base(), ssh: format!("{}:{}", github.ssh_host(), github.ssh_port()) };
    let mut server = Server::new(&dir.join("data"), at, None)?;
    server.prefer_port(args.port);
    if args.login {
        let app = github.create_oauth_app("dockercise", &format!("{}/login/callback", server.url()))?;
        server.env.push(("DOCKERCISE_GITHUB_CLIENT_ID".to_owned(), app.client_id));
        server.env.push(("DOCKERCISE_GITHUB_CLIENT_SECRET".to_owned(), app.client_secret));
    }
    server.start().await?;
    let url = server.url();
    println!("dockercise serves on {url}");
    let code = if args.login { Some(server.claim_code()?) } else { None };
    if code.is_none() {
        print!("{}", server.connect(REPOSITORY, &token)?);
    }
    *kept = Some(server);

    let clone = Checkout::new(&github.git_url(REPOSITORY, &token))?;
    copy(Path::new(EXAMPLE), clone.path())?;
    let sha = clone.commit("Add a calculator and its pipeline")?;
    clone.push("main")?;
    for (key, value) in
        [("remote.origin.url", clone.url()), ("push.default", "current"), ("user.name", "You"), ("user.email", "you@example.com")]
    {
        clone.git(&["config", key, value])?;
    }
    println!("pushed {} to {REPOSITORY} with git", &sha[..10]);

    let again = format!("cd {} && git commit --allow-empty -m again && git push", clone.path().display());
    if let Some(code) = code {
        println!("\n  log in, as `you`:    {url}/login with the code {code}");
        println!("  then connect:        {url}/connect");
        println!("  then push:           {again}");
        return std::future::pending().await;
    }
    let run = Api::new(&url).run("demo", 1).await?;
    println!("\n  the run's page:      {url}/results/local/demo/1");
    println!("  all pipelines:       {url}/");
    if args.hands_free {
        run.click().await?;
        println!("clicked at the gate");
        run.ends("passed").await?;
        println!("the run passed; its manifest: {}", String::from_utf8_lossy(&run.value("manifest").await?).trim());
        return Ok(());
    }
    println!("  push again:          {again}");
    println!("\n`release` waits for your click. ctrl-c ends the demo and leaves nothing.");
    std::future::pending().await
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
