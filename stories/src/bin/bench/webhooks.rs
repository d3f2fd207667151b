//! What a webhook costs: answered after it is durable, at GitHub's pace and as fast as it goes; and how soon GitHub is told.

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, stream};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use stories::inbox::Post;
use stories::{World, images};

/// Deliveries a second.
const PACE: u32 = 50;
/// How many are on their way at once where it is to go as fast as it goes.
const AT_ONCE: usize = 8;
/// How many are sent as fast as it goes, and inserted beside.
const BURST: usize = 1000;
/// Pushes from which it is measured how soon GitHub is told.
const PUSHES: usize = 20;

/// Measures for so many seconds at GitHub's pace; the lines of a table.
pub async fn measure(world: &World, seconds: u32) -> anyhow::Result<String> {
    let mut text = String::from("| what | median | 95 of 100 | 99 of 100 | of it |\n|---|---|---|---|---|\n");
    let mut told = told(world).await?;
    let mut line = |what: &str, times: &mut Vec<Duration>, of: String| {
        times.sort_unstable();
        let at = |part: usize| {
            times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
        };
        let _ = writeln!(text, "| {what} | {:.0} ms | {:.0} ms | {:.0} ms | {of} |", at(50), at(95), at(99));
    };
    line("a push's arrival to the status `pending` at GitHub", &mut told, format!("{PUSHES} pushes"));
    let mut paced = paced(world, seconds).await?;
    line(&format!("a webhook answered, durable, {PACE} a second"), &mut paced, format!("{seconds} s, none lost"));
    let (served, bare) = (burst(world).await?, inserts(world).await?);
    let _ = writeln!(
        text,
        "\nwebhooks as fast as it goes: {served:.0} a second; bare durable inserts of the same bodies into the same SQLite settings: {bare:.0} a second: {:.2}",
        served / bare
    );
    Ok(text)
}

/// From each push's arrival to the moment that GitHub has its first status.
async fn told(world: &World) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for n in 1..=PUSHES {
        world.clone.write("told.dockercise.yaml", format!("say: {{img: {}, run: 'true'}}\n# {n}\n", images::BUSYBOX))?;
        let sha = world.clone.commit(&format!("Push {n}"))?;
        world.clone.push("main")?;
        let (repository, of) = (stories::world::REPOSITORY, sha.clone());
        world.github.wait_until(move |github| github.statuses(repository).iter().any(|status| status.sha == of)).await;
        let first = world.github.statuses(repository).into_iter().filter(|s| s.sha == sha).map(|s| s.created_at).min();
        let arrived = world.arrived(&sha).await?;
        times.push((first.context("there is no status")? - arrived).to_std().unwrap_or_default());
        world.api.run("told", n as i64).await?.ends("passed").await?;
    }
    Ok(times)
}

/// A delivery of a branch that was deleted: the server has something to read and to note, and asks GitHub nothing.
fn delivery(world: &World) -> anyhow::Result<Post> {
    let push = world.github.deliveries(stories::world::REPOSITORY).into_iter().rev().find(|d| d.event == "push");
    let mut body = push.context("there was no push")?.payload;
    body["ref"] = "refs/heads/gone".into();
    body["deleted"] = true.into();
    body["after"] = "0".repeat(40).into();
    world.delivery("push", serde_json::to_vec(&body)?)
}

async fn paced(world: &World, seconds: u32) -> anyhow::Result<Vec<Duration>> {
    let before = world.inbox().await?.len();
    let client = reqwest::Client::new();
    let posts: Vec<Post> = (0..PACE * seconds).map(|_| delivery(world)).collect::<Result<_, _>>()?;
    let count = posts.len();
    let began = tokio::time::Instant::now();
    let sent = stream::iter(posts.into_iter().zip(0u32..)).map(|(post, n)| {
        let client = client.clone();
        async move {
            tokio::time::sleep_until(began + Duration::from_secs(1) * n / PACE).await;
            let asked = Instant::now();
            let (status, words) = post.send_by(&client).await?;
            ensure!(status == 202, "{status}: {words}");
            Ok(asked.elapsed())
        }
    });
    let times: Vec<anyhow::Result<Duration>> = sent.buffer_unordered(count).collect().await;
    let times = times.into_iter().collect::<Result<Vec<_>, _>>()?;
    ensure!(world.inbox().await?.len() == before + count, "some were lost");
    world.settled().await?;
    Ok(times)
}

/// Webhooks a second.
async fn burst(world: &World) -> anyhow::Result<f64> {
    let client = reqwest::Client::new();
    let posts: Vec<Post> = (0..BURST).map(|_| delivery(world)).collect::<Result<_, _>>()?;
    let began = Instant::now();
    let sent = stream::iter(posts).map(|post| {
        let client = client.clone();
        async move { post.send_by(&client).await.map(|(status, _)| status) }
    });
    let statuses: Vec<anyhow::Result<u16>> = sent.buffer_unordered(AT_ONCE).collect().await;
    let took = began.elapsed();
    for status in statuses {
        ensure!(status? == 202, "a delivery was refused");
    }
    world.settled().await?;
    Ok(BURST as f64 / took.as_secs_f64())
}

/// Inserts a second, each durable when the next begins.
async fn inserts(world: &World) -> anyhow::Result<f64> {
    let body = delivery(world)?.body;
    let options = SqliteConnectOptions::new()
        .filename(world.dir().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut db = options.connect().await?;
    sqlx::query("create table delivery (id integer primary key, body blob not null)").execute(&mut db).await?;
    let began = Instant::now();
    for _ in 0..BURST {
        sqlx::query("insert into delivery (body) values ($1)").bind(&body).execute(&mut db).await?;
    }
    Ok(BURST as f64 / began.elapsed().as_secs_f64())
}
