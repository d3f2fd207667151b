//! Order, records, gates, jobs, time.

use super::*;
use crate::plan::{EnvPlan, EnvValue};

#[test]
fn what_rests_on_a_failure_is_skipped_and_the_rest_goes_on() {
    let mut run = begun(chain());
    assert_eq!(run.ready().collect::<Vec<_>>(), [StepIx(0), StepIx(3)]);
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(2), &finished(0, Outcome::Failed { code: 2 })).unwrap();
    assert!(matches!(outcome_of(&run, 1), Some(Outcome::Skipped { .. })));
    assert!(matches!(outcome_of(&run, 2), Some(Outcome::Skipped { .. })));
    run.apply(at(3), &recorded(0)).unwrap();
    for event in [started(3), finished(3, Outcome::Passed), recorded(3)] {
        run.apply(at(4), &event).unwrap();
    }
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Failed));
}

#[test]
fn green_needs_everything_recorded() {
    let mut run = begun(Plan { pipelines: vec![pipeline("p", &[0])], steps: vec![step(0, "a")], gates: vec![] });
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(2), &finished(0, Outcome::Passed)).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, None);
    let failed = Event::RecordFailed { attempt: first(0), reason: "the disk is full".into() };
    run.apply(at(3), &failed).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Infra));
    // Too late: what has ended never changes.
    assert!(!run.apply(at(4), &recorded(0)).unwrap().changed());
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Infra));
}

#[test]
fn a_gate_ends_the_job_and_its_click_makes_a_new_one() {
    let mut plan = chain();
    plan.steps[1].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan::new(Guarded::Step { step: StepIx(1) })];
    let mut run = begun(plan);
    assert_eq!(run.state().job, Some(Fence(1)));
    let click = Event::GateClicked { gate: GateIx(0), by: "ann".into() };
    assert_eq!(run.apply(at(1), &click), Err(Refused::GateNotWaiting { gate: GateIx(0) }));
    for step in [0, 3] {
        for event in [started(step), finished(step, Outcome::Passed), recorded(step)] {
            run.apply(at(1), &event).unwrap();
        }
    }
    assert!(run.idle());
    let ended = run.apply(at(2), &Event::JobEnded { fence: Fence(1) }).unwrap();
    assert!(!ended.effects.iter().any(|e| matches!(e, Effect::Dispatch { .. })));
    let clicked = run.apply(at(3), &click).unwrap();
    assert!(clicked.effects.contains(&Effect::Dispatch { fence: Fence(2) }));
    assert_eq!(run.ready().collect::<Vec<_>>(), [StepIx(1)]);
}

#[test]
fn a_gate_nobody_clicks_is_void_when_the_pipeline_is_cancelled() {
    let mut plan = chain();
    plan.pipelines[0].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan::new(Guarded::Pipeline { pipeline: PipelineIx(0) })];
    let mut run = begun(plan);
    assert_eq!(run.state().job, None);
    let cancel = Event::CancelRequested { pipeline: PipelineIx(0), by: "ann".into() };
    let applied = run.apply(at(1), &cancel).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Cancelled));
    assert_eq!(run.state().gates[0], GateState::Void);
    assert!(applied.effects.contains(&Effect::Release));
    assert_eq!(run.apply(at(2), &cancel), Err(Refused::PipelineOver));
}

#[test]
fn a_cancel_under_a_live_job_is_the_runners_to_carry_out() {
    let mut server = begun(chain());
    let mut host = Run::restore(Arc::clone(server.plan()), server.state().clone(), Role::Host);
    host.apply(at(1), &Event::Begin).unwrap();
    for run in [&mut server, &mut host] {
        run.apply(at(1), &started(0)).unwrap();
    }
    let cancel = Event::CancelRequested { pipeline: PipelineIx(0), by: "ann".into() };
    let applied = server.apply(at(2), &cancel).unwrap();
    assert!(applied.effects.contains(&Effect::Forward { fence: Fence(1), event: cancel.clone() }));
    assert_eq!(server.state().steps[3].status, StepStatus::Waiting);
    let applied = host.apply(at(2), &cancel).unwrap();
    assert_eq!(applied.effects, [Effect::Stop { step: StepIx(0), outcome: Outcome::Cancelled }]);
    assert_eq!(outcome_of(&host, 3), Some(&Outcome::Cancelled));
    server.apply(at(3), &Event::StopTaken { pipeline: PipelineIx(0), all: false }).unwrap();
    assert_eq!(outcome_of(&server, 3), Some(&Outcome::Cancelled));
    for event in [finished(0, Outcome::Cancelled), recorded(0)] {
        server.apply(at(4), &event).unwrap();
        host.apply(at(4), &event).unwrap();
    }
    assert!(host.idle());
    assert_eq!(server.state().pipelines[0].outcome, Some(PipelineOutcome::Cancelled));
}

#[test]
fn a_lost_host_is_infra_and_what_had_not_begun_gets_a_new_job() {
    let mut run = begun(chain());
    run.apply(at(1), &started(0)).unwrap();
    let lost = Event::HostLost { fence: Fence(1), reason: "the host is gone".into() };
    let applied = run.apply(at(2), &lost).unwrap();
    assert_eq!(outcome_of(&run, 0), Some(&Outcome::Infra { reason: "the host is gone".into() }));
    assert!(applied.effects.contains(&Effect::Dispatch { fence: Fence(2) }));
    assert_eq!(run.apply(at(3), &lost), Err(Refused::StaleFence { fence: Fence(1) }));
}

#[test]
fn time_counts_only_while_a_step_runs() {
    let mut run = begun(chain());
    run.apply(at(10), &started(0)).unwrap();
    assert_eq!(run.deadline(PipelineIx(0)), Some(at(70)));
    run.apply(at(30), &finished(0, Outcome::Passed)).unwrap();
    assert_eq!(run.deadline(PipelineIx(0)), None);
    run.apply(at(100), &started(1)).unwrap();
    assert_eq!(run.busy_ms(PipelineIx(0), at(105)), 25_000);
    assert_eq!(run.deadline(PipelineIx(0)), Some(at(140)));
}

#[test]
fn pipelines_not_needed_satisfy_order_and_take_their_users_with_them() {
    // q comes after p; r uses p's value. p is kept out.
    let mut steps = vec![step(0, "a"), step(1, "b"), step(2, "c"), step(2, "d")];
    steps[2].env = vec![EnvPlan { name: "A".into(), value: EnvValue::Step { step: StepIx(0) } }];
    steps[3].after = vec![StepIx(0)];
    let mut plan = Plan { pipelines: vec![pipeline("p", &[0]), pipeline("q", &[1]), pipeline("r", &[2, 3])], steps, gates: vec![] };
    plan.pipelines[1].after = vec![PipelineIx(0)];
    let out = [(PipelineIx(0), not_needed("`on` does not name push"))];
    let mut run = Run::new(Arc::new(plan), &Selection { pipelines: out.into(), ..Selection::default() });
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::NotNeeded));
    assert!(matches!(outcome_of(&run, 2), Some(Outcome::NotNeeded { .. })));
    assert_eq!(run.ready().collect::<Vec<_>>(), [StepIx(1), StepIx(3)]);
}
