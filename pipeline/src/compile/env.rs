//! Environment: which variables a step sets, and what they take their values from.

use super::merge::Merge;
use super::order::Edge;
use crate::definition::{EnvItem, Store};
use crate::diagnostic::quote;
use crate::ids::{PipelineIx, StepIx};
use crate::names::{aws_names, env_name};
use crate::plan::{EnvPlan, EnvValue};
use crate::references::{self, Word};
use crate::source::{Span, Spanned};
use std::collections::HashMap;

/// How many variables are looked through.
const FEW: usize = 16;

impl Merge<'_, '_> {
    /// Resolves one list. `words` say what the step does with a value, for the words of a cycle.
    pub(super) fn env(&mut self, pipeline: PipelineIx, ix: StepIx, items: &[EnvItem], words: &'static str) -> Vec<EnvPlan> {
        let mut plans: Vec<EnvPlan> = Vec::with_capacity(items.len());
        let mut places = Places::default();
        let mut of_steps: Vec<(String, StepIx)> = Vec::new();
        for item in items {
            let (name, at, value) = match item {
                EnvItem::Literal { name, text } => {
                    self.warn_of_pasting(pipeline, text);
                    (name.value.clone(), name.span, EnvValue::Literal { text: text.value.clone() })
                }
                EnvItem::Named { name, step: reference } => {
                    let Some(step) = self.taken(pipeline, ix, reference, words) else { continue };
                    (name.value.clone(), name.span, EnvValue::Step { step })
                }
                EnvItem::Step(reference) => {
                    let Some(step) = self.taken(pipeline, ix, reference, words) else { continue };
                    of_steps.push((env_name(&reference.value), step));
                    (env_name(&reference.value), reference.span, EnvValue::Step { step })
                }
                EnvItem::Stored { name, store, key } => (name.value.clone(), name.span, stored(*store, &key.value)),
            };
            if let Some(first) = places.find(&plans, &name) {
                let source = &self.definitions[pipeline.index()].source;
                self.error(pipeline, at, format!("{} is set twice", quote(&name))).also(source, first, "the first is here");
                continue;
            }
            places.push(&name, at);
            plans.push(EnvPlan { name, value });
        }
        for (name, from) in aws_names(of_steps.iter().map(|(name, _)| name.as_str())) {
            if let Some((_, step)) = of_steps.iter().find(|(name, _)| name == from)
                && places.find(&plans, name).is_none()
            {
                places.push(name, Span::default());
                plans.push(EnvPlan { name: name.to_owned(), value: EnvValue::Step { step: *step } });
            }
        }
        plans
    }

    fn taken(&mut self, pipeline: PipelineIx, ix: StepIx, reference: &Spanned<String>, words: &'static str) -> Option<StepIx> {
        let step = self.resolve(pipeline, reference)?;
        self.edges.push(Edge::uses(pipeline, ix, step, reference.span, words));
        Some(step)
    }

    /// A variable is a step's value or text, never a mix: who writes `{step}` within text means something else.
    fn warn_of_pasting(&mut self, pipeline: PipelineIx, text: &Spanned<String>) {
        // What is nothing but `{step}` was written `\{step}`: meant as it stands.
        if !text.value.contains('{') || text.value.starts_with('{') && text.value.find('}') == Some(text.value.len() - 1) {
            return;
        }
        if let Some(word) = self.first_reference(pipeline, &text.value) {
            self.warning(pipeline, text.span, format!("`{{{word}}}` is not replaced inside of longer text"))
                .help(format!("a variable that is `\"{{{word}}}\"` and nothing else holds that step's value"));
        }
    }

    /// Where `{step}` stands in what reads no values: says so.
    pub(super) fn refuse_references(&mut self, pipeline: PipelineIx, text: &Spanned<String>, what: &str) {
        if let Some(word) = self.first_reference(pipeline, &text.value) {
            self.error(pipeline, text.span, format!("`{{{word}}}` is not replaced in `{what}`"))
                .help("only `run` and `done` of a step read values, and `env` takes them");
        }
    }

    fn first_reference(&self, pipeline: PipelineIx, text: &str) -> Option<String> {
        if !text.contains('{') {
            return None;
        }
        let scanned = references::scan(text, |word| match self.find(pipeline, word) {
            Some(_) => Word::Step(word.to_owned(), String::new()),
            None => Word::Other,
        });
        scanned.used.into_iter().next()
    }
}

/// Where the variables of one list are named: few are looked through, many are looked up.
#[derive(Default)]
struct Places {
    spans: Vec<Span>,
    many: HashMap<String, Span>,
}

impl Places {
    fn find(&self, plans: &[EnvPlan], name: &str) -> Option<Span> {
        let few = plans.iter().take(FEW).position(|plan| plan.name == name).and_then(|i| self.spans.get(i)).copied();
        few.or_else(|| self.many.get(name).copied())
    }

    fn push(&mut self, name: &str, at: Span) {
        if self.spans.len() < FEW {
            self.spans.push(at);
        } else {
            self.many.insert(name.to_owned(), at);
        }
    }
}

fn stored(store: Store, key: &str) -> EnvValue {
    let key = key.to_owned();
    match store {
        Store::Secret => EnvValue::Secret { name: key },
        Store::Ssm => EnvValue::Ssm { path: key },
        Store::Secretsmanager => EnvValue::Secretsmanager { id: key },
    }
}
