//! A run of 10,000 steps, through the server's own routes: what is done for every piece of a log, every report and every
//! look must not grow with the run. The times are printed; the bounds are far above them, and far below what reading the
//! whole run each time would cost.
#![expect(clippy::unwrap_used, reason = "tests")]

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use dockercise_pipeline::compile::compile;
use dockercise_pipeline::frame;
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::{Event, Selection, Stamped};
use dockercise_pipeline::source::SourceFile;
use dockercise_pipeline::trigger::Trigger;
use dockercise_pipeline::wire::{Job, Notice, Orders, Poll, Record, Report, Reports, StoredLog};
use dockercise_server::clock::Clock;
use dockercise_server::db::repository::{self, Repository, Secret};
use dockercise_server::db::run::{RunRow, encode};
use dockercise_server::db::{self, Db};
use dockercise_server::http::{AllNames, App, router};
use dockercise_server::hub::Hub;
use dockercise_server::people::People;
use dockercise_server::runs::Runs;
use dockercise_server::runs::begin::{self, NewRun};
use dockercise_server::seal::Seal;
use dockercise_server::settings::{GithubSettings, Keep, LoginSettings};
use dockercise_server::store::{Store, hex};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt as _;
use uuid::Uuid;

const FILES: usize = 50;
const STEPS_OF_A_FILE: usize = 200;
const TOKEN: &str = "a runner's token";
const HOST: &str = "127.0.0.1:8080";

/// Ten chains of twenty steps a file; every file after the one before.
fn files() -> Vec<SourceFile> {
    let file = |n: usize| {
        let mut text = String::from("img: alpine\n");
        if n > 0 {
            let _ = writeln!(text, "after: p{}", n - 1);
        }
        for i in 0..STEPS_OF_A_FILE {
            let command = format!("echo working on {i} of {n} && make check TARGET=services/{i} VERBOSE=1");
            let after = if i < 10 { String::new() } else { format!("  env: {{BEFORE: \"{{s{}}}\"}}\n", i - 10) };
            let _ = writeln!(text, "s{i}:\n  run: {command}\n  vol: source\n{after}");
        }
        SourceFile { path: format!("p{n}.dockercise.yaml"), text: text.into_bytes() }
    };
    (0..FILES).map(file).collect()
}

struct Served {
    routes: Router,
    _dir: tempfile::TempDir,
}

impl Served {
    async fn new() -> Served {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("dockercise.db")).await.unwrap();
        let seal = Seal::open(&dir.path().join("key")).unwrap();
        make(&db, &seal).await;
        let hub = Arc::new(Hub::default());
        let (github, settings) = (GithubSettings::default(), LoginSettings::default());
        let people = People::new(db.clone(), seal.clone(), Clock::default(), github, settings, format!("http://{HOST}")).await.unwrap();
        let app = App {
            github_web: String::new(),
            people,
            runs: Arc::new(Runs::new(db.clone(), Clock::default(), Arc::clone(&hub))),
            db,
            hub,
            store: Store::new(dir.path().join("results")),
            names: AllNames::default(),
            seal,
            clock: Clock::default(),
            public_url: format!("http://{HOST}"),
            runner_token: Sha256::digest(TOKEN).into(),
            operator: None,
            keep: Keep { time: Duration::ZERO, bytes: 0 },
        };
        Served { routes: router(app), _dir: dir }
    }

    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> (StatusCode, Vec<u8>, Duration) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json");
        let began = Instant::now();
        let answer = self.routes.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, bytes, began.elapsed())
    }

    async fn get(&self, path: &str) -> (Value, usize, Duration) {
        let (status, bytes, took) = self.ask(Method::GET, path, "").await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
        (serde_json::from_slice(&bytes).unwrap(), bytes.len(), took)
    }

    async fn report(&self, job: &Job, number: u64, event: Event, record: Option<Record>) -> Duration {
        let stamped = Stamped { at: Clock::default().now(), event };
        let reports = Reports { fence: job.fence, reports: vec![Report { number, stamped, record, image: None }] };
        let (status, bytes, took) =
            self.ask(Method::POST, &format!("/runner/v1/jobs/{}/reports", job.id), serde_json::to_vec(&reports).unwrap()).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        took
    }
}

async fn make(db: &Db, seal: &Seal) {
    let text = String::new;
    let row = Repository {
        id: 7,
        account: "local".into(),
        owner: "anna".into(),
        name: "app".into(),
        web_url: "https://github.com/anna/app".into(),
        ssh_url: text(),
        default_branch: "main".into(),
        hook_key: text(),
        hook_id: None,
        deploy_key_id: None,
        hook_secret: Vec::new(),
        deploy_key: seal.seal(&Repository::row(7, Secret::DeployKey), b"key").unwrap(),
        token: Vec::new(),
        known_hosts: text(),
        verified_at: None,
        disconnected_at: None,
    };
    let compiled = compile("app", files());
    let plan = Arc::new(compiled.plan.unwrap());
    assert_eq!(plan.steps.len(), FILES * STEPS_OF_A_FILE);
    let now = Clock::default().now();
    let mut tx = db.write().await.unwrap();
    repository::save(&mut tx, &row, now).await.unwrap();
    let mut pipelines = Vec::new();
    for p in &plan.pipelines {
        let slug = db::pipeline::slug(&mut tx, "local", (7, "anna", "app"), &p.name, true).await.unwrap();
        let number = Some(db::pipeline::next_number(&mut tx, "local", &slug).await.unwrap());
        pipelines.push(begin::pipeline(&p.name, &p.file, slug, number).unwrap());
    }
    let row = RunRow {
        id: Uuid::nil(),
        repository: 7,
        account: "local".into(),
        trigger: encode(&Trigger::Push { branch: "main".into() }).unwrap(),
        git_ref: "refs/heads/main".into(),
        sha: "0".repeat(40),
        message: "Many steps".into(),
        author: "anna".into(),
        plan: None,
        plan_hash: None,
        diagnostics: "[]".into(),
        version: 1,
        fence: 0,
        job: None,
        over: false,
        created_at: now,
        rerun_of: None,
        selection: None,
        note: String::new(),
    };
    begin::begin(&mut tx, &Hub::default(), NewRun { row, plan, selection: Selection::default(), pipelines }, now).await.unwrap();
    tx.commit().await.unwrap();
}

/// The middle of some times, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_often_does_not_grow_with_the_run() {
    let served = Served::new().await;
    let poll = Poll { version: "0".into(), jobs: vec![], kept: vec![], ready: vec![], wants_job: true };
    let (_, bytes, handed) = served.ask(Method::POST, "/runner/v1/poll", serde_json::to_vec(&poll).unwrap()).await;
    let job = serde_json::from_slice::<Orders>(&bytes).unwrap().jobs.remove(0);

    let attempt = Attempt { step: StepIx(0), number: 1 };
    served.report(&job, 1, Event::StepStarted { attempt, phase: Phase::Run }, None).await;
    let frame = [&frame::header(frame::Stream::Stdout, 1, 6)[..], b"hello\n"].concat();
    let (mut log, mut chunks) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let path = format!("/runner/v1/jobs/{}/log/0/1/run?fence={}&offset={}", job.id, job.fence, log.len());
        let (status, _, took) = served.ask(Method::POST, &path, frame.clone()).await;
        assert_eq!(status, 200);
        log.extend_from_slice(&frame);
        chunks.push(took);
    }
    let notice = Notice { fence: job.fence, step: StepIx(1), words: Some("pulling alpine: 1 of 3 MB".into()) };
    let (status, _, noticed) =
        served.ask(Method::POST, &format!("/runner/v1/jobs/{}/notices", job.id), serde_json::to_vec(&notice).unwrap()).await;
    assert_eq!(status, 204);

    let record = Record {
        logs: vec![StoredLog { attempt, phase: Phase::Run, service: None, length: log.len() as u64, sha256: hex(&Sha256::digest(&log)) }],
        value_length: 300,
        value_sha256: hex(&Sha256::digest("hello\n".repeat(50))),
        results: vec![],
        left_out: vec![],
    };
    let finished = served.report(&job, 2, Event::StepFinished { attempt, outcome: Outcome::Passed, note: None }, None).await;
    let recorded = served.report(&job, 3, Event::StepRecorded { attempt }, Some(record)).await;

    let mut pages = Vec::new();
    for _ in 0..20 {
        let (page, _, took) = served.get("/api/results/local/p0/1/steps/0/log").await;
        assert_eq!(page["frames"].as_array().unwrap().len(), 50);
        pages.push(took);
    }
    let (view, size, looked) = served.get("/api/results/local/p0/1").await;
    let steps = view["steps"].as_array().unwrap();
    assert_eq!(steps.len(), FILES * STEPS_OF_A_FILE);
    assert_eq!((&steps[0]["state"], &steps[1]["notice"]), (&"passed".into(), &"pulling alpine: 1 of 3 MB".into()));
    let (step, _, one) = served.get("/api/results/local/p0/1/steps/0").await;
    assert_eq!(step["value"]["length"], 300);
    assert_eq!(step["logs"][0]["complete"], true);

    let (chunk, page) = (median(chunks), median(pages));
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    println!(
        "10,000 steps: handed over in {:.0} ms, a piece of log {chunk:.1} ms, a report {:.1} ms, a record {:.1} ms, a notice {:.1} ms; \
         a page of log {page:.1} ms, the run {:.0} ms ({} KB), a step {:.0} ms",
        ms(handed),
        ms(finished),
        ms(recorded),
        ms(noticed),
        ms(looked),
        size / 1000,
        ms(one)
    );
    // Reading the run takes some hundred milliseconds here, a busy machine more.
    assert!(chunk < 50.0, "a piece of a log takes {chunk} ms");
    assert!(page < 50.0, "a page of a log takes {page} ms");
}
