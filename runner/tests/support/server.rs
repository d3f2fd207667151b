//! A small server for tests: the real machine behind the real wire, in memory, as strict as can be. Whatever a runner
//! reports that does not fit is a fault that fails the test.

mod bytes;

use self::bytes::{log, notice, result, secrets};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use chrono::Utc;
use dockercise_pipeline::frame;
use dockercise_pipeline::ids::{Attempt, Fence, JobId, Phase, RunId, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{Effect, Event, GateState, Run, RunState, Selection, Stamped, StepStatus};
use dockercise_pipeline::wire::{
    About, HeldJob, Job, Kept, Numbered, Order, Orders, Poll, Record, Report, Reports, ResolvedImage, Source, Taken,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// The token of the one host.
pub const TOKEN: &str = "a-token-for-tests";

/// One run, with everything that was reported about it.
pub struct RunHere {
    pub id: RunId,
    pub machine: Run,
    pub jobs: Vec<JobHere>,
    pub source: Source,
    pub logs: BTreeMap<(StepIx, u32, Phase), Vec<u8>>,
    pub events: Vec<Event>,
    pub files: BTreeMap<String, Vec<u8>>,
    /// Logs of services, by the step and their name.
    pub beside: BTreeMap<(StepIx, String), Vec<u8>>,
    /// What each name of an image has turned out to be.
    pub images: Vec<ResolvedImage>,
    /// What steps said they are at.
    pub notices: Vec<(StepIx, Option<String>)>,
    /// What was recorded of each step.
    pub records: BTreeMap<StepIx, Record>,
    /// It stays on its host when it is over.
    pub stays: bool,
}

/// One job of a run.
pub struct JobHere {
    pub id: JobId,
    pub fence: Fence,
    given: bool,
    ended: bool,
    /// Taken away from its runner.
    revoked: bool,
    orders: Vec<Stamped>,
    taken: u64,
}

/// All that the server knows.
#[derive(Default)]
pub struct Known {
    pub runs: Vec<RunHere>,
    /// What did not fit.
    pub faults: Vec<String>,
    /// The store of secrets.
    pub secrets: BTreeMap<String, String>,
    /// Names that were asked for.
    pub asked: Vec<String>,
    /// The last poll, unless a run has ended since.
    pub poll: Option<Poll>,
}

/// The server.
pub struct TestServer {
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
    /// Of a thousand calls, so many fail: half of these before anything is done, half after.
    pub failing: AtomicU32,
    pub base: String,
    /// Are runs a fork's?
    untrusted: AtomicBool,
    /// The next record finds half of its logs gone, as after a power cut.
    pub lose_bytes: AtomicBool,
}

impl TestServer {
    /// Listens on a free port of this machine.
    pub async fn start() -> Arc<TestServer> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(TestServer {
            known: Mutex::default(),
            changed: watch::channel(0).0,
            failing: AtomicU32::new(0),
            base,
            lose_bytes: AtomicBool::new(false),
            untrusted: AtomicBool::new(false),
        });
        let app = Router::new()
            .route("/runner/v1/poll", post(poll))
            .route("/runner/v1/jobs/{job}/reports", post(reports))
            .route("/runner/v1/jobs/{job}/log/{step}/{attempt}/{phase}", post(log))
            .route("/runner/v1/jobs/{job}/secrets", post(secrets))
            .route("/runner/v1/jobs/{job}/notices", post(notice))
            .route("/runner/v1/jobs/{job}/results/{step}/{attempt}/{sha256}", put(result))
            .layer(axum::extract::DefaultBodyLimit::max(1 << 20))
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&server), door))
            .with_state(Arc::clone(&server));
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on jobs may have no secrets.
    pub fn untrusted(&self) {
        self.untrusted.store(true, Ordering::Relaxed);
    }

    fn poke(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// A new run of a plan, in which every pipeline is needed. Returns its place.
    pub fn submit(&self, plan: Plan, source: Source) -> usize {
        self.submit_selected(plan, source, &Selection::default())
    }

    /// Makes a run of a part of a plan, with steps kept from earlier runs.
    pub fn submit_selected(&self, plan: Plan, source: Source, selection: &Selection) -> usize {
        let machine = Run::new(Arc::new(plan), selection);
        let mut known = self.known();
        let place = known.runs.len();
        let run = RunHere {
            id: RunId(Uuid::now_v7()),
            machine,
            jobs: Vec::new(),
            source,
            logs: BTreeMap::new(),
            events: Vec::new(),
            files: BTreeMap::new(),
            beside: BTreeMap::new(),
            images: Vec::new(),
            notices: Vec::new(),
            records: BTreeMap::new(),
            stays: false,
        };
        known.runs.push(run);
        known.apply(place, &Event::Begin);
        drop(known);
        self.poke();
        place
    }

    /// Takes the run's last job away from its runner.
    pub fn revoke(&self, run: usize) {
        let mut known = self.known();
        let job = known.runs[run].jobs.last_mut().unwrap();
        job.revoked = true;
        let fence = job.fence;
        known.apply(run, &Event::HostLost { fence, reason: "it went away".into() });
        drop(known);
        self.poke();
    }

    /// Something that a person or the clock does.
    pub fn tell(&self, run: usize, event: &Event) {
        self.known().apply(run, event);
        self.poke();
    }

    /// Waits until something is so, at most a minute.
    pub async fn until(&self, what: &str, so: impl Fn(&Known) -> bool) {
        let mut changed = self.changed.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                changed.borrow_and_update();
                if so(&self.known()) {
                    return;
                }
                changed.changed().await.unwrap();
            }
        });
        if waited.await.is_err() {
            let known = self.known();
            let states: Vec<_> = known.runs.iter().map(|r| r.machine.state()).collect();
            panic!("waited for: {what}\nfaults: {:?}\npoll: {:?}\nstates: {states:#?}", known.faults, known.poll);
        }
    }

    /// Waits until the runner offers an id that a run may have, other than that one.
    pub async fn offered(&self, not: Option<RunId>) -> RunId {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let offered = self.known().poll.as_ref().and_then(|poll| poll.ready.iter().copied().find(|run| Some(*run) != not));
            if let Some(run) = offered {
                return run;
            }
            changed.changed().await.unwrap();
        }
    }

    /// Waits until a run is over and its runner has forgotten it.
    pub async fn until_released(&self, run: usize) {
        self.until("the run is over and released", |k| {
            let here = &k.runs[run];
            let released = k.poll.as_ref().is_some_and(|p| {
                p.kept.iter().all(|kept| kept.run != here.id) && here.jobs.iter().all(|j| p.jobs.iter().all(|h| h.job != j.id))
            });
            !k.faults.is_empty() || here.machine.over() && released
        })
        .await;
        assert_eq!(self.known().faults, Vec::<String>::new());
    }

    /// How a step ended.
    pub fn outcome(&self, run: usize, step: u32) -> Option<Outcome> {
        self.known().runs[run].machine.state().steps[step as usize].status.ended().cloned()
    }

    /// See [`Known::text`].
    pub fn text(&self, run: usize, step: u32, phase: Phase, stream: frame::Stream) -> String {
        self.known().text(run, step, phase, stream)
    }
}

/// The bytes of one stream.
pub fn project(mut log: &[u8], stream: frame::Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some((frame, length))) = frame::first(log) {
        if frame.stream == stream {
            bytes.extend_from_slice(frame.payload);
        }
        log = &log[length..];
    }
    bytes
}

/// Lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl JobHere {
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    fn is_not(&self, fence: Fence) -> bool {
        self.fence != fence || self.revoked
    }
}

impl Known {
    /// What a step's `run` or `done` wrote, by stream.
    pub fn text(&self, run: usize, step: u32, phase: Phase, stream: frame::Stream) -> String {
        let log = self.runs[run].logs.get(&(StepIx(step), 1, phase)).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(&project(log, stream)).into_owned()
    }

    fn apply(&mut self, place: usize, event: &Event) {
        self.tell(place, event);
        if self.runs[place].machine.over() {
            self.poll = None;
        }
    }

    fn tell(&mut self, place: usize, event: &Event) {
        let run = &mut self.runs[place];
        match run.machine.apply(Utc::now(), event) {
            Err(refused) => self.faults.push(format!("{event:?}: {refused}")),
            Ok(applied) => {
                for effect in applied.effects {
                    match effect {
                        Effect::Dispatch { fence } => {
                            let id = JobId(Uuid::now_v7());
                            run.jobs.push(JobHere { id, fence, given: false, ended: false, revoked: false, orders: Vec::new(), taken: 0 });
                        }
                        Effect::Forward { fence, event } => {
                            let job = run.jobs.iter_mut().find(|j| j.fence == fence).unwrap();
                            job.orders.push(Stamped { at: Utc::now(), event });
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    fn find(&self, job: JobId) -> Option<(usize, usize)> {
        let jobs = self.runs.iter().enumerate().flat_map(|(r, run)| run.jobs.iter().enumerate().map(move |(j, job)| (r, j, job.id)));
        jobs.into_iter().find(|(_, _, id)| *id == job).map(|(r, j, _)| (r, j))
    }

    fn orders(&mut self, poll: &Poll, trusted: bool) -> Orders {
        let mut orders = Orders::default();
        for HeldJob { job, fence, orders_done } in &poll.jobs {
            match self.find(*job).map(|(r, j)| &self.runs[r].jobs[j]) {
                Some(here) if here.fence == *fence && !here.ended && !here.revoked => {
                    let due = here.orders.iter().enumerate().map(|(i, stamped)| (i as u64 + 1, stamped));
                    orders.orders.extend(due.filter(|(n, _)| n > orders_done).map(|(number, s)| Order {
                        job: *job,
                        number,
                        stamped: s.clone(),
                    }));
                }
                Some(here) if here.ended => {}
                _ => orders.lost.push(*job),
            }
        }
        for run in &mut self.runs {
            let over = run.machine.over();
            if over && !run.stays && poll.kept.iter().any(|kept| kept.run == run.id) {
                orders.released.push(run.id);
            }
            for job in run.jobs.iter_mut().filter(|j| !j.ended && !j.revoked && poll.jobs.iter().all(|h| h.job != j.id)) {
                if job.given || (poll.wants_job && orders.jobs.is_empty()) {
                    job.given = true;
                    let state = run.machine.state().clone();
                    let kept = kept(&state);
                    orders.jobs.push(Job {
                        id: job.id,
                        fence: job.fence,
                        run: run.id,
                        plan: (**run.machine.plan()).clone(),
                        state,
                        about: about(run.machine.plan(), &run.source.sha),
                        source: run.source.clone(),
                        trusted,
                        images: run.images.clone(),
                        kept,
                    });
                }
            }
        }
        orders
    }

    fn take(&mut self, place: usize, job: usize, fence: Fence, report: &Report) -> Result<(), String> {
        let run = &mut self.runs[place];
        if !dockercise_pipeline::wire::reportable(&report.stamped.event) {
            return Err("not for a runner to report".into());
        }
        if let Event::StepRecorded { attempt } = report.stamped.event {
            let record = report.record.as_ref().ok_or("a record is missing")?;
            check(run, attempt, record)?;
            run.records.insert(attempt.step, record.clone());
        }
        if let Event::JobEnded { .. } = report.stamped.event {
            run.jobs[job].ended = true;
            assert_eq!(run.jobs[job].fence, fence);
        }
        run.images.extend(report.image.clone().filter(|image| run.images.iter().all(|known| known.name != image.name)));
        run.events.push(report.stamped.event.clone());
        let faults = self.faults.len();
        self.apply(place, &report.stamped.event);
        self.runs[place].jobs[job].taken = report.number;
        if self.faults.len() > faults { Err(self.faults[faults].clone()) } else { Ok(()) }
    }
}

fn check(run: &RunHere, attempt: Attempt, record: &Record) -> Result<(), String> {
    for stored in &record.logs {
        let log = match &stored.service {
            Some(service) => run.beside.get(&(stored.attempt.step, service.clone())),
            None => run.logs.get(&(stored.attempt.step, stored.attempt.number, stored.phase)),
        };
        let log = log.cloned().unwrap_or_default();
        if (log.len() as u64, sha256(&log)) != (stored.length, stored.sha256.clone()) {
            return Err(format!("the log {stored:?} is {} bytes here", log.len()));
        }
    }
    for file in &record.results {
        let here = run.files.get(&file.sha256).ok_or_else(|| format!("the file {file:?} is not here"))?;
        if here.len() as u64 != file.length {
            return Err(format!("the file {file:?} is {} bytes here", here.len()));
        }
    }
    let log = run.logs.get(&(attempt.step, attempt.number, Phase::Run)).cloned().unwrap_or_default();
    let value = project(&log, frame::Stream::Stdout);
    if run.machine.plan().step(attempt.step).tainted {
        return if value.is_empty() && record.value_sha256.is_empty() {
            Ok(())
        } else {
            Err(format!("a secret value is told: {record:?}"))
        };
    }
    if (value.len() as u64, sha256(&value)) != (record.value_length, record.value_sha256.clone()) {
        return Err(format!("the value of {attempt:?} is {} bytes here, {record:?}", value.len()));
    }
    Ok(())
}

fn about(plan: &Plan, sha: &str) -> About {
    let pipelines = plan.pipelines.iter().map(|p| Numbered { number: 7, url: format!("http://here/results/local/{}/7", p.name) });
    About {
        repository: "owner/name".into(),
        sha: sha.into(),
        git_ref: "refs/heads/main".into(),
        branch: Some("main".into()),
        tag: None,
        event: "push".into(),
        inputs: Vec::new(),
        pipelines: pipelines.collect(),
    }
}

type Here = State<Arc<TestServer>>;

/// The token, and failures on purpose.
async fn door(State(server): Here, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    if request.headers().get("authorization").is_none_or(|a| a.as_bytes() != format!("Bearer {TOKEN}").as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let dice = rand::random::<u32>() % 1000;
    let failing = server.failing.load(Ordering::Relaxed);
    if dice < failing / 2 {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let answer = next.run(request).await;
    if dice < failing { StatusCode::BAD_GATEWAY.into_response() } else { answer }
}

async fn poll(State(server): Here, axum::Json(poll): axum::Json<Poll>) -> Response {
    let mut changed = server.changed.subscribe();
    server.known().poll = Some(poll.clone());
    server.poke();
    let answer = tokio::time::timeout(Duration::from_secs(3), async {
        loop {
            changed.borrow_and_update();
            let orders = server.known().orders(&poll, !server.untrusted.load(Ordering::Relaxed));
            if orders != Orders::default() {
                return orders;
            }
            if changed.changed().await.is_err() {
                return orders;
            }
        }
    });
    axum::Json(answer.await.unwrap_or_default()).into_response()
}

async fn reports(State(server): Here, Path(job): Path<Uuid>, axum::Json(reports): axum::Json<Reports>) -> Response {
    let answer = {
        let mut known = server.known();
        let Some((run, job)) = known.find(JobId(job)) else { return StatusCode::CONFLICT.into_response() };
        if known.runs[run].jobs[job].is_not(reports.fence) {
            return StatusCode::CONFLICT.into_response();
        }
        let mut refused = None;
        for report in &reports.reports {
            let taken = known.runs[run].jobs[job].taken;
            if report.number <= taken {
                continue;
            }
            if let Event::StepRecorded { attempt } = report.stamped.event
                && server.lose_bytes.swap(false, Ordering::Relaxed)
            {
                let log = known.runs[run].logs.get_mut(&(attempt.step, attempt.number, Phase::Run)).unwrap();
                log.truncate(log.len() / 2);
                known.runs[run].files.clear();
                return (StatusCode::PRECONDITION_FAILED, "bytes are missing").into_response();
            }
            let result =
                if report.number > taken + 1 { Err("a report is missing".to_owned()) } else { known.take(run, job, reports.fence, report) };
            if let Err(words) = result {
                known.faults.push(words.clone());
                refused = Some(words);
                break;
            }
        }
        match refused {
            Some(words) => (StatusCode::UNPROCESSABLE_ENTITY, words).into_response(),
            None => axum::Json(Taken { up_to: known.runs[run].jobs[job].taken }).into_response(),
        }
    };
    server.poke();
    answer
}

/// The gates of a run that wait for a click.
pub fn waiting_gates(run: &RunHere) -> Vec<u32> {
    let gates = run.machine.state().gates.iter().enumerate();
    gates.filter(|(_, g)| matches!(g, GateState::Waiting { .. })).map(|(i, _)| i as u32).collect()
}

/// Is a step running (or over)?
pub fn begun(run: &RunHere, step: u32) -> bool {
    !matches!(run.machine.state().steps[step as usize].status, StepStatus::Waiting)
}

/// The steps that are not run again, as a job names them.
fn kept(state: &RunState) -> Vec<Kept> {
    let kept = state.steps.iter().zip(0..).filter_map(|(step, ix)| {
        let (step, from) = (StepIx(ix), step.kept?);
        Some(Kept { step, run: from.run, attempt: Attempt { step, number: from.attempt } })
    });
    kept.collect()
}
