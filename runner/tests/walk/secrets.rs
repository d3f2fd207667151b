//! Secrets from the server's store, and values that are secrets.

use crate::scene::Scene;
use crate::support::plans::{StepWords as _, no_source, plan, step};
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{EnvPlan, EnvValue, StepPlan};
use dockercise_pipeline::wire::Source;

fn secret(mut step: StepPlan, name: &str, stored: &str) -> StepPlan {
    step.env.push(EnvPlan { name: name.into(), value: EnvValue::Secret { name: stored.into() } });
    step
}

fn tainted(mut step: StepPlan) -> StepPlan {
    step.tainted = true;
    step
}

/// Everything that has left the host of a run, in one.
fn everything(scene: &Scene, run: usize) -> String {
    let known = scene.server.known();
    let here = &known.runs[run];
    let mut all: Vec<u8> = here.logs.values().chain(here.files.values()).flatten().copied().collect();
    all.extend(format!("{:?} {:?} {:?}", here.events, here.records, here.machine.state()).into_bytes());
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn s47_a_stored_secret_reaches_the_step_and_nothing_else() {
    let scene = scene!();
    let runner = scene.runner();
    let canaries = ["hunter22", "p\"q$x'y\\z`1", "two\nlines-of-it", "ünïcödé-schlüssel", "-----k-e-y", "abcabcabd"];
    for (i, canary) in canaries.iter().enumerate() {
        scene.server.known().secrets.insert(format!("c{i}"), (*canary).to_owned());
    }
    let script = "for n in 0 1 2 3 4 5; do eval \"v=\\$C$n\"; printf '%s\\n' \"$v\"; printf '%s' \"$v\" | base64; printf '%s' \"$v\" | od -An -tx1 | tr -d ' \\n'; \
        printf '%s' \"$v\" | wc -c >&2; printf '%s' \"$v\" >> file; done; \
        printf '%s' \"$C5\" | cut -c1-4; printf hun; sleep 0.3; printf ter22";
    let mut first = (0..canaries.len()).fold(step(script), |made, i| secret(made, &format!("C{i}"), &format!("c{i}")));
    first.results = vec!["file".into()];
    // It has none of them by its environment, but all by the file.
    let second = step("cat file; rev file | rev; exit 4").vol(0).done("true");
    let run = scene.submit(vec![first, second]);
    scene.server.until_released(run).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed));
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::Failed { code: 4 }));
    let lengths: Vec<usize> = scene.server.text(run, 0, Phase::Run, Stream::Stderr).lines().map(|l| l.trim().parse().unwrap()).collect();
    assert_eq!(lengths, canaries.map(str::len), "the step itself has them whole");
    let all = everything(&scene, run);
    for canary in canaries.iter().flat_map(|c| c.lines()) {
        assert!(!all.contains(canary), "{canary} has left the host");
        let hex: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!all.contains(&hex), "{canary} has left the host in hex");
    }
    assert!(scene.out(run, 1).contains("***"));
    assert!(scene.out(run, 0).ends_with("abca\n***"), "{}", scene.out(run, 0));
    scene.end(runner).await;
}

/// As the founding example does: a secret value is read as a file, taken apart, and used by environment.
#[tokio::test(flavor = "multi_thread")]
async fn s47_a_secret_value_stays_on_its_host_and_is_gone_with_its_run() {
    let scene = scene!();
    let runner = scene.runner();
    let json =
        r#"{"Credentials": {"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG", "SessionToken": "FwoGZXIvYXdzEJr"}, "Arn": "arn:aws:iam::1:x"}"#;
    let assume = tainted(step(&format!("echo on stderr >&2; echo '{json}'")));
    // What it is given on stderr is not hidden: only masked.
    let key = tainted(step("sed 's/.*SecretAccessKey\": \"//; s/\".*//' /dockercise/values/p/s0 | tee /dev/stderr").reads(0));
    let user = step(
        "echo \"key is $KEY\"; test \"$KEY\" = wJalrXUtnFEMI/K7MDENG; echo $KEY | cut -c1-21 > leak; cat /dockercise/values/p/s0 | wc -c",
    )
    .env_of("KEY", 1)
    .reads(0)
    .done("echo again $KEY");
    let mut later = step("cat leak; echo arn:aws:iam::1:x").vol(2);
    later.results = vec!["leak".into()];
    let run = scene.submit(vec![assume, key, user, later]);
    scene.server.until_released(run).await;
    assert!((0..4).all(|s| scene.server.outcome(run, s) == Some(Outcome::Passed)), "{}", everything(&scene, run));
    let all = everything(&scene, run);
    assert!(!all.contains("wJalr") && !all.contains("FwoGZX"), "{all}");
    assert_eq!(scene.server.text(run, 0, Phase::Run, Stream::Stderr), "on stderr\n");
    assert_eq!(scene.server.text(run, 1, Phase::Run, Stream::Stderr), "***\n");
    assert_eq!(scene.out(run, 2), format!("key is ***\n{}\n", json.len() + 1));
    assert_eq!(scene.server.text(run, 2, Phase::Done, Stream::Stdout), "again ***\n");
    assert_eq!(scene.out(run, 3), "***\narn:aws:iam::1:x\n");
    let record = &scene.records(run)[&StepIx(0)];
    assert_eq!((record.value_length, record.value_sha256.as_str()), (json.len() as u64 + 1, ""));
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_or_not_to_be_had_is_named_before_anything_starts() {
    let scene = scene!();
    let runner = scene.runner();
    scene.server.known().secrets.insert("binary".into(), "a\0b".into());
    let missing = secret(secret(step("true"), "A", "nowhere"), "B", "binary");
    let odd = secret(step("true"), "B", "binary");
    let mut aws = step("true");
    aws.env.push(EnvPlan { name: "C".into(), value: EnvValue::Ssm { path: "/app/c".into() } });
    let run = scene.submit(vec![missing, odd, aws]);
    scene.server.until_released(run).await;
    let infra = |step| match scene.server.outcome(run, step) {
        Some(Outcome::Infra { reason }) => reason,
        other => panic!("step {step}: {other:?}"),
    };
    assert_eq!(infra(0), "there is no secret `nowhere` for owner/name\nset it on the settings page, or by `dockercise secret set NAME`");
    assert!(infra(1).starts_with("the secret `binary` cannot be the environment variable B\n"), "{}", infra(1));
    assert!(infra(2).contains("AWS Parameter Store, and this run is in no AWS account"), "{}", infra(2));
    assert!(scene.server.known().runs[run].logs.is_empty(), "nothing has begun");

    scene.server.untrusted();
    let run = scene.submit_plan(plan(vec![secret(step("true"), "A", "binary")]));
    scene.server.until_released(run).await;
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 0) else { panic!("{:?}", scene.server.outcome(run, 0)) };
    assert_eq!(reason, "this run may have no secrets, and asks for `binary`\nits code comes from a fork");
    let mut asked = scene.server.known().asked.clone();
    asked.sort();
    assert_eq!(asked, ["binary", "binary", "nowhere"], "s01: for a fork nothing is even asked");
    scene.end(runner).await;
}

/// What a step before the kill has written to a file is masked after it too: the next runner asks for its secrets again.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_begins_anew_knows_the_secrets_of_what_has_begun() {
    let scene = scene!();
    let first = scene.runner();
    scene.server.known().secrets.insert("token".into(), "hunter22".into());
    let give = secret(tainted(step("echo $TOKEN > file; echo secret-value; echo begun >&2; sleep 3; echo $TOKEN >&2")), "TOKEN", "token");
    let run = scene.submit(vec![give, step("cat file; echo secret-value").vol(0)]);
    scene.server.until("it speaks", |k| k.text(run, 0, Phase::Run, Stream::Stderr) == "begun\n").await;
    drop(first);
    let second = scene.runner();
    scene.server.until_released(run).await;
    assert_eq!(scene.server.text(run, 0, Phase::Run, Stream::Stderr), "begun\n***\n");
    assert_eq!(scene.out(run, 1), "***\n***\n");
    assert_eq!(scene.server.known().asked, ["token", "token"]);
    scene.end(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_only_code_that_is_trusted_has_an_ssh_agent() {
    let scene = scene!();
    let runner = scene.runner();
    let key = ssh_key::PrivateKey::from(ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]));
    let key = key.to_openssh(ssh_key::LineEnding::LF).unwrap().to_string();
    let source = || Source { deploy_key: key.clone(), known_hosts: "a host\n".into(), ..no_source() };
    let look = "env | grep SSH | cut -c 1-34; ls /dockercise/go";
    let run = scene.submit_from(plan(vec![step(look).done(look)]), source());
    scene.server.until_released(run).await;
    let all = "SSH_AUTH_SOCK=/dockercise/go/agent\nGIT_SSH_COMMAND=ssh -o StrictHostK\nagent\ninit\nknown_hosts\nspec.json\n";
    let both = |run| [Phase::Run, Phase::Done].map(|phase| sorted(&scene.server.text(run, 0, phase, Stream::Stdout)));
    assert_eq!(both(run), [sorted(all), sorted(all)]);

    scene.server.untrusted();
    let run = scene.submit_from(plan(vec![step(look).done(look)]), source());
    scene.server.until_released(run).await;
    assert_eq!(both(run), [sorted("init\nspec.json\n"), sorted("init\nspec.json\n")]);
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_a_forks_code_has_nothing_fetched_that_it_names() {
    let scene = scene!();
    let runner = scene.runner();
    scene.server.untrusted();
    let mut plan = plan(vec![step("true").source()]);
    plan.pipelines[0].source.submodules = true;
    let run = scene.submit_plan(plan);
    scene.server.until_released(run).await;
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 0) else { panic!("{:?}", scene.server.outcome(run, 0)) };
    assert_eq!(reason, "neither submodules nor Git LFS are fetched for this run\nits code comes from a fork");
    scene.end(runner).await;
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}
