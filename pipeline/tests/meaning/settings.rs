//! The settings of a pipeline.

use super::{compiled, plan, said, step};
use dockercise_pipeline::plan::{On, PipelinePlan};

fn pipeline(settings: &str) -> PipelinePlan {
    plan(&[("ci", &format!("{settings}\na: {{img: i, run: x}}\n"))]).pipelines[0].clone()
}

fn on(text: &str) -> On {
    pipeline(&format!("on: {text}")).on
}

#[test]
fn events_have_filters() {
    assert_eq!(pipeline("x-a: b").on, On::default());
    let all = on(
        "\n  push: {branches: [main, 'release/*', '!release/old'], paths: 'src/**'}\n  pull_request: {branches: main}\n  tag: {tags: v*}\n  \
                  schedule: 30 4 * * 1\n  manual:\n",
    );
    let push = all.push.expect("push");
    assert_eq!((push.branches.0.len(), push.paths.0.as_slice()), (3, ["src/**".to_owned()].as_slice()));
    assert_eq!(all.pull_request.expect("pull_request").branches.0, ["main"]);
    assert_eq!(all.tag.expect("tag").tags.0, ["v*"]);
    assert_eq!(all.schedule.iter().map(|s| s.cron.as_str()).collect::<Vec<_>>(), ["30 4 * * 1"]);
    assert_eq!(all.manual.expect("manual").inputs, []);
    let list = on("[pull_request, {schedule: ['0 0 * * *', '0 12 * * *']}, manual]");
    assert!(list.push.is_none() && list.pull_request.is_some() && list.schedule.len() == 2 && list.manual.is_some());
}

#[test]
fn inputs_are_asked_for_by_name() {
    let on = on("{manual: {inputs: {TARGET: {default: staging, choices: [staging, production]}, VERSION: {required: true}, NOTE:}}}");
    let inputs = on.manual.expect("manual").inputs;
    let told: Vec<_> = inputs.iter().map(|i| (i.name.as_str(), i.default.as_deref(), i.choices.len(), i.required)).collect();
    assert_eq!(told, [("TARGET", Some("staging"), 2, false), ("VERSION", None, 0, true), ("NOTE", None, 0, false)]);
}

#[test]
fn what_cannot_start_a_pipeline_is_told() {
    for (on, message) in [
        ("{push: {tags: v*}}", "`push` has no key `tags`"),
        ("{tag: {branches: main}}", "`tag` has no key `branches`"),
        ("{push: main}", "`push` takes a map"),
        ("{branches: main}", "`on` has no key `branches`: it belongs to an event"),
        ("schedule", "`schedule` names no time"),
        (
            "{schedule: '61 * * * *'}",
            "`61 * * * *` is no time: `61` is no minute: it takes 0 to 59, `*`, ranges `1-5`, lists `1,3` and steps `*/2`",
        ),
        ("{schedule: ['0 0 * * *', '0 0 * * *']}", "`0 0 * * *` stands here twice"),
        ("{push: {branches: '[z-a]'}}", "`[z-a]` is no glob: the pattern `[z-a]` has a range `[z-a]` that goes backwards"),
        ("{manual: {inputs: {PATH:}}}", "no input can set `PATH`: that would change how programs behave"),
        ("{manual: {inputs: {DOCKERCISE_SHA:}}}", "no input can set `DOCKERCISE_SHA`: that would change how programs behave"),
        ("{manual: {inputs: {a-b:}}}", "`a-b` cannot name a variable"),
        ("{manual: {inputs: {A: {default: x, choices: [y]}}}}", "the default `x` is none of the choices"),
        ("{manual: {inputs: {A: staging}}}", "`A` takes a map"),
        ("[]", "`on` names no event"),
        ("{}", "`on` names no event"),
        ("cron", "there is no event `cron`"),
    ] {
        assert_eq!(said(&format!("on: {on}\na: {{img: i, run: x}}\n")), [format!("1: {message}")], "{on}");
    }
}

#[test]
fn the_other_settings() {
    let p = pipeline("account: production\nqueue-timeout: 2h\ntimeout: 5m\nsettings: {source: {submodules: true, lfs: false}}");
    assert_eq!((p.account.as_deref(), p.queue_timeout_seconds, p.timeout_seconds), (Some("production"), 7200, 300));
    assert!(p.source.submodules && !p.source.lfs);
    assert_eq!(pipeline("account: 012345678901").account.as_deref(), Some("012345678901"));
    assert_eq!(pipeline("x-a: b").queue_timeout_seconds, 24 * 60 * 60);
    for (settings, message) in [
        ("account: 1234", "`1234` is no account"),
        ("account: '*'", "`*` is no account"),
        ("settings: {source: {submodule: true}}", "`source` has no key `submodule`"),
        ("settings: [a]", "`settings` takes a map"),
        ("queue-timeout: 90", "`90` is not a duration"),
    ] {
        assert_eq!(said(&format!("{settings}\na: {{img: i, run: x}}\n")), [format!("1: {message}")], "{settings}");
    }
}

#[test]
fn a_gate_names_who_may_click_and_until_when() {
    let plan = plan(&[(
        "ci",
        "after: {human-click: {by: [mona, acme/deployers], expires: 7d, note: look}}\na: {img: i, run: x, after: {human-click: {by: mona}}}\n",
    )]);
    let of_pipeline = &plan.gates[plan.pipelines[0].gate.expect("a gate").index()];
    assert_eq!((of_pipeline.by.len(), of_pipeline.expires_seconds, of_pipeline.note.as_deref()), (2, Some(7 * 86_400), Some("look")));
    assert_eq!(plan.gates[step(&plan, "a").gate.expect("a gate").index()].by, ["mona"]);
    for by in ["a b", "-x", "a/b/c", "a/", "/b", "*", "{a}"] {
        let said = said(&format!("a: {{img: i, run: x, after: {{human-click: {{by: ['{by}']}}}}}}\n"));
        assert_eq!(said, [format!("1: `{by}` is no login and no team")]);
    }
}

#[test]
fn a_secret_stays_in_its_account() {
    let files = |a: &str, b: &str| {
        compiled(&[
            ("one", &format!("{a}\nkey: {{img: i, run: x, secret: true}}\nname: {{img: i, run: x}}\n").replace("\nname:", "\nlabel:")),
            ("two", &format!("{b}\nuse: {{img: i, run: x, env: {{A: '{{one/key}}', B: '{{one/label}}'}}}}\n")),
        ])
    };
    assert_eq!(files("account: a", "account: a").diagnostics, []);
    let crossing = files("account: a", "account: b").diagnostics;
    assert_eq!(crossing.len(), 1);
    assert_eq!(crossing[0].message, "the value of `one/key` is a secret of the account `a`, and stays there");
}
