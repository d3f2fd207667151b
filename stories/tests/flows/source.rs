//! `source` is the pushed commit, exact.

use std::os::unix::fs::PermissionsExt as _;
use stories::World;

const LOOK: &str = "img: IMAGE
look:
  vol: source
  run: |
    echo \"$DOCKERCISE_SHA $DOCKERCISE_REF $DOCKERCISE_BRANCH $DOCKERCISE_EVENT $DOCKERCISE_REPOSITORY\"
    cat .git/HEAD text
    stat -c '%a %n' run.sh text
    readlink link
    readlink broken
    ./run.sh
    wc -c < 'a folder/binary ü'
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_run_sees_the_commit_that_was_pushed_for_it() {
    let Some(world) = World::new().await else { return };
    let clone = &world.clone;
    clone.write("run.sh", "#!/bin/sh\necho ran\n").unwrap();
    std::fs::set_permissions(clone.path().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    clone.write("text", "one\n").unwrap();
    clone.write("a folder/binary ü", [0u8, 255, 10, 13, 0]).unwrap();
    std::os::unix::fs::symlink("text", clone.path().join("link")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at all", clone.path().join("broken")).unwrap();
    let first = world.push("ci", LOOK).unwrap();
    clone.write("text", "two\n").unwrap();
    let second = clone.commit("Say two").unwrap();
    clone.push("main").unwrap();
    for (number, sha, text) in [(1, &first, "one"), (2, &second, "two")] {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        let seen = String::from_utf8(run.value("look").await.unwrap()).unwrap();
        let wanted =
            format!("{sha} refs/heads/main main push anna/app\n{sha}\n{text}\n755 run.sh\n644 text\ntext\n/nowhere/at all\nran\n5\n");
        assert_eq!(seen, wanted);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_pushed_over_meanwhile_is_still_the_one_that_runs() {
    let Some(world) = World::new().await else { return };
    world.clone.write("text", "first\n").unwrap();
    let first = world.push("ci", "img: IMAGE\nafter: human-click\nlook:\n  vol: source\n  run: cat .git/HEAD text\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    world.clone.write("text", "second\n").unwrap();
    world.clone.git(&["add", "--all"]).unwrap();
    world.clone.git(&["commit", "--quiet", "--amend", "-m", "Other"]).unwrap();
    world.clone.push("+main").unwrap();
    let other = world.api.run("ci", 2).await.unwrap();
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("look").await.unwrap()).unwrap(), format!("{first}\nfirst\n"));
    other.click().await.unwrap();
    other.ends("passed").await.unwrap();
    assert!(String::from_utf8(other.value("look").await.unwrap()).unwrap().ends_with("\nsecond\n"));
    world.close().await;
}
