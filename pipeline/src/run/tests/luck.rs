//! What holds for every plan and every luck.

use super::plans::{plans, selection};
use super::world::World;
use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, fork: false, ..ProptestConfig::default() })]

    /// Whatever the plan and the luck: nothing begins too early or twice, nothing that has ended changes, every run comes to
    /// an end, and a pipeline is what its steps are.
    #[test]
    fn every_run_ends_and_ends_rightly(
        plan in plans(), out in any::<[bool; 3]>(), chosen in any::<u64>(), luck in proptest::collection::vec(any::<u64>(), 60),
    ) {
        let selection = selection(&plan, out, chosen);
        let mut world = World::new(plan, &selection);
        for l in &luck {
            world.turn(*l);
        }
        let mut turns = 0_u64;
        while !world.server.over() {
            turns += 1;
            prop_assert!(turns < 5_000, "the run does not end: {:#?}", world.server.state());
            // 47 keeps the codes and the people well-behaved enough to get through.
            world.turn(turns.wrapping_mul(47) + 1);
        }
        let server = &world.server;
        for (ix, p) in server.plan().clone().pipelines() {
            let state = &server.state().pipelines[ix.index()];
            let ends: Vec<&Outcome> = p.steps.iter().map(|s| server.state().steps[s.index()].status.ended().unwrap()).collect();
            let strict = PipelineOutcome::of(ends.iter().copied());
            let allowed = p.steps.iter().zip(&ends).any(|(s, end)| server.plan().step(*s).allow_failure && !end.passed());
            prop_assert!(state.outcome == Some(strict) || allowed, "{:?} of {ends:?}", state.outcome);
        }
        let undecided = server.state().gates.iter().any(|g| matches!(g, GateState::Waiting { .. } | GateState::Closed));
        prop_assert!(!undecided);
    }

    /// A machine restored from its saved state is the same machine.
    #[test]
    fn a_restored_machine_is_the_same(
        plan in plans(), out in any::<[bool; 3]>(), chosen in any::<u64>(), luck in proptest::collection::vec(any::<u64>(), 0..80),
    ) {
        let selection = selection(&plan, out, chosen);
        let mut world = World::new(plan, &selection);
        for l in &luck {
            world.turn(*l);
        }
        let saved = serde_json::to_string(world.server.state()).unwrap();
        let restored = Run::restore(Arc::clone(world.server.plan()), serde_json::from_str(&saved).unwrap(), Role::Server);
        prop_assert_eq!(ready(&restored), ready(&world.server));
        // What a step that has begun was waiting for may have changed behind its back (a record that failed).
        let waiting = |run: &Run| -> Vec<u32> {
            let steps = run.state.steps.iter().zip(&run.unmet);
            steps.filter(|(s, _)| s.status == StepStatus::Waiting).map(|(_, unmet)| *unmet).collect()
        };
        prop_assert_eq!(waiting(&restored), waiting(&world.server));
        prop_assert_eq!(&restored.pipeline_unmet, &world.server.pipeline_unmet);
        prop_assert_eq!(&restored.remaining, &world.server.remaining);
        prop_assert_eq!(&restored.running, &world.server.running);
        prop_assert_eq!(&restored.rest_left, &world.server.rest_left);
        prop_assert_eq!(restored.unrecorded, world.server.unrecorded);
    }
}
