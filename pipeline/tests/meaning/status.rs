//! `when`, and what runs last.

use super::{one, plan, said, step};
use dockercise_pipeline::plan::WhenStatus;

#[test]
fn a_step_is_for_some_events_only() {
    let step = one("run: x\nwhen: {branch: [main, '!x'], event: [push, tag], tag: v*, paths: ['src/**', Cargo.toml], status: always}");
    let when = step.when.expect("filters");
    assert_eq!((when.branches.0.len(), when.tags.0.len(), when.paths.0.len()), (2, 1, 2));
    assert_eq!(when.events, ["push", "tag"]);
    assert_eq!(step.status, WhenStatus::Always);
    let step = one("run: x\nwhen: {status: failure}");
    assert_eq!((step.when, step.status), (None, WhenStatus::Failure));
    assert_eq!(one("run: x").status, WhenStatus::Success);
}

#[test]
fn what_no_event_is_is_told() {
    for (when, message) in [
        ("{event: psuh}", "there is no event `psuh`"),
        ("{status: failed}", "`failed` is no status"),
        ("{branches: main}", "`when` has no key `branches`"),
        ("failure", "`when` takes a map"),
        ("{branch: '{a'}", "`{a` is no glob: the pattern `{a` opens a `{` that it does not close"),
    ] {
        assert_eq!(said(&format!("a: {{img: i, run: x, when: {when}}}\n")), [format!("1: {message}")], "{when}");
    }
}

#[test]
fn what_runs_last_has_no_edges_and_nothing_rests_on_it() {
    let good = "a: {img: i, run: x}\nb: {img: i, run: x, env: [a]}\ntell: {img: i, run: x, when: {status: failure}}\nclean: {img: i, run: x, when: {status: always}, after: human-click}\n";
    let compiled = plan(&[("ci", good)]);
    assert_eq!((step(&compiled, "tell").needs().count(), step(&compiled, "clean").needs().count()), (0, 0));
    let bad = said(&format!("{good}c: {{img: i, run: x, env: [tell]}}\n"));
    assert_eq!(bad, ["3: these wait for each other: `tell` -> all the rest of `ci` -> `c` -> `tell`"]);
    // One that names what it looks at is as any other step.
    let fine = "a: {img: i, run: x}\ntell: {img: i, run: x, after: a, when: {status: failure}}\nc: {img: i, run: x, after: tell, when: {status: always}}\n";
    plan(&[("ci", fine)]);
}

#[test]
fn waiting_for_what_runs_last_by_way_of_another_pipeline_is_a_cycle() {
    let files = [
        ("a", "work: {img: i, run: x, after: b/use}\ntell: {img: i, run: x, when: {status: always}}\n"),
        ("b", "use: {img: i, run: x, env: [a/tell]}\n"),
    ];
    let compiled = super::compiled(&files);
    assert_eq!(compiled.diagnostics.len(), 1);
    assert!(compiled.diagnostics[0].message.starts_with("these wait for each other: "), "{:?}", compiled.diagnostics);
    // Another pipeline that only waits for it is no cycle.
    plan(&[("a", "work: {img: i, run: x}\ntell: {img: i, run: x, when: {status: always}}\n"), files[1]]);
}
