//! What a pull request's files may say, and what the files of the branch that it wants to go into say instead: gates and
//! secrets are theirs (docs/decisions/0011).
//!
//! A pull request brings the graph. It can add gates, and never take one away or make one weaker: what the base branch has
//! behind a click stays behind it, by whatever way it got there. It can use the secrets that the base branch's files give to
//! the very same step, for the very same event, and no other. What comes from a fork has no secret, and waits as a whole.

mod behind;
#[cfg(test)]
mod tests;

use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::{EnvPlan, EnvValue, GatePlan, Guarded, Plan, StepPlan};
use crate::run::Selection;
use behind::Ways;
use std::collections::{BTreeSet, HashMap};

/// The files of the branch that a pull request wants to go into.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// The branch, for people.
    pub branch: &'a str,
    /// What they compile to.
    pub plan: &'a Plan,
    /// What of that this pull request would start.
    pub selection: &'a Selection,
}

/// The plan of a pull request's files with the gates of its base, and without the secrets that its base does not give.
/// `selection` is what of it takes part. Positions stay what they were.
#[must_use]
pub fn under(mut plan: Plan, selection: &Selection, base: Base<'_>) -> Plan {
    let same = Same::new(&plan, base.plan);
    withhold(&mut plan, |ix, step| {
        let theirs = same.step(ix).filter(|ix| takes_part(base.plan, base.selection, *ix)).map(|ix| base.plan.step(ix));
        let given: Vec<&EnvValue> = theirs.into_iter().flat_map(variables).map(|env| &env.value).collect();
        let words = format!("the files of `{}` give step `{}` no such secret for a pull request", base.branch, step.name);
        Withhold { given: given.into_iter().cloned().collect(), words }
    });
    let mut gates = Gates { plan: &mut plan, of_base: BTreeSet::new() };
    for (own, guards) in base.plan.gates.iter().filter_map(|gate| Some((gate, same.guarded(gate.guards)?))) {
        gates.impose(own, guards);
    }
    // Gates change nothing about who waits for whom.
    let graph = gates.plan.clone();
    let ways = Ways::new(&graph, selection);
    let demands = Demands::new(base);
    for gate in base.plan.gates.iter().zip(0..).map(|(_, ix)| GateIx(ix)) {
        gates.keep_behind(&ways, base.plan, gate, &demands.of(gate), &same);
    }
    plan
}

/// The plan of files that nobody has looked at who may: nothing of it begins before a click, and it has no secret.
#[must_use]
pub fn untrusted(mut plan: Plan, note: &str) -> Plan {
    withhold(&mut plan, |_, _| Withhold { given: Vec::new(), words: "its code comes from a fork".to_owned() });
    behind_a_click(plan, note)
}

/// The plan where nothing begins before a click.
#[must_use]
pub fn behind_a_click(mut plan: Plan, note: &str) -> Plan {
    if plan.run_gate().is_none() {
        plan.gates.push(GatePlan { note: Some(note.to_owned()), ..GatePlan::new(Guarded::Run) });
    }
    plan
}

/// What the base has behind its gates.
struct Demands<'a> {
    /// In the run that this event makes there, and in a run of everything.
    ways: [Ways<'a>; 2],
}

impl<'a> Demands<'a> {
    fn new(base: Base<'a>) -> Demands<'a> {
        Demands { ways: [Ways::new(base.plan, base.selection), Ways::new(base.plan, &Selection::default())] }
    }

    /// For each step of the base's, whether it is behind the gate: of what this event starts there, in that run; of all else, in
    /// a run of everything.
    fn of(&self, gate: GateIx) -> Vec<bool> {
        let [here, ever] = &self.ways;
        let (mut behind, other) = (here.behind(gate), ever.behind(gate));
        for (ix, behind) in behind.iter_mut().enumerate() {
            *behind = if here.has(StepIx(ix as u32)) { *behind } else { other[ix] };
        }
        behind
    }
}

/// For each step of the base's, whether it is behind any gate.
#[cfg(test)]
pub(crate) fn is_behind_any(base: Base<'_>) -> Vec<bool> {
    let demands = Demands::new(base);
    let all = base.plan.gates.iter().zip(0..).map(|(_, ix)| demands.of(GateIx(ix)));
    all.fold(vec![false; base.plan.steps.len()], |sum, one| sum.iter().zip(one).map(|(a, b)| *a || b).collect())
}

/// Is it not left out by a filter?
fn takes_part(plan: &Plan, selection: &Selection, ix: StepIx) -> bool {
    let out = selection.pipelines.get(&plan.step(ix).pipeline).or_else(|| selection.steps.get(&ix));
    !matches!(out, Some(Outcome::NotNeeded { .. })) && !selection.kept.contains_key(&ix)
}

/// The steps and pipelines of one name in two plans.
struct Same {
    /// For each step of the first plan, the one of the second.
    steps: Vec<Option<StepIx>>,
    /// For each step of the second plan, the one of the first.
    back: Vec<Option<StepIx>>,
    pipelines: Vec<Option<PipelineIx>>,
}

impl Same {
    fn new(plan: &Plan, base: &Plan) -> Same {
        let names: HashMap<String, StepIx> = plan.steps().map(|(ix, _)| (plan.full_name(ix), ix)).collect();
        let back: Vec<Option<StepIx>> = base.steps().map(|(ix, _)| names.get(&base.full_name(ix)).copied()).collect();
        let mut steps = vec![None; plan.steps.len()];
        for (theirs, ours) in back.iter().enumerate() {
            if let Some(ours) = ours {
                steps[ours.index()] = Some(StepIx(theirs as u32));
            }
        }
        let named = |name: &str| plan.pipelines().find(|(_, p)| p.name == name).map(|(ix, _)| ix);
        let pipelines = base.pipelines.iter().map(|p| named(&p.name)).collect();
        Same { steps, back, pipelines }
    }

    /// The base's step of the same name.
    fn step(&self, ix: StepIx) -> Option<StepIx> {
        self.steps[ix.index()]
    }

    /// What one of the base's gates guards, in the plan.
    fn guarded(&self, guards: Guarded) -> Option<Guarded> {
        match guards {
            // No file says so.
            Guarded::Run => None,
            Guarded::Pipeline { pipeline } => self.pipelines[pipeline.index()].map(|pipeline| Guarded::Pipeline { pipeline }),
            Guarded::Step { step } => self.back[step.index()].map(|step| Guarded::Step { step }),
        }
    }
}

/// A plan whose gates become the base's.
struct Gates<'a> {
    plan: &'a mut Plan,
    /// Those that are as the base has them.
    of_base: BTreeSet<GateIx>,
}

impl Gates<'_> {
    /// The gate in front of it is the base's, in place of its own.
    fn impose(&mut self, theirs: &GatePlan, guards: Guarded) {
        let known = match guards {
            Guarded::Run => self.plan.run_gate(),
            Guarded::Pipeline { pipeline } => self.plan.pipeline(pipeline).gate,
            Guarded::Step { step } => self.plan.step(step).gate,
        };
        let ix = known.unwrap_or(GateIx(self.plan.gates.len() as u32));
        let new = GatePlan { guards, ..theirs.clone() };
        match self.plan.gates.get_mut(ix.index()) {
            // It stands for several of the base's.
            Some(gate) if self.of_base.contains(&ix) => {
                gate.also.push(new.by);
                gate.also.extend(new.also);
                gate.note = gate.note.take().or(new.note);
                gate.expires_seconds = gate.expires_seconds.into_iter().chain(new.expires_seconds).min();
            }
            Some(gate) => *gate = new,
            None => self.plan.gates.push(new),
        }
        self.of_base.insert(ix);
        match guards {
            Guarded::Run => {}
            Guarded::Pipeline { pipeline } => self.plan.pipelines[pipeline.index()].gate = Some(ix),
            Guarded::Step { step } => self.plan.steps[step.index()].gate = Some(ix),
        }
    }

    /// What the base has behind a gate, and here is not any more, gets one of its own: the first of each way that leads there.
    fn keep_behind(&mut self, ways: &Ways<'_>, base: &Plan, gate: GateIx, demanded: &[bool], same: &Same) {
        let here = same.guarded(base.gates[gate.index()].guards);
        let behind = here.map_or_else(|| vec![false; self.plan.steps.len()], |guards| ways.behind_what(guards));
        let is_missing = |ix: StepIx| {
            let theirs = same.step(ix).is_some_and(|theirs| demanded[theirs.index()]);
            theirs && !behind[ix.index()] && ways.has(ix)
        };
        let missing: Vec<StepIx> = self.plan.steps().map(|(ix, _)| ix).filter(|ix| is_missing(*ix)).collect();
        let mut covered = vec![false; self.plan.steps.len()];
        let mut told = vec![false; self.plan.pipelines.len()];
        for ix in &missing {
            ways.each_next(*ix, &mut told, &mut |next| covered[next.index()] = true);
        }
        let theirs = base.gates[gate.index()].clone();
        for step in missing.into_iter().filter(|ix| !covered[ix.index()]) {
            self.impose(&theirs, Guarded::Step { step });
        }
    }
}

/// What of its secrets a step keeps, and why no other.
struct Withhold {
    given: Vec<EnvValue>,
    words: String,
}

fn withhold(plan: &mut Plan, of: impl Fn(StepIx, &StepPlan) -> Withhold) {
    for (step, ix) in plan.steps.iter_mut().zip(0..) {
        if !variables(step).any(|env| stored(&env.value).is_some()) {
            continue;
        }
        let Withhold { given, words } = of(StepIx(ix), step);
        for env in step.env.iter_mut().chain(step.services.iter_mut().flat_map(|service| &mut service.env)) {
            if let Some(name) = stored(&env.value).filter(|_| !given.contains(&env.value)) {
                env.value = EnvValue::Withheld { name: name.to_owned(), why: words.clone() };
            }
        }
    }
}

/// The variables of a step and its services; arguments of an image's making are never secrets.
fn variables(step: &StepPlan) -> impl Iterator<Item = &EnvPlan> {
    step.env.iter().chain(step.services.iter().flat_map(|service| &service.env))
}

/// What a variable is called in the store that it comes from; none where it comes from none.
fn stored(value: &EnvValue) -> Option<&str> {
    match value {
        EnvValue::Secret { name } | EnvValue::Ssm { path: name } | EnvValue::Secretsmanager { id: name } => Some(name),
        EnvValue::Literal { .. } | EnvValue::Step { .. } | EnvValue::Withheld { .. } => None,
    }
}
