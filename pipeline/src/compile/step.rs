//! One step's definition to its plan.

use super::merge::Merge;
use super::order::{Edge, WAITS};
use crate::definition::{EnvItem, StepDefinition};
use crate::diagnostic::quote;
use crate::ids::{PipelineIx, StepIx};
use crate::names::{SOURCE, aws_names, env_name};
use crate::plan::{DonePlan, EnvPlan, EnvValue, Guarded, ImageFrom, MountPlan, StepPlan, VolumeFrom, Work};
use crate::references::{self, Word};
use crate::source::{Span, Spanned};
use std::collections::HashMap;

impl Merge<'_, '_> {
    pub(super) fn step(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition) -> StepPlan {
        let image = ImageFrom::Named { name: definition.image.as_ref().map(|image| image.value.clone()).unwrap_or_default() };
        let mut step = StepPlan {
            line: self.definitions[pipeline.index()].source.line(definition.name.span.start()) as u32,
            volume: self.volume(pipeline, ix, definition).map(MountPlan::root).into_iter().collect(),
            env: self.env(pipeline, ix, definition),
            gate: self.gate(&definition.after, Guarded::Step { step: ix }),
            timeout_seconds: definition.timeout_seconds,
            ..StepPlan::new(&definition.name.value, pipeline, Work::Image { image: image.clone() })
        };
        if let Some(command) = &definition.run {
            let script = self.script(pipeline, command);
            for (used, span) in script.used {
                self.edges.push(Edge::uses(pipeline, ix, used, span, "reads the value of"));
                step.values.push(used);
            }
            step.work = Work::Run { image, text: script.text, argv: shell(script.run) };
        }
        if let Some(done) = &definition.done {
            let script = self.script(pipeline, &done.command);
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
                argv: shell(script.run),
                every_seconds: None,
                timeout_seconds: done.timeout_seconds.or(definition.timeout_seconds),
                reads_own_value,
            });
        }
        self.after(pipeline, ix, definition, &mut step);
        step
    }

    fn volume(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition) -> Option<VolumeFrom> {
        let vol = definition.vol.as_ref()?;
        if vol.value == SOURCE {
            return Some(VolumeFrom::Source);
        }
        let step = self.resolve(pipeline, vol)?;
        self.edges.push(Edge::uses(pipeline, ix, step, vol.span, "takes the volume of"));
        Some(VolumeFrom::Step { step })
    }

    fn env(&mut self, pipeline: PipelineIx, ix: StepIx, definition: &StepDefinition) -> Vec<EnvPlan> {
        let mut plans: Vec<EnvPlan> = Vec::new();
        let mut places: HashMap<String, Span> = HashMap::new();
        let mut of_steps: Vec<(String, StepIx)> = Vec::new();
        for item in definition.env.iter() {
            let (name, at, value) = match item {
                EnvItem::Literal { name, text } => {
                    self.warn_of_pasting(pipeline, text);
                    (name.value.clone(), name.span, EnvValue::Literal { text: text.value.clone() })
                }
                EnvItem::Named { name, step: reference } => {
                    let Some(step) = self.env_step(pipeline, ix, reference) else { continue };
                    (name.value.clone(), name.span, EnvValue::Step { step })
                }
                EnvItem::Step(reference) => {
                    let Some(step) = self.env_step(pipeline, ix, reference) else { continue };
                    of_steps.push((env_name(&reference.value), step));
                    (env_name(&reference.value), reference.span, EnvValue::Step { step })
                }
            };
            if let Some(first) = places.get(&name).copied() {
                let source = &self.definitions[pipeline.index()].source;
                self.error(pipeline, at, format!("{} is set twice", quote(&name))).also(source, first, "the first is here");
                continue;
            }
            places.insert(name.clone(), at);
            plans.push(EnvPlan { name, value });
        }
        for (name, from) in aws_names(of_steps.iter().map(|(name, _)| name.as_str())) {
            if let Some((_, step)) = of_steps.iter().find(|(name, _)| name == from)
                && !places.contains_key(name)
            {
                plans.push(EnvPlan { name: name.to_owned(), value: EnvValue::Step { step: *step } });
            }
        }
        plans
    }

    fn env_step(&mut self, pipeline: PipelineIx, ix: StepIx, reference: &Spanned<String>) -> Option<StepIx> {
        let step = self.resolve(pipeline, reference)?;
        self.edges.push(Edge::uses(pipeline, ix, step, reference.span, "takes the value of"));
        Some(step)
    }

    /// A variable is a step's value or text, never a mix: who writes `{step}` within text means something else.
    fn warn_of_pasting(&mut self, pipeline: PipelineIx, text: &Spanned<String>) {
        // What is nothing but `{step}` was written `\{step}`: meant as it stands.
        if !text.value.contains('{') || text.value.starts_with('{') && text.value.find('}') == Some(text.value.len() - 1) {
            return;
        }
        let scanned = references::scan(&text.value, |word| match self.find(pipeline, word) {
            Some(_) => Word::Step(word.to_owned(), String::new()),
            None => Word::Other,
        });
        if let Some(word) = scanned.used.first() {
            self.warning(pipeline, text.span, format!("`{{{word}}}` is not replaced inside of longer text"))
                .help(format!("a variable that is `\"{{{word}}}\"` and nothing else holds that step's value"));
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

/// The usual shell (language.md, "A step").
fn shell(script: String) -> Vec<String> {
    vec!["sh".to_owned(), "-ec".to_owned(), script]
}
