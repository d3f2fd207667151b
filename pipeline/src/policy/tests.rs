use super::*;
use crate::compile::compile;
use crate::source::SourceFile;
use crate::trigger::Trigger;

fn plan(files: &[(&str, &str)]) -> Plan {
    let file = |(name, text): &(&str, &str)| SourceFile { path: format!("{name}.dockercise.yaml"), text: text.as_bytes().to_vec() };
    let compiled = compile("r", files.iter().map(file).collect());
    compiled.plan.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
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

/// The head's plan as it runs.
fn merged(base: &[(&str, &str)], head: &[(&str, &str)]) -> Plan {
    let (base, head) = (plan(base), plan(head));
    let (theirs, ours) = (pull_request().select(&base, None), pull_request().select(&head, None));
    under(head, &ours, Base { branch: "main", plan: &base, selection: &theirs })
}

/// What its gates guard, each with who may click.
fn gates(plan: &Plan) -> Vec<String> {
    let name = |gate: &GatePlan| match gate.guards {
        Guarded::Run => "all".to_owned(),
        Guarded::Pipeline { pipeline } => plan.pipeline(pipeline).name.clone(),
        Guarded::Step { step } => plan.full_name(step),
    };
    let lists = |gate: &GatePlan| std::iter::once(&gate.by).chain(&gate.also).map(|by| by.join("|")).collect::<Vec<_>>().join(" & ");
    let mut gates: Vec<String> = plan.gates.iter().map(|gate| format!("{}: {}", name(gate), lists(gate))).collect();
    gates.sort();
    gates
}

const PR: &str = "on: [push, pull_request]\nimg: a\n";

fn p(steps: &str) -> String {
    format!("{PR}{steps}")
}

#[test]
fn a_gate_stays_however_the_files_say_it() {
    let base = p("apply: {run: x, after: {human-click: {by: [ann], expires: 1d}}}\n");
    for head in [
        "apply: {run: y}",
        "apply: {run: y, after: human-click}",
        "apply: {run: y, after: {human-click: {by: [mallory], expires: 365d}}}",
        "apply: {run: y, when: {status: always}}",
        "apply: {run: y}\nother: {run: z}",
    ] {
        let plan = merged(&[("ci", &base)], &[("ci", &p(head))]);
        assert_eq!(gates(&plan), ["ci/apply: ann"], "{head}");
        assert_eq!(plan.gates[0].expires_seconds, Some(24 * 60 * 60));
    }
    // What is gone has none; what is new may have one.
    let plan = merged(&[("ci", &base)], &[("ci", &p("new: {run: y, after: human-click}"))]);
    assert_eq!(gates(&plan), ["ci/new: "]);
}

#[test]
fn a_pipelines_gate_stays_too() {
    let base = p("after: {human-click: {by: [ann]}}\na: {run: x}\n");
    let plan = merged(&[("ci", &base)], &[("ci", &p("a: {run: x}\nb: {run: y, after: {human-click: {by: [bob]}}}\n"))]);
    assert_eq!(gates(&plan), ["ci/b: bob", "ci: ann"]);
}

#[test]
fn what_was_behind_a_gate_by_another_step_stays_behind_it() {
    let base = p("look: {run: x, after: {human-click: {by: [ann]}}}\napply: {run: x, after: look}\nlast: {run: x, after: apply}\n");
    let same = ["ci/look: ann"];
    let both = ["ci/apply: ann", "ci/look: ann"];
    for (head, expected) in [
        ("look: {run: x}\napply: {run: x, after: look}\nlast: {run: y, after: apply}", &same[..]),
        ("look: {run: x}\napply: {run: x}\nlast: {run: y, after: apply}", &both),
        ("apply: {run: x}\nlast: {run: y, after: apply}", &both[..1]),
        // Waiting for it to be over is not waiting for it to pass.
        ("look: {run: x}\napply: {run: x, after: look, when: {status: always}}", &both),
        // What is not needed holds nobody up.
        ("look: {run: x, when: {event: tag}}\napply: {run: x, after: look}", &both),
        ("first: {run: x}\nlook: {run: x, after: first, when: {status: failure}}\napply: {run: x, after: look}", &both),
        ("apply: {run: x}\nlook: {run: x, after: apply}", &both),
    ] {
        assert_eq!(gates(&merged(&[("ci", &base)], &[("ci", &p(head))])), expected, "{head}");
    }
    // It has a gate of its own: one click by somebody who may do both.
    let own = "look: {run: x}\napply: {run: x, after: {human-click: {by: [mallory]}}}\n";
    assert_eq!(gates(&merged(&[("ci", &base)], &[("ci", &p(own))])), both);
    let base = base.replace("after: look}", "after: {look: , human-click: {by: [bob]}}}");
    let plan = merged(&[("ci", &base)], &[("ci", &p(own))]);
    assert_eq!(gates(&plan), ["ci/apply: bob & ann", "ci/look: ann"]);
}

#[test]
fn what_was_behind_a_pipelines_gate_stays_behind_it() {
    let base = [("look", &*p("after: human-click\na: {run: x}\n")), ("ship", &p("after: look\nb: {run: x}\n"))];
    let head = [("look", &*p("a: {run: x}\n")), ("ship", &p("b: {run: x}\n"))];
    assert_eq!(gates(&merged(&base, &head)), ["look: ", "ship/b: "]);
    // A pipeline that this event does not start lets others on.
    let head = [("look", "on: push\nimg: a\na: {run: x}\n"), ("ship", &p("after: look\nb: {run: x}\n"))];
    assert_eq!(gates(&merged(&base, &head)), ["look: ", "ship/b: "]);
    assert_eq!(gates(&merged(&base, &base)), ["look: "]);
}

#[test]
fn a_filter_that_is_taken_away_takes_no_gate_with_it() {
    let base = "on: push\nimg: a\nlook: {run: x, after: human-click}\napply: {run: x, after: look}\n";
    let plan = merged(&[("ci", base)], &[("ci", &p("look: {run: x}\napply: {run: x}\n"))]);
    assert_eq!(gates(&plan), ["ci/apply: ", "ci/look: "]);
    // What the base lets run without a click in a pull request, runs without one.
    let base = p("look: {run: x, after: human-click, when: {event: push}}\napply: {run: x, after: look}\n");
    assert_eq!(gates(&merged(&[("ci", &base)], &[("ci", &base)])), ["ci/look: "]);
}

/// Each variable of each step that comes from a store: withheld or not.
fn secrets(plan: &Plan) -> Vec<String> {
    let of = |step: &StepPlan| -> Vec<String> {
        let word = |env: &EnvPlan| match &env.value {
            EnvValue::Withheld { name, .. } => Some(format!("{} {name} withheld", step.name)),
            value => stored(value).map(|name| format!("{} {name}", step.name)),
        };
        variables(step).filter_map(word).collect()
    };
    plan.steps.iter().flat_map(of).collect()
}

#[test]
fn secrets_are_those_that_the_base_gives_to_the_same_step() {
    let base = p("a: {run: x, env: {A: {secret: one}}}\nb: {run: x, services: {s: {img: a, env: {A: {ssm: /two}}}}}\n");
    let head = "a: {run: y, env: {B: {secret: one}, C: {secret: two}}}\nb: {run: y, env: {A: {ssm: /two}, B: {secret: two}}}
c: {run: z, env: {A: {secret: one}}, services: {s: {img: a, env: {A: {secretsmanager: one}}}}}\n";
    let plan = merged(&[("ci", &base)], &[("ci", &p(head))]);
    assert_eq!(secrets(&plan), ["a one", "a two withheld", "b /two", "b two withheld", "c one withheld", "c one withheld"]);
    let words = plan.steps[2].env[0].value.clone();
    assert!(matches!(words, EnvValue::Withheld { why, .. } if why.contains("the files of `main` give step `c` no such secret")));
    // In a pipeline of another name it is another step; and where the base starts none, nothing is given.
    assert_eq!(secrets(&merged(&[("ci", &base)], &[("cd", &p("a: {run: y, env: {A: {secret: one}}}\n"))])), ["a one withheld"]);
    let base = base.replace("[push, pull_request]", "push");
    assert_eq!(secrets(&merged(&[("ci", &base)], &[("ci", &p("a: {run: y, env: {A: {secret: one}}}\n"))])), ["a one withheld"]);
}

#[test]
fn s05_what_is_not_trusted_waits_and_has_no_secret() {
    let plan = plan(&[("ci", "img: a\na: {run: x, env: {A: {secret: one}, B: {ssm: /x}, C: text}}\nb: {run: x, after: human-click}\n")]);
    let steps = plan.steps.len();
    let plan = untrusted(plan, "look first");
    assert_eq!(secrets(&plan), ["a one withheld", "a /x withheld"]);
    assert_eq!(gates(&plan), ["all: ", "ci/b: "]);
    assert_eq!((plan.steps.len(), plan.run_gate(), plan.gates[1].note.as_deref()), (steps, Some(GateIx(1)), Some("look first")));
    assert_eq!(behind_a_click(plan.clone(), "again"), plan);
}
