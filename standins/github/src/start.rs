//! Starting and stopping: two listeners, one world.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::github::GitHub;
use crate::journal::Journal;
use crate::links::Links;
use crate::{admin, api, faults, http_git, lfs, ssh, web};

/// How long shutdown waits for requests and deliveries under way.
const GRACE: Duration = Duration::from_secs(3);

/// Where the stand-in keeps and serves things.
#[derive(Debug, Clone)]
pub struct StandinOptions {
    /// Folder for the bare repositories; made if missing.
    pub data_dir: PathBuf,
    /// Where REST API and git over http listen; port 0 chooses one.
    pub http_addr: SocketAddr,
    /// Where git over ssh listens; port 0 chooses one.
    pub ssh_addr: SocketAddr,
    /// File to which all calls and deliveries are appended as JSON lines.
    pub record: Option<PathBuf>,
}

impl StandinOptions {
    /// On free ports of 127.0.0.1, without a journal.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { data_dir: data_dir.into(), http_addr: any, ssh_addr: any, record: None }
    }
}

/// A running stand-in. Dropping it stops it without waiting; see [`Standin::shutdown`].
#[derive(Debug)]
pub struct Standin {
    pub(crate) github: Arc<GitHub>,
    servers: Vec<JoinHandle<()>>,
}

impl Standin {
    /// Starts listening.
    ///
    /// # Errors
    /// When an address is taken or the folder cannot be written.
    pub async fn start(options: StandinOptions) -> anyhow::Result<Self> {
        // The client wants a TLS provider even where it never speaks TLS; a second install is no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        std::fs::create_dir_all(&options.data_dir).with_context(|| format!("cannot make {}", options.data_dir.display()))?;
        let data_dir = options.data_dir.canonicalize()?;
        let http = listen(options.http_addr).await?;
        let ssh_listener = listen(options.ssh_addr).await?;
        let key = ssh::host_key();
        let host_key = ssh::public_line(key.public_key())?;
        let links = Links::new(http.local_addr()?, ssh_listener.local_addr()?);
        let journal = Journal::open(options.record.as_deref())?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("cannot make an http client")?;
        let github = Arc::new(GitHub::new(data_dir, links, host_key, journal, client));
        let stop = github.stop.clone();
        let app = router(&github);
        let web = async move {
            let served = axum::serve(http, app).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "the http server ended");
            }
        };
        let servers = vec![tokio::spawn(web), tokio::spawn(ssh::serve(Arc::clone(&github), ssh_listener, key))];
        Ok(Self { github, servers })
    }

    /// Base of the REST API, with a path as GitHub Enterprise has it: `http://127.0.0.1:PORT/api/v3`.
    #[must_use]
    pub fn api_base(&self) -> String {
        self.github.links.api.clone()
    }

    /// Base of the pages and of git over http: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn web_base(&self) -> String {
        self.github.links.web.clone()
    }

    /// Host of git over ssh.
    #[must_use]
    pub fn ssh_host(&self) -> String {
        self.github.links.ssh.ip().to_string()
    }

    /// Port of git over ssh.
    #[must_use]
    pub fn ssh_port(&self) -> u16 {
        self.github.links.ssh.port()
    }

    /// The line for a `known_hosts` file. `GET /meta` has the key alone, as GitHub does.
    #[must_use]
    pub fn ssh_host_key_line(&self) -> String {
        self.github.links.known_hosts(&self.github.host_key)
    }

    /// Stops listening and waits, for a few seconds at most, for what is under way.
    pub async fn shutdown(mut self) {
        self.github.stop.cancel();
        self.github.tasks.close();
        let mut servers = std::mem::take(&mut self.servers);
        let ended = async {
            for server in &mut servers {
                let _ = server.await;
            }
            self.github.tasks.wait().await;
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("requests still under way were cut off");
        }
        for server in servers {
            server.abort();
        }
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.github.stop.cancel();
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn router(github: &Arc<GitHub>) -> Router {
    let git = Router::new()
        .route("/{owner}/{repo}/info/refs", get(http_git::info_refs))
        .route("/{owner}/{repo}/git-upload-pack", post(http_git::upload_pack))
        .route("/{owner}/{repo}/git-receive-pack", post(http_git::receive_pack))
        .route("/{owner}/{repo}/info/lfs/objects/batch", post(lfs::batch))
        .route("/{owner}/{repo}/lfs-objects/{oid}", get(lfs::object))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(github), faults::apply));
    let pages = web::router().layer(from_fn_with_state(Arc::clone(github), faults::apply));
    Router::new()
        .nest("/api/v3", api::router(github))
        .nest("/_standin", admin::router())
        .merge(git)
        .merge(pages)
        .with_state(Arc::clone(github))
}
