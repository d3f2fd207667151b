//! One story's world: a GitHub, a server, a connected repository, a person's clone.

use crate::api::Api;
use crate::browser::Browser;
use crate::checkout::Checkout;
use crate::server::{GithubAt, Server};
use crate::{docker, images, referee};
use bollard::Docker;
use standin_github::{NewRepository, Standin, StandinOptions};
use std::net::IpAddr;
use std::path::PathBuf;
use tempfile::TempDir;

/// The repository of most stories.
pub const REPOSITORY: &str = "anna/app";

/// A world.
pub struct World {
    /// GitHub.
    pub github: Standin,
    /// The server.
    pub server: Server,
    /// Its API.
    pub api: Api,
    /// Anna's token.
    pub token: String,
    /// Anna's clone.
    pub clone: Checkout,
    /// The engine.
    pub docker: Docker,
    /// Everything recorded of GitHub's traffic.
    pub record: PathBuf,
    _leavings: Leavings,
    // Last: what is dropped before still looks into it.
    dir: TempDir,
}

/// What of a world is otherwise than usual.
#[derive(Debug)]
pub struct Setup {
    /// The server's Docker engine; none for the machine's own.
    pub docker_host: Option<String>,
    /// The connected repository; its owner is the person.
    pub repository: String,
    /// Its default branch.
    pub branch: String,
    /// Where the stand-in's ssh listens: containers do not reach loopback.
    pub ssh_ip: IpAddr,
    /// Environment of the server.
    pub env: Vec<(String, String)>,
    /// People log in: the repository's owner has claimed the server.
    pub login: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            docker_host: None,
            repository: REPOSITORY.to_owned(),
            branch: "main".to_owned(),
            ssh_ip: IpAddr::from([127, 0, 0, 1]),
            env: Vec::new(),
            login: false,
        }
    }
}

/// What Docker keeps of a story that failed; removed once its server and runner are dead.
struct Leavings {
    data: PathBuf,
}

impl Drop for Leavings {
    fn drop(&mut self) {
        let Ok(host) = std::fs::read_to_string(self.data.join("runner/host")) else { return };
        if !std::thread::panicking() {
            return;
        }
        // The story's own runtime is in the middle of the panic.
        let remove = move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(referee::remove_all(&Docker::connect_with_defaults()?, host.trim())).map(drop)
        };
        if let Ok(Err(e)) = std::thread::spawn(remove).join() {
            eprintln!("what the story left in Docker stays: {e:#}");
        }
    }
}

impl World {
    /// A world with a running server and a connected repository; none where no Docker engine answers.
    ///
    /// # Panics
    /// If anything of it cannot be set up.
    pub async fn new() -> Option<World> {
        let docker = docker::engine().await?;
        Some(World::set_up(docker, None).await.expect("the story's world can be set up"))
    }

    /// As [`World::new`], otherwise than usual.
    ///
    /// # Panics
    /// If anything of it cannot be set up.
    pub async fn with(setup: Setup) -> Option<World> {
        let docker = docker::engine().await?;
        Some(World::of(docker, setup).await.expect("the story's world can be set up"))
    }

    /// As [`World::new`], with the server's Docker calls going through another address.
    ///
    /// # Errors
    /// Anything of it cannot be set up.
    pub async fn set_up(docker: Docker, docker_host: Option<String>) -> anyhow::Result<World> {
        World::of(docker, Setup { docker_host, ..Setup::default() }).await
    }

    /// As [`World::new`], otherwise than usual.
    ///
    /// # Errors
    /// Anything of it cannot be set up.
    pub async fn of(docker: Docker, setup: Setup) -> anyhow::Result<World> {
        images::busybox(&docker).await?;
        let dir = tempfile::tempdir()?;
        let record = dir.path().join("github.jsonl");
        let mut options = StandinOptions::new(dir.path().join("github"));
        options.record = Some(record.clone());
        options.ssh_addr.set_ip(setup.ssh_ip);
        let github = Standin::start(options).await?;
        let owner = setup.repository.split('/').next().unwrap_or_default();
        github.create_user(owner)?;
        let token = github.create_token(owner, &["repo", "admin:repo_hook"])?;
        let repository = NewRepository { default_branch: setup.branch, ..NewRepository::private(setup.repository.parse()?) };
        github.create_repository(repository).await?;
        let at = GithubAt { api: github.api_base(), web: github.web_base(), ssh: format!("{}:{}", github.ssh_host(), github.ssh_port()) };
        let mut server = Server::new(&dir.path().join("data"), at, setup.docker_host)?;
        server.env = setup.env;
        if setup.login {
            let app = github.create_oauth_app("dockercise", &format!("{}/login/callback", server.url()))?;
            server.env.push(("DOCKERCISE_GITHUB_CLIENT_ID".to_owned(), app.client_id));
            server.env.push(("DOCKERCISE_GITHUB_CLIENT_SECRET".to_owned(), app.client_secret));
        }
        server.start().await?;
        server.connect(&setup.repository, &token)?;
        let api = if setup.login {
            let mut browser = Browser::new(&server.url())?;
            browser.log_in(&github, owner, Some(&server.claim_code()?)).await?;
            Api::with_token(&server.url(), &browser.token("admin").await?)?
        } else {
            Api::new(&server.url())
        };
        let clone = Checkout::new(&github.git_url(&setup.repository, &token))?;
        let leavings = Leavings { data: dir.path().join("data") };
        Ok(World { github, server, api, token, clone, docker, record, _leavings: leavings, dir })
    }

    /// Writes one pipeline file, commits and pushes to main; returns the commit.
    ///
    /// # Errors
    /// git fails.
    pub fn push(&self, pipeline: &str, yaml: &str) -> anyhow::Result<String> {
        self.clone.write(&format!("{pipeline}.dockercise.yaml"), yaml.replace("IMAGE", images::BUSYBOX))?;
        let sha = self.clone.commit(&format!("Change {pipeline}"))?;
        self.clone.push("main")?;
        Ok(sha)
    }

    /// When the push of a commit arrived at the server.
    ///
    /// # Errors
    /// It never did.
    pub async fn arrived(&self, sha: &str) -> anyhow::Result<chrono::DateTime<chrono::Utc>> {
        use sqlx::ConnectOptions as _;
        let file = self.server.data().join("dockercise.db");
        let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await?;
        let sql = "select received_at from delivery where event = 'push' and instr(body, $1) > 0 order by received_at desc limit 1";
        Ok(sqlx::query_scalar(sql).bind(format!("\"after\":\"{sha}\"").into_bytes()).fetch_one(&mut db).await?)
    }

    /// A folder of the story's.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Ends the story: the referee compares what Docker, database and logs say, and looks for leftovers.
    ///
    /// # Panics
    /// If they disagree or anything is left.
    pub async fn close(mut self) {
        let found = referee::judge(&mut self).await;
        let said = self.server.said();
        match found {
            Ok(found) if found.is_empty() => {}
            Ok(found) => panic!("the referee found:\n{}\nthe server said:\n{said}", found.join("\n")),
            Err(e) => panic!("the referee could not look: {e:#}\nthe server said:\n{said}"),
        }
        self.github.shutdown().await;
    }
}
