//! What a container is to do and to have, from the plan.

use super::env::{LONGEST_VALUE, environment};
use super::{Order, Walk};
use crate::engine::{AttemptSpec, LOG_CAP};
use crate::host::Host;
use crate::job::{Context, SOURCE_LAYER};
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::plan::{ImageFrom, Plan, VolumeFrom, Work};
use dockercise_pipeline::run::RunState;
use dockercise_pipeline::wire::ResolvedImage;

/// The layer that takes what a command writes.
pub fn layer(attempt: Attempt, phase: Phase) -> String {
    let tail = match phase {
        Phase::Run => "",
        Phase::Done => "d",
    };
    format!("{}a{}{tail}", attempt.step, attempt.number)
}

/// The layers a step's working directory starts from, lowest first: those of the step its volume is, and below them
/// what that one started from. They follow from the plan and from which attempt of each passed.
pub fn volume(plan: &Plan, state: &RunState, step: StepIx) -> Vec<String> {
    let mut layers = Vec::new();
    let mut from = plan.step(step).volume_root();
    while let Some(VolumeFrom::Step { step }) = from {
        let number = state.steps[step.index()].attempt;
        layers.push(layer(Attempt { step, number }, Phase::Run));
        from = plan.step(step).volume_root();
    }
    if from == Some(VolumeFrom::Source) {
        layers.push(SOURCE_LAYER.to_owned());
    }
    layers.reverse();
    layers
}

impl<H: Host> Walk<H> {
    /// Makes everything ready that a command needs, and says what its container is to be.
    pub(super) async fn spec(&self, phase: Phase) -> Result<(AttemptSpec, ResolvedImage), String> {
        let (cx, step) = (&*self.cx, self.order.attempt.step);
        let plan = cx.job.plan.step(step);
        let (image, argv) = match (&plan.work, phase, &plan.done) {
            (Work::Run { image, .. } | Work::Image { image }, Phase::Done, Some(done)) => (image, &done.argv),
            (Work::Run { image, argv, .. }, _, _) => (image, argv),
            (Work::Image { .. } | Work::Build { .. }, _, _) => return Err("this runner runs commands only".to_owned()),
        };
        let ImageFrom::Named { name } = image else {
            return Err("this runner runs named images only".to_owned());
        };
        if let Some(long) = argv.iter().map(String::len).find(|length| *length > LONGEST_VALUE) {
            return Err(format!("the command is {long} bytes long\n{LONGEST_VALUE} is the most; put it into a file of the repository"));
        }
        let source = async { if self.order.volume.first().is_some_and(|l| l == SOURCE_LAYER) { cx.source().await } else { Ok(()) } };
        cx.open().await?;
        let (image, (), env) = tokio::try_join!(cx.image(name), source, environment(cx, step))?;
        cx.has_begun(step);
        let mut spec = AttemptSpec {
            key: self.key(phase),
            image: image.id.clone(),
            argv: argv.clone(),
            env,
            volume: self.order.volume.clone(),
            layer: layer(self.order.attempt, phase),
            values: values(cx, step, phase),
            masks: cx.known_secrets().await?,
            secret: phase == Phase::Run && plan.tainted,
            value: phase == Phase::Run && is_read(&cx.job.plan, step),
            log_cap: LOG_CAP,
        };
        if phase == Phase::Done {
            spec.volume.push(layer(self.order.attempt, Phase::Run));
        }
        Ok((spec, ResolvedImage { name: name.clone(), id: image.id, digest: image.digest }))
    }
}

/// The value files it sees.
fn values<H: Host>(cx: &Context<H>, step: StepIx, phase: Phase) -> Vec<(StepIx, String)> {
    let plan = &cx.job.plan;
    let own = plan.step(step).done.as_ref().is_some_and(|d| d.reads_own_value) && phase == Phase::Done;
    let mut steps = plan.step(step).values.clone();
    steps.extend(own.then_some(step));
    steps.sort();
    steps.dedup();
    steps.into_iter().map(|s| (s, plan.full_name(s))).collect()
}

/// May anybody read its value? (A step that uses its volume only counts too: what is kept in vain does no harm.)
fn is_read(plan: &Plan, step: StepIx) -> bool {
    plan.step(step).done.as_ref().is_some_and(|done| done.reads_own_value) || plan.steps.iter().any(|other| other.uses().any(|s| s == step))
}

/// Everything the loop says to a step it sends off.
pub fn order(plan: &Plan, state: &RunState, attempt: Attempt, at: super::At) -> Order {
    Order { attempt, volume: volume(plan, state, attempt.step), at }
}
