use super::*;
use crate::compile::compile;
use crate::ids::PipelineIx;
use crate::source::SourceFile;
use proptest::prelude::*;

/// The names of the steps of a file whose values are secrets.
fn tainted(text: &str) -> Vec<String> {
    let compiled = compile("r", vec![SourceFile { path: "ci.dockercise.yaml".into(), text: text.as_bytes().to_vec() }]);
    let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    plan.steps.iter().filter(|step| step.tainted).map(|step| step.name.clone()).collect()
}

#[test]
fn the_founding_example_shows_no_credential() {
    let text = include_str!("../../../examples/founding.dockercise.yaml");
    assert_eq!(tainted(text), ["assume-role", "access-key-id", "secret-access-key", "session-token"]);
}

#[test]
fn a_value_is_a_secret_where_the_language_says_so() {
    // What each file is, and which of its steps' values are secrets.
    let table: [(&str, &str, &[&str]); 20] = [
        ("nothing says so", "a: {run: x}\nb: {run: 'cat {a}', env: {A: '{a}'}}", &[]),
        ("declared", "a: {run: x, secret: true}", &["a"]),
        ("used for a key", "a: {run: x}\nb: {run: x, env: {API_KEY: '{a}'}}", &["a"]),
        ("in lower case, within a word", "a: {run: x}\nb: {run: x, env: {my_passwords: '{a}'}}", &["a"]),
        ("named so by its step", "db-password: {run: x}\nb: {run: x, env: [db-password]}", &["db-password"]),
        ("a step's name alone says nothing", "token: {run: x}\nb: {run: 'cat {token}'}", &[]),
        ("through a file", "all: {run: x}\na: {run: 'cat {all}'}\nb: {run: x, env: {TOKEN: '{a}'}}", &["all", "a"]),
        (
            "through two files",
            "c: {run: x}\nall: {run: 'cat {c}'}\na: {run: 'cat {all}'}\nb: {run: x, env: {TOKEN: '{a}'}}",
            &["c", "all", "a"],
        ),
        ("a variable does not lead back", "all: {run: x}\na: {run: x, env: [all]}\nb: {run: x, env: {TOKEN: '{a}'}}", &["a"]),
        ("declaring does not lead back", "all: {run: x}\na: {run: 'cat {all}', secret: true}", &["a"]),
        ("made from a secret's file", "a: {run: x, secret: true}\nb: {run: 'cat {a}'}\nc: {run: 'cat {b}'}", &["a", "b", "c"]),
        ("made from it, and said not to be", "a: {run: x, secret: true}\nb: {run: 'cat {a}', secret: false}\nc: {run: 'cat {b}'}", &["a"]),
        ("a variable masks, and makes no secret", "a: {run: x, secret: true}\nb: {run: x, env: [a]}\nc: {run: 'cat {b}'}", &["a"]),
        ("a volume makes no secret", "a: {run: x, secret: true}\nb: {run: x, vol: a}", &["a"]),
        ("what done reads is no part of the value", "a: {run: x, secret: true}\nb: {run: x, done: 'cat {a}'}", &["a"]),
        ("used, and said not to be", "a: {run: x, secret: false}\nb: {run: x, env: {CACHE_KEY: '{a}'}}", &[]),
        ("a store's name is no value of a step", "a: {run: x, env: {TOKEN: {secret: token}}}", &[]),
        ("a variable of a service", "a: {run: x}\nb: {run: x, services: {db: {img: pg, env: {PG_PASSWORD: '{a}'}}}}", &["a"]),
        (
            "what else is made from what led back",
            "all: {run: x}\nid: {run: 'cat {all}'}\nwhen-over: {run: 'cat {all}'}\nb: {run: x, env: {TOKEN: '{id}'}}",
            &["all", "id", "when-over"],
        ),
        (
            "said not to be, it leads back no further",
            "all: {run: x}\na: {run: 'cat {all}', secret: false}\nb: {run: x, env: {TOKEN: '{a}'}}",
            &[],
        ),
    ];
    for (what, text, names) in table {
        assert_eq!(tainted(&format!("img: alpine\n{text}\n")), names, "{what}");
    }
}

#[test]
fn names_of_variables() {
    for name in ["TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PgPassword", "monkey", "KEY"] {
        assert!(is_secret_variable(name), "{name}");
    }
    for name in ["", "VERSION", "KE", "PASS", "PASSWD", "T0KEN", "K_E_Y"] {
        assert!(!is_secret_variable(name), "{name}");
    }
}

/// A graph without cycles: step i reads and takes from smaller numbers only.
#[derive(Debug, Clone)]
struct Model {
    secret: Vec<Option<bool>>,
    reads: Vec<Vec<usize>>,
    /// Step, taken from, called like a secret?
    takes: Vec<(usize, usize, bool)>,
}

fn model() -> impl Strategy<Value = Model> {
    (2..12_usize).prop_flat_map(|n| {
        let secret = prop::collection::vec(prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))], n);
        let pair = (0..n, 0..n).prop_filter_map("a smaller one", |(a, b)| (a != b).then_some((a.max(b), a.min(b))));
        let reads = prop::collection::vec(pair.clone(), 0..n * 2);
        let takes = prop::collection::vec((pair, any::<bool>()), 0..n);
        (secret, reads, takes).prop_map(move |(secret, reads, takes)| {
            let mut of = vec![Vec::new(); n];
            reads.into_iter().for_each(|(from, to)| of[from].push(to));
            Model { secret, reads: of, takes: takes.into_iter().map(|((from, to), is)| (from, to, is)).collect() }
        })
    })
}

fn decided(model: &Model) -> Vec<Option<Why>> {
    let mut steps: Vec<StepPlan> =
        (0..model.secret.len()).map(|i| StepPlan::new(&format!("s{i}"), PipelineIx(0), Work::shell("i", "x"))).collect();
    for (from, to, is) in &model.takes {
        let name = if *is { "A_TOKEN" } else { "A_TEXT" }.to_owned();
        steps[*from].env.push(EnvPlan { name, value: EnvValue::Step { step: StepIx(*to as u32) } });
    }
    let ix = |reads: &Vec<usize>| reads.iter().map(|r| StepIx(*r as u32)).collect();
    let said: Vec<Said> = model.secret.iter().zip(&model.reads).map(|(secret, reads)| Said { secret: *secret, reads: ix(reads) }).collect();
    decide(&steps, &said)
}

proptest! {
    #[test]
    fn it_is_the_least_set_that_the_rules_allow(model in model()) {
        let found = decided(&model);
        let is = |i: usize| found[i].is_some();
        let by_use = |i: usize| matches!(found[i], Some(Why::Used { .. } | Why::Through { .. }));
        for i in 0..found.len() {
            let no = model.secret[i] == Some(false);
            let used = model.takes.iter().any(|(_, to, secret)| *to == i && *secret);
            let through = (0..found.len()).any(|reader| by_use(reader) && model.reads[reader].contains(&i));
            let made = model.reads[i].iter().any(|read| is(*read));
            let declared = model.secret[i] == Some(true);
            // Every rule holds, and nothing is a secret that no rule makes one.
            prop_assert_eq!(is(i), !no && (used || through || made || declared), "step {}: {:?}", i, found[i]);
            match &found[i] {
                Some(Why::Used { by, name }) => prop_assert!(model.takes.contains(&(by.index(), i, true)) && name == "A_TOKEN"),
                Some(Why::Through { step }) => prop_assert!(by_use(step.index()) && model.reads[step.index()].contains(&i)),
                Some(Why::MadeFrom { step }) => prop_assert!(is(step.index()) && model.reads[i].contains(&step.index())),
                Some(Why::Declared) => prop_assert!(declared),
                None => {}
            }
        }
    }

    #[test]
    fn saying_secret_of_one_more_step_never_shows_another(model in model(), which in 0..12_usize) {
        let mut more = model.clone();
        let which = which % more.secret.len();
        prop_assume!(more.secret[which].is_none());
        more.secret[which] = Some(true);
        for (before, after) in decided(&model).iter().zip(decided(&more)) {
            prop_assert!(before.is_none() || after.is_some());
        }
    }
}
