//! Filters on the paths that changed.

use super::newest;
use stories::World;
use stories::images::BUSYBOX;

/// How often GitHub was asked what changed.
fn asked(world: &World) -> usize {
    world.github.calls().iter().filter(|call| call.path.contains("/compare/")).count()
}

/// Writes files, commits them and pushes that somewhere.
fn push(world: &World, files: &[&str], to: &str) -> String {
    for file in files {
        world.clone.write(file, format!("{file} of {to}")).unwrap();
    }
    let sha = world.clone.commit("Change files").unwrap();
    world.clone.push(&format!("main:{to}")).unwrap();
    sha
}

const NOT_NEEDED: &str = "success: not needed: `on` leaves out all paths that changed";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_changed_starts_a_pipeline_that_says_so() {
    let Some(world) = World::new().await else { return };
    let yaml = "on: {push: {paths: ['src/**', '!**/*.md']}}\nsay:\n  img: IMAGE\n  run: echo ran\n";
    // The first push of a default branch has nothing to be compared with.
    world.push("ci", yaml).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(asked(&world), 0);
    let docs = push(&world, &["docs/a.txt", "src/readme.md"], "refs/heads/main");
    world.status_is("ci", &docs, NOT_NEEDED).await.unwrap();
    // All of a push counts, not only its last commit.
    world.clone.write("src/main.c", "int x;").unwrap();
    world.clone.commit("Change the source").unwrap();
    push(&world, &["docs/b.txt"], "refs/heads/main");
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    // A new branch: what the default branch does not have.
    let branch = push(&world, &["docs/c.txt"], "refs/heads/docs");
    world.status_is("ci", &branch, NOT_NEEDED).await.unwrap();
    push(&world, &["src/c.c"], "refs/heads/feature");
    world.api.run("ci", 3).await.unwrap().ends("passed").await.unwrap();
    // A file that goes, or goes elsewhere, changed where it was.
    world.clone.git(&["mv", "src/main.c", "docs/main.c"]).unwrap();
    push(&world, &[], "refs/heads/feature");
    world.api.run("ci", 4).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [4, 3, 2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_may_say_so_too_and_nobody_is_asked_for_nothing() {
    let Some(world) = World::new().await else { return };
    world.push("ci", "say:\n  img: IMAGE\n  run: echo ran\n").unwrap();
    push(&world, &["a"], "refs/heads/main");
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(asked(&world), 0);
    let yaml = "say: {img: IMAGE, run: echo ran}\nlint: {img: IMAGE, when: {paths: 'src/**'}, run: echo linted}\n";
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 3).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.step("lint").await.unwrap()["reason"], "`when` leaves out all paths that changed");
    push(&world, &["src/x"], "refs/heads/main");
    let run = world.api.run("ci", 4).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.step("lint").await.unwrap()["state"], "passed");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_files_than_github_lists_are_found_all_the_same() {
    let Some(world) = World::new().await else { return };
    world.push("ci", "on: {push: {paths: 'zz/last'}}\nsay:\n  img: IMAGE\n  run: echo ran\n").unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let many: Vec<String> = (0..400).map(|i| format!("a/{i:03}")).collect();
    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
    let without = push(&world, &many, "refs/heads/main");
    world.status_is("ci", &without, NOT_NEEDED).await.unwrap();
    many.push("zz/last");
    for file in &many {
        world.clone.write(file, "again").unwrap();
    }
    world.clone.commit("Change all").unwrap();
    world.clone.push("main").unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_compared_runs() {
    let Some(world) = World::new().await else { return };
    world.push("ci", "on: {push: {paths: 'src/**'}}\nsay:\n  img: IMAGE\n  run: echo ran\n").unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    // A history of its own: nothing is common.
    world.clone.git(&["checkout", "--quiet", "--orphan", "other"]).unwrap();
    world
        .clone
        .write("ci.dockercise.yaml", format!("on: {{push: {{paths: 'src/**'}}}}\nsay: {{img: {BUSYBOX}, run: echo ran}}\n"))
        .unwrap();
    world.clone.commit("Begin anew").unwrap();
    world.clone.push("other").unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(newest(&world, "push").await.state, "done");
    assert_eq!(asked(&world), 1);
    world.close().await;
}
