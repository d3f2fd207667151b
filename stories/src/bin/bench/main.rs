//! `make bench`: the figures of the README, each measured beside `docker run` in the same minutes on the same machine.

mod webhooks;

use anyhow::Context as _;
use clap::Parser;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stories::{Run, World, images};

/// Steps of a chain.
const CHAIN: usize = 20;
/// Files of the volume that is handed along.
const FILES: usize = 2000;
/// Steps beside each other.
const WIDE: usize = 50;
/// How many things are measured.
const FIGURES: usize = 5;
/// Writes 200 MB of lines, by programs that are not what is slow.
const WRITE: [&str; 3] =
    ["sh", "-ec", "yes 'compiling: 12 of 345 are done so far' | head -c 1000000 > /tmp/t; for i in $(seq 200); do cat /tmp/t; done"];

/// Measure what a step, a chain and a push cost, against `docker run`
#[derive(Debug, Parser)]
struct Args {
    /// How often each thing is measured, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Only the steps beside each other, to see where their time goes
    #[arg(long)]
    wide: bool,

    /// Only webhooks: how soon they are answered and GitHub is told
    #[arg(long)]
    webhooks: bool,

    /// So many seconds webhooks come at GitHub's pace
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Measurements of one thing.
#[derive(Default)]
struct Series(Vec<f64>);

impl Series {
    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn span(&self) -> (f64, f64) {
        self.0.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)))
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let world = World::new().await.context("a Docker engine is needed")?;
    if args.wide {
        for round in 1..=args.rounds {
            let (own, xargs) = (wide(&world, round).await?, docker_runs_beside_each_other()?);
            println!("{WIDE} at once: {:.0} ms against {:.0} ms: {:.2}", own * 1e3, xargs * 1e3, own / xargs);
        }
        world.close().await;
        return Ok(());
    }
    if args.webhooks {
        println!("{}", webhooks::measure(&world, args.seconds).await?);
        world.close().await;
        return Ok(());
    }
    let idle = idle_memory(&world)?;
    let mut docker = Series::default();
    let mut ratios = [const { Series(Vec::new()) }; FIGURES];
    let mut millis = [const { Series(Vec::new()) }; FIGURES];
    for round in 1..=args.rounds {
        let run = docker_run()?;
        docker.0.push(run * 1000.0);
        let plain = chain(&world, "plain", &plain_chain(), round).await?;
        let heavy = chain(&world, "heavy", &heavy_chain(), round).await?;
        let first = first_byte(&world, round).await?;
        let (written, theirs) = (writing(&world, round).await?, docker_run_of(&WRITE)?);
        let (wide, xargs) = (wide(&world, round).await?, docker_runs_beside_each_other()?);
        let against = [run, run, run, theirs, xargs];
        for (i, (seconds, against)) in [plain, heavy, first, written, wide].into_iter().zip(against).enumerate() {
            millis[i].0.push(seconds * 1000.0);
            ratios[i].0.push(seconds / against);
        }
        eprintln!(
            "round {round} of {}: docker run {:.0} ms, plain {:.0} ms, heavy {:.0} ms, first byte {:.0} ms, 200 MB {:.0} ms against {:.0} ms, \
             {WIDE} at once {:.0} ms against {:.0} ms",
            args.rounds,
            run * 1e3,
            plain * 1e3,
            heavy * 1e3,
            first * 1e3,
            written * 1e3,
            theirs * 1e3,
            wide * 1e3,
            xargs * 1e3
        );
    }
    println!("{}", table(&docker, &millis, &ratios, idle));
    println!("{}", webhooks::measure(&world, args.seconds).await?);
    world.close().await;
    Ok(())
}

fn table(docker: &Series, millis: &[Series; FIGURES], ratios: &[Series; FIGURES], idle: (f64, f64)) -> String {
    let names = [
        format!("a step of a chain of {CHAIN} `true` steps"),
        format!("the same, each taking the last one's value and a volume of {FILES} files"),
        "webhook's arrival to the first byte of the first step's log, warm".to_owned(),
        "a step that writes 200 MB, against `docker run` writing the same".to_owned(),
        format!("{WIDE} `true` steps beside each other, against as many `docker run` by `xargs -P` (the quicker of {BESIDE:?} at once)"),
    ];
    let mut text = String::from("| what | median | against `docker run --rm` | lowest to highest |\n|---|---|---|---|\n");
    let (low, high) = docker.span();
    let _ = writeln!(
        text,
        "| `docker run --rm {} true` in a loop | {:.0} ms | 1 | {low:.0} to {high:.0} ms |",
        images::BUSYBOX,
        docker.median()
    );
    for (i, name) in names.iter().enumerate() {
        let (low, high) = ratios[i].span();
        let _ = writeln!(text, "| {name} | {:.0} ms | {:.2} | {low:.2} to {high:.2} |", millis[i].median(), ratios[i].median());
    }
    let _ = writeln!(text, "| memory of `dockercise serve` at rest, its runner | {:.1} MiB, {:.1} MiB | | |", idle.0, idle.1);
    text
}

/// Seconds per `docker run --rm IMAGE true`, in a loop as long as a chain.
fn docker_run() -> anyhow::Result<f64> {
    let started = Instant::now();
    for _ in 0..CHAIN {
        docker_run_of(&["true"])?;
    }
    Ok(started.elapsed().as_secs_f64() / CHAIN as f64)
}

/// Seconds of one `docker run --rm IMAGE COMMAND`.
fn docker_run_of(command: &[&str]) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut run = Command::new("docker");
    let run = run.args(["run", "--rm", images::BUSYBOX]).args(command).stdout(Stdio::null());
    anyhow::ensure!(run.status().context("the docker command is needed to compare with")?.success(), "docker run failed");
    Ok(started.elapsed().as_secs_f64())
}

/// How many `docker run` at once are tried.
const BESIDE: [usize; 2] = [4, 8];

/// Seconds that as many `docker run` take as there are steps beside each other: the quicker of two ways to have them at once.
fn docker_runs_beside_each_other() -> anyhow::Result<f64> {
    let mut best = f64::MAX;
    for at_once in BESIDE {
        let started = Instant::now();
        let line = format!("seq {WIDE} | xargs -P {at_once} -I{{}} docker run --rm {} true", images::BUSYBOX);
        anyhow::ensure!(Command::new("sh").args(["-c", &line]).status()?.success(), "docker run failed");
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Seconds from the first of many steps' start to the last one's end, none waiting for another.
async fn wide(world: &World, round: usize) -> anyhow::Result<f64> {
    let steps: String = (0..WIDE).map(|i| format!("s{i}: {{run: 'true'}}\n")).collect();
    let (run, _) = run_of(world, "wide", &format!("img: {}\n{steps}", images::BUSYBOX), round).await?;
    let view = run.view().await?;
    let times = |key: &str| view["steps"].as_array().into_iter().flatten().filter_map(|s| time(&s[key])).collect::<Vec<_>>();
    let first = times("started_at").into_iter().min().context("no step started")?;
    let last = times("finished_at").into_iter().max().context("no step finished")?;
    Ok(seconds(last - first))
}

/// Seconds from the start to the end of a step that writes 200 MB.
async fn writing(world: &World, round: usize) -> anyhow::Result<f64> {
    let [shell, option, script] = WRITE;
    anyhow::ensure!([shell, option] == ["sh", "-ec"], "not what a step runs");
    let (run, _) = run_of(world, "writing", &format!("write: {{img: {}, run: \"{script}\"}}\n", images::BUSYBOX), round).await?;
    let step = run.step("write").await?;
    let [start, end] = ["started_at", "finished_at"].map(|at| time(&step[at]));
    Ok(seconds(end.context("the step has no end")? - start.context("the step has no start")?))
}

fn plain_chain() -> String {
    let mut yaml = format!("img: {}\n", images::BUSYBOX);
    for i in 0..CHAIN {
        let after = if i == 0 { String::new() } else { format!(", after: s{}", i - 1) };
        let _ = writeln!(yaml, "s{i}: {{run: 'true'{after}}}");
    }
    yaml
}

fn heavy_chain() -> String {
    let make = format!("i=0; while [ $i -lt {FILES} ]; do echo $i > file$i; i=$((i+1)); done; echo 0");
    let mut yaml = format!("img: {}\nmake: {{run: '{make}'}}\n", images::BUSYBOX);
    for i in 0..CHAIN {
        let last = if i == 0 { "make".to_owned() } else { format!("s{}", i - 1) };
        let _ = writeln!(yaml, "s{i}: {{vol: {last}, run: 'read n < {{{last}}}; test -e file1999; echo $((n+1)) | tee file$n'}}");
    }
    yaml
}

/// Seconds per step of a chain: from the first `s` step's start to the last one's end.
async fn chain(world: &World, name: &str, yaml: &str, round: usize) -> anyhow::Result<f64> {
    let (run, _) = run_of(world, name, &format!("on: [push]\n{yaml}"), round).await?;
    let view = run.view().await?;
    let steps: Vec<&Value> =
        view["steps"].as_array().into_iter().flatten().filter(|s| s["name"].as_str().is_some_and(|n| n.starts_with('s'))).collect();
    let first = steps.iter().filter_map(|s| time(&s["started_at"])).min().context("no step started")?;
    let last = steps.iter().filter_map(|s| time(&s["finished_at"])).max().context("no step finished")?;
    Ok(seconds(last - first) / CHAIN as f64)
}

/// Seconds from the delivery's arrival to the first byte that the first step wrote.
async fn first_byte(world: &World, round: usize) -> anyhow::Result<f64> {
    let (run, sha) = run_of(world, "first", &format!("hello: {{img: {}, run: echo hello}}\n", images::BUSYBOX), round).await?;
    let arrived = world.arrived(&sha).await?;
    let index = run.step("hello").await?["index"].clone();
    let page = world.api.get(&format!("{}/steps/{index}/log", run.path())).await?.context("the log is gone")?;
    let at = page["frames"][0]["at"].as_i64().context("the log is empty")?;
    let written = chrono::DateTime::from_timestamp_millis(at).context("the log's time")?;
    Ok(seconds(written - arrived))
}

/// Pushes a pipeline, alone, and sees it pass; the commit's id too.
async fn run_of(world: &World, name: &str, yaml: &str, round: usize) -> anyhow::Result<(Run, String)> {
    world.clone.write(&format!("{name}.dockercise.yaml"), format!("{yaml}# round {round}\n"))?;
    remove_others(world, name)?;
    let number = next(world, name).await?;
    let sha = world.clone.commit(&format!("Round {round} of {name}"))?;
    world.clone.push("main")?;
    let run = world.api.run(name, number).await?;
    run.ends("passed").await?;
    Ok((run, sha))
}

fn remove_others(world: &World, name: &str) -> anyhow::Result<()> {
    for other in ["plain", "heavy", "first", "writing", "wide"].into_iter().filter(|o| *o != name) {
        let file = world.clone.path().join(format!("{other}.dockercise.yaml"));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

async fn next(world: &World, name: &str) -> anyhow::Result<i64> {
    Ok(world.api.numbers(name).await?.first().copied().unwrap_or(0) + 1)
}

fn time(value: &Value) -> Option<chrono::DateTime<chrono::Utc>> {
    value.as_str()?.parse().ok()
}

fn seconds(duration: chrono::Duration) -> f64 {
    duration.to_std().unwrap_or(Duration::ZERO).as_secs_f64()
}

/// Resident memory of server and runner in MiB, before anything ran.
fn idle_memory(world: &World) -> anyhow::Result<(f64, f64)> {
    let of = |pid: u32| -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib / 1024.0)
    };
    let server = of(world.server.pid().context("the server does not run")?)?;
    let runner = world.server.runners().first().copied().context("no runner runs")?;
    Ok((server, of(runner)?))
}
