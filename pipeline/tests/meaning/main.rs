//! What a file means, decision by decision: the plan that the compiler makes of it.

mod keys;
mod settings;
mod status;

use dockercise_pipeline::compile::{Compiled, compile};
use dockercise_pipeline::plan::{EnvValue, Plan, StepPlan, VolumeFrom, Work};
use dockercise_pipeline::source::SourceFile;

fn compiled(files: &[(&str, &str)]) -> Compiled {
    let file = |(name, text): &(&str, &str)| SourceFile { path: format!("{name}.dockercise.yaml"), text: text.as_bytes().to_vec() };
    compile("repo", files.iter().map(file).collect())
}

fn plan(files: &[(&str, &str)]) -> Plan {
    let compiled = compiled(files);
    assert_eq!(compiled.diagnostics, []);
    compiled.plan.expect("a plan")
}

fn step<'p>(plan: &'p Plan, name: &str) -> &'p StepPlan {
    plan.steps.iter().find(|step| step.name == name).expect("a step of that name")
}

fn literal<'p>(step: &'p StepPlan, name: &str) -> &'p str {
    match &step.env.iter().find(|env| env.name == name).expect("a variable of that name").value {
        EnvValue::Literal { text } => text,
        _ => panic!("{name} is no text"),
    }
}

/// One step of one file without a word said about it: the plan of `step: {img: alpine, ...}`.
fn one(keys: &str) -> StepPlan {
    let plan = plan(&[("ci", &format!("step:\n  img: alpine\n{}", keys.lines().map(|line| format!("  {line}\n")).collect::<String>()))]);
    plan.steps[0].clone()
}

/// What is said of a file: each problem as `line: message`.
fn said(text: &str) -> Vec<String> {
    compiled(&[("ci", text)]).diagnostics.iter().map(|d| format!("{}: {}", d.line, d.message)).collect()
}

/// What the shell of a step is given.
fn script(step: &StepPlan) -> &str {
    match &step.work {
        Work::Run { argv, .. } => argv.last().expect("a script"),
        other => panic!("{other:?} is no command"),
    }
}

/// The variables of a step that are values of steps, as `NAME=step`.
fn of_steps(plan: &Plan, name: &str) -> Vec<String> {
    let of = |env: &dockercise_pipeline::plan::EnvPlan| match env.value {
        EnvValue::Step { step } => Some(format!("{}={}", env.name, plan.full_name(step))),
        _ => None,
    };
    step(plan, name).env.iter().filter_map(of).collect()
}

#[test]
fn scalars_are_as_written() {
    let plan = plan(&[(
        "ci",
        "a:\n  img: 1.10\n  run: no\n  env:\n    V: 1.10\n    ON: no\n    HEX: 0x1F\n    N: null\n    T: ~\n    E:\n    Q: \"\"\n    D: 2024-01-01\n    I: .inf\n    O: 0o17\n    S: ' x '\n    M: |\n      a\n      b\n",
    )]);
    let a = step(&plan, "a");
    assert_eq!((a.image_text(&plan).as_str(), script(a)), ("1.10", "no"));
    let expected = [
        ("V", "1.10"),
        ("ON", "no"),
        ("HEX", "0x1F"),
        ("N", "null"),
        ("T", "~"),
        ("E", ""),
        ("Q", ""),
        ("D", "2024-01-01"),
        ("I", ".inf"),
        ("O", "0o17"),
        ("S", " x "),
        ("M", "a\nb\n"),
    ];
    for (name, text) in expected {
        assert_eq!(literal(a, name), text, "{name}");
    }
}

#[test]
fn references_without_quotes_are_understood() {
    let plan = plan(&[(
        "ci",
        "a: {img: i, run: x}\nb: {img: i, run: x, vol: {a}, env: [{a}, {X: {a}}], after: {a}}\nc: {img: i, run: x, vol: '{a}', env: {a}, after: [{a}]}\n",
    )]);
    for name in ["b", "c"] {
        let step = step(&plan, name);
        assert!(matches!(step.volume_root(), Some(VolumeFrom::Step { .. })) && step.after.len() == 1, "{name}");
    }
    assert_eq!(of_steps(&plan, "b"), ["A=ci/a", "X=ci/a"]);
    assert_eq!(of_steps(&plan, "c"), ["A=ci/a"]);
}

#[test]
fn a_name_with_nothing_behind_it_is_an_empty_variable_not_a_reference() {
    let plan = plan(&[
        ("ci", "A: &x {img: i, run: x}\n".replace("A: &x ", "a: ").as_str()),
        ("b", "b:\n  img: i\n  run: x\n  env:\n    - EMPTY:\n"),
    ]);
    assert_eq!(literal(step(&plan, "b"), "EMPTY"), "");
}

#[test]
fn the_aws_names_are_set_for_the_whole_triple_only() {
    let makers = "access-key-id: {img: i, run: x}\nsecret-access-key: {img: i, run: x}\nsession-token: {img: i, run: x}\n";
    let two = format!("{makers}use: {{img: i, run: x, env: [access-key-id, session-token]}}\n");
    assert_eq!(of_steps(&plan(&[("ci", &two)]), "use"), ["ACCESS_KEY_ID=ci/access-key-id", "SESSION_TOKEN=ci/session-token"]);
    let three =
        format!("{makers}use: {{img: i, run: x, env: [session-token, ci/access-key-id, secret-access-key, AWS_SESSION_TOKEN: mine]}}\n");
    let plan = plan(&[("ci", &three)]);
    let names: Vec<_> = step(&plan, "use").env.iter().map(|env| env.name.as_str()).collect();
    assert_eq!(
        names,
        ["SESSION_TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    );
    assert_eq!(literal(step(&plan, "use"), "AWS_SESSION_TOKEN"), "mine");
}

#[test]
fn defaults_count_where_nothing_is_said_and_not_for_what_they_name() {
    let plan =
        plan(&[("ci", "img: i\nvol: code\nenv: [code]\ncode: {run: x}\na: {run: x}\nb: {img: j, vol: source, env: {X: y}, run: x}\n")]);
    let (code, a, b) = (step(&plan, "code"), step(&plan, "a"), step(&plan, "b"));
    assert!(code.volume.is_empty() && code.env.is_empty() && code.image_text(&plan) == "i");
    assert!(matches!(a.volume_root(), Some(VolumeFrom::Step { .. })));
    assert_eq!(of_steps(&plan, "a"), ["CODE=ci/code"]);
    assert!(matches!(b.volume_root(), Some(VolumeFrom::Source)) && b.image_text(&plan) == "j" && of_steps(&plan, "b").is_empty());
}

#[test]
fn with_steps_a_step_may_have_any_name() {
    let plan = plan(&[("ci", "on: manual\nsteps:\n  on: {img: i, run: 'cat {env}'}\n  env: {img: i, run: x}\n  x-note: {a: b}\n")]);
    assert_eq!(step(&plan, "on").values.len(), 1);
    assert!(plan.pipelines[0].on.manual.is_some() && plan.pipelines[0].on.push.is_none());
    assert_eq!(plan.steps.len(), 2);
}

#[test]
fn a_step_reads_its_own_value_in_done_only() {
    let plan = plan(&[("ci", "a: {img: i, run: x, timeout: 90s, done: 'grep ok {a} {ci/a} {b}'}\nb: {img: i, run: x}\n")]);
    let a = step(&plan, "a");
    let done = a.done.as_ref().expect("done");
    assert!(done.reads_own_value && a.values.len() == 1 && a.needs().count() == 1);
    assert_eq!(done.argv[2], "grep ok /dockercise/values/ci/a /dockercise/values/ci/a /dockercise/values/ci/b");
    assert_eq!((a.timeout_seconds, done.timeout_seconds), (Some(90), Some(90)));
}

#[test]
fn a_list_stops_at_the_first_failure() {
    let plan = plan(&[("ci", "a:\n  img: i\n  run: [false && true, echo never]\n")]);
    let a = step(&plan, "a");
    assert_eq!(a.text(), "false && true\necho never");
    for shell in ["sh", "bash"] {
        let output = std::process::Command::new(shell).args(["-ec", script(a)]).output().expect("a shell");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "{shell}");
    }
}

#[test]
fn after_names_steps_then_pipelines_and_the_click() {
    let plan = plan(&[
        ("deploy", "after: [ci, human-click]\ndeploy: {img: i, run: x}\nother: {img: i, run: x, after: [deploy, ci/test, lint, {human-click: {note: look}}, human-click]}\n"
            .replace(", human-click]}", "]}")
            .as_str()),
        ("ci", "test: {img: i, run: x}\n"),
        ("lint", "lint: {img: i, run: x}\n"),
    ]);
    let other = step(&plan, "other");
    let names: Vec<_> = other.after.iter().map(|ix| plan.full_name(*ix)).collect();
    assert_eq!(names, ["deploy/deploy", "ci/test"]);
    assert_eq!(other.after_pipelines.iter().map(|ix| plan.pipeline(*ix).name.as_str()).collect::<Vec<_>>(), ["lint"]);
    let deploy = plan.pipelines.iter().find(|p| p.name == "deploy").expect("deploy");
    assert!(deploy.gate.is_some() && deploy.after.len() == 1 && plan.gates.len() == 2);
    assert_eq!(plan.gates[other.gate.expect("a gate").index()].note.as_deref(), Some("look"));
}

#[test]
fn names_come_from_files_and_the_repository() {
    let compiled = compile(
        "My_Repo",
        vec![
            SourceFile { path: "a/.dockercise.yaml".into(), text: b"a: {img: i, run: x}".to_vec() },
            SourceFile { path: "b/test.dockercise.yaml".into(), text: b"name: other\na: {img: i, run: 'cat {my-repo/a}'}".to_vec() },
            SourceFile { path: "c/bad.dockercise.yaml".into(), text: b"[".to_vec() },
        ],
    );
    let names: Vec<_> = compiled.pipelines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["my-repo", "other", "bad"]);
    assert!(compiled.diagnostics.iter().all(|d| d.file == "c/bad.dockercise.yaml"));
}

#[test]
fn a_plan_is_the_same_after_json() {
    let plan =
        plan(&[("ci", "a: {img: i, run: x}\nb: {img: i, run: 'cat {a}', env: [a, X: y], done: x, after: {human-click: {note: z}}}\n")]);
    let json = serde_json::to_string(&plan).expect("plain data");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("plain data"), plan);
}
