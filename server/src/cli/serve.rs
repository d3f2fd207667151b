//! `dockercise serve`: the server with its runner.

use crate::child::{self, Embedded};
use crate::clock::Clock;
use crate::db::{Db, setting};
use crate::http::{self, AllNames, App, accept};
use crate::hub::Hub;
use crate::people::People;
use crate::runs::Runs;
use crate::seal::Seal;
use crate::settings::ServeSettings;
use crate::store::{Store, hex};
use crate::work::{self, Works};
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Serves until told to stop (SIGINT, SIGTERM).
///
/// # Errors
/// The data folder, database or address cannot be used.
pub fn run(settings: ServeSettings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(settings))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: ServeSettings) -> anyhow::Result<()> {
    let folder = &settings.data.data;
    std::fs::create_dir_all(folder).with_context(|| format!("making the data folder {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let public_url = settings.public_url();
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("listening on {}\nhelp: another server there? choose another address with --listen", settings.listen))?;
    let address = listener.local_addr()?;
    let db = Db::open(&folder.join("dockercise.db")).await?;
    let seal = Seal::open(&folder.join("key"))?;
    let token = runner_token(&db, &seal).await?;
    let hub = Arc::new(Hub::default());
    let clock = Clock::default();
    let people =
        People::new(db.clone(), seal.clone(), clock.clone(), settings.github.clone(), settings.login.clone(), public_url.clone()).await?;
    may_listen(&settings, address, &people)?;
    let runs = Arc::new(Runs::new(db.clone(), clock.clone(), Arc::clone(&hub)));
    let works = Works {
        db: db.clone(),
        runs: Arc::clone(&runs),
        hub: Arc::clone(&hub),
        seal: seal.clone(),
        clock: clock.clone(),
        times: Clock::ahead(settings.schedules_ahead),
        github: settings.github.clone(),
        clients: work::Clients::default(),
        public_url: public_url.clone(),
    };
    let app = App {
        db: db.clone(),
        runs,
        hub,
        store: Store::new(folder.join("results")),
        names: AllNames::default(),
        seal,
        clock,
        public_url: public_url.clone(),
        runner_token: Sha256::digest(&token).into(),
        github_web: settings.github.github_web.trim_end_matches('/').to_owned(),
        people,
        operator: settings.operator.clone(),
        keep: settings.keep.clone(),
    };
    let embedded = Embedded {
        server: format!("http://{address}"),
        token,
        data: folder.join("runner"),
        docker_host: settings.docker_host.clone(),
        docker_config: settings.docker_config.clone(),
        aws_profile: settings.aws_profile.clone(),
        cache_bytes: settings.cache_bytes,
    };

    let stop = CancellationToken::new();
    let tracker = TaskTracker::new();
    tracker.spawn(accept::serve(listener, http::router(app), stop.clone()));
    tracker.spawn(work::deliveries::run(works.clone(), stop.clone()));
    tracker.spawn(work::requests::run(works.clone(), stop.clone()));
    tracker.spawn(work::connections::run(works.clone(), stop.clone()));
    tracker.spawn(work::schedules::run(works.clone(), stop.clone()));
    tracker.spawn(work::looks::run(works.clone(), stop.clone()));
    tracker.spawn(work::statuses::run(works.clone(), stop.clone()));
    tracker.spawn(work::timeouts::run(works, stop.clone()));
    tracker.spawn(child::keep(embedded, stop.clone()));
    tracker.close();
    tracing::info!(address = %address, public_url, data = %folder.display(), "dockercise serves");

    told_to_stop().await?;
    tracing::info!("stopping: steps that run go on in their containers and are taken up at the next start");
    stop.cancel();
    tracker.wait().await;
    db.close().await;
    Ok(())
}

/// Beyond this computer only where people log in, and by TLS; or where somebody says that it is all right.
fn may_listen(settings: &ServeSettings, address: SocketAddr, people: &People) -> anyhow::Result<()> {
    let tls = settings.public_url().starts_with("https://");
    if address.ip().is_loopback() || people.has_login() && tls {
        return Ok(());
    }
    let why =
        if people.has_login() { "people would send their sessions in the clear" } else { "whoever reaches it could start and cancel runs" };
    if settings.login.insecure {
        tracing::warn!(%address, "this server listens beyond this computer, as it was told: {why}");
        return Ok(());
    }
    anyhow::bail!(
        "this server would listen at {address}, beyond this computer: {why}\nhelp: listen on 127.0.0.1, or put a proxy with TLS in front, set \
         DOCKERCISE_PUBLIC_URL=https://… and GitHub's OAuth app; --insecure listens all the same"
    )
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

/// The embedded runner's token: the same over restarts, so that a runner that outlived the server is still known.
async fn runner_token(db: &Db, seal: &Seal) -> anyhow::Result<String> {
    const ROW: &str = "setting/runner-token";
    let mut tx = db.write().await?;
    if let Some(sealed) = setting::get(&mut tx, ROW).await? {
        return seal.open_text(ROW, &sealed);
    }
    let token = hex(&rand::random::<[u8; 32]>());
    setting::set(&mut tx, ROW, &seal.seal(ROW, token.as_bytes())?).await?;
    tx.commit().await?;
    Ok(token)
}
