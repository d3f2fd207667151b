//! The smallest of each, to be filled in.

use super::{
    DEFAULT_QUEUE_TIMEOUT_SECONDS, DEFAULT_TIMEOUT_SECONDS, GatePlan, Guarded, ImageFrom, MountPlan, On, PipelinePlan, SourceOptions,
    StepPlan, VolumeFrom, WhenStatus, Work,
};
use crate::ids::{PipelineIx, StepIx};

impl PipelinePlan {
    /// A pipeline of no steps, started by pushes.
    pub fn new(name: &str, file: &str) -> PipelinePlan {
        PipelinePlan {
            name: name.to_owned(),
            file: file.to_owned(),
            on: On::default(),
            account: None,
            source: SourceOptions::default(),
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            queue_timeout_seconds: DEFAULT_QUEUE_TIMEOUT_SECONDS,
            after: Vec::new(),
            gate: None,
            steps: Vec::new(),
        }
    }
}

impl StepPlan {
    /// A step that rests on nothing.
    pub fn new(name: &str, pipeline: PipelineIx, work: Work) -> StepPlan {
        StepPlan {
            name: name.to_owned(),
            pipeline,
            line: 1,
            work,
            done: None,
            volume: Vec::new(),
            env: Vec::new(),
            values: Vec::new(),
            after: Vec::new(),
            after_pipelines: Vec::new(),
            gate: None,
            when: None,
            status: WhenStatus::Success,
            allow_failure: false,
            tainted: false,
            results: Vec::new(),
            services: Vec::new(),
            cache: None,
            timeout_seconds: None,
            cpus: None,
            memory: None,
            user: None,
            workdir: None,
        }
    }

    /// What its working directory itself starts as, folders mounted below it left aside.
    pub fn volume_root(&self) -> Option<VolumeFrom> {
        self.volume.iter().find(|mount| mount.path == ".").map(|mount| mount.from)
    }
}

impl Work {
    /// A command in the usual shell of a named image.
    pub fn shell(image: &str, text: &str) -> Work {
        let argv = ["sh", "-ec", text].map(str::to_owned).to_vec();
        Work::Run { image: ImageFrom::Named { name: image.to_owned() }, text: text.to_owned(), argv }
    }
}

impl MountPlan {
    /// The working directory itself.
    pub fn root(from: VolumeFrom) -> MountPlan {
        MountPlan { path: ".".to_owned(), from }
    }

    /// The working directory itself starts as that step's.
    pub fn of(step: StepIx) -> MountPlan {
        MountPlan::root(VolumeFrom::Step { step })
    }
}

impl GatePlan {
    /// A gate that anybody may pass at any time.
    pub fn new(guards: Guarded) -> GatePlan {
        GatePlan { guards, note: None, by: Vec::new(), also: Vec::new(), expires_seconds: None }
    }
}
