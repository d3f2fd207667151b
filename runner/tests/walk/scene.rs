//! A server in memory, a data folder, and runners as processes of their own.

use crate::support::plans::{self, no_source};
use crate::support::server::TestServer;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, RunId, StepIx};
use dockercise_pipeline::plan::{ImageFrom, Plan, StepPlan, Work};
use dockercise_pipeline::run::Selection;
use dockercise_pipeline::wire::{Record, Source};
use dockercise_runner::engine::{Engine, EngineOptions};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Set in the environment of a runner that a test starts: the server's address and the data folder.
pub const CHILD: [&str; 2] = ["DCW_SERVER", "DCW_DATA"];

/// A server, a data folder, and the runners started.
pub struct Scene {
    pub server: Arc<TestServer>,
    pub data: tempfile::TempDir,
    pub docker: bollard::Docker,
}

/// A runner, killed when it is dropped.
pub struct Runner(pub Child);

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    /// None, loudly, where no engine answers.
    pub async fn new() -> Option<Scene> {
        let docker = match bollard::Docker::connect_with_defaults() {
            Ok(docker) => docker.negotiate_version().await,
            Err(e) => Err(e),
        };
        let docker = match docker {
            Ok(docker) => docker,
            Err(e) if std::env::var("DOCKERCISE_NEED_DOCKER").is_ok_and(|v| v == "1") => panic!("no docker engine: {e}"),
            Err(e) => {
                eprintln!("SKIPPED: no docker engine answers ({e}); set DOCKERCISE_NEED_DOCKER=1 to make that a failure");
                return None;
            }
        };
        crate::image::busybox(&docker).await;
        Some(Scene { server: TestServer::start().await, data: tempfile::tempdir().unwrap(), docker })
    }

    pub fn runner(&self) -> Runner {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "runner_process", "--nocapture"])
            .env(CHILD[0], &self.server.base)
            .env(CHILD[1], self.data.path());
        Runner(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    pub fn submit(&self, steps: Vec<StepPlan>) -> usize {
        self.submit_plan(plans::plan(steps))
    }

    pub fn submit_plan(&self, plan: Plan) -> usize {
        self.submit_from(plan, no_source())
    }

    pub fn submit_from(&self, plan: Plan, source: Source) -> usize {
        self.submit_selected(plan, source, &Selection::default())
    }

    /// A run of a part of a plan, with steps kept from earlier runs.
    pub fn submit_selected(&self, mut plan: Plan, source: Source, selection: &Selection) -> usize {
        plan.steps.iter_mut().for_each(|s| {
            if let Work::Run { image, .. } = &mut s.work {
                *image = ImageFrom::Named { name: "dct-busybox:busybox".into() };
            }
        });
        self.server.submit_selected(plan, source, selection)
    }

    pub fn out(&self, run: usize, step: u32) -> String {
        self.server.text(run, step, Phase::Run, Stream::Stdout)
    }

    /// What was recorded of each step.
    pub fn records(&self, run: usize) -> BTreeMap<StepIx, Record> {
        self.server.known().runs[run].records.clone()
    }

    /// Pid and start of a step's container.
    pub async fn process(&self, run: RunId, step: u32) -> (i64, String) {
        let host = std::fs::read_to_string(self.data.path().join("host")).unwrap();
        let name = format!("dc-{host}-{}-{step}-1-run", run.short());
        let state = self.docker.inspect_container(&name, None).await.unwrap().state.unwrap();
        (state.pid.unwrap(), state.started_at.unwrap().to_string())
    }

    /// Nothing of the host may be left but what it keeps between runs; that goes too.
    pub async fn end(self, runner: Runner) {
        drop(runner);
        let host = std::fs::read_to_string(self.data.path().join("host")).unwrap();
        let engine = Engine::connect(EngineOptions { docker_host: None, docker_config: None, host }).await.unwrap();
        let ours: Vec<String> = self.server.known().runs.iter().map(|run| run.id.to_string()).collect();
        let (left, ahead): (Vec<String>, Vec<String>) = engine.runs().await.unwrap().into_iter().partition(|run| ours.contains(run));
        assert_eq!(left, Vec::<String>::new());
        // A runner that was killed leaves what it had made for the next run (docs/decisions/0006).
        assert!(ahead.len() <= 1, "{ahead:?}");
        for run in ahead {
            engine.close_run(RunId(run.parse().unwrap())).await.unwrap();
        }
        engine.clear().await.unwrap();
        for folder in ["jobs", "runs", "tmp"] {
            assert_eq!(std::fs::read_dir(self.data.path().join(folder)).unwrap().count(), 0, "left in {folder}");
        }
    }
}
