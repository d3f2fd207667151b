//! All definitions to one graph: names are resolved here, places in files are still known here.

use super::order::{self, Edge};
use super::weigh::weigh;
use crate::definition::{After, Definition, StepDefinition};
use crate::diagnostic::{Diagnostic, Severity, quote};
use crate::file::FileRead;
use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::names::{HUMAN_CLICK, SOURCE};
use crate::plan::{GatePlan, Guarded, PipelinePlan, Plan};
use crate::source::{Span, Spanned};
use crate::suggest::{Suggest, tolerance};
use crate::taint::Said;
use std::collections::{HashMap, HashSet};

/// Most steps in the graph (language.md, "Files").
const MAX_STEPS: usize = 10_000;
/// Most bytes of text in a plan, defaults and references filled in: what a plan costs in memory and in the database.
const MAX_PLAN_TEXT: usize = 16 * 1024 * 1024;

/// Merges all definitions. None where there is no plan to be had; why is in `diagnostics`.
pub(super) fn merge(reads: &[FileRead], diagnostics: &mut Vec<Diagnostic>) -> Option<Plan> {
    one_name_each(reads, diagnostics);
    let mut definitions: Vec<&Definition> = reads.iter().filter_map(|read| read.definition.as_ref()).collect();
    definitions.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    let names = Names::new(&definitions, reads);
    let mut merge = Merge {
        definitions,
        names,
        diagnostics,
        suggest: Suggest::new(),
        edges: Vec::new(),
        last: HashSet::new(),
        said: Vec::new(),
        gates: Vec::new(),
        text_left: MAX_PLAN_TEXT,
    };
    if merge.too_many_steps() {
        return None;
    }
    merge.plan()
}

/// Two pipelines with one name are an error that shows both places.
fn one_name_each(reads: &[FileRead], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, &FileRead> = HashMap::new();
    for read in reads {
        match seen.get(read.name.value.as_str()) {
            Some(first) => {
                let mut problem = Diagnostic::new(
                    Severity::Error,
                    &read.source,
                    read.name.span,
                    format!("two pipelines are called {}", quote(&read.name.value)),
                );
                problem
                    .also(&first.source, first.name.span, "the first is here")
                    .help("rename one of the files, or say `name: other` in it");
                diagnostics.push(problem);
            }
            None => {
                seen.insert(&read.name.value, read);
            }
        }
    }
}

/// Who is called what.
struct Names<'a> {
    pipelines: HashMap<&'a str, PipelineIx>,
    steps: Vec<HashMap<&'a str, StepIx>>,
    /// Files that cannot be read, and names that two files have: what is in them is not sure, so nothing is said about it.
    unsure: HashSet<&'a str>,
    /// All steps as `pipeline/step`, made when a suggestion first needs them.
    full: Option<Vec<String>>,
}

impl<'a> Names<'a> {
    fn new(definitions: &[&'a Definition], reads: &'a [FileRead]) -> Names<'a> {
        let mut names = Names { pipelines: HashMap::new(), steps: Vec::new(), unsure: HashSet::new(), full: None };
        let mut next = 0;
        for (pipeline, definition) in (0..).map(PipelineIx).zip(definitions) {
            if names.pipelines.contains_key(definition.name.value.as_str()) {
                names.unsure.insert(&definition.name.value);
            }
            names.pipelines.entry(&definition.name.value).or_insert(pipeline);
            names.steps.push(definition.steps.iter().zip(next..).map(|(step, ix)| (step.name.value.as_str(), StepIx(ix))).collect());
            next += u32::try_from(definition.steps.len()).unwrap_or(u32::MAX);
        }
        names.unsure.extend(reads.iter().filter(|read| read.definition.is_none()).map(|read| read.name.value.as_str()));
        names
    }
}

pub(super) struct Merge<'a, 'd> {
    pub(super) definitions: Vec<&'a Definition>,
    names: Names<'a>,
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
    suggest: Suggest,
    pub(super) edges: Vec<Edge>,
    /// Steps that run when all the rest of their pipelines is over.
    pub(super) last: HashSet<StepIx>,
    /// For each step.
    pub(super) said: Vec<Said>,
    gates: Vec<GatePlan>,
    text_left: usize,
}

impl Merge<'_, '_> {
    fn too_many_steps(&mut self) -> bool {
        let mut left = MAX_STEPS;
        for pipeline in 0..self.definitions.len() {
            let steps = &self.definitions[pipeline].steps;
            if let Some(step) = steps.get(left) {
                let span = step.name.span;
                let total: usize = self.definitions.iter().map(|d| d.steps.len()).sum();
                self.error(PipelineIx(pipeline as u32), span, format!("{total} steps in all pipelines; {MAX_STEPS} are the most"))
                    .help("this is the first one over");
                return true;
            }
            left -= steps.len();
        }
        false
    }

    fn plan(mut self) -> Option<Plan> {
        let count = self.definitions.iter().map(|definition| definition.steps.len()).sum();
        let mut plan = Plan { pipelines: Vec::with_capacity(self.definitions.len()), steps: Vec::with_capacity(count), gates: Vec::new() };
        self.said.reserve(count);
        for (pipeline, definition) in (0..).map(PipelineIx).zip(self.definitions.clone()) {
            let gate = self.gate(&definition.after, Guarded::Pipeline { pipeline });
            let after = self.pipelines_after(pipeline, &definition.after);
            let first = plan.steps.len();
            for step in &definition.steps {
                let ix = StepIx(plan.steps.len() as u32);
                let made = self.step(pipeline, ix, step);
                if !self.spend(pipeline, step.name.span, &made) {
                    return None;
                }
                plan.steps.push(made);
            }
            plan.pipelines.push(PipelinePlan {
                on: definition.on.clone(),
                account: definition.account.clone(),
                source: definition.source_options,
                timeout_seconds: definition.timeout_seconds,
                queue_timeout_seconds: definition.queue_timeout_seconds,
                after,
                gate,
                steps: (first..plan.steps.len()).map(|ix| StepIx(ix as u32)).collect(),
                ..PipelinePlan::new(&definition.name.value, &definition.source.path)
            });
        }
        self.secrets(&mut plan);
        order::report_cycles(&mut self, plan.steps.len());
        plan.gates = self.gates;
        Some(plan)
    }

    /// A plan holds defaults and paths once for each step: keeps that within bounds.
    fn spend(&mut self, pipeline: PipelineIx, at: Span, step: &crate::plan::StepPlan) -> bool {
        match self.text_left.checked_sub(weigh(step)) {
            Some(left) => {
                self.text_left = left;
                true
            }
            None => {
                self.error(
                    pipeline,
                    at,
                    format!("the pipelines are over {} MiB once defaults and references are filled in", MAX_PLAN_TEXT >> 20),
                )
                .help("keep long scripts in the repository and run them from there");
                false
            }
        }
    }

    pub(super) fn gate(&mut self, after: &After, guards: Guarded) -> Option<GateIx> {
        let gate = after.gate.as_ref()?;
        let (note, by, expires_seconds) = (gate.note.clone(), gate.by.clone(), gate.expires_seconds);
        self.gates.push(GatePlan { note, by, expires_seconds, ..GatePlan::new(guards) });
        Some(GateIx(self.gates.len() as u32 - 1))
    }

    /// The pipelines that a pipeline waits for.
    fn pipelines_after(&mut self, pipeline: PipelineIx, after: &After) -> Vec<PipelineIx> {
        let mut found = Vec::new();
        for name in &after.names {
            let Some(other) = self.pipeline_named(pipeline, name) else { continue };
            if other == pipeline {
                self.error(pipeline, name.span, format!("the pipeline {} waits for itself", quote(&name.value)));
            } else if !found.contains(&other) {
                self.edges.push(Edge::pipeline_after(pipeline, other, name.span));
                found.push(other);
            }
        }
        found
    }

    fn pipeline_named(&mut self, pipeline: PipelineIx, name: &Spanned<String>) -> Option<PipelineIx> {
        if let Some(found) = self.names.pipelines.get(name.value.as_str()) {
            return Some(*found);
        }
        if self.is_unsure(&name.value) {
            return None;
        }
        let is_step = name.value.contains('/') || self.names.steps[pipeline.index()].contains_key(name.value.as_str());
        let near = self
            .suggest
            .nearest(&name.value, self.names.pipelines.keys().copied().chain([HUMAN_CLICK]), tolerance(&name.value))
            .map(str::to_owned);
        let problem = self.error(pipeline, name.span, format!("there is no pipeline {}", quote(&name.value)));
        if is_step {
            problem.help("a pipeline waits for pipelines; a step can wait for a step: put `after` there");
        } else if let Some(near) = near {
            problem.help(format!("did you mean `{near}`?"));
        }
        None
    }

    /// A step's definition, and the pipeline it stands in.
    pub(super) fn definition(&self, step: StepIx) -> Option<(PipelineIx, &StepDefinition)> {
        let mut left = step.index();
        for (pipeline, definition) in (0..).map(PipelineIx).zip(&self.definitions) {
            match definition.steps.get(left) {
                Some(step) => return Some((pipeline, step)),
                None => left -= definition.steps.len(),
            }
        }
        None
    }

    /// The pipeline of that name, if there is one.
    pub(super) fn find_pipeline(&self, name: &str) -> Option<PipelineIx> {
        self.names.pipelines.get(name).copied()
    }

    /// Is it the name of a file whose content is not sure, or a step of one?
    pub(super) fn is_unsure(&self, name: &str) -> bool {
        self.names.unsure.contains(name.split('/').next().unwrap_or_default())
    }

    /// The step that `name` means in that pipeline's file.
    pub(super) fn find(&self, pipeline: PipelineIx, name: &str) -> Option<StepIx> {
        let (pipeline, step) = match name.split_once('/') {
            Some((other, step)) => (self.find_pipeline(other)?, step),
            None => (pipeline, name),
        };
        self.names.steps[pipeline.index()].get(step).copied()
    }

    /// The step that a reference means; where there is none, that is said.
    pub(super) fn resolve(&mut self, pipeline: PipelineIx, name: &Spanned<String>) -> Option<StepIx> {
        if let Some(step) = self.find(pipeline, &name.value) {
            return Some(step);
        }
        if name.value.contains('/') && self.is_unsure(&name.value) {
            return None;
        }
        let help = if name.value == SOURCE {
            Some(format!("`{SOURCE}` is a volume: it has no value, and is there from the start"))
        } else {
            self.near(pipeline, &name.value, tolerance(&name.value)).map(|near| format!("did you mean `{near}`?"))
        };
        let help = help.or_else(|| self.elsewhere(&name.value));
        let problem = self.error(pipeline, name.span, format!("there is no step {}", quote(&name.value)));
        problem.help = help;
        None
    }

    /// A step of that name in another file.
    pub(super) fn elsewhere(&self, name: &str) -> Option<String> {
        let found = self.names.steps.iter().position(|steps| steps.contains_key(name))?;
        Some(format!("a step of another file is `{}/{name}`", self.definitions[found].name.value))
    }

    /// The nearest name of a step as that file would write it.
    pub(super) fn near(&mut self, pipeline: PipelineIx, name: &str, within: usize) -> Option<String> {
        let own = self.definitions[pipeline.index()].steps.iter().map(|step| step.name.value.as_str());
        if let Some(near) = self.suggest.nearest(name, own, within) {
            return Some(near.to_owned());
        }
        if !name.contains('/') {
            return None;
        }
        let definitions = &self.definitions;
        let full = self.names.full.get_or_insert_with(|| {
            let full = |d: &&Definition| d.steps.iter().map(|step| format!("{}/{}", d.name.value, step.name.value)).collect::<Vec<_>>();
            definitions.iter().flat_map(full).collect()
        });
        self.suggest.nearest(name, full.iter().map(String::as_str), within).map(str::to_owned)
    }

    /// An error in that pipeline's file.
    pub(super) fn error(&mut self, pipeline: PipelineIx, span: Span, message: String) -> &mut Diagnostic {
        self.add(Severity::Error, pipeline, span, message)
    }

    /// A warning in that pipeline's file.
    pub(super) fn warning(&mut self, pipeline: PipelineIx, span: Span, message: String) -> &mut Diagnostic {
        self.add(Severity::Warning, pipeline, span, message)
    }

    fn add(&mut self, severity: Severity, pipeline: PipelineIx, span: Span, message: String) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::new(severity, &self.definitions[pipeline.index()].source, span, message));
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }
}
