//! `status`, `allow-failure`, and what is used of a step that did not pass.

use super::*;
use crate::plan::{BuildPlan, ImageFrom};

fn late(name: &str, status: WhenStatus) -> StepPlan {
    StepPlan { status, ..step(0, name) }
}

const FAILED: Outcome = Outcome::Failed { code: 2 };

#[test]
fn always_runs_when_what_it_names_is_over_and_failure_only_after_one() {
    for (end, wanted) in [(Outcome::Passed, vec![1]), (FAILED, vec![1, 2]), (Outcome::TimedOut, vec![1, 2])] {
        let mut run = begun(alone(vec![
            step(0, "a"),
            StepPlan { after: vec![StepIx(0)], ..late("always", WhenStatus::Always) },
            StepPlan { after: vec![StepIx(0)], ..late("failure", WhenStatus::Failure) },
            step(0, "other"),
        ]));
        assert_eq!(ready(&run), [0, 3]);
        run.apply(at(1), &started(0)).unwrap();
        run.apply(at(1), &finished(0, end)).unwrap();
        assert_eq!(ready(&run), [wanted, vec![3]].concat());
    }
}

#[test]
fn where_nothing_is_named_it_looks_at_all_the_rest_and_runs_last() {
    let steps = vec![late("notify", WhenStatus::Failure), step(0, "a"), step(0, "b"), late("sweep", WhenStatus::Always)];
    let mut run = begun(alone(steps.clone()));
    assert_eq!(ready(&run), [1, 2]);
    walk(&mut run, 1, FAILED);
    assert_eq!(ready(&run), [2]);
    walk(&mut run, 2, Outcome::Passed);
    assert_eq!(ready(&run), [0, 3]);
    for step in [0, 3] {
        walk(&mut run, step, Outcome::Passed);
    }
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Failed));

    let mut run = begun(alone(steps));
    for step in [1, 2] {
        walk(&mut run, step, Outcome::Passed);
    }
    assert_eq!(outcome_of(&run, 0), Some(&not_needed("`when` asks for a failure, and there was none")));
    walk(&mut run, 3, Outcome::Passed);
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
}

#[test]
fn the_last_steps_wait_for_records_and_hear_of_one_that_failed() {
    let mut run = begun(alone(vec![step(0, "a"), late("notify", WhenStatus::Failure)]));
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(2), &finished(0, Outcome::Passed)).unwrap();
    assert!(ready(&run).is_empty() && !run.idle());
    run.apply(at(3), &Event::RecordFailed { attempt: first(0), reason: "the disk is full".into() }).unwrap();
    assert_eq!(ready(&run), [1]);
}

#[test]
fn last_steps_of_pipelines_that_wait_for_each_other_do_not_wait_for_ever() {
    // p's `x` uses what rests on q's last step, and q's `y` what rests on p's: somebody is not waited for.
    let mut steps = vec![late("p-last", WhenStatus::Always), step(0, "x"), late("q-last", WhenStatus::Always), step(1, "y")];
    steps[2].pipeline = PipelineIx(1);
    steps[1].after = vec![StepIx(2)];
    steps[3].after = vec![StepIx(0)];
    let mut run = begun(Plan { pipelines: vec![pipeline("p", &[0, 1]), pipeline("q", &[2, 3])], steps, gates: vec![] });
    walk_all(&mut run);
    assert!(run.over());
}

#[test]
fn a_failure_that_a_step_may_have_is_none() {
    let mut plan = alone(vec![step(0, "lint"), step(0, "after"), step(0, "uses"), late("notify", WhenStatus::Failure)]);
    plan.steps[0].allow_failure = true;
    plan.steps[1].after = vec![StepIx(0)];
    plan.steps[2].values = vec![StepIx(0)];
    let mut run = begun(plan.clone());
    walk(&mut run, 0, FAILED);
    assert_eq!(ready(&run), [1, 2]);
    for step in [1, 2] {
        walk(&mut run, step, Outcome::Passed);
    }
    assert!(matches!(outcome_of(&run, 3), Some(Outcome::NotNeeded { .. })));
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));

    // Where it never began there is nothing to use.
    let mut run = begun(plan);
    run.apply(at(1), &finished(0, Outcome::Infra { reason: "no such image".into() })).unwrap();
    assert_eq!(ready(&run), [1]);
    assert_eq!(outcome_of(&run, 2), Some(&Outcome::Skipped { reason: "`p/lint` never began: it left nothing to use".into() }));
}

#[test]
fn a_pipelines_time_is_no_failure_that_a_step_may_have() {
    let mut plan = alone(vec![step(0, "slow")]);
    plan.steps[0].allow_failure = true;
    let mut run = begun(plan.clone());
    walk(&mut run, 0, Outcome::TimedOut);
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));

    let mut run = begun(plan);
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(70), &Event::PipelineTimedOut { pipeline: PipelineIx(0) }).unwrap();
    run.apply(at(70), &Event::StopTaken { pipeline: PipelineIx(0), all: false }).unwrap();
    run.apply(at(70), &finished(0, Outcome::TimedOut)).unwrap();
    run.apply(at(70), &recorded(0)).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::TimedOut));
}

#[test]
fn what_a_failed_step_left_can_be_used_by_clean_up_but_not_an_image() {
    let image = ImageFrom::Step { step: StepIx(1) };
    let build = BuildPlan { context: ".".into(), file: "Dockerfile".into(), args: vec![], tags: vec![], push: false };
    let mut steps = vec![step(0, "deploy"), step(0, "image"), late("undo", WhenStatus::Always), late("try", WhenStatus::Always)];
    steps[1].work = Work::Build { build };
    steps[2].values = vec![StepIx(0)];
    steps[3].work = Work::Image { image };
    let mut run = begun(alone(steps));
    for step in [0, 1] {
        walk(&mut run, step, FAILED);
    }
    assert_eq!(ready(&run), [2]);
    assert_eq!(outcome_of(&run, 3), Some(&Outcome::Skipped { reason: "`p/image` made no image".into() }));
}

#[test]
fn a_pipeline_that_never_opens_has_nothing_to_clean_up() {
    let mut steps = vec![step(0, "a"), step(1, "b"), late("sweep", WhenStatus::Always)];
    steps[2].pipeline = PipelineIx(1);
    let mut plan = Plan { pipelines: vec![pipeline("p", &[0]), pipeline("q", &[1, 2])], steps, gates: vec![] };
    plan.pipelines[1].after = vec![PipelineIx(0)];
    let mut run = begun(plan);
    walk(&mut run, 0, FAILED);
    assert_eq!(outcome_of(&run, 2), Some(&Outcome::Skipped { reason: "pipeline `p`: failed".into() }));
    assert_eq!(run.state().pipelines[1].outcome, Some(PipelineOutcome::Failed));
}

#[test]
fn a_step_for_a_failure_of_another_pipeline_runs_when_that_failed() {
    let mut steps = vec![step(0, "a"), late("tell", WhenStatus::Failure)];
    steps[1].pipeline = PipelineIx(1);
    steps[1].after_pipelines = vec![PipelineIx(0)];
    let plan = Plan { pipelines: vec![pipeline("p", &[0]), pipeline("q", &[1])], steps, gates: vec![] };
    let mut run = begun(plan.clone());
    walk(&mut run, 0, FAILED);
    assert_eq!(ready(&run), [1]);
    let mut run = begun(plan);
    walk(&mut run, 0, Outcome::Passed);
    assert_eq!(run.state().pipelines[1].outcome, Some(PipelineOutcome::NotNeeded));
}
