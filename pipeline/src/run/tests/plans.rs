//! Random plans.

use super::*;
use crate::plan::DonePlan;
use proptest::prelude::*;

/// How one step is made: its pipeline, what it rests on, what else there is about it.
type Raw = (u32, [u8; 4], [bool; 3], u8);

/// A plan of up to 14 steps in up to 3 pipelines; edges only lead forwards, so there is no cycle.
pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let one = (0u32..3, any::<[u8; 4]>(), any::<[bool; 3]>(), any::<u8>());
    (proptest::collection::vec(one, 1..14), any::<[bool; 3]>(), any::<[bool; 3]>()).prop_map(|(raw, after, gated)| {
        let mut plan = Plan { pipelines: (0..3).map(|i| pipeline(&format!("p{i}"), &[])).collect(), steps: vec![], gates: vec![] };
        let mut sorted: Vec<Raw> = raw;
        sorted.sort_by_key(|(p, ..)| *p);
        for raw in &sorted {
            add(&mut plan, raw);
        }
        for i in 1..3 {
            if after[i] {
                plan.pipelines[i].after = vec![PipelineIx(i as u32 - 1)];
            }
            if gated[i] {
                plan.pipelines[i].gate = Some(GateIx(plan.gates.len() as u32));
                plan.gates.push(GatePlan::new(Guarded::Pipeline { pipeline: PipelineIx(i as u32) }));
            }
        }
        if gated[0] {
            plan.gates.push(GatePlan::new(Guarded::Run));
        }
        plan
    })
}

fn add(plan: &mut Plan, (p, picks, flags, more): &Raw) {
    let i = plan.steps.len() as u32;
    let mut s = step(*p, &format!("s{i}"));
    let pick = |n: u8| (i > 0).then(|| StepIx(u32::from(n) % i));
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
    s.status = match more % 8 {
        0 | 1 => WhenStatus::Always,
        2 => WhenStatus::Failure,
        _ => WhenStatus::Success,
    };
    s.allow_failure = more % 5 == 0;
    if more % 7 == 0 && *p > 0 {
        s.after_pipelines = vec![PipelineIx(p - 1)];
    }
    if picks[3] % 5 == 0 {
        s.gate = Some(GateIx(plan.gates.len() as u32));
        plan.gates.push(GatePlan::new(Guarded::Step { step: StepIx(i) }));
    }
    plan.pipelines[*p as usize].steps.push(StepIx(i));
    plan.steps.push(s);
}

/// What of a plan takes part: by luck, pipelines and steps are left out, or kept from an earlier run.
pub(super) fn selection(plan: &Plan, out: [bool; 3], luck: u64) -> Selection {
    let mut selection = Selection::default();
    for (ix, _) in plan.pipelines().filter(|(ix, _)| out[ix.index()]) {
        let outcome = if luck.is_multiple_of(5) { Outcome::Infra { reason: "no account".into() } } else { not_needed("`on`") };
        selection.pipelines.insert(ix, outcome);
    }
    for (ix, _) in plan.steps() {
        match luck.rotate_left(ix.0 * 3) % 11 {
            0 => drop(selection.steps.insert(ix, not_needed("`when`"))),
            1 => drop(selection.kept.insert(ix, KeptFrom { run: crate::ids::RunId(uuid::Uuid::from_u128(7)), attempt: 1 })),
            _ => {}
        }
    }
    selection
}
