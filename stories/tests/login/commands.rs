//! The same from the command line, with a token.

use crate::comes_in::world;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use stories::{Browser, Server, World};

/// `dockercise …` as a person calls it who has a home of their own.
fn dockercise(world: &World, args: &[&str], stdin: &str) -> (bool, String) {
    let mut command = Command::new(Server::binary().unwrap());
    command.args(args).env("XDG_CONFIG_HOME", world.dir().join("config")).env("NO_COLOR", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever reads nothing is not told anything.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_likes_a_terminal_logs_in_looks_clicks_and_runs_again() {
    let Some(world) = world().await else { return };
    world.push("ci", "after: human-click\nsay:\n  img: IMAGE\n  run: \"echo said; printf '\\\\033]0;title\\\\007'\"\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let url = world.server.url();

    let (well, words) = dockercise(&world, &["runs", "--server", &url], "");
    assert!(!well && words.contains("you are not logged in") && words.contains("help: `dockercise login`"), "{words}");
    let (well, words) = dockercise(&world, &["login", "--server", &url], "dockercise_wrong\n");
    assert!(!well && words.contains("this token is not known"), "{words}");
    let mut browser = Browser::new(&url).unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    let token = browser.token("run").await.unwrap();
    let (well, words) = dockercise(&world, &["login", "--server", &url], &format!("{token}\n"));
    assert!(well && words.contains("as anna") && !words.contains(&token), "{words}");
    let kept = world.dir().join("config/dockercise/login");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);

    // From now on nothing has to be said twice.
    let (_, words) = dockercise(&world, &["runs"], "");
    assert!(words.contains("ci/1") && words.contains("waiting"), "{words}");
    let (well, words) = dockercise(&world, &["approve", "ci"], "");
    assert!(well && words.contains(&format!("{url}/results/local/ci/1")), "{words}");
    let (well, words) = dockercise(&world, &["logs", "-f", "ci/1/say"], "");
    assert!(well && words.starts_with("said\n"), "{words}");
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["gates"][0]["by"], "anna");
    let (well, words) = dockercise(&world, &["approve", "ci"], "");
    assert!(!well && words.contains("nothing of this run waits for a click"), "{words}");
    let (well, words) = dockercise(&world, &["rerun", "ci/1"], "");
    assert!(well && words.contains("ci/1 runs again as ci/2"), "{words}");
    let again = world.api.run("ci", 2).await.unwrap();
    again.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let (well, words) = dockercise(&world, &["cancel", "ci/2"], "");
    assert!(well && words.contains("ci/2 is cancelled"), "{words}");
    again.ends("cancelled").await.unwrap();
    let (_, words) = dockercise(&world, &["runs", "ci"], "");
    assert_eq!(words.lines().count(), 2, "{words}");
    for (args, said) in [
        (vec!["logs", "ci/1/nope"], "the run has no step `nope`\nhelp: it has say"),
        (vec!["logs", "ci"], "is no step"),
        (vec!["cancel", "nope"], "there is no run `nope`"),
        (vec!["runs", "nope"], "there is no pipeline `nope`"),
    ] {
        let (well, words) = dockercise(&world, &args, "");
        assert!(!well && words.contains(said), "{args:?}: {words}");
    }
    // A token is for the server that made it: another gets none.
    let other = World::new().await.unwrap();
    let (well, words) = dockercise(&world, &["runs", "--server", &other.server.url()], "");
    assert!(well, "{words}");
    let (well, words) = dockercise(&world, &["runs", "--server", "http://ci.example", "--token", &token], "");
    assert!(!well && words.contains("in the clear") && !words.contains(&token), "{words}");
    other.close().await;
    let (well, _) = dockercise(&world, &["login", "--forget"], "");
    assert!(well && !kept.exists());
    world.close().await;
}
