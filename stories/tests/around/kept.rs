//! What is kept of a run that is over: to go on from, and to look into.

use super::set_secret;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use stories::{Server, Setup, World};

const FILE: &str = r#"img: IMAGE
compile:
  env: {MODE: fast}
  run: echo built > app; echo v1
warm:
  cache: [deps, /var/deps]
  run: echo inside > deps/file; echo outside > /var/deps/file
pack:
  vol: compile
  run: echo packed >> app; echo whole > list
deploy:
  vol: pack
  env: {KEY: {secret: key}, VERSION: "{compile}"}
  run: rm list; echo tried >> app; cat app {compile}; test "$KEY" = a-good-key
"#;

async fn failed_once() -> Option<World> {
    let env = vec![("DOCKERCISE_KEEP_FOR".to_owned(), "1h".to_owned())];
    let world = World::with(Setup { env, ..Setup::default() }).await?;
    set_secret(world.server.data(), "key", "a-bad-key");
    world.push("ci", FILE).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    run.step_is("deploy", "failed").await.unwrap();
    Some(world)
}

/// The host has said that it keeps the run, and how much that is.
async fn until_kept(world: &World) {
    use sqlx::ConnectOptions as _;
    let file = world.server.data().join("dockercise.db");
    let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let asked = stories::api::eventually("a run that is kept", async || {
        let bytes: Option<i64> = sqlx::query_scalar("select bytes from kept_run").fetch_optional(&mut db).await?;
        Ok(bytes)
    });
    assert!(asked.await.unwrap() > 0);
}

/// Nothing is to be kept any more; then the referee finds nothing left.
async fn close(mut world: World) {
    world.server.stop().await.unwrap();
    world.server.env.clear();
    world.server.start().await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_again_from_what_failed_what_passed_is_not_run_again() {
    let Some(world) = failed_once().await else { return };
    set_secret(world.server.data(), "key", "a-good-key");
    until_kept(&world).await;
    let place = world.api.post("/api/results/local/ci/1/rerun?from=failed").await.unwrap();
    let number = place["number"].as_i64().unwrap();
    let run = world.api.run("ci", number).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.log("deploy", "run").await.unwrap(), "built\npacked\ntried\nv1\n");
    let results = world.server.data().join(format!("results/local/ci/{number}"));
    let ran: Vec<_> = std::fs::read_dir(results).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(ran, ["deploy"]);
    close(world).await;
}

/// `dockercise shell`, as a person would call it, with this typed.
fn shell(world: &World, args: &[&str], typed: &str) -> Output {
    let mut command = Command::new(Server::binary().unwrap());
    command.arg("shell").args(args);
    with_input(world, command, typed)
}

fn with_input(world: &World, mut command: Command, typed: &str) -> Output {
    command.env("DOCKERCISE_DATA", world.server.data());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_has_what_a_step_had_and_changes_nothing() {
    let Some(world) = failed_once().await else { return };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let look = "cat app; ls; echo \"$VERSION|$KEY|$DOCKERCISE_STEP\"; echo mine >> app; exit 7\n";
    for _ in 0..2 {
        let out = shell(&world, &["ci/1/deploy"], look);
        assert_eq!((text(&out.stdout), out.status.code()), ("built\npacked\napp\nlist\nv1||deploy\n".into(), Some(7)), "{out:?}");
        assert!(text(&out.stderr).contains("KEY is not set"), "{out:?}");
    }
    let out = shell(&world, &["ci/1/deploy", "--as-failed", "--secrets"], look);
    assert_eq!((text(&out.stdout), out.status.code()), ("built\npacked\ntried\napp\nv1|a-bad-key|deploy\n".into(), Some(7)), "{out:?}");

    // Folders that are caches too; they were empty before.
    let caches = "cat deps/file /var/deps/file 2> /dev/null; ls -d deps /var/deps\n";
    for (args, wanted) in [(&["ci/1/warm", "--as-failed"][..], "inside\noutside\n"), (&["ci/1/warm"], "")] {
        let out = shell(&world, args, caches);
        assert_eq!(text(&out.stdout), format!("{wanted}/var/deps\ndeps\n"), "{out:?}");
    }

    // On a terminal, as `script` makes one: the shell has one too, and its size.
    let mut script = Command::new("script");
    let line = format!("stty rows 33 cols 77; {} shell ci/1/deploy", Server::binary().unwrap().display());
    script.args(["-qec", &line, "/dev/null"]);
    let out = with_input(&world, script, "tty; stty size; cat /dockercise/values/ci/compile; exit 5\r");
    let said = text(&out.stdout);
    assert!(said.contains("/dev/pts/0") && said.contains("33 77") && said.contains("v1\r\n"), "{said}");
    assert_eq!(out.status.code(), Some(5), "{said}");

    let out = shell(&world, &["ci/1/nothing"], "");
    assert!(!out.status.success() && text(&out.stderr).contains("compile, warm, pack, deploy"), "{out:?}");
    close(world).await;
}
