//! Which steps run, and with what.

use stories::Local;

const PIPELINES: &str = "img: IMAGE
lint: {run: echo lint}
build: {run: echo built > out}
test: {vol: build, run: cat out}
deploy: {vol: test, env: {TOKEN: {secret: deploy-token}}, run: 'test \"$TOKEN\" = hunter2-hunter2; echo \"with $TOKEN\" >&2'}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_run_with_what_it_needs_and_nothing_else() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", PIPELINES).unwrap();
    local.write("later.dockercise.yaml", "on: manual\nimg: IMAGE\nlater: {run: echo later}\n").unwrap();
    let said = local.call(&["run", "--step", "test", "--results", "out"]).unwrap();
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("2 passed in ") && said.out.ends_with("results: out\n"), "{}", said.out);
    assert_eq!(std::fs::read_to_string(local.path().join("out/ci/test/value")).unwrap(), "built\n");
    assert!(!local.path().join("out/ci/lint").exists() && !local.path().join(".dockercise").exists());

    let named = local.call(&["run", "--pipeline", "later"]).unwrap();
    assert!(named.code == 0 && named.out.contains("later/later | later"), "{}{}", named.out, named.err);
    let file = local.call(&["run", "later.dockercise.yaml"]).unwrap();
    assert!(file.code == 0 && file.err.contains("nothing to run") && file.err.contains("--pipeline NAME"), "{}{}", file.out, file.err);
    let wrong = local.call(&["run", "--step", "nope"]).unwrap();
    assert!(wrong.code == 2 && wrong.err.contains("there is no step `nope`"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_is_drawn_and_nothing_is_run() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", PIPELINES).unwrap();
    let said = local.call(&["run", "--graph"]).unwrap();
    assert!(said.code == 0 && said.out.starts_with("ci · ci.dockercise.yaml\n"), "{}{}", said.out, said.err);
    assert!(said.out.lines().last().unwrap().starts_with("plan ") && !local.path().join(".dockercise").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_comes_from_the_environment_and_is_seen_nowhere() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", PIPELINES).unwrap();
    let missing = local.call(&["run"]).unwrap();
    assert_eq!(missing.code, 2, "{}{}", missing.out, missing.err);
    assert!(missing.err.contains("needs the secret `deploy-token`") && missing.err.contains("DEPLOY_TOKEN"), "{}", missing.err);

    let mut command = local.command(&["run", "--secret", "deploy-token"]).unwrap();
    let done = command.env("DEPLOY_TOKEN", "hunter2-hunter2").output().unwrap();
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && out.contains("with ***"), "{out}{}", String::from_utf8_lossy(&done.stderr));
    local.write("secrets", "deploy-token=hunter2-hunter2\n").unwrap();
    let from_file = local.call(&["run", "--secrets-file", "secrets"]).unwrap();
    assert!(from_file.code == 0 && from_file.out.contains("with ***"), "{}{}", from_file.out, from_file.err);
    let seen = std::process::Command::new("grep").args(["-r", "hunter2", ".dockercise"]).current_dir(local.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "");
    assert!(!out.contains("hunter2"), "{out}");
}
