//! Which steps are to run: those that an event starts, or those that a person names, with all that they wait for.

use dockercise_pipeline::ids::{PipelineIx, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::Selection;
use dockercise_pipeline::trigger::Trigger;
use std::collections::BTreeSet;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Steps, as `step` or `pipeline/step`.
    pub steps: Vec<String>,
    /// Pipelines.
    pub pipelines: Vec<String>,
    /// Pipelines whose file stands at or below one of these paths from the folder's root; empty: all.
    pub below: Vec<String>,
}

impl Asked {
    /// What of the plan is to run.
    ///
    /// # Errors
    /// A name that nothing has, or that is not clear; in words.
    pub fn choose(&self, plan: &Plan, trigger: &Trigger) -> Result<Chosen, String> {
        let mut wanted = BTreeSet::new();
        for name in &self.pipelines {
            wanted.extend(plan.pipeline(pipeline(plan, name)?).steps.iter().copied());
        }
        for name in &self.steps {
            wanted.insert(step(plan, name)?);
        }
        if !wanted.is_empty() {
            return Ok(Chosen { selection: Selection::default().only(plan, &with_needs(plan, wanted), "not asked for"), named: true });
        }
        let mut selection = trigger.select(plan, None);
        for (ix, pipeline) in plan.pipelines() {
            if selection.has(ix) && !self.is_below(&pipeline.file) {
                selection.pipelines.insert(ix, Outcome::NotNeeded { filter: "its file stands elsewhere".to_owned() });
            }
        }
        Ok(Chosen { selection, named: false })
    }

    fn is_below(&self, file: &str) -> bool {
        let within =
            |above: &String| above.is_empty() || file.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.below.is_empty() || self.below.iter().any(within)
    }
}

/// What is to run.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// What is left out.
    pub selection: Selection,
    /// Has a person named them?
    pub named: bool,
}

impl Chosen {
    /// May the step run?
    pub fn runs(&self, plan: &Plan, step: StepIx) -> bool {
        self.selection.has(plan.step(step).pipeline) && !self.selection.steps.contains_key(&step)
    }
}

fn pipeline(plan: &Plan, name: &str) -> Result<PipelineIx, String> {
    let found = plan.pipelines().find(|(_, p)| p.name == name).map(|(ix, _)| ix);
    found.ok_or_else(|| {
        let names: Vec<&str> = plan.pipelines.iter().map(|p| p.name.as_str()).collect();
        format!("there is no pipeline `{}`\nhelp: there are {}", shown(name), names.join(", "))
    })
}

fn step(plan: &Plan, name: &str) -> Result<StepIx, String> {
    let found: Vec<StepIx> = plan.steps().filter(|(ix, step)| step.name == name || plan.full_name(*ix) == name).map(|(ix, _)| ix).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(format!("there is no step `{}`\nhelp: `--graph` shows which there are", shown(name))),
        _ => {
            let names: Vec<String> = found.iter().map(|ix| format!("`{}`", plan.full_name(*ix))).collect();
            Err(format!("several pipelines have a step `{}`\nhelp: say which: {}", shown(name), names.join(" or ")))
        }
    }
}

fn shown(name: &str) -> String {
    dockercise_pipeline::diagnostic::escape(name)
}

/// The steps, and every one that must be over before one of them may start.
fn with_needs(plan: &Plan, wanted: BTreeSet<StepIx>) -> BTreeSet<StepIx> {
    let mut found = BTreeSet::new();
    let mut open: Vec<StepIx> = wanted.into_iter().collect();
    while let Some(ix) = open.pop() {
        if !found.insert(ix) {
            continue;
        }
        let step = plan.step(ix);
        open.extend(step.needs());
        for before in step.after_pipelines.iter().chain(&plan.pipeline(step.pipeline).after) {
            open.extend(plan.pipeline(*before).steps.iter().copied());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use dockercise_pipeline::compile::compile;
    use dockercise_pipeline::source::SourceFile;

    fn plan() -> Plan {
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let compiled = compile(
            "r",
            vec![
                file("ci.dockercise.yaml", "img: i\nlint: {run: x}\nbuild: {run: x}\ntest: {run: x, vol: build}\n"),
                file(
                    "sub/deploy.dockercise.yaml",
                    "on: manual\nafter: ci\nimg: i\nplan: {run: x}\ngo: {run: 'x {plan}'}\nlint: {run: x}\n",
                ),
            ],
        );
        assert_eq!(compiled.diagnostics, []);
        compiled.plan.unwrap()
    }

    fn names(asked: &Asked) -> Result<Vec<String>, String> {
        let plan = plan();
        let chosen = asked.choose(&plan, &Trigger::Push { branch: "main".into() })?;
        Ok(plan.steps().map(|(ix, _)| ix).filter(|ix| chosen.runs(&plan, *ix)).map(|ix| plan.full_name(ix)).collect())
    }

    #[test]
    fn a_step_brings_what_it_waits_for_and_nothing_else() {
        let step = |name: &str| names(&Asked { steps: vec![name.into()], ..Asked::default() });
        assert_eq!(step("test").unwrap(), ["ci/build", "ci/test"]);
        assert_eq!(step("go").unwrap(), ["ci/lint", "ci/build", "ci/test", "deploy/plan", "deploy/go"]);
        assert!(step("lint").unwrap_err().contains("say which: `ci/lint` or `deploy/lint`"));
        assert!(step("nope\u{1b}[2J").unwrap_err().contains("there is no step `nope\\u{1b}[2J`"));
    }

    #[test]
    fn without_a_name_the_event_decides() {
        assert_eq!(names(&Asked::default()).unwrap(), ["ci/lint", "ci/build", "ci/test"]);
        let below = |path: &str| names(&Asked { below: vec![path.into()], ..Asked::default() }).unwrap().len();
        assert_eq!((below(""), below("ci.dockercise.yaml"), below("sub"), below("su")), (3, 3, 0, 0));
        assert_eq!(names(&Asked { pipelines: vec!["deploy".into()], ..Asked::default() }).unwrap().len(), 6);
    }
}
