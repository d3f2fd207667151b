//! A push becomes a run becomes results.
#![expect(clippy::unwrap_used, reason = "tests")]

use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_commit_runs_and_its_values_are_there() {
    let Some(world) = World::new().await else { return };
    world
        .push(
            "ci",
            "version:
  img: IMAGE
  run: echo 1.2.3
greet:
  img: IMAGE
  env: [version]
  run: echo \"hello $VERSION\" && wc -c < {version} && echo oops >&2
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("version").await.unwrap(), b"1.2.3\n");
    assert_eq!(run.value("greet").await.unwrap(), b"hello 1.2.3\n6\n");
    assert!(run.log("greet", "run").await.unwrap().contains("oops"));
    world.close().await;
}
