//! What a selection leaves out, and what is kept from an earlier run.

use super::*;
use crate::ids::RunId;

#[test]
fn a_step_that_is_not_needed_satisfies_order_and_takes_its_users_with_it() {
    let mut plan = chain();
    plan.steps[3].after = vec![StepIx(0)];
    let steps = [(StepIx(0), not_needed("`when` does not name push"))];
    let mut run = Run::new(Arc::new(plan), &Selection { steps: steps.into(), ..Selection::default() });
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!(outcome_of(&run, 1), Some(&not_needed("it uses `p/a`, which was not needed")));
    assert_eq!(outcome_of(&run, 2), Some(&not_needed("it uses `p/b`, which was not needed")));
    assert_eq!(ready(&run), [3]);
    walk(&mut run, 3, Outcome::Passed);
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
}

#[test]
fn a_pipeline_of_an_account_that_is_not_connected_is_infra_and_stops_what_comes_after() {
    let mut plan = chain();
    plan.pipelines.push(pipeline("q", &[4]));
    plan.steps.push(step(1, "e"));
    plan.pipelines[1].after = vec![PipelineIx(0)];
    plan.steps[0].allow_failure = true;
    let reason = "the account `prod` is not connected";
    let out = [(PipelineIx(0), Outcome::Infra { reason: reason.into() })];
    let mut run = Run::new(Arc::new(plan), &Selection { pipelines: out.into(), ..Selection::default() });
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Infra));
    assert_eq!(outcome_of(&run, 4), Some(&Outcome::Skipped { reason: "pipeline `p`: infra".into() }));
    assert!(run.over());
}

#[test]
fn a_kept_step_counts_as_passed_and_is_not_run() {
    let from = KeptFrom { run: RunId(uuid::Uuid::from_u128(1)), attempt: 2 };
    let mut run = Run::new(Arc::new(chain()), &Selection { kept: [(StepIx(0), from)].into(), ..Selection::default() });
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!((run.state().steps[0].kept, ready(&run)), (Some(from), vec![1, 3]));
    for step in [1, 2, 3] {
        walk(&mut run, step, Outcome::Passed);
    }
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
}

#[test]
fn all_kept_is_over_at_once() {
    let from = KeptFrom { run: RunId(uuid::Uuid::from_u128(1)), attempt: 1 };
    let kept = (0..4).map(|i| (StepIx(i), from)).collect();
    let mut run = Run::new(Arc::new(chain()), &Selection { kept, ..Selection::default() });
    let applied = run.apply(at(0), &Event::Begin).unwrap();
    assert!(run.over() && applied.effects.contains(&Effect::Release));
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
}

#[test]
fn what_an_older_version_saved_can_be_read() {
    let old = r#"{"steps":[{"status":{"is":"waiting"},"attempt":0,"started_at":null,"done_started_at":null,"finished_at":null,"note":null}],
        "pipelines":[{"outcome":null,"stop":{"is":"timed-out"},"started_at":null,"ended_at":null,"busy_ms":0,"busy_since":null}],
        "gates":[],"job":null,"fence":0}"#;
    let state: RunState = serde_json::from_str(old).unwrap();
    assert_eq!(state.steps, [StepState::WAITING]);
    let taken: Event = serde_json::from_str(r#"{"event":"stop-taken","pipeline":0}"#).unwrap();
    assert_eq!(taken, Event::StopTaken { pipeline: PipelineIx(0), all: false });
}

#[test]
fn only_the_named_steps_run_and_their_pipeline_can_pass() {
    let mut plan = chain();
    plan.steps[2].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan::new(Guarded::Step { step: StepIx(2) })];
    let of = |steps: &[u32]| Selection::default().only(&plan, &steps.iter().map(|s| StepIx(*s)).collect(), "not asked for");
    let mut run = Run::new(Arc::new(plan.clone()), &of(&[0, 1]));
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!((ready(&run), run.state().gates.clone()), (vec![0], vec![GateState::Void]));
    walk_all(&mut run);
    assert_eq!((outcome_of(&run, 2), outcome_of(&run, 3)), (Some(&not_needed("not asked for")), Some(&not_needed("not asked for"))));
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
    let mut nothing = Run::new(Arc::new(plan.clone()), &of(&[]));
    nothing.apply(at(0), &Event::Begin).unwrap();
    assert!(nothing.over());
}
