//! Plans written by hand, short.

use dockercise_pipeline::ids::{GateIx, PipelineIx, StepIx};
use dockercise_pipeline::plan::{
    DonePlan, EnvPlan, EnvValue, GatePlan, Guarded, MountPlan, PipelinePlan, Plan, StepPlan, VolumeFrom, Work,
};
use dockercise_pipeline::wire::Source;

/// A plan of one pipeline `p` with these steps, named `s0`, `s1`, ...
pub fn plan(steps: Vec<StepPlan>) -> Plan {
    let mut plan = Plan { pipelines: Vec::new(), steps: Vec::new(), gates: Vec::new() };
    add(&mut plan, "p", steps);
    plan
}

/// Adds a pipeline.
pub fn add(plan: &mut Plan, name: &str, steps: Vec<StepPlan>) -> PipelineIx {
    let pipeline = PipelineIx(plan.pipelines.len() as u32);
    let first = plan.steps.len() as u32;
    let ixs: Vec<StepIx> = (0..steps.len() as u32).map(|i| StepIx(first + i)).collect();
    plan.pipelines.push(PipelinePlan {
        timeout_seconds: 600,
        steps: ixs.clone(),
        ..PipelinePlan::new(name, &format!("{name}.dockercise.yaml"))
    });
    plan.steps.extend(ixs.into_iter().zip(steps).map(|(ix, step)| StepPlan { name: format!("s{ix}"), pipeline, ..step }));
    pipeline
}

/// Puts a gate before a step.
pub fn gate(plan: &mut Plan, step: u32) {
    plan.steps[step as usize].gate = Some(GateIx(plan.gates.len() as u32));
    plan.gates.push(GatePlan::new(Guarded::Step { step: StepIx(step) }));
}

/// A step of the test image.
pub fn step(run: &str) -> StepPlan {
    StepPlan::new("", PipelineIx(0), Work::shell("dcw-test", run))
}

/// Words for a step's plan.
pub trait StepWords {
    fn vol(self, step: u32) -> Self;
    fn source(self) -> Self;
    fn reads(self, step: u32) -> Self;
    fn env_of(self, name: &str, step: u32) -> Self;
    fn after(self, step: u32) -> Self;
    fn done(self, run: &str) -> Self;
    fn timeout(self, seconds: u64) -> Self;
}

impl StepWords for StepPlan {
    fn vol(mut self, step: u32) -> Self {
        self.volume = vec![MountPlan::of(StepIx(step))];
        self
    }
    fn source(mut self) -> Self {
        self.volume = vec![MountPlan::root(VolumeFrom::Source)];
        self
    }
    fn reads(mut self, step: u32) -> Self {
        self.values.push(StepIx(step));
        self
    }
    fn env_of(mut self, name: &str, step: u32) -> Self {
        self.env.push(EnvPlan { name: name.into(), value: EnvValue::Step { step: StepIx(step) } });
        self
    }
    fn after(mut self, step: u32) -> Self {
        self.after.push(StepIx(step));
        self
    }
    fn done(mut self, run: &str) -> Self {
        let own = run.contains("/dockercise/values/");
        let argv = ["sh", "-ec", run].map(str::to_owned).to_vec();
        self.done = Some(DonePlan { text: run.into(), argv, every_seconds: None, timeout_seconds: None, reads_own_value: own });
        self
    }
    fn timeout(mut self, seconds: u64) -> Self {
        self.timeout_seconds = Some(seconds);
        self
    }
}

/// A source that is nowhere.
pub fn no_source() -> Source {
    Source {
        repository_id: 1,
        url: "ssh://git@127.0.0.1:1/owner/name.git".into(),
        sha: "0123456789abcdef0123456789abcdef01234567".into(),
        git_ref: "refs/heads/main".into(),
        deploy_key: "no key".into(),
        known_hosts: String::new(),
    }
}
