//! After a story: Docker, database, logs and GitHub must tell the same, and nothing may be left (reliability.md, "Rig":
//! I1 one run a delivery, I2 at most one container an attempt, I3 green means code 0 and stored, I4 nothing before what it
//! needs, I5 in the machine's own tests, I6 nothing left, I7 bytes equal).

use crate::world::World;
use anyhow::Context as _;
use bollard::Docker;
use bollard::query_parameters::{
    EventsOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptions, RemoveVolumeOptions,
};
use chrono::{DateTime, Utc};
use dockercise_pipeline::frame;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{StepState, StepStatus};
use dockercise_pipeline::wire::Record;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Row as _};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

/// How long the server may take to clean up once every run is over.
const TIDY: Duration = Duration::from_secs(20);

/// What is wrong; empty when all is well. Leaves the server stopped.
///
/// # Errors
/// The referee itself cannot look.
pub async fn judge(world: &mut World) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    // The runner writes it when it begins, which a short story may not have waited for.
    let file = world.server.data().join("runner/host");
    let host = crate::api::eventually("the runner's host id", async || Ok(std::fs::read_to_string(&file).ok())).await?;
    let host = host.trim().to_owned();
    wait_for_quiet(world, &host, &mut found).await?;
    world.server.stop().await?;
    let mut db = open(world).await?;
    runs(world, &mut db, &mut found).await?;
    deliveries(&mut db, &mut found).await?;
    containers(world, &host, &mut found).await?;
    leftovers(world, &host, &mut found).await?;
    for pid in world.server.runners() {
        found.push(format!("I6: a runner (pid {pid}) outlived its server's end"));
    }
    Ok(found)
}

async fn open(world: &World) -> anyhow::Result<SqliteConnection> {
    let file = world.server.data().join("dockercise.db");
    Ok(SqliteConnectOptions::new().filename(file).connect().await?)
}

/// Waits until all runs are over and Docker holds nothing of the host but what serves it as a whole.
async fn wait_for_quiet(world: &World, host: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + TIDY;
    loop {
        let mut db = open(world).await?;
        let live: i64 = sqlx::query_scalar("select count(*) from run where not over").fetch_one(&mut db).await?;
        // What a runner has not put away yet may still come to be.
        let mut held = kept(world);
        held.extend(of_runs(world, host).await?);
        if live == 0 && held.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            let held = held.join(", ");
            found.push(format!("I6: after {} s of quiet {live} runs are not over and still there are: {held}", TIDY.as_secs()));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Jobs and runs in the runner's folder.
fn kept(world: &World) -> Vec<String> {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(world.server.data().join("runner").join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|name| !name.ends_with(".dropped"));
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    [names("jobs"), names("runs")].concat()
}

/// Containers, networks and volumes of the host's runs (images are looked for at the end), but for what stands ready for the next one: one network and one
/// holder, under an id that no run has (docs/decisions/0006).
async fn of_runs(world: &World, host: &str) -> anyhow::Result<Vec<String>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar("select id from run").fetch_all(&mut open(world).await?).await?;
    let known: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    let all = all_of(&world.docker, host).await?;
    let next = all.iter().filter_map(|thing| thing.run.as_ref()).find(|run| !known.contains(*run)).cloned();
    let (mut networks, mut holders) = (0, 0);
    let left = all.into_iter().filter(|thing| match &thing.run {
        None => false,
        run if *run == next && thing.kind == "network" => std::mem::replace(&mut networks, 1) > 0,
        run if *run == next && thing.kind == "container" && thing.is_holder => std::mem::replace(&mut holders, 1) > 0,
        Some(_) => true,
    });
    Ok(left.map(|thing| thing.to_string()).collect())
}

/// Something that Docker keeps for a host.
struct Thing {
    kind: &'static str,
    name: String,
    run: Option<String>,
    is_holder: bool,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Everything labelled with the host.
async fn all_of(docker: &Docker, host: &str) -> anyhow::Result<Vec<Thing>> {
    let filters = HashMap::from([("label", vec![format!("dockercise.host={host}")])]);
    let mut all = Vec::new();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    for c in docker.list_containers(Some(options)).await? {
        let mut labels = c.labels.unwrap_or_default();
        let name = c.names.unwrap_or_default().join(",").trim_start_matches('/').to_owned();
        let is_holder = labels.get("dockercise.kind").is_some_and(|kind| kind == "holder");
        all.push(Thing { kind: "container", name, run: labels.remove("dockercise.run"), is_holder });
    }
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    for n in docker.list_networks(Some(options)).await? {
        let run = n.labels.and_then(|mut labels| labels.remove("dockercise.run"));
        all.push(Thing { kind: "network", name: n.name.unwrap_or_default(), run, is_holder: false });
    }
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    for mut v in docker.list_volumes(Some(options)).await?.volumes.unwrap_or_default() {
        all.push(Thing { kind: "volume", run: v.labels.remove("dockercise.run"), name: v.name, is_holder: false });
    }
    // What steps made, by the names it has for its run; other names are people's.
    let filters = HashMap::from([("reference", vec![format!("dc-{host}/*")])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    for name in docker.list_images(Some(options)).await?.into_iter().flat_map(|image| image.repo_tags) {
        if name.starts_with(&format!("dc-{host}/")) {
            all.push(Thing { kind: "image", name, run: None, is_holder: false });
        }
    }
    Ok(all)
}

/// Everything that Docker keeps for a host, in words.
///
/// # Errors
/// The engine does not answer.
pub async fn left_of(docker: &Docker, host: &str) -> anyhow::Result<Vec<String>> {
    Ok(all_of(docker, host).await?.iter().map(Thing::to_string).collect())
}

/// Removes everything that Docker keeps for a host whose data folder goes, running or not; says what.
///
/// # Errors
/// The engine refuses.
pub async fn remove_all(docker: &Docker, host: &str) -> anyhow::Result<Vec<String>> {
    let mut removed: Vec<String> = Vec::new();
    let deadline = tokio::time::Instant::now() + TIDY;
    loop {
        let left = all_of(docker, host).await?;
        if left.is_empty() {
            return Ok(removed);
        }
        for thing in left {
            let gone = match thing.kind {
                "container" => {
                    docker.remove_container(&thing.name, Some(RemoveContainerOptionsBuilder::default().force(true).build())).await
                }
                "network" => docker.remove_network(&thing.name).await,
                "image" => docker.remove_image(&thing.name, None::<RemoveImageOptions>, None).await.map(drop),
                _ => docker.remove_volume(&thing.name, None::<RemoveVolumeOptions>).await,
            };
            match gone {
                Ok(()) => removed.push(thing.to_string()),
                // Going by itself at this moment, or held by something that is: looked at again.
                Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. })
                    if tokio::time::Instant::now() < deadline => {}
                Err(e) => return Err(e).with_context(|| format!("removing {thing}")),
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn runs(world: &World, db: &mut SqliteConnection, found: &mut Vec<String>) -> anyhow::Result<()> {
    for row in sqlx::query("select id, plan, over from run").fetch_all(&mut *db).await? {
        let (id, plan): (uuid::Uuid, Option<String>) = (row.get(0), row.get(1));
        let Some(plan) = plan else { continue };
        let plan: Plan = serde_json::from_str(&plan)?;
        let steps = sqlx::query("select state, record from run_step where run = $1 order by ix").bind(id).fetch_all(&mut *db).await?;
        let states: Vec<StepState> = steps.iter().map(|s| serde_json::from_str(s.get(0))).collect::<Result<_, _>>()?;
        for (ix, step) in plan.steps() {
            let state = &states[ix.index()];
            let name = plan.full_name(ix);
            let passed = matches!(&state.status, StepStatus::Ended { outcome } if outcome.passed());
            for need in step.uses() {
                let before = &states[need.index()];
                if let (Some(start), Some(end)) = (state.started_at, before.finished_at)
                    && start < end
                {
                    found.push(format!("I4: {name} started at {start}, before {} had ended at {end}", plan.full_name(need)));
                }
                if state.started_at.is_some() && before.started_at.is_none() && before.kept.is_none() {
                    found.push(format!("I4: {name} ran and {}, which it uses, never did", plan.full_name(need)));
                }
            }
            let record: Option<String> = steps[ix.index()].get(1);
            match record {
                // It is recorded where it ran.
                None if passed && state.kept.is_some() => {}
                None if passed => found.push(format!("I3: {name} is green and nothing of it is recorded")),
                None => {}
                Some(record) => stored(world, db, id, &plan, ix, &serde_json::from_str(&record)?, found).await?,
            }
        }
    }
    Ok(())
}

/// I7: the files are what the record says, and the value is the projection of stdout.
async fn stored(
    world: &World,
    db: &mut SqliteConnection,
    run: uuid::Uuid,
    plan: &Plan,
    ix: dockercise_pipeline::ids::StepIx,
    record: &Record,
    found: &mut Vec<String>,
) -> anyhow::Result<()> {
    let step = plan.step(ix);
    let row = sqlx::query("select account, slug, number from run_pipeline where run = $1 and ix = $2")
        .bind(run)
        .bind(i64::from(step.pipeline.0))
        .fetch_one(db)
        .await?;
    let (account, slug, number): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
    let folder = world.server.data().join("results").join(account).join(slug).join(number.to_string()).join(&step.name);
    for log in &record.logs {
        let service = log.service.as_ref().map(|name| format!("-{name}")).unwrap_or_default();
        let file = folder.join(format!("{}-{}{service}.log", log.attempt.number, log.phase.word()));
        let bytes = std::fs::read(&file).unwrap_or_default();
        if bytes.len() as u64 != log.length || hex(&Sha256::digest(&bytes)) != log.sha256 {
            found.push(format!("I7: {} holds {} bytes, the record says {}, or they differ", file.display(), bytes.len(), log.length));
        }
        if log.phase == dockercise_pipeline::ids::Phase::Run && log.service.is_none() {
            let value = project(&bytes);
            if record.value_length > value.len() as u64 && is_cut(&bytes) {
                // The log is over its cap; the value is whole, and elsewhere.
                continue;
            }
            if record.value_sha256.is_empty() && value.is_empty() {
                // A secret: told by its length alone.
                continue;
            }
            if value.len() as u64 != record.value_length || hex(&Sha256::digest(&value)) != record.value_sha256 {
                found.push(format!(
                    "I7: the value of {} is {} bytes in its log and {} in the record, or differs",
                    plan.full_name(ix),
                    value.len(),
                    record.value_length
                ));
            }
        }
    }
    Ok(())
}

fn project(bytes: &[u8]) -> Vec<u8> {
    frames(bytes).filter(|f| f.stream == frame::Stream::Stdout).flat_map(|f| f.payload.to_vec()).collect()
}

/// Is something left out of a log, and said to be?
fn is_cut(bytes: &[u8]) -> bool {
    frames(bytes).any(|f| f.stream == frame::Stream::Remark && String::from_utf8_lossy(f.payload).contains("bytes are missing here"))
}

fn frames(mut bytes: &[u8]) -> impl Iterator<Item = frame::Frame<'_>> {
    std::iter::from_fn(move || {
        let (frame, taken) = frame::first(bytes).ok()??;
        bytes = &bytes[taken..];
        Some(frame)
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

/// I1: no delivery or request made two runs, none is forgotten.
async fn deliveries(db: &mut SqliteConnection, found: &mut Vec<String>) -> anyhow::Result<()> {
    let waiting: i64 = sqlx::query_scalar("select count(*) from delivery where state = 'waiting'").fetch_one(&mut *db).await?;
    if waiting > 0 {
        found.push(format!("I1: {waiting} deliveries were never worked on"));
    }
    // That the default branch is looked at may wait: `connect` asks for it from another process, which pokes nobody.
    let asked = "select count(*) from request where state = 'waiting' and wanted not like '%\"want\":\"read\"%'";
    let asked: i64 = sqlx::query_scalar(asked).fetch_one(&mut *db).await?;
    if asked > 0 {
        found.push(format!("I1: {asked} requests were never worked on"));
    }
    let strays: Vec<(String, i64)> = sqlx::query_as(
        "select r.sha, count(a.run) from run r
         left join (select run from delivery union all select run from request) a on a.run = r.id
         where r.rerun_of is null group by r.id having count(a.run) <> 1",
    )
    .fetch_all(db)
    .await?;
    for (sha, count) in strays {
        found.push(format!("I1: a run at {sha} belongs to {count} deliveries and requests"));
    }
    Ok(())
}

/// I2: Docker's own memory: no attempt had two containers, none was started twice.
async fn containers(world: &World, host: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let filters = HashMap::from([("type", vec!["container".to_owned()]), ("label", vec![format!("dockercise.host={host}")])]);
    let now: DateTime<Utc> = Utc::now();
    let options = EventsOptionsBuilder::default()
        .since(&(now - chrono::Duration::hours(1)).timestamp().to_string())
        .until(&now.timestamp().to_string())
        .filters(&filters)
        .build();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut events = world.docker.events(Some(options));
    while let Some(event) = events.next().await {
        let event = event?;
        let attributes = event.actor.and_then(|a| a.attributes).unwrap_or_default();
        if attributes.get("dockercise.kind").map(String::as_str) != Some("step") {
            continue;
        }
        let (Some(name), Some(action)) = (attributes.get("name"), event.action) else { continue };
        if action == "create" || action == "start" {
            *counts.entry((name.clone(), action)).or_default() += 1;
        }
    }
    for ((name, action), count) in counts {
        if count > 1 {
            found.push(format!("I2: container {name} saw {count} times `{action}`"));
        }
    }
    Ok(())
}

/// I6: after the server's end nothing of its runs is left, and no helper either. (Docker ends the helper a moment after the
/// runner's connection.)
async fn leftovers(world: &World, host: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + TIDY;
    loop {
        let all = all_of(&world.docker, host).await?;
        let left: Vec<String> = all.iter().filter(|t| t.run.is_some() || t.kind != "volume").map(ToString::to_string).collect();
        if left.is_empty() {
            break;
        }
        if tokio::time::Instant::now() > deadline {
            found.push(format!("I6: left in Docker: {}", left.join(", ")));
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The store volume is the host's memory and stays as long as its data folder; the story's folder goes now.
    remove_all(&world.docker, host).await?;
    Ok(())
}
