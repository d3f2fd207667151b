//! A server, a host with its replica, and orders under way between them.

use super::*;
use std::collections::BTreeSet;

pub(super) struct World {
    pub server: Run,
    /// A job that no host has taken yet.
    pending: Option<Fence>,
    host: Option<(Fence, Run)>,
    orders: Vec<Event>,
    running: Vec<(Attempt, Phase)>,
    unrecorded: Vec<Attempt>,
    stops: Vec<(StepIx, Outcome)>,
    starts: Vec<StepIx>,
    pub begun: BTreeSet<Attempt>,
    /// No gate is clicked.
    pub nobody_clicks: bool,
}

impl World {
    pub fn new(plan: Plan, selection: &Selection) -> World {
        let mut world = World {
            server: Run::new(Arc::new(plan), selection),
            pending: None,
            host: None,
            orders: vec![],
            running: vec![],
            unrecorded: vec![],
            stops: vec![],
            starts: vec![],
            begun: BTreeSet::new(),
            nobody_clicks: false,
        };
        world.at_server(&Event::Begin);
        world
    }

    fn at_server(&mut self, event: &Event) {
        let before = self.server.state().clone();
        let result = self.server.apply(at(1), event);
        let of_the_runner = matches!(event, Event::StepStarted { .. } | Event::StepFinished { .. } | Event::StepRecorded { .. });
        assert!(result.is_ok() || !of_the_runner, "the server refuses what happened: {event:?}");
        let Ok(applied) = result else {
            assert_eq!(before, *self.server.state(), "{event:?} was refused and changed something");
            return;
        };
        // Terminal states never change.
        for (old, new) in before.steps.iter().zip(&self.server.state().steps) {
            assert!(old.status.ended().is_none() || old.status == new.status);
        }
        for (old, new) in before.pipelines.iter().zip(&self.server.state().pipelines) {
            assert!(old.outcome.is_none() || old.outcome == new.outcome);
        }
        // What changed is said to have changed: the rows that are saved.
        for (i, (old, new)) in before.steps.iter().zip(&self.server.state().steps).enumerate() {
            assert!(old == new || applied.steps.contains(&StepIx(i as u32)), "{event:?} changed step {i} and does not say so");
        }
        for (i, (old, new)) in before.pipelines.iter().zip(&self.server.state().pipelines).enumerate() {
            assert!(old == new || applied.pipelines.contains(&PipelineIx(i as u32)), "{event:?} changed pipeline {i} and does not say so");
        }
        for (i, (old, new)) in before.gates.iter().zip(&self.server.state().gates).enumerate() {
            assert!(old == new || applied.gates.contains(&GateIx(i as u32)), "{event:?} changed gate {i} and does not say so");
        }
        // The same event again changes nothing more, unless it is about a job that is over now.
        let again = self.server.apply(at(1), event).is_ok_and(|a| a.changed());
        assert!(!again, "{event:?} changed something twice");
        for effect in applied.effects {
            match effect {
                Effect::Dispatch { fence } => {
                    assert!(self.host.is_none() && self.pending.is_none());
                    self.pending = Some(fence);
                    self.orders.clear();
                }
                Effect::Withdraw { fence } => assert_eq!(self.pending.take(), Some(fence)),
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
    pub fn turn(&mut self, luck: u64) {
        let pick = |n: usize| (luck / 8) as usize % n;
        match luck % 8 {
            0 | 1 if !self.starts.is_empty() => {
                let step = self.starts.swap_remove(pick(self.starts.len()));
                self.start(step);
            }
            2 | 3 if !self.running.is_empty() => self.finish_one(pick(self.running.len()), luck),
            4 if !self.unrecorded.is_empty() => {
                let attempt = self.unrecorded.swap_remove(pick(self.unrecorded.len()));
                if luck.is_multiple_of(31) {
                    self.report(&Event::RecordFailed { attempt, reason: "disk".into() });
                } else {
                    self.report(&Event::StepRecorded { attempt });
                }
            }
            5 if !self.orders.is_empty() && self.host.is_some() => {
                let order = self.orders.remove(0);
                self.carry_out(&order);
            }
            6 => self.someone_acts(luck),
            7 if self.pending.is_some() => {
                let fence = self.pending.take().unwrap();
                let replica = Run::restore(Arc::clone(self.server.plan()), self.server.state().clone(), Role::Host);
                self.host = Some((fence, replica));
                self.at_host(&Event::Begin);
            }
            _ => self.end_job_if_idle(),
        }
    }

    fn start(&mut self, step: StepIx) {
        let Some((_, replica)) = &self.host else { return };
        if !replica.is_ready(step) {
            return;
        }
        let plan = Arc::clone(replica.plan());
        for used in plan.step(step).uses() {
            assert!(replica.state().steps[used.index()].status.outcome().is_some(), "a step began before what it uses was over");
            assert!(replica.left_something(used), "a step began without what it uses");
        }
        let attempt = Attempt { step, number: 1 };
        assert!(self.begun.insert(attempt), "a step began twice");
        self.running.push((attempt, Phase::Run));
        self.report(&Event::StepStarted { attempt, phase: Phase::Run });
    }

    fn finish_one(&mut self, i: usize, luck: u64) {
        let (attempt, phase) = self.running[i];
        let has_done = self.server.plan().step(attempt.step).done.is_some();
        let stop = self.stops.iter().find(|(s, _)| *s == attempt.step).map(|(_, o)| o.clone());
        if stop.is_none() && has_done && phase == Phase::Run {
            self.running[i].1 = Phase::Done;
            self.report(&Event::StepStarted { attempt, phase: Phase::Done });
            return;
        }
        self.running.swap_remove(i);
        let own = match (luck / 97) % 9 {
            0 | 1 => Outcome::Failed { code: 1 },
            2 => Outcome::TimedOut,
            _ => Outcome::Passed,
        };
        self.report(&Event::StepFinished { attempt, outcome: stop.unwrap_or(own), note: None });
        self.unrecorded.push(attempt);
    }

    /// The runner carries out an order.
    fn carry_out(&mut self, order: &Event) {
        self.at_host(order);
        if let Event::GateExpired { gate, .. } = order {
            self.report(&Event::GateExpiryTaken { gate: *gate });
        }
        if let Event::CancelRequested { pipeline, .. } | Event::PipelineTimedOut { pipeline } | Event::CleanUpStopped { pipeline, .. } =
            order
        {
            let Some((_, replica)) = &self.host else { return };
            let all = replica.state().pipelines[pipeline.index()].stop_taken == StopTaken::All;
            self.report(&Event::StopTaken { pipeline: *pipeline, all });
        }
    }

    fn someone_acts(&mut self, luck: u64) {
        let pipelines = self.server.plan().pipelines.len() as u64;
        let pipeline = PipelineIx((luck / 41 % pipelines) as u32);
        if luck.is_multiple_of(41) {
            self.at_server(&Event::CancelRequested { pipeline, by: "ann".into() });
        } else if luck.is_multiple_of(43) {
            self.at_server(&Event::PipelineTimedOut { pipeline });
        } else if luck.is_multiple_of(5) && self.server.state().pipelines[pipeline.index()].stop.is_some() {
            self.at_server(&Event::CleanUpStopped { pipeline, by: luck.is_multiple_of(2).then(|| "ann".into()) });
        } else if luck.is_multiple_of(23) && self.pending.is_some() {
            self.at_server(&Event::NotTaken { pipeline });
        } else if luck.is_multiple_of(37) && !self.server.plan().gates.is_empty() {
            let gate = GateIx((luck / 37 % self.server.plan().gates.len() as u64) as u32);
            self.at_server(&Event::GateExpired { gate, reason: "a newer commit".into() });
        } else if let Some(gate) =
            (0..self.server.plan().gates.len()).find(|g| matches!(self.server.state().gates[*g], GateState::Waiting { .. }))
        {
            let gate = GateIx(gate as u32);
            self.at_server(&match luck % 3 {
                _ if self.nobody_clicks && !luck.is_multiple_of(29) => return,
                n if n == 0 || self.nobody_clicks => Event::GateExpired { gate, reason: "nobody clicked within 7d".into() },
                _ => Event::GateClicked { gate, by: "ann".into() },
            });
        }
    }

    fn end_job_if_idle(&mut self) {
        let idle = self.host.as_ref().is_some_and(|(_, replica)| replica.idle());
        if idle && self.running.is_empty() && self.unrecorded.is_empty() {
            let (fence, replica) = self.host.take().unwrap();
            if self.orders.is_empty() {
                self.agree(&replica);
            }
            self.starts.clear();
            self.at_server(&Event::JobEnded { fence });
        }
    }

    /// Where each has heard all that the other has, both say the same; why a step was skipped may be told by either of two
    /// reasons.
    fn agree(&self, host: &Run) {
        let end = |step: &StepState| (step.status.ended().is_some(), step.status.outcome().map(Outcome::word), step.attempt);
        for (i, (here, there)) in self.server.state().steps.iter().zip(&host.state().steps).enumerate() {
            assert_eq!(end(here), end(there), "server and host do not agree on step {i}");
        }
        for (i, (here, there)) in self.server.state().pipelines.iter().zip(&host.state().pipelines).enumerate() {
            assert_eq!(here.outcome, there.outcome, "server and host do not agree on pipeline {i}");
        }
    }
}
