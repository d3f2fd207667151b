//! A bad pipeline file is a run that people see, with what is wrong and where.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use stories::World;

const BAD: &str = "build:
  image: IMAGE
  run: echo x
  timeout: 90
publish:
  img: IMAGE
  vol: biuld
  run: cat {build}
";

const GOOD: &str = "build:
  img: IMAGE
  run: echo x
";

/// The diagnostics of a run's view, each as `file:line:column: message`.
fn said(view: &Value) -> Vec<String> {
    let all = view["diagnostics"].as_array().unwrap().iter();
    let place = |d: &Value| format!("{}:{}:{}: {}", d["file"].as_str().unwrap(), d["line"], d["column"], d["message"].as_str().unwrap());
    all.map(place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_a_failed_run_and_the_mended_one_runs() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", BAD).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let view = run.view().await.unwrap();
    let wanted = [
        "ci.dockercise.yaml:2:3: a step has no key `image`",
        "ci.dockercise.yaml:4:12: `90` is not a duration",
        "ci.dockercise.yaml:7:8: there is no step `biuld`",
    ];
    let mut all = said(&view);
    all.sort();
    assert!(wanted.iter().all(|w| all.iter().any(|d| d == w)), "{all:#?}");
    let typo = view["diagnostics"].as_array().unwrap().iter().find(|d| d["line"] == 7).unwrap();
    assert_eq!((typo["text"].as_str(), typo["help"].as_str()), (Some("  vol: biuld"), Some("did you mean `build`?")));
    assert_eq!(view["commit"]["sha"], sha.as_str());
    assert_eq!(view["can"]["rerun"], false);
    assert!(run.again().await.unwrap_err().to_string().contains("409"));
    assert!(run.cancel().await.unwrap_err().to_string().contains("409"));
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    let status = stories::api::eventually("a status", async || Ok(world.statuses("ci", &sha).pop())).await.unwrap();
    assert_eq!(status, "failure: ci.dockercise.yaml:2: a step has no key `image`");
    // Told again, it is no news.
    let sent = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "push").unwrap();
    let told = world.delivery("push", sent.payload.to_string()).unwrap();
    told.send().await.unwrap();
    assert_eq!(world.closed(told.guid()).await.unwrap().state, "ignored");

    let mended = world.push("ci", GOOD).unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.status_is("ci", &mended, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_file_stops_all_pipelines_of_the_commit() {
    let Some(world) = World::new().await else { return };
    world.clone.write("good.dockercise.yaml", GOOD.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    let sha = world.push("bad", "build: {img: IMAGE, run: x, after: build}\n").unwrap();
    for pipeline in ["bad", "good"] {
        let run = world.api.run(pipeline, 1).await.unwrap();
        run.ends("failed").await.unwrap();
        let all = said(&run.view().await.unwrap());
        assert!(
            all.len() == 1 && all[0].starts_with("bad.dockercise.yaml:1:") && all[0].ends_with("the step `bad/build` waits for itself"),
            "{all:?}"
        );
        let words = "failure: bad.dockercise.yaml:1: the step `bad/build` waits for itself";
        world.status_is(pipeline, &sha, words).await.unwrap();
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pipelines_of_one_name_are_said_with_both_places() {
    let Some(world) = World::new().await else { return };
    world.clone.write("sub/ci.dockercise.yaml", GOOD.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    world.push("ci", GOOD).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let view = run.view().await.unwrap();
    let problem = &view["diagnostics"][0];
    assert_eq!(problem["message"], "two pipelines are called `ci`");
    let places = [problem["file"].as_str().unwrap(), problem["related"][0]["file"].as_str().unwrap()];
    assert!(places.contains(&"ci.dockercise.yaml") && places.contains(&"sub/ci.dockercise.yaml"), "{problem}");
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    world.close().await;
}

/// security.md S25.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_no_key_opens_the_host() {
    let Some(world) = World::new().await else { return };
    let keys = [
        "privileged: true",
        "network: host",
        "pid: host",
        "cap_add: [SYS_ADMIN]",
        "devices: [/dev/kmsg]",
        "volumes: [\"/:/h\"]",
        "vol: /var/run/docker.sock",
        "vol: ../x",
        "security_opt: [seccomp=unconfined]",
        "user: \"00\"",
        "extra_hosts: [\"github.com:127.0.0.1\"]",
        "options: --privileged",
    ];
    let mut yaml = String::new();
    for (i, key) in keys.iter().enumerate() {
        yaml.push_str(&format!("s{i}:\n  img: IMAGE\n  run: id\n  {key}\n"));
    }
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let view = run.view().await.unwrap();
    let lines: Vec<i64> = view["diagnostics"].as_array().unwrap().iter().filter_map(|d| d["line"].as_i64()).collect();
    for (i, key) in keys.iter().enumerate() {
        let line = i as i64 * 4 + 4;
        assert!(lines.contains(&line), "nothing is said about `{key}` in line {line}: {:#?}", said(&view));
    }
    assert!(view["steps"].as_array().unwrap().is_empty());
    assert_eq!(world.containers("step").await.unwrap(), []);
    world.close().await;
}

/// What is not ours to read is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_others_and_links_are_not_read() {
    let Some(world) = World::new().await else { return };
    world.clone.write("node_modules/a/x.dockercise.yaml", "{").unwrap();
    world.clone.write("vendor/y.dockercise.yaml", "{").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.clone.path().join("z.dockercise.yaml")).unwrap();
    world.push("ci", GOOD).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["pipelines"].as_array().unwrap().len(), 1);
    world.close().await;
}
