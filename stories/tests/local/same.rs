//! A laptop and a server make the same of the same commit.

use stories::{Local, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commits_plan_is_the_same_here_and_there() {
    let Some(world) = World::new().await else { return };
    let Some(local) = Local::new().await else { return };
    world.clone.write("sub/other.dockercise.yaml", "after: ci\nthere: {img: alpine, run: 'cat {ci/build}'}\n").unwrap();
    world.clone.write("sub/.dockercise.yaml", "on: manual\nnamed-after-the-repository: {img: alpine, run: x}\n").unwrap();
    world.clone.write("ignored/.gitignore", "*\n").unwrap();
    world.clone.write("ignored/no.dockercise.yaml", "{").unwrap();
    world.push("ci", "img: IMAGE\nbuild: {vol: source, run: echo built}\ndeploy: {after: human-click, env: [build], run: x}\n").unwrap();
    let there = world.api.run("ci", 1).await.unwrap().until("it waits", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let there = there["plan_hash"].as_str().unwrap().to_owned();

    // Another person's clone of it.
    let clone = local.path().join("app");
    let from = world.clone.path().to_str().unwrap().to_owned();
    let done = std::process::Command::new("git").args(["clone", "--quiet", &from]).arg(&clone).status().unwrap();
    assert!(done.success());
    world.clone.git(&["-C", clone.to_str().unwrap(), "remote", "set-url", "origin", "git@github.com:anna/app.git"]).unwrap();
    let here = local.call_in(&clone, &["run", "--graph"]).unwrap();
    assert_eq!(here.out.lines().last().unwrap(), format!("plan {there}"), "{}{}", here.out, here.err);
    let run = local.call_in(&clone.join("sub"), &["run", "--step", "ci/build"]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let text = std::fs::read_to_string(clone.join(".dockercise/results/latest/run.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["plan"], there);
    // What is not committed is another plan.
    std::fs::write(clone.join("new.dockercise.yaml"), "new: {img: alpine, run: x}\n").unwrap();
    let changed = local.call_in(&clone, &["run", "--graph"]).unwrap();
    assert!(!changed.out.contains(&there) && changed.code == 0, "{}{}", changed.out, changed.err);
    world.api.run("ci", 1).await.unwrap().click().await.unwrap();
    world.api.run("ci", 1).await.unwrap().until("it is over", |v| v["summary"]["state"] == "failed").await.unwrap();
    world.close().await;
}
