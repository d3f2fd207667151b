//! Gates: who may pass, and what follows when somebody does, or nobody can any more.

use super::event::{Event, Refused};
use super::settle::{Turn, Work};
use super::state::{GateState, Timestamp};
use super::{Role, Run};
use crate::ids::GateIx;
use crate::outcome::Outcome;
use crate::plan::{GatePlan, Guarded};

/// May this person click at the gate? `who` is the login, none where the server does not know who it is; `teams` are those
/// they are in, as `org/team`.
///
/// # Errors
/// In words for the person: who may.
pub fn may_click(gate: &GatePlan, who: Option<&str>, teams: &[String]) -> Result<(), String> {
    std::iter::once(&gate.by).chain(&gate.also).try_for_each(|by| is_listed(by, who, teams))
}

fn is_listed(by: &[String], who: Option<&str>, teams: &[String]) -> Result<(), String> {
    if by.is_empty() {
        return Ok(());
    }
    let only = format!("only {} may click here", by.join(", "));
    let Some(who) = who else { return Err(format!("{only}, and this server does not know who you are")) };
    // Logins and names of teams are the same in whatever case they are written.
    let listed = |name: &str| by.iter().any(|by| by.eq_ignore_ascii_case(name));
    if listed(who) || teams.iter().any(|team| listed(team)) { Ok(()) } else { Err(format!("{only}, and you are {who}")) }
}

impl Run {
    /// When the gate cannot be clicked any more; none while it does not wait, or where it waits for ever.
    pub fn gate_deadline(&self, gate: GateIx) -> Option<Timestamp> {
        let GateState::Waiting { since } = self.state.gates[gate.index()] else { return None };
        let seconds = i64::try_from(self.plan.gates[gate.index()].expires_seconds?).ok()?;
        since.checked_add_signed(chrono::Duration::try_seconds(seconds)?)
    }

    pub(super) fn clicked(&mut self, gate: GateIx, by: &str, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        if !self.waits_or_will(gate)? {
            return Ok(());
        }
        self.state.gates[gate.index()] = GateState::Open { by: by.to_owned(), at: turn.at };
        turn.applied.gates.insert(gate);
        self.tell_guarded(gate, turn);
        match self.plan.gates[gate.index()].guards {
            Guarded::Run => turn.work.extend(self.plan.pipelines().map(|(ix, _)| Work::TryOpen(ix))),
            Guarded::Pipeline { pipeline } => turn.work.push(Work::TryOpen(pipeline)),
            Guarded::Step { step } => turn.work.push(Work::TryStart(step)),
        }
        self.forward(event, turn);
        Ok(())
    }

    pub(super) fn expired(&mut self, gate: GateIx, reason: &str, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        match self.state.gates.get(gate.index()) {
            Some(GateState::Expired { .. }) if self.role == Role::Server => return Ok(()),
            // What stands before it need not be over for that.
            Some(GateState::Expired { .. } | GateState::Closed) => {}
            _ => drop(self.waits_or_will(gate)?),
        }
        self.state.gates[gate.index()] = GateState::Expired { reason: reason.to_owned() };
        turn.applied.gates.insert(gate);
        if self.role == Role::Server && self.state.job.is_some() {
            self.forward(event, turn);
        } else {
            self.skip_what_it_guards(gate, turn);
        }
        Ok(())
    }

    /// Where a gate has expired: nothing behind it begins any more.
    pub(super) fn skip_what_it_guards(&mut self, gate: GateIx, turn: &mut Turn) {
        let Some(GateState::Expired { reason }) = self.state.gates.get(gate.index()) else { return };
        let outcome = Outcome::Skipped { reason: reason.clone() };
        self.void(gate, turn);
        match self.plan.gates[gate.index()].guards {
            Guarded::Run => self.plan.clone().pipelines().for_each(|(ix, _)| self.end_waiting_of(ix, &outcome, turn)),
            Guarded::Pipeline { pipeline } => self.end_waiting_of(pipeline, &outcome, turn),
            Guarded::Step { step } => self.end_waiting(step, outcome, turn),
        }
    }

    /// The public state of what a gate stands in front of is another.
    pub(super) fn tell_guarded(&self, gate: GateIx, turn: &mut Turn) {
        for (ix, _) in self.plan.pipelines().filter(|(ix, _)| self.plan.stands_in(gate, *ix)) {
            if self.remaining[ix.index()] > 0 {
                self.status(ix, turn);
            }
        }
    }

    /// Is all that a gate stands in front of about to be stopped, or over?
    fn is_stopped(&self, gate: GateIx) -> bool {
        let mut guarded = self.plan.pipelines().filter(|(ix, _)| self.plan.stands_in(gate, *ix));
        guarded.all(|(ix, _)| {
            let state = &self.state.pipelines[ix.index()];
            state.stop.is_some() || state.outcome.is_some()
        })
    }

    /// False where a click was in the state that came with the job.
    fn waits_or_will(&self, gate: GateIx) -> Result<bool, Refused> {
        let state = self.state.gates.get(gate.index()).ok_or(Refused::Unknown { what: "gate" })?;
        match state {
            // What it guards is about to end; the runner may have ended it already.
            GateState::Waiting { .. } if self.is_stopped(gate) && self.role == Role::Server => Err(Refused::GateNotWaiting { gate }),
            GateState::Waiting { .. } => Ok(true),
            // The server has seen what opens the way to the gate; this replica is about to.
            GateState::Closed if self.role == Role::Host => Ok(true),
            GateState::Open { .. } if self.role == Role::Host => Ok(false),
            _ => Err(Refused::GateNotWaiting { gate }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StepIx;

    #[test]
    fn a_gate_is_for_those_it_names() {
        let mut gate = GatePlan::new(Guarded::Step { step: StepIx(0) });
        assert_eq!(may_click(&gate, None, &[]), Ok(()));
        gate.by = vec!["Ann".into(), "octo/ops".into()];
        assert_eq!(may_click(&gate, Some("ann"), &[]), Ok(()));
        assert_eq!(may_click(&gate, Some("bob"), &["octo/OPS".into()]), Ok(()));
        assert_eq!(may_click(&gate, Some("bob"), &["octo/dev".into()]), Err("only Ann, octo/ops may click here, and you are bob".into()));
        assert!(may_click(&gate, Some("ann\n"), &[]).is_err());
        assert!(may_click(&gate, None, &["octo/ops".into()]).is_err());
    }
}
