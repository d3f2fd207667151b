//! Pipelines that are stopped: what is spared, and for how long.

use super::*;

/// test, then deploy; `undo` always, `tell` for a failure, both after deploy; a last one that always runs.
fn plan() -> Plan {
    let late = |name: &str, status| StepPlan { status, ..step(0, name) };
    let mut steps = vec![
        step(0, "test"),
        step(0, "deploy"),
        late("undo", WhenStatus::Always),
        late("tell", WhenStatus::Failure),
        late("sweep", WhenStatus::Always),
    ];
    steps[1].after = vec![StepIx(0)];
    steps[2].after = vec![StepIx(1)];
    steps[3].after = vec![StepIx(1)];
    alone(steps)
}

fn host() -> Run {
    let server = begun(plan());
    let mut host = Run::restore(Arc::clone(server.plan()), server.state().clone(), Role::Host);
    host.apply(at(0), &Event::Begin).unwrap();
    host
}

fn cancel() -> Event {
    Event::CancelRequested { pipeline: PipelineIx(0), by: "ann".into() }
}

const TIME_UP: Event = Event::PipelineTimedOut { pipeline: PipelineIx(0) };

#[test]
fn a_cancel_spares_what_always_runs_where_something_began() {
    let mut run = host();
    walk(&mut run, 0, Outcome::Passed);
    run.apply(at(6), &started(1)).unwrap();
    let applied = run.apply(at(7), &cancel()).unwrap();
    assert_eq!(applied.effects, [Effect::Stop { step: StepIx(1), outcome: Outcome::Cancelled }]);
    assert_eq!(outcome_of(&run, 3), Some(&Outcome::Cancelled));
    let applied = run.apply(at(8), &finished(1, Outcome::Cancelled)).unwrap();
    assert_eq!(applied.effects, [Effect::Start { step: StepIx(2) }]);
    run.apply(at(8), &recorded(1)).unwrap();
    walk(&mut run, 2, Outcome::Passed);
    assert_eq!(ready(&run), [4]);
    walk(&mut run, 4, Outcome::Passed);
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Cancelled));
}

#[test]
fn a_cancel_before_anything_began_leaves_nothing_to_clean_up() {
    let mut run = host();
    run.apply(at(1), &cancel()).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Cancelled));
    assert!((0..5).all(|step| outcome_of(&run, step) == Some(&Outcome::Cancelled)));
}

#[test]
fn a_pipeline_cancelled_at_its_gate_has_nothing_to_clean_up() {
    let mut plan = plan();
    plan.pipelines[0].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan::new(Guarded::Pipeline { pipeline: PipelineIx(0) })];
    let mut run = begun(plan);
    run.apply(at(1), &cancel()).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Cancelled));
}

#[test]
fn time_that_is_up_is_a_failure_for_those_that_wait_for_one() {
    let mut run = host();
    walk(&mut run, 0, Outcome::Passed);
    run.apply(at(6), &started(1)).unwrap();
    run.apply(at(66), &TIME_UP).unwrap();
    run.apply(at(67), &finished(1, Outcome::TimedOut)).unwrap();
    assert_eq!(ready(&run), [2, 3]);
    assert_eq!(run.deadline(PipelineIx(0)), Some(at(66 + CLEAN_UP_SECONDS)));
}

#[test]
fn a_second_word_stops_clean_up_too() {
    let mut run = host();
    walk(&mut run, 0, Outcome::Passed);
    run.apply(at(6), &started(1)).unwrap();
    let again = Event::CleanUpStopped { pipeline: PipelineIx(0), by: Some("bob".into()) };
    assert_eq!(run.apply(at(6), &again), Err(Refused::NotStopped));
    run.apply(at(7), &cancel()).unwrap();
    run.apply(at(8), &finished(1, Outcome::Cancelled)).unwrap();
    run.apply(at(8), &recorded(1)).unwrap();
    run.apply(at(9), &started(2)).unwrap();
    let applied = run.apply(at(10), &again).unwrap();
    assert_eq!(applied.effects, [Effect::Stop { step: StepIx(2), outcome: Outcome::Cancelled }]);
    assert_eq!(outcome_of(&run, 4), Some(&Outcome::Cancelled));
    assert_eq!(run.deadline(PipelineIx(0)), None);
}

#[test]
fn what_was_taken_notice_of_before_the_second_word_leaves_clean_up_to_the_runner() {
    let mut run = begun(plan());
    walk(&mut run, 0, Outcome::Passed);
    run.apply(at(6), &started(1)).unwrap();
    run.apply(at(7), &cancel()).unwrap();
    run.apply(at(8), &Event::CleanUpStopped { pipeline: PipelineIx(0), by: None }).unwrap();
    run.apply(at(9), &Event::StopTaken { pipeline: PipelineIx(0), all: false }).unwrap();
    assert_eq!((outcome_of(&run, 2), outcome_of(&run, 3)), (None, Some(&Outcome::Cancelled)));
    run.apply(at(9), &Event::StopTaken { pipeline: PipelineIx(0), all: true }).unwrap();
    assert_eq!(outcome_of(&run, 2), Some(&Outcome::TimedOut));
}

/// reliability.md R39, the part of the machine: a pipeline that no host takes.
#[test]
fn r39_a_pipeline_that_no_host_takes_is_timed_out() {
    let mut plan = plan();
    plan.steps.push(step(1, "other"));
    plan.pipelines.push(pipeline("q", &[5]));
    plan.pipelines[0].queue_timeout_seconds = 90 * 60;
    let mut run = begun(plan);
    run.apply(at(1), &Event::NotTaken { pipeline: PipelineIx(0) }).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::TimedOut));
    assert_eq!(run.state().steps[0].note.as_deref(), Some("no host took it within 90m"));
    // The other one waits on, in the same job.
    assert_eq!((ready(&run), run.state().job), (vec![5], Some(Fence(1))));
    let applied = run.apply(at(1), &Event::NotTaken { pipeline: PipelineIx(1) }).unwrap();
    assert!(applied.effects.contains(&Effect::Withdraw { fence: Fence(1) }));
    assert!(run.over() && run.state().job.is_none());

    let mut run = begun(alone(vec![step(0, "a")]));
    run.apply(at(1), &started(0)).unwrap();
    assert_eq!(run.apply(at(2), &Event::NotTaken { pipeline: PipelineIx(0) }), Err(Refused::Taken));
}

#[test]
fn a_gate_that_nobody_passed_in_time_skips_what_it_guards() {
    let mut plan = plan();
    plan.steps[1].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan { expires_seconds: Some(60), ..GatePlan::new(Guarded::Step { step: StepIx(1) }) }];
    let mut run = begun(plan);
    let expired = Event::GateExpired { gate: GateIx(0), reason: "nobody clicked within 1m".into() };
    assert_eq!(run.gate_deadline(GateIx(0)), None);
    walk(&mut run, 0, Outcome::Passed);
    assert_eq!(run.gate_deadline(GateIx(0)), Some(at(65)));
    let applied = run.apply(at(65), &expired).unwrap();
    assert!(applied.effects.contains(&Effect::Forward { fence: Fence(1), event: expired.clone() }));
    // The runner has it first.
    assert_eq!(outcome_of(&run, 1), None);
    let click = Event::GateClicked { gate: GateIx(0), by: "ann".into() };
    assert_eq!(run.apply(at(66), &click), Err(Refused::GateNotWaiting { gate: GateIx(0) }));
    run.apply(at(66), &Event::GateExpiryTaken { gate: GateIx(0) }).unwrap();
    assert_eq!(outcome_of(&run, 1), Some(&Outcome::Skipped { reason: "nobody clicked within 1m".into() }));
    assert_eq!((run.state().gates[0].clone(), run.gate_deadline(GateIx(0))), (GateState::Void, None));
    // What looks at it: undo always, tell for a failure.
    assert_eq!(ready(&run), [2, 3]);
    assert_eq!(run.apply(at(66), &click), Err(Refused::GateNotWaiting { gate: GateIx(0) }));
}

#[test]
fn a_gate_can_be_ended_before_anybody_stands_at_it() {
    let mut plan = plan();
    plan.steps[1].gate = Some(GateIx(0));
    plan.gates = vec![GatePlan::new(Guarded::Step { step: StepIx(1) })];
    let mut run = begun(plan);
    let ended = Event::GateExpired { gate: GateIx(0), reason: "a newer commit was pushed".into() };
    run.apply(at(1), &ended).unwrap();
    run.apply(at(1), &Event::GateExpiryTaken { gate: GateIx(0) }).unwrap();
    assert_eq!(outcome_of(&run, 1), Some(&Outcome::Skipped { reason: "a newer commit was pushed".into() }));
    assert_eq!(ready(&run), [0, 2, 3]);
}
