//! The keys of a step.

use super::{one, plan, said, script, step};
use dockercise_pipeline::plan::{EnvValue, ImageFrom, StepPlan, VolumeFrom, Work};

fn argv(step: &StepPlan) -> Vec<&str> {
    match &step.work {
        Work::Run { argv, .. } => argv.iter().map(String::as_str).collect(),
        other => panic!("{other:?} is no command"),
    }
}

#[test]
fn shells_are_known_by_name() {
    let table: [(&str, &[&str]); 10] = [
        ("run: x", &["sh", "-ec", "x"]),
        ("shell: bash\nrun: x", &["bash", "-eo", "pipefail", "-c", "x"]),
        ("shell: /usr/bin/bash\nrun: x", &["/usr/bin/bash", "-eo", "pipefail", "-c", "x"]),
        (
            "shell: ash\nrun: [x, y]",
            &["ash", "-ec", "x\n{ dockercise_code=$?; [ \"$dockercise_code\" = 0 ] || exit \"$dockercise_code\"; }\ny"],
        ),
        ("shell: python3\nrun: [x = 1, print(x)]", &["python3", "-c", "x = 1\nprint(x)"]),
        ("shell: node\nrun: x", &["node", "-e", "x"]),
        ("shell: [bash, -euxc]\nrun: x", &["bash", "-euxc", "x"]),
        ("shell: [fish, -c]\nrun: |\n  x\n  y", &["fish", "-c", "x\ny\n"]),
        ("shell: none\nrun: [make, -C, a b, \"\"]", &["make", "-C", "a b", ""]),
        ("shell: none\nrun: [true]", &["true"]),
    ];
    for (text, expected) in table {
        assert_eq!(argv(&one(text)), expected, "{text}");
    }
    assert_eq!(one("shell: none\nrun: [make, test]").text(), "make test");
}

#[test]
fn a_shell_is_also_the_pipelines_and_runs_done() {
    let plan = plan(&[("ci", "shell: bash\nimg: i\na: {run: x, done: y}\nb: {run: x, shell: sh}\nc: {run: [a, '{b}'], shell: none}\n")]);
    assert_eq!(argv(step(&plan, "a")), ["bash", "-eo", "pipefail", "-c", "x"]);
    assert_eq!(step(&plan, "a").done.as_ref().expect("done").argv, ["bash", "-eo", "pipefail", "-c", "y"]);
    assert_eq!(argv(step(&plan, "b")), ["sh", "-ec", "x"]);
    assert_eq!(argv(step(&plan, "c")), ["a", "/dockercise/values/ci/b"]);
}

#[test]
fn what_is_no_shell_is_told() {
    assert_eq!(said("a: {img: i, shell: bahs, run: x}\n"), ["1: `bahs` is no shell that is known"]);
    assert_eq!(said("a: {img: i, shell: none, run: make test}\n"), ["1: with `shell: none`, `run` is a list of arguments"]);
    assert_eq!(said("a: {img: i, shell: none, run: ['', x]}\n"), ["1: `run` names no program"]);
    assert_eq!(said("a: {img: i, shell: [fish, -c], run: [x, y]}\n"), ["1: how `fish` stops at the first failure of a list is not known"]);
    assert_eq!(said("a: {img: i, shell: bash}\n"), ["1: there is no `run` for this shell"]);
    assert_eq!(said("a: {img: i, shell: []}\n"), ["1: there is no `run` for this shell", "1: `shell` is an empty list"]);
}

#[test]
fn without_run_the_images_own_command_runs() {
    let step = one("env: {PLUGIN_REPO: a/b}");
    assert_eq!(step.work, Work::Image { image: ImageFrom::Named { name: "alpine".into() } });
}

#[test]
fn a_map_of_volumes_puts_a_folder_before_what_is_below_it() {
    let plan = plan(&[(
        "ci",
        "img: i\na: {run: x}\nb: {run: x, vol: {lib/x: source, lib: a, .: source, .cache: {a}}}\nc: {run: x, vol: {deps: '{a}'}}\n",
    )]);
    let mounts = |name: &str| step(&plan, name).volume.iter().map(|m| (m.path.clone(), m.from)).collect::<Vec<_>>();
    let a = VolumeFrom::Step { step: dockercise_pipeline::ids::StepIx(0) };
    let expected = [(".", VolumeFrom::Source), (".cache", a), ("lib", a), ("lib/x", VolumeFrom::Source)];
    assert_eq!(mounts("b"), expected.map(|(path, from)| (path.to_owned(), from)));
    assert_eq!((mounts("c"), step(&plan, "c").volume_root()), (vec![("deps".to_owned(), a)], None));
}

#[test]
fn variables_come_from_stores_too() {
    let step = one(
        "env:\n  - A: {secret: db.password}\n    B: {ssm: /app/token}\n    C: {secretsmanager: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-b/c+d=e@f'}\n",
    );
    let values: Vec<_> = step.env.iter().map(|env| env.value.clone()).collect();
    let of = |name: &str| EnvValue::Secret { name: name.into() };
    assert_eq!(values[0], of("db.password"));
    assert_eq!(values[1], EnvValue::Ssm { path: "/app/token".into() });
    assert!(matches!(&values[2], EnvValue::Secretsmanager { id } if id.starts_with("arn:")));
    for bad in ["{secret: 'a b'}", "{secret: 1x}", "{ssm: /a/*}", "{secretsmanager: 'a$b'}", "{secret: ../x}", "{secretsmanager: 'x?'}"] {
        let said = said(&format!("a: {{img: i, run: x, env: {{A: {bad}}}}}\n"));
        assert!(said.len() == 1 && said[0].contains("names nothing in that store"), "{bad}: {said:?}");
    }
    assert_eq!(said("a: {img: i, run: x, env: {A: {vault: x}}}\n"), ["1: the value of `A` is a map"]);
    assert_eq!(said("a: {img: i, run: x, env: {A: {secret: x, ssm: y}}}\n"), ["1: the value of `A` is a map"]);
}

#[test]
fn done_is_tried_again_and_has_its_own_time() {
    let done = |text: &str| one(text).done.expect("done");
    assert_eq!(done("run: x\ndone: y").every_seconds, None);
    let polled = done("run: x\ntimeout: 1h\ndone: {run: [y, z], every: 5s, timeout: 10m}");
    assert_eq!((polled.every_seconds, polled.timeout_seconds), (Some(5), Some(600)));
    assert_eq!(done("run: x\ntimeout: 1h\ndone: y").timeout_seconds, Some(3600));
    assert_eq!(done("run: x\ntimeout: 1h\ndone: y\ndone-timeout: 2m").timeout_seconds, Some(120));
    assert_eq!(
        said("a: {img: i, run: x, done: {run: y, timeout: 1m}, done-timeout: 2m}\n"),
        ["1: the timeout of `done` stands here twice"]
    );
    assert_eq!(said("a: {img: i, run: x, done-timeout: 2m}\n"), ["1: there is no `done` to limit"]);
}

#[test]
fn an_image_is_made_by_a_step_and_used_by_others() {
    let plan = plan(&[(
        "ci",
        "version: {img: i, run: x}\nbuild: {vol: source, build: .}\nwhole:\n  vol: source\n  build: {context: app, file: docker/Dockerfile, args: {V: '{version}', W: 1.10}, tags: [r.example:5000/app:1, app], push: true}\n\
         test: {img: {build}, run: x}\nagain: {img: '{ci/whole}', run: x, services: {app: {img: '{build}'}}}\n",
    )]);
    let Work::Build { build } = &step(&plan, "whole").work else { panic!("no build") };
    assert_eq!((build.context.as_str(), build.file.as_str(), build.push, build.tags.len()), ("app", "docker/Dockerfile", true, 2));
    assert_eq!(build.args.iter().map(|arg| arg.name.as_str()).collect::<Vec<_>>(), ["V", "W"]);
    let Work::Build { build } = &step(&plan, "build").work else { panic!("no build") };
    assert_eq!((build.context.as_str(), build.file.as_str(), build.push, build.tags.len()), (".", "Dockerfile", false, 0));
    assert_eq!(step(&plan, "test").image_text(&plan), "{build}");
    let again: Vec<_> = step(&plan, "again").uses().map(|ix| plan.step(ix).name.as_str()).collect();
    assert_eq!(again, ["whole", "build"]);
    assert_eq!(step(&plan, "whole").needs().count(), 1);
}

#[test]
fn a_step_that_builds_has_no_command() {
    let text = "a:\n  vol: source\n  build: .\n  img: i\n  run: x\n  done: y\n  env: {A: b}\n  secret: true\nb: {build: {push: true}}\n";
    assert_eq!(
        said(text),
        [
            "4: a step that builds an image has no `img`",
            "5: a step that builds an image has no `run`",
            "6: a step that builds an image has no `done`",
            "7: a step that builds an image has no `env`",
            "8: a step that builds an image has no `secret`",
            "9: there is nothing to build from",
            "9: `push` has no `tags` to push",
        ]
    );
    assert_eq!(said("img: j\nenv: {A: b}\na: {vol: source, build: .}\n"), Vec::<String>::new());
    assert_eq!(said("a: {img: i, run: x}\nb: {img: {a}, run: x}\n"), ["2: the step `a` makes no image"]);
}

#[test]
fn a_builds_arguments_are_no_secrets() {
    let by_store = said("a:\n  vol: source\n  build: {args: {A: {secret: x}}}\n");
    assert_eq!(by_store, ["3: the build argument `A` cannot be a secret: an image's history shows its arguments"]);
    let by_step = said("a: {img: i, run: x, secret: true}\nb:\n  vol: source\n  build: {args: {A: '{a}'}}\n");
    assert_eq!(by_step, ["4: a build's argument cannot be a secret: an image's history shows its arguments"]);
    let by_name = said("a: {img: i, run: x}\nb:\n  vol: source\n  build: {args: {API_TOKEN: '{a}'}}\n");
    assert_eq!(by_name, ["4: a build's argument cannot be a secret: an image's history shows its arguments"]);
    assert_eq!(said("a: {img: i, run: x, secret: false}\nb:\n  vol: source\n  build: {args: {API_TOKEN: '{a}'}}\n"), Vec::<String>::new());
}

#[test]
fn services_have_names_images_and_a_sign_that_they_are_ready() {
    let step = one(
        "run: x\nservices:\n  db:\n    img: postgres:17\n    env: {POSTGRES_PASSWORD: {secret: pg}}\n    ready: pg_isready\n    memory: 1g\n    cpus: 0.5\n    user: postgres\n  \
                    cache: {img: redis, shell: none, run: [redis-server, --save, \"\"], ready: {run: [redis-cli, ping], timeout: 5s}}\n",
    );
    let [db, cache] = step.services.as_slice() else { panic!("two services") };
    assert_eq!(
        (db.name.as_str(), &db.argv, db.cpus, db.memory, db.user.as_deref()),
        ("db", &None, Some(500), Some(1 << 30), Some("postgres"))
    );
    let ready = db.ready.as_ref().expect("ready");
    assert_eq!((ready.argv.join(" "), ready.timeout_seconds), ("sh -ec pg_isready".to_owned(), 60));
    assert_eq!(cache.argv.as_deref().expect("a command"), ["redis-server", "--save", ""]);
    assert_eq!(cache.ready.as_ref().map(|r| (r.argv.len(), r.timeout_seconds)), Some((2, 5)));
    assert_eq!(
        said(
            "v: {img: i, run: x}\na:\n  img: i\n  run: x\n  services:\n    Db: {img: i}\n    db: {}\n    x: i\n    y: {img: i, run: 'cat {v}', env: [v]}\n"
        ),
        [
            "6: `Db` cannot name a service",
            "7: the service `db` has no `img`",
            "8: the service `x` is not a map of keys",
            "9: `{v}` is not replaced in `run` of a service",
        ]
    );
}

#[test]
fn a_cache_is_a_folder_a_list_or_a_map() {
    let cache = |text: &str| one(&format!("run: x\ncache: {text}")).cache.expect("a cache");
    let short = cache("node_modules");
    assert_eq!((short.paths, short.key.as_str(), short.files.len()), (vec!["node_modules".to_owned()], "ci/step", 0));
    assert_eq!(cache("[a/b, /root/.m2]").paths, ["a/b", "/root/.m2"]);
    let whole = cache("{paths: [/root/.cargo/registry], key: cargo-v1, files: Cargo.lock, fallback: [cargo-]}");
    assert_eq!((whole.key.as_str(), whole.files, whole.fallback), ("cargo-v1", vec!["Cargo.lock".to_owned()], vec!["cargo-".to_owned()]));
    for (text, message) in [
        ("{key: a}", "`cache` has no `paths`"),
        ("{paths: a, key: 'a b'}", "`a b` is no key for a cache"),
        ("{paths: a, key: '{v}'}", "`{v}` is no key for a cache"),
        ("[a, a/b]", "`a` and `a/b` are cached twice"),
        ("{paths: a, files: '{v}'}", "`{v}` is not replaced in `files`"),
        ("[]", "`cache` is an empty list"),
    ] {
        assert_eq!(said(&format!("v: {{img: i, run: x}}\na: {{img: i, run: x, cache: {text}}}\n")), [format!("2: {message}")], "{text}");
    }
}

#[test]
fn what_a_container_is_given() {
    let step = one(
        "run: x\ncpus: 0.5\nmemory: 512m\nuser: 1000:1000\nworkdir: app/src\nallow-failure: true\nsecret: true\nresults: [out/*.tar, '!out/x.tar']",
    );
    assert_eq!(
        (step.cpus, step.memory, step.user.as_deref(), step.workdir.as_deref()),
        (Some(500), Some(512 << 20), Some("1000:1000"), Some("app/src"))
    );
    assert!(step.allow_failure && step.tainted);
    assert_eq!(step.results, ["out/*.tar", "!out/x.tar"]);
    assert_eq!(one("run: x\nworkdir: .").workdir, None);
    assert_eq!(one("run: x\nworkdir: /srv").workdir.as_deref(), Some("/srv"));
    for (keys, message) in [
        ("cpus: 0", "`0` is no number of processors"),
        ("cpus: all", "`all` is no number of processors"),
        ("memory: 512", "`512` is no amount of memory"),
        ("memory: 1m", "`1m` is no amount of memory"),
        ("allow-failure: yes", "`allow-failure` is `true` or `false`, not `yes`"),
        ("results: '[a'", "`[a` is no glob: the pattern `[a` opens a `[` that it does not close"),
        ("results: '{a}'", "`{a}` is not replaced in `results`"),
    ] {
        assert_eq!(said(&format!("a: {{img: i, run: x, {keys}}}\n")), [format!("1: {message}")], "{keys}");
    }
}

#[test]
fn what_is_not_there_yet_is_refused_by_name() {
    for key in ["matrix: {a: [1]}", "role: arn", "pure: true", "inputs: [a]", "retry: {max: 2}", "report: x.xml"] {
        let name = key.split(':').next().expect("a key");
        assert_eq!(said(&format!("a: {{img: i, run: x, {key}}}\n")), [format!("1: `{name}` is not supported yet")]);
    }
    assert_eq!(said("concurrency: {group: a}\na: {img: i, run: x}\n"), ["1: `concurrency` is not supported yet"]);
}

#[test]
fn a_variable_of_the_aws_triple_that_says_it_is_none_is_warned_about() {
    let text = "id: {img: i, run: x, secret: false}\nb: {img: i, run: x, env: {AWS_ACCESS_KEY_ID: '{id}'}}\n";
    assert_eq!(said(text), ["1: the value of `ci/id` is used as AWS_ACCESS_KEY_ID, and will be shown"]);
}

#[test]
fn a_script_of_python_runs_as_it_is() {
    let step = one("shell: python3\nrun: [x = 1, raise SystemExit(x + 1), print('never')]");
    let output = std::process::Command::new("python3").args(&argv(&step)[1..]).output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: there is no python3 here");
        return;
    };
    assert_eq!((output.status.code(), script(&step).lines().count()), (Some(2), 3));
    assert_eq!(output.stdout, b"");
}
