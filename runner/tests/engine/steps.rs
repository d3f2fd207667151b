//! What a single step does and leaves, on the real Docker engine.

use crate::docker::LONG;
use dockercise_runner::engine::{Found, Signal};
use std::time::Instant;

#[tokio::test]
async fn exit_codes_are_the_commands_own() {
    let rig = rig!();
    assert_eq!(rig.sh(0, "true").await.0, 0);
    assert_eq!(rig.sh(1, "exit 7").await.0, 7);
    assert_eq!(rig.sh(2, "kill -TERM $$").await.0, 143);

    let spec = rig.spec(3, "echo up; sleep 100");
    rig.start(&spec).await;
    rig.until(&spec.key, 0, "up").await;
    rig.engine.signal(&spec.key, Signal::Term).await.unwrap();
    assert_eq!(rig.wait(&spec.key).await.code, 143);
    rig.engine.signal(&spec.key, Signal::Term).await.unwrap();
    rig.engine.signal(&spec.key, Signal::Kill).await.unwrap();
    rig.end().await;
}

#[tokio::test]
async fn a_command_that_cannot_run_is_told_in_words() {
    let rig = rig!();
    let mut spec = rig.spec(0, "");
    spec.argv = vec!["no-such-thing".to_owned()];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, output.remarks), (127, b"`no-such-thing` was not found in the image".to_vec()));

    let mut spec = rig.spec(1, "");
    spec.argv = vec!["/tmp".to_owned()];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, output.remarks), (126, b"`/tmp` cannot be run: permission denied".to_vec()));
    rig.end().await;
}

#[tokio::test]
async fn stdout_and_stderr_are_kept_apart_to_the_byte() {
    let rig = rig!();
    let script = r#"i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done
        printf 'no newline' >&2; echo out; echo err >&2"#;
    let (code, output) = rig.sh(0, script).await;
    let every_byte: Vec<u8> = (0..=255).chain(*b"out\n").collect();
    assert_eq!(code, 0);
    assert_eq!((output.stdout, output.stderr), (every_byte, b"no newlineerr\n".to_vec()));

    // Closed early; carriage returns (R34).
    let (code, output) = rig.sh(1, r"printf 'a\rb\r'; exec >&-; echo still >&2; exit 3").await;
    assert_eq!((code, output.stdout, output.stderr), (3, b"a\rb\r".to_vec(), b"still\n".to_vec()));
    rig.end().await;
}

#[tokio::test]
async fn r33_a_child_in_the_background_does_not_keep_the_step() {
    let rig = rig!();
    let began = Instant::now();
    let (code, output) = rig.sh(0, "sleep 300 & yes > /dev/null & echo x").await;
    assert_eq!((code, output.stdout), (0, b"x\n".to_vec()));
    // It writes on and on, into the pipe that the step has left.
    let (code, output) = rig.sh(1, "yes & exit 4").await;
    assert_eq!(code, 4);
    assert!(output.stdout.iter().all(|byte| b"y\n".contains(byte)));
    assert!(began.elapsed() < LONG / 2);
    rig.end().await;
}

#[tokio::test]
async fn r35_nothing_outlives_a_kill() {
    let rig = rig!();
    let spec = rig.spec(0, "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 5000 & sleep 5001' &) ; echo up; while :; do sleep 1; done");
    rig.start(&spec).await;
    rig.until(&spec.key, 0, "up").await;
    rig.engine.signal(&spec.key, Signal::Term).await.unwrap();
    assert!(rig.is_running(&spec.key).await, "it ignores TERM");
    let name = format!("dc-{}-{}-0-1-run", rig.host, rig.run.short());
    let pids = rig.docker.top_processes(&name, None).await.unwrap().processes.unwrap();
    let pids: Vec<String> = pids.into_iter().map(|row| row[1].clone()).collect();
    assert!(pids.len() >= 4, "{pids:?}");
    rig.engine.signal(&spec.key, Signal::Kill).await.unwrap();
    assert_eq!(rig.wait(&spec.key).await.code, 137);
    let left: Vec<_> = pids.iter().filter(|pid| std::path::Path::new("/proc").join(pid).exists()).collect();
    assert_eq!(left, Vec::<&String>::new());
    rig.end().await;
}

#[tokio::test]
async fn a_step_finds_what_it_was_promised_and_no_more() {
    let rig = rig!();
    let mut spec = rig.spec(0, "pwd; cat; id -u; echo \"$GREETING\"; grep -E 'SigBlk|NoNewPrivs|CapEff' /proc/1/status /proc/$$/status; touch here; ls /dockercise; mkdir /dockercise/go/x 2>&1 || true");
    spec.env.push(("GREETING".to_owned(), "it's \"$HOME\"\nnext".to_owned()));
    let (ended, output) = rig.finish(&spec).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ended.code, 0, "{text}");
    assert!(text.starts_with("/work\n0\nit's \"$HOME\"\nnext\n"), "{text}");
    let own: Vec<&str> = text.lines().filter(|line| !line.starts_with("/proc/1/") && line.starts_with("/proc/")).collect();
    assert!(own.iter().any(|line| line.contains("SigBlk:\t0000000000000000")), "no signal is blocked: {own:?}");
    assert!(own.iter().any(|line| line.contains("NoNewPrivs:\t1")), "{own:?}");
    assert!(own.iter().any(|line| line.contains("CapEff:\t00000000000005fb")), "{own:?}");
    assert!(text.contains("go\nspool\n"), "{text}");
    assert!(text.contains("Read-only file system"), "{text}");

    let name = format!("dc-{}-{}-0-1-run", rig.host, rig.run.short());
    let inspected = rig.docker.inspect_container(&name, None).await.unwrap();
    let config = format!("{inspected:?}");
    assert!(!config.contains("GREETING") && !config.contains("touch here"), "{config}");
    rig.end().await;
}

#[tokio::test]
async fn containers_are_found_made_once_and_removed() {
    let rig = rig!();
    let spec = rig.spec(0, "echo once");
    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), None);
    rig.engine.create(&spec).await.unwrap();
    rig.engine.create(&spec).await.unwrap();
    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), Some(Found::Created));
    rig.engine.start(&spec.key).await.unwrap();
    rig.engine.start(&spec.key).await.unwrap();
    let ended = rig.wait(&spec.key).await;
    assert!(ended.started_at.is_some() && ended.finished_at.is_some());
    rig.engine.start(&rig.key(9)).await.unwrap_err();
    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), Some(Found::Exited(ended)));
    assert_eq!(rig.output(&spec.key).await.stdout, b"once\n");
    rig.engine.remove(&spec.key).await.unwrap();
    rig.engine.remove(&spec.key).await.unwrap();
    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), None);
    let error = rig.engine.wait(&spec.key).await.unwrap_err();
    assert!(matches!(error, dockercise_runner::engine::EngineError::Gone { .. }), "{error}");
    // The spool outlives its container.
    assert_eq!(rig.output(&spec.key).await.stdout, b"once\n");
    rig.engine.forget_spool(&spec.key).await.unwrap();
    rig.engine.spool_sum(&spec.key).await.unwrap_err();
    rig.end().await;
}
