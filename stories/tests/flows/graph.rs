//! Steps start when what they use is there; values and volumes are theirs alone.

use chrono::{DateTime, Utc};
use serde_json::Value;
use stories::World;

fn time(step: &Value, field: &str) -> DateTime<Utc> {
    step[field].as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("no {field} in {step}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_need_nothing_of_each_other_overlap() {
    let Some(world) = World::new().await else { return };
    world
        .push(
            "ci",
            "img: IMAGE
left:
  run: sleep 2
right:
  run: sleep 2
both:
  after: [left, right]
  run: echo both
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let (left, right, both) = (run.step("left").await.unwrap(), run.step("right").await.unwrap(), run.step("both").await.unwrap());
    assert!(time(&left, "started_at") < time(&right, "finished_at") && time(&right, "started_at") < time(&left, "finished_at"));
    assert!(time(&both, "started_at") >= time(&left, "finished_at").max(time(&right, "finished_at")));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_value_is_used_by_two_steps_as_variable_and_as_file() {
    let Some(world) = World::new().await else { return };
    world
        .push(
            "ci",
            r#"img: IMAGE
words:
  run: printf 'a "quoted" $HOME `id`\nsecond line\n\n'
variable:
  env: [words, {COPY: "{words}", PLAIN: 1.10, ON: no}]
  run: printf '%s|%s|%s|%s' "$WORDS" "$COPY" "$PLAIN" "$ON"
file:
  run: cat {words} && ls -l {words} >&2 && ! echo x 2> /dev/null >> {words}
"#,
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let value = "a \"quoted\" $HOME `id`\nsecond line\n\n";
    let trimmed = value.strip_suffix('\n').unwrap();
    assert_eq!(String::from_utf8(run.value("variable").await.unwrap()).unwrap(), format!("{trimmed}|{trimmed}|1.10|no"));
    assert_eq!(run.value("file").await.unwrap(), value.as_bytes());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_steps_do_to_one_volume_does_not_meet() {
    let Some(world) = World::new().await else { return };
    world
        .push(
            "ci",
            "img: IMAGE
base:
  run: mkdir -p d && echo base > d/file && echo gone > doomed && ln -s d/file link
left:
  vol: base
  run: echo left > d/file && rm doomed && touch only-left && mv d e && sleep 1 && ls && cat e/file
right:
  vol: base
  run: echo right >> link && touch only-right && sleep 1 && ls && cat d/file doomed
later:
  vol: base
  after: [left, right]
  run: ls && cat d/file doomed
of-left:
  vol: left
  after: right
  run: ls && cat e/file
alone:
  after: [left, right]
  run: ls -A
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let says = async |step: &str| String::from_utf8(run.value(step).await.unwrap()).unwrap();
    assert_eq!(says("left").await, "e\nlink\nonly-left\nleft\n");
    assert_eq!(says("right").await, "d\ndoomed\nlink\nonly-right\nbase\nright\ngone\n");
    assert_eq!(says("later").await, "d\ndoomed\nlink\nbase\ngone\n");
    assert_eq!(says("of-left").await, "e\nlink\nonly-left\nleft\n");
    assert_eq!(says("alone").await, "");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_of_several_files_join_and_wait_for_each_other() {
    let Some(world) = World::new().await else { return };
    let image = stories::images::BUSYBOX;
    let api = format!("img: {image}\ntest:\n  run: sleep 1\nimage-tag:\n  after: test\n  run: echo tag-7\n");
    let web = format!("img: {image}\nbundle:\n  env: {{API: \"{{api/image-tag}}\"}}\n  run: echo \"web with $API\"\n");
    let release = format!("after: [api, web]\nimg: {image}\nannounce:\n  run: cat {{api/image-tag}} {{web/bundle}}\n");
    world.clone.write("services/api/api.dockercise.yaml", &api).unwrap();
    world.clone.write("web/web.dockercise.yaml", web).unwrap();
    world.clone.write("release.dockercise.yaml", release).unwrap();
    let good = world.clone.commit("Three pipelines").unwrap();
    world.clone.push("main").unwrap();
    let release = world.api.run("release", 1).await.unwrap();
    release.ends("passed").await.unwrap();
    assert_eq!(release.value("announce").await.unwrap(), b"tag-7\nweb with tag-7\n");
    for pipeline in ["api", "web", "release"] {
        world.status_is(pipeline, &good, "success: passed").await.unwrap();
    }

    world.clone.write("services/api/api.dockercise.yaml", api.replace("sleep 1", "exit 3")).unwrap();
    let bad = world.clone.commit("Break the api's test").unwrap();
    world.clone.push("main").unwrap();
    let release = world.api.run("release", 2).await.unwrap();
    release.ends("failed").await.unwrap();
    assert_eq!(world.api.run("web", 2).await.unwrap().step("bundle").await.unwrap()["state"], "skipped");
    assert_eq!(release.step("announce").await.unwrap()["state"], "skipped");
    world.status_is("api", &bad, "failure: test failed (3)").await.unwrap();
    world.status_is("release", &bad, "failure: announce: `api/image-tag` was skipped").await.unwrap();
    world.close().await;
}
