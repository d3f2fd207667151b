//! One step's definition to its plan.

use super::merge::Merge;
use super::order::{Edge, WAITS};
use crate::definition::{Build, Cache, Done, ImageText, Service, StepDefinition};
use crate::diagnostic::quote;
use crate::ids::{PipelineIx, StepIx};
use crate::names::SOURCE;
use crate::plan::{BuildPlan, CachePlan, DonePlan, Guarded, ImageFrom, MountPlan, ReadyPlan, ServicePlan, StepPlan, VolumeFrom, Work};
use crate::source::Spanned;
use crate::taint::Said;

impl Merge<'_, '_> {
    pub(super) fn step(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition) -> StepPlan {
        let work = match &definition.build {
            Some(build) => Work::Build { build: self.build(pipeline, ix, build) },
            None => Work::Image { image: self.image(pipeline, ix, definition.image.as_ref()) },
        };
        let mut step = StepPlan {
            line: self.definitions[pipeline.index()].source.line(definition.name.span.start()) as u32,
            volume: self.volume(pipeline, ix, definition),
            env: self.env(pipeline, ix, &definition.env, "takes the value of"),
            gate: self.gate(&definition.after, Guarded::Step { step: ix }),
            when: definition.when.filters.clone(),
            status: definition.when.status,
            allow_failure: definition.allow_failure,
            results: definition.results.iter().map(|glob| glob.value.clone()).collect(),
            services: definition.services.iter().map(|service| self.service(pipeline, ix, service)).collect(),
            cache: definition.cache.as_ref().map(|cache| self.cache(pipeline, definition, cache)),
            timeout_seconds: definition.timeout_seconds,
            cpus: definition.cpus,
            memory: definition.memory,
            user: definition.user.clone(),
            workdir: definition.workdir.clone(),
            ..StepPlan::new(&definition.name.value, pipeline, work)
        };
        for glob in &definition.results {
            self.refuse_references(pipeline, glob, "results");
        }
        let mut said = Said { secret: definition.secret.as_ref().map(|secret| secret.value), reads: Vec::new() };
        if let (Some(command), Work::Image { image }) = (&definition.run, &step.work) {
            let script = self.script(pipeline, command, &definition.shell);
            step.work = Work::Run { image: image.clone(), text: script.text, argv: script.argv };
            for (used, span) in script.used {
                self.edges.push(Edge::uses(pipeline, ix, used, span, "reads the value of"));
                step.values.push(used);
                said.reads.push(used);
            }
        }
        if let Some(done) = &definition.done {
            self.done(pipeline, ix, definition, done, &mut step);
        }
        self.after(pipeline, ix, definition, &mut step);
        if step.runs_last() {
            self.edges.push(Edge::runs_last(pipeline, ix, definition.when.status_span));
            self.last.insert(ix);
        }
        self.said.push(said);
        step
    }

    fn done(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition, done: &Done, step: &mut StepPlan) {
        let script = self.script(pipeline, &done.command, &definition.shell);
        let mut reads_own_value = false;
        for (used, span) in script.used {
            if used == ix {
                // `run` is over when `done` starts: its value is there.
                reads_own_value = true;
            } else if !step.values.contains(&used) {
                self.edges.push(Edge::uses(pipeline, ix, used, span, "reads the value of"));
                step.values.push(used);
            }
        }
        step.done = Some(DonePlan {
            text: script.text,
            argv: script.argv,
            every_seconds: done.every_seconds,
            timeout_seconds: done.timeout_seconds.or(definition.timeout_seconds),
            reads_own_value,
        });
    }

    fn volume(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition) -> Vec<MountPlan> {
        let mut mounts = Vec::with_capacity(definition.vol.len());
        for mount in definition.vol.iter() {
            let from = if mount.from.value == SOURCE {
                VolumeFrom::Source
            } else {
                let Some(step) = self.resolve(pipeline, &mount.from) else { continue };
                self.edges.push(Edge::uses(pipeline, ix, step, mount.from.span, "takes the volume of"));
                VolumeFrom::Step { step }
            };
            mounts.push(MountPlan { path: mount.path.clone(), from });
        }
        mounts
    }

    /// Which image is meant. A name of none where it is missing, and that has been said.
    fn image(&mut self, pipeline: PipelineIx, ix: StepIx, image: Option<&ImageText>) -> ImageFrom {
        let nothing = ImageFrom::Named { name: String::new() };
        let reference = match image {
            None => return nothing,
            Some(ImageText::Named(name)) => return ImageFrom::Named { name: name.value.clone() },
            Some(ImageText::Step(reference)) => reference,
        };
        let Some(step) = self.resolve(pipeline, reference) else { return nothing };
        self.edges.push(Edge::uses(pipeline, ix, step, reference.span, "runs in the image of"));
        if let Some((maker, definition)) = self.definition(step)
            && definition.build.is_none()
        {
            let (source, span) = (&self.definitions[maker.index()].source, definition.name.span);
            self.error(pipeline, reference.span, format!("the step {} makes no image", quote(&reference.value)))
                .also(source, span, "it has no `build`")
                .help("`img` takes the name of an image, or in braces a step with `build`");
        }
        ImageFrom::Step { step }
    }

    fn build(&mut self, pipeline: PipelineIx, ix: StepIx, build: &Build) -> BuildPlan {
        BuildPlan {
            context: build.context.clone(),
            file: build.file.clone(),
            args: self.env(pipeline, ix, &build.args, BUILDS_WITH),
            tags: build.tags.clone(),
            push: build.push,
        }
    }

    fn service(&mut self, pipeline: PipelineIx, ix: StepIx, service: &Service) -> ServicePlan {
        let command = |merge: &mut Self, command, what| {
            let script = merge.script(pipeline, command, &service.shell);
            for (step, span) in script.used {
                let name = merge.definition(step).map_or_else(String::new, |(_, definition)| definition.name.value.clone());
                merge
                    .error(pipeline, span, format!("`{{{name}}}` is not replaced in `{what}` of a service"))
                    .help(format!("only `run` and `done` of a step read values; give it as a variable: `env: {{NAME: \"{{{name}}}\"}}`"));
            }
            script.argv
        };
        ServicePlan {
            name: service.name.clone(),
            argv: service.run.as_ref().map(|run| command(self, run, "run")),
            ready: service
                .ready
                .as_ref()
                .map(|ready| ReadyPlan { argv: command(self, &ready.command, "ready"), timeout_seconds: ready.timeout_seconds }),
            image: self.image(pipeline, ix, service.image.as_ref()),
            env: self.env(pipeline, ix, &service.env, "takes the value of"),
            cpus: service.cpus,
            memory: service.memory,
            user: service.user.clone(),
        }
    }

    fn cache(&mut self, pipeline: PipelineIx, definition: &StepDefinition, cache: &Cache) -> CachePlan {
        for glob in &cache.files {
            self.refuse_references(pipeline, glob, "files");
        }
        let texts = |list: &[Spanned<String>]| list.iter().map(|text| text.value.clone()).collect();
        let own = || format!("{}/{}", self.definitions[pipeline.index()].name.value, definition.name.value);
        CachePlan {
            paths: texts(&cache.paths),
            key: cache.key.as_ref().map_or_else(own, |key| key.value.clone()),
            files: texts(&cache.files),
            fallback: texts(&cache.fallback),
        }
    }

    fn after(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition, step: &mut StepPlan) {
        for name in &definition.after.names {
            if let Some(other) = self.find(pipeline, &name.value) {
                // The nearest of that name is meant: a step of this file before a pipeline.
                if !step.after.contains(&other) {
                    self.edges.push(Edge::uses(pipeline, ix, other, name.span, WAITS));
                    step.after.push(other);
                }
            } else if let Some(other) = self.find_pipeline(&name.value) {
                if other == pipeline {
                    self.error(pipeline, name.span, format!("the step {} waits for the pipeline that it is part of", quote(&step.name)));
                } else if !step.after_pipelines.contains(&other) {
                    self.edges.push(Edge::step_after(pipeline, ix, other, name.span));
                    step.after_pipelines.push(other);
                }
            } else if !self.is_unsure(&name.value) {
                let near =
                    self.near(pipeline, &name.value, crate::suggest::tolerance(&name.value)).map(|near| format!("did you mean `{near}`?"));
                let help = near.or_else(|| self.elsewhere(&name.value));
                let problem = self.error(pipeline, name.span, format!("there is no step or pipeline {}", quote(&name.value)));
                problem.help = help;
            }
        }
    }
}

/// The words for a build's argument.
pub(super) const BUILDS_WITH: &str = "builds with the value of";
