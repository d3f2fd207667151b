//! Secrets of the server's store, and values that are secrets, from the file to the page.

use super::{holding, set_secret};
use stories::World;

const CANARIES: [&str; 3] = ["canary-one-77", "canary-two-77", "canary-three-77"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s47_s6_what_is_secret_is_used_and_found_nowhere() {
    let Some(world) = World::new().await else { return };
    set_secret(world.server.data(), "deploy", CANARIES[0]);
    world
        .push(
            "ci",
            r#"img: IMAGE
publish:
  env:
    PASSWORD: {secret: deploy}
  run:
    - test "$PASSWORD" = "$(echo canary-one)-77"
    - echo "the password is $PASSWORD" | tee notes.txt
    - printf %s "$PASSWORD" | base64
  results: notes.txt
session:
  run: 'echo "{\"Credentials\": {\"SecretAccessKey\": \"$(echo canary-two)-77\"}}"'
api-token:
  run: |
    cat {session} | sed 's/.*Key": "//; s/".*//'
again:
  env: [api-token]
  run: |
    echo "token $API_TOKEN"; printf '%s' "$API_TOKEN" > token; test "$API_TOKEN" = "$(echo canary-two)-77"
last:
  vol: again
  run: cat token; cat nothing-$(cat token)
hidden:
  secret: true
  run: echo "$(echo canary-three)-77"
reads-it:
  run: cp {hidden} copy; cat copy
"#,
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    for step in ["publish", "session", "api-token", "again", "hidden", "reads-it"] {
        run.step_is(step, "passed").await.unwrap();
    }
    assert_eq!(run.log("publish", "run").await.unwrap(), "the password is ***\n***\n");
    assert_eq!(run.log("again", "run").await.unwrap(), "token ***\n");
    let last = run.log("last", "run").await.unwrap();
    assert!(last.contains("***") && last.contains("nothing-***"), "{last}");
    let kept = world.server.data().join("results/local/ci/1/publish/files");
    let files: Vec<_> = std::fs::read_dir(&kept).unwrap().map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap()).collect();
    assert_eq!(files, ["the password is ***\n"]);

    let shown = format!("{} {}", run.view().await.unwrap(), world.api.get("/api/pipelines").await.unwrap().unwrap());
    assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{shown}");
    let found = holding(world.server.data(), &CANARIES);
    assert!(found.is_empty(), "{found:?}");
    world.close().await;
}
