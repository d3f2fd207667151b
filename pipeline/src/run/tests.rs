//! Random plans and random luck: what holds for every run.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::ids::{Attempt, Phase};
use crate::outcome::PipelineOutcome;
use crate::plan::{DonePlan, EnvPlan, EnvValue, GatePlan, Guarded, MountPlan, PipelinePlan, StepPlan, Work};
use chrono::{TimeZone as _, Utc};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Utc.timestamp_opt(1_800_000_000 + second, 0).unwrap()
}

fn step(pipeline: u32, name: &str) -> StepPlan {
    StepPlan::new(name, PipelineIx(pipeline), Work::shell("busybox", "true"))
}

fn pipeline(name: &str, steps: &[u32]) -> PipelinePlan {
    PipelinePlan {
        timeout_seconds: 60,
        steps: steps.iter().map(|s| StepIx(*s)).collect(),
        ..PipelinePlan::new(name, &format!("{name}.dockercise.yaml"))
    }
}

fn begun(plan: Plan) -> Run {
    let selected = vec![Ok(()); plan.pipelines.len()];
    let mut run = Run::new(Arc::new(plan), &selected);
    run.apply(at(0), &Event::Begin).unwrap();
    run
}

fn first(step: u32) -> Attempt {
    Attempt { step: StepIx(step), number: 1 }
}

fn started(step: u32) -> Event {
    Event::StepStarted { attempt: first(step), phase: Phase::Run }
}

fn finished(step: u32, outcome: Outcome) -> Event {
    Event::StepFinished { attempt: first(step), outcome, note: None }
}

fn recorded(step: u32) -> Event {
    Event::StepRecorded { attempt: first(step) }
}

/// a -> b -> c by value, d alone.
fn chain() -> Plan {
    let mut steps = vec![step(0, "a"), step(0, "b"), step(0, "c"), step(0, "d")];
    steps[1].values = vec![StepIx(0)];
    steps[2].volume = vec![MountPlan::of(StepIx(1))];
    Plan { pipelines: vec![pipeline("p", &[0, 1, 2, 3])], steps, gates: vec![] }
}

fn outcome_of(run: &Run, step: usize) -> Option<&Outcome> {
    run.state().steps[step].status.ended()
}

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
    server.apply(at(3), &Event::StopTaken { pipeline: PipelineIx(0) }).unwrap();
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
    let mut run = Run::new(Arc::new(plan), &[Err("`on` does not name push".into()), Ok(()), Ok(())]);
    run.apply(at(0), &Event::Begin).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::NotNeeded));
    assert!(matches!(outcome_of(&run, 2), Some(Outcome::NotNeeded { .. })));
    assert_eq!(run.ready().collect::<Vec<_>>(), [StepIx(1), StepIx(3)]);
}

#[test]
fn a_chain_of_ten_thousand_costs_no_stack() {
    let mut steps: Vec<StepPlan> = (0..10_000).map(|i| step(0, &format!("s{i}"))).collect();
    for (i, step) in steps.iter_mut().enumerate().skip(1) {
        step.after = vec![StepIx(i as u32 - 1)];
    }
    let mut run = begun(Plan { pipelines: vec![pipeline("p", &(0..10_000).collect::<Vec<_>>())], steps, gates: vec![] });
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(1), &finished(0, Outcome::TimedOut)).unwrap();
    run.apply(at(1), &recorded(0)).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::TimedOut));
}

/// A plan of up to 14 steps in up to 3 pipelines; edges only lead forwards, so there is no cycle.
fn plans() -> impl Strategy<Value = Plan> {
    let one = (0u32..3, any::<[u8; 4]>(), any::<[bool; 3]>());
    (proptest::collection::vec(one, 1..14), any::<[bool; 3]>(), any::<[bool; 3]>()).prop_map(|(raw, after, gated)| {
        let mut pipelines: Vec<PipelinePlan> = (0..3).map(|i| pipeline(&format!("p{i}"), &[])).collect();
        let mut steps: Vec<StepPlan> = Vec::new();
        let mut gates = Vec::new();
        let mut sorted = raw;
        sorted.sort_by_key(|(p, ..)| *p);
        for (i, (p, picks, flags)) in sorted.iter().enumerate() {
            let mut s = step(*p, &format!("s{i}"));
            let pick = |n: u8| (i > 0).then(|| StepIx(u32::from(n) % i as u32));
            s.values = pick(picks[0]).filter(|_| flags[0]).into_iter().collect();
            s.volume = pick(picks[1]).filter(|_| flags[1]).map(MountPlan::of).into_iter().collect();
            s.after = pick(picks[2]).filter(|_| flags[2]).into_iter().collect();
            s.done = (picks[3] % 3 == 0).then(|| DonePlan {
                text: "true".into(),
                argv: vec!["true".into()],
                every_seconds: None,
                timeout_seconds: None,
                reads_own_value: false,
            });
            if picks[3] % 5 == 0 {
                s.gate = Some(GateIx(gates.len() as u32));
                gates.push(GatePlan::new(Guarded::Step { step: StepIx(i as u32) }));
            }
            pipelines[*p as usize].steps.push(StepIx(i as u32));
            steps.push(s);
        }
        for i in 1..3 {
            if after[i] {
                pipelines[i].after = vec![PipelineIx(i as u32 - 1)];
            }
            if gated[i] {
                pipelines[i].gate = Some(GateIx(gates.len() as u32));
                gates.push(GatePlan::new(Guarded::Pipeline { pipeline: PipelineIx(i as u32) }));
            }
        }
        Plan { pipelines, steps, gates }
    })
}

/// A server, a host with its replica, and orders under way between them.
struct World {
    server: Run,
    host: Option<(Fence, Run)>,
    orders: Vec<Event>,
    running: Vec<(Attempt, Phase)>,
    unrecorded: Vec<Attempt>,
    stops: Vec<(StepIx, Outcome)>,
    starts: Vec<StepIx>,
    begun: BTreeSet<Attempt>,
}

impl World {
    fn new(plan: Plan, selected: &[Result<(), String>]) -> World {
        let server = Run::new(Arc::new(plan), selected);
        let mut world = World {
            server,
            host: None,
            orders: vec![],
            running: vec![],
            unrecorded: vec![],
            stops: vec![],
            starts: vec![],
            begun: BTreeSet::new(),
        };
        world.at_server(&Event::Begin);
        world
    }

    fn at_server(&mut self, event: &Event) {
        let before = self.server.state().clone();
        let Ok(applied) = self.server.apply(at(1), event) else { return };
        // Terminal states never change.
        for (old, new) in before.steps.iter().zip(&self.server.state().steps) {
            assert!(old.status.ended().is_none() || old.status == new.status);
        }
        for (old, new) in before.pipelines.iter().zip(&self.server.state().pipelines) {
            assert!(old.outcome.is_none() || old.outcome == new.outcome);
        }
        // The same event again changes nothing more, unless it is about a job that is over now.
        let again = self.server.apply(at(1), event).is_ok_and(|a| a.changed());
        assert!(!again, "{event:?} changed something twice");
        for effect in applied.effects {
            match effect {
                Effect::Dispatch { fence } => {
                    assert!(self.host.is_none());
                    let state = self.server.state().clone();
                    let replica = Run::restore(Arc::clone(self.server.plan()), state, Role::Host);
                    self.host = Some((fence, replica));
                    self.orders.clear();
                    self.at_host(&Event::Begin);
                }
                Effect::Forward { event, .. } => self.orders.push(event),
                _ => {}
            }
        }
    }

    fn at_host(&mut self, event: &Event) {
        let Some((_, replica)) = &mut self.host else { return };
        let Ok(applied) = replica.apply(at(1), event) else { return };
        for effect in applied.effects {
            match effect {
                Effect::Start { step } => self.starts.push(step),
                Effect::Stop { step, outcome } => self.stops.push((step, outcome)),
                _ => {}
            }
        }
    }

    fn report(&mut self, event: &Event) {
        self.at_host(event);
        self.at_server(event);
    }

    /// One thing happens, chosen by luck.
    fn turn(&mut self, luck: u64) {
        let pick = |n: usize| (luck / 7) as usize % n;
        match luck % 7 {
            0 | 1 if !self.starts.is_empty() => {
                let step = self.starts.swap_remove(pick(self.starts.len()));
                let Some((_, replica)) = &self.host else { return };
                if replica.state().steps[step.index()].status != StepStatus::Waiting {
                    return;
                }
                let plan = Arc::clone(replica.plan());
                for used in plan.step(step).uses() {
                    let known = replica.state().steps[used.index()].status.outcome();
                    assert_eq!(known, Some(&Outcome::Passed), "a step began before what it uses had passed");
                }
                let attempt = Attempt { step, number: 1 };
                assert!(self.begun.insert(attempt), "a step began twice");
                self.running.push((attempt, Phase::Run));
                self.report(&Event::StepStarted { attempt, phase: Phase::Run });
            }
            2 | 3 if !self.running.is_empty() => {
                let i = pick(self.running.len());
                let (attempt, phase) = self.running[i];
                let has_done = self.server.plan().step(attempt.step).done.is_some();
                let stop = self.stops.iter().find(|(s, _)| *s == attempt.step).map(|(_, o)| o.clone());
                if stop.is_none() && has_done && phase == Phase::Run {
                    self.running[i].1 = Phase::Done;
                    self.report(&Event::StepStarted { attempt, phase: Phase::Done });
                    return;
                }
                self.running.swap_remove(i);
                let code = (luck / 97) % 5;
                let own = if code == 0 { Outcome::Failed { code: 1 } } else { Outcome::Passed };
                self.report(&Event::StepFinished { attempt, outcome: stop.unwrap_or(own), note: None });
                self.unrecorded.push(attempt);
            }
            4 if !self.unrecorded.is_empty() => {
                let attempt = self.unrecorded.swap_remove(pick(self.unrecorded.len()));
                if luck.is_multiple_of(31) {
                    self.report(&Event::RecordFailed { attempt, reason: "disk".into() });
                } else {
                    self.report(&Event::StepRecorded { attempt });
                }
            }
            5 if !self.orders.is_empty() => {
                let order = self.orders.remove(0);
                self.at_host(&order);
                if let Event::CancelRequested { pipeline, .. } | Event::PipelineTimedOut { pipeline } = order {
                    self.report(&Event::StopTaken { pipeline });
                }
            }
            6 => self.someone_acts(luck),
            _ => self.end_job_if_idle(),
        }
    }

    fn someone_acts(&mut self, luck: u64) {
        let pipelines = self.server.plan().pipelines.len();
        if luck.is_multiple_of(41) {
            let pipeline = PipelineIx((luck / 41) as u32 % pipelines as u32);
            self.at_server(&Event::CancelRequested { pipeline, by: "ann".into() });
        } else if let Some(gate) =
            (0..self.server.plan().gates.len()).find(|g| matches!(self.server.state().gates[*g], GateState::Waiting { .. }))
        {
            self.at_server(&Event::GateClicked { gate: GateIx(gate as u32), by: "ann".into() });
        }
    }

    fn end_job_if_idle(&mut self) {
        let idle = self.host.as_ref().is_some_and(|(_, replica)| replica.idle());
        if idle && self.running.is_empty() && self.unrecorded.is_empty() {
            let (fence, _) = self.host.take().unwrap();
            self.starts.clear();
            self.at_server(&Event::JobEnded { fence });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, fork: false, ..ProptestConfig::default() })]

    /// Whatever the plan and the luck: nothing begins too early or twice, nothing that has ended changes, every run comes to
    /// an end, and a pipeline is what its steps are.
    #[test]
    fn every_run_ends_and_ends_rightly(plan in plans(), out in any::<[bool; 3]>(), luck in proptest::collection::vec(any::<u64>(), 40)) {
        let selected: Vec<_> = out.iter().map(|out| if *out { Err("`on`".to_owned()) } else { Ok(()) }).collect();
        let mut world = World::new(plan, &selected);
        for l in &luck {
            world.turn(*l);
        }
        let mut turns = 0_u64;
        while !world.server.over() {
            turns += 1;
            prop_assert!(turns < 3_000, "the run does not end: {:#?}", world.server.state());
            // 43 keeps the codes and the people well-behaved enough to get through.
            world.turn(turns.wrapping_mul(43) + 1);
        }
        for (ix, p) in world.server.plan().clone().pipelines() {
            let steps = p.steps.iter().map(|s| world.server.state().steps[s.index()].status.ended().unwrap());
            prop_assert_eq!(world.server.state().pipelines[ix.index()].outcome, Some(PipelineOutcome::of(steps)));
        }
        let undecided = world.server.state().gates.iter().any(|g| matches!(g, GateState::Waiting { .. } | GateState::Closed));
        prop_assert!(!undecided);
    }

    /// A machine restored from its saved state is the same machine.
    #[test]
    fn a_restored_machine_is_the_same(plan in plans(), luck in proptest::collection::vec(any::<u64>(), 0..60)) {
        let mut world = World::new(plan, &[Ok(()), Ok(()), Ok(())]);
        for l in &luck {
            world.turn(*l);
        }
        let saved = serde_json::to_string(world.server.state()).unwrap();
        let restored = Run::restore(Arc::clone(world.server.plan()), serde_json::from_str(&saved).unwrap(), Role::Server);
        prop_assert_eq!(restored.ready().collect::<Vec<_>>(), world.server.ready().collect::<Vec<_>>());
        // What a step that has begun was waiting for may have changed behind its back (a record that failed).
        let waiting = |run: &Run| -> Vec<u32> {
            let steps = run.state.steps.iter().zip(&run.unmet);
            steps.filter(|(s, _)| s.status == StepStatus::Waiting).map(|(_, unmet)| *unmet).collect()
        };
        prop_assert_eq!(waiting(&restored), waiting(&world.server));
        prop_assert_eq!(&restored.pipeline_unmet, &world.server.pipeline_unmet);
        prop_assert_eq!(&restored.remaining, &world.server.remaining);
        prop_assert_eq!(&restored.running, &world.server.running);
        prop_assert_eq!(restored.unrecorded, world.server.unrecorded);
    }
}
