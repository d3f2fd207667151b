//! Gates of a base: whatever another plan makes of them, and whatever happens.

use super::plans::{plans, selection};
use super::world::World;
use super::*;
use crate::policy::{Base, is_behind_any, under, untrusted};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, fork: false, ..ProptestConfig::default() })]

    /// security.md A: what the base has behind a click does not begin without one, however the head's files are written.
    #[test]
    fn nothing_that_the_base_guards_begins_without_a_click(
        base in plans(), head in plans(), outs in any::<[[bool; 3]; 2]>(), chosen in any::<[u64; 2]>(),
        luck in proptest::collection::vec(any::<u64>(), 80),
    ) {
        let mut base = base;
        base.gates.retain(|gate| gate.guards != Guarded::Run);
        let mut head = head;
        head.gates.retain(|gate| gate.guards != Guarded::Run);
        let of = |plan: &Plan, i: usize| Selection { kept: Default::default(), ..selection(plan, outs[i], chosen[i]) };
        let (theirs, ours) = (of(&base, 0), of(&head, 1));
        let theirs = Base { branch: "main", plan: &base, selection: &theirs };
        let guarded: BTreeSet<String> = base.steps().zip(is_behind_any(theirs)).filter(|(_, is)| *is).map(|((ix, _), _)| base.full_name(ix)).collect();
        let (steps, pipelines) = (head.steps.len(), head.pipelines.len());
        let merged = under(head, &ours, theirs);
        prop_assert_eq!((merged.steps.len(), merged.pipelines.len()), (steps, pipelines));
        let mut world = World::new(merged, &ours);
        world.nobody_clicks = true;
        luck.iter().for_each(|l| world.turn(*l));
        (1..2_000_u64).for_each(|turn| world.turn(turn.wrapping_mul(47) + 1));
        for attempt in &world.begun {
            let name = world.server.plan().full_name(attempt.step);
            prop_assert!(!guarded.contains(&name), "{} began", name);
        }
    }

    /// What the files of both say alike stays as it is.
    #[test]
    fn the_same_files_have_the_same_gates(base in plans(), out in any::<[bool; 3]>(), chosen in any::<u64>()) {
        let mut base = base;
        base.gates.retain(|gate| gate.guards != Guarded::Run);
        let ours = Selection { kept: Default::default(), ..selection(&base, out, chosen) };
        let merged = under(base.clone(), &ours, Base { branch: "main", plan: &base, selection: &ours });
        let expected: Vec<_> = base.gates.iter().map(|gate| gate.guards).collect();
        prop_assert_eq!(merged.gates.iter().map(|gate| gate.guards).collect::<Vec<_>>(), expected);
    }

    /// security.md S05: nothing at all of a fork's begins.
    #[test]
    fn s05_nothing_of_what_is_not_trusted_begins_without_a_click(
        plan in plans(), out in any::<[bool; 3]>(), chosen in any::<u64>(), luck in proptest::collection::vec(any::<u64>(), 80),
    ) {
        let ours = selection(&plan, out, chosen);
        let mut world = World::new(untrusted(plan, "look"), &ours);
        world.nobody_clicks = true;
        luck.iter().for_each(|l| world.turn(*l));
        prop_assert!(world.begun.is_empty());
    }
}
