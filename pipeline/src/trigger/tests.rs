#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::ids::{PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::{EnvPlan, EnvValue, Filters, Globs, Input, Manual, On, PipelinePlan, Plan, StepPlan, WhenPlan, Work};

fn globs(patterns: &[&str]) -> Globs {
    Globs(patterns.iter().map(|p| (*p).to_owned()).collect())
}

fn push(branch: &str) -> Trigger {
    Trigger::Push { branch: branch.into() }
}

fn pull_request() -> Trigger {
    Trigger::PullRequest {
        number: 7,
        head_branch: "fix".into(),
        base_branch: "main".into(),
        head_repository: 1,
        base_repository: 1,
        author: None,
    }
}

fn only(pipeline: &str) -> Trigger {
    Trigger::Manual { git_ref: "refs/heads/main".into(), pipeline: Some(pipeline.into()), inputs: vec![] }
}

/// One pipeline of one step.
fn plan(on: On, when: Option<WhenPlan>) -> Plan {
    let step = StepPlan { when, ..StepPlan::new("a", PipelineIx(0), Work::shell("busybox", "true")) };
    let pipeline = PipelinePlan { on, steps: vec![StepIx(0)], ..PipelinePlan::new("p", "p.dockercise.yaml") };
    Plan { pipelines: vec![pipeline], steps: vec![step], gates: vec![] }
}

fn filter(outcome: Option<&Outcome>) -> Option<&str> {
    match outcome {
        Some(Outcome::NotNeeded { filter }) => Some(filter),
        None => None,
        other => panic!("{other:?}"),
    }
}

/// Why the pipeline is not needed.
fn on(on: On, trigger: &Trigger, changed: Option<&[&str]>) -> Option<String> {
    let changed: Option<Vec<String>> = changed.map(|paths| paths.iter().map(|p| (*p).to_owned()).collect());
    filter(trigger.select(&plan(on, None), changed.as_deref()).pipelines.get(&PipelineIx(0))).map(str::to_owned)
}

fn when(when: WhenPlan, trigger: &Trigger) -> Option<String> {
    filter(
        trigger
            .select(&plan(On { pull_request: Some(Filters::default()), tag: Some(Filters::default()), ..On::default() }, Some(when)), None)
            .steps
            .get(&StepIx(0)),
    )
    .map(str::to_owned)
}

/// security.md S09: a branch's filter is about the whole name, and the words say what it left out.
#[test]
fn s09_only_the_branch_that_is_named_starts_it() {
    let main = || On { push: Some(Filters { branches: globs(&["main"]), ..Filters::default() }), ..On::default() };
    assert_eq!(on(main(), &push("main"), None), None);
    for branch in ["xmain", "main-evil", "main\nx", "MAIN", "refs/heads/main"] {
        assert_eq!(on(main(), &push(branch), None), Some(format!("`on` leaves out the branch `{branch}`")));
    }
}

#[test]
fn each_event_has_filters_of_its_own() {
    let tags = Filters { tags: globs(&["v*", "!v0*"]), ..Filters::default() };
    let both = || On {
        push: None,
        tag: Some(tags.clone()),
        pull_request: Some(Filters { branches: globs(&["main"]), ..Filters::default() }),
        ..On::default()
    };
    let tag = |tag: &str| Trigger::Tag { tag: tag.into() };
    assert_eq!(on(both(), &tag("v1"), None), None);
    assert_eq!(on(both(), &tag("v0.9"), None).unwrap(), "`on` leaves out the tag `v0.9`");
    assert_eq!(on(both(), &push("v1"), None).unwrap(), "`on` does not name push");
    // The branch that it wants to go into.
    assert_eq!(on(both(), &pull_request(), None), None);
    let fix = Filters { branches: globs(&["fix"]), ..Filters::default() };
    assert!(on(On { pull_request: Some(fix), ..On::default() }, &pull_request(), None).is_some());
    assert_eq!(on(On { push: Some(tags), ..On::default() }, &push("main"), None).unwrap(), "`on` names a tag, and this event has none");
    assert_eq!(on(On::default(), &pull_request(), None).unwrap(), "`on` does not name pull_request");
}

#[test]
fn paths_that_are_not_known_keep_nothing_out() {
    let docs = || On { push: Some(Filters { paths: globs(&["**", "!docs/**"]), ..Filters::default() }), ..On::default() };
    assert_eq!(on(docs(), &push("main"), None), None);
    assert_eq!(on(docs(), &push("main"), Some(&["docs/a", "src/b"])), None);
    assert_eq!(on(docs(), &push("main"), Some(&["docs/a"])).unwrap(), "`on` leaves out all paths that changed");
    assert_eq!(on(docs(), &push("main"), Some(&[])).unwrap(), "`on` leaves out all paths that changed");
    assert!(push("main").asks_for_paths(&plan(docs(), None)));
    assert!(!pull_request().asks_for_paths(&plan(docs(), None)));
    let step = WhenPlan { paths: globs(&["src/**"]), ..WhenPlan::default() };
    assert!(pull_request().asks_for_paths(&plan(On::default(), Some(step))));
    assert!(!push("main").asks_for_paths(&plan(On::default(), None)));
}

#[test]
fn a_step_is_kept_out_by_its_own_filter() {
    let events = |events: &[&str]| WhenPlan { events: events.iter().map(|e| (*e).to_owned()).collect(), ..WhenPlan::default() };
    assert_eq!(when(events(&["push", "tag"]), &push("main")), None);
    assert_eq!(when(events(&["push"]), &pull_request()).unwrap(), "`when` does not name pull_request");
    // The branch that the commit is on: a step for `main` does not run for a pull request into it.
    let main = || WhenPlan { branches: globs(&["main"]), ..WhenPlan::default() };
    assert_eq!(when(main(), &push("main")), None);
    assert_eq!(when(main(), &pull_request()).unwrap(), "`when` leaves out the branch `fix`");
    assert_eq!(when(main(), &Trigger::Tag { tag: "main".into() }).unwrap(), "`when` names a branch, and this event has none");
}

#[test]
fn one_that_is_asked_for_starts_with_what_it_uses() {
    let mut plan = plan(On { push: None, ..On::default() }, None);
    for (i, name) in ["q", "r"].into_iter().enumerate() {
        let ix = PipelineIx(i as u32 + 1);
        plan.steps.push(StepPlan::new("a", ix, Work::shell("busybox", "true")));
        plan.pipelines.push(PipelinePlan { steps: vec![StepIx(ix.0)], ..PipelinePlan::new(name, "f") });
    }
    plan.steps[1].env = vec![EnvPlan { name: "A".into(), value: EnvValue::Step { step: StepIx(0) } }];
    let left_out = |trigger: Trigger| trigger.select(&plan, None).pipelines;
    assert_eq!(left_out(only("q")), [(PipelineIx(2), Outcome::NotNeeded { filter: "only `q` was asked for".into() })].into());
    let schedule = Trigger::Schedule { cron: "0 3 * * *".into(), branch: "main".into(), pipeline: "p".into() };
    assert_eq!(left_out(schedule).len(), 2);
    assert_eq!(left_out(only("gone")).len(), 3);
    assert!(left_out(Trigger::Manual { git_ref: "refs/heads/main".into(), pipeline: None, inputs: vec![] }).is_empty());
}

#[test]
fn an_account_that_is_not_connected_is_said() {
    let mut plan = plan(On::default(), None);
    plan.pipelines[0].account = Some("local".into());
    assert!(push("main").select(&plan, None).has(PipelineIx(0)));
    plan.pipelines[0].account = Some("123456789012".into());
    let out = push("main").select(&plan, None).pipelines;
    assert_eq!(out[&PipelineIx(0)], Outcome::Infra { reason: "the account `123456789012` is not connected".into() });
}

#[test]
fn what_a_person_says_is_looked_at() {
    let input = |name: &str| Input { name: name.into(), default: None, choices: vec![], required: false };
    let manual = Manual {
        inputs: vec![
            Input { required: true, ..input("VERSION") },
            Input { default: Some("dev".into()), choices: vec!["dev".into(), "prod".into()], ..input("TARGET") },
            input("NOTE"),
        ],
    };
    let said = |pairs: &[(&str, &str)]| -> Vec<(String, String)> { pairs.iter().map(|(n, t)| ((*n).into(), (*t).into())).collect() };
    let check = |pairs: &[(&str, &str)]| manual.check(&said(pairs));
    assert_eq!(check(&[("VERSION", "1")]), Ok(()));
    assert_eq!(check(&[]).unwrap_err(), "`VERSION` must be said");
    assert_eq!(check(&[("VERSION", "")]).unwrap_err(), "`VERSION` must be said");
    assert_eq!(check(&[("VERSION", "1"), ("TARGET", "stage")]).unwrap_err(), "`TARGET` is one of dev, prod, not `stage`");
    assert_eq!(check(&[("PATH", "/")]).unwrap_err(), "the pipeline has no input `PATH`: there are VERSION, TARGET, NOTE");
    assert_eq!(check(&[("VERSION", "1"), ("VERSION", "2")]).unwrap_err(), "`VERSION` is said twice");
    assert!(check(&[("VERSION", "a\0b")]).is_err() && check(&[("VERSION", &"x".repeat(40_000))]).is_err());
    assert_eq!(manual.environment(&said(&[("VERSION", "1"), ("OTHER", "x")])), said(&[("VERSION", "1"), ("TARGET", "dev")]));
    assert_eq!(manual.environment(&[]), said(&[("TARGET", "dev")]));
}

#[test]
fn what_comes_from_elsewhere_is_not_the_repositorys_own() {
    assert!(pull_request().is_own(1) && !pull_request().is_own(2) && push("main").is_own(1));
    let from = |head: i64, base: i64| Trigger::PullRequest {
        number: 7,
        head_branch: "main".into(),
        base_branch: "main".into(),
        head_repository: head,
        base_repository: base,
        author: None,
    };
    assert!(!from(2, 1).is_own(1) && !from(1, 2).is_own(1) && !from(0, 1).is_own(1) && !from(11, 11).is_own(1));
    let by_hand = |git_ref: &str| Trigger::Manual { git_ref: git_ref.into(), pipeline: None, inputs: vec![] };
    assert!(by_hand("refs/heads/main").is_own(1) && by_hand("refs/tags/v1").is_own(1));
    assert!(!by_hand("refs/pull/7/head").is_own(1) && !by_hand("main").is_own(1));
}
