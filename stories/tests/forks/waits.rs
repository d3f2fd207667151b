//! A fork's pull request waits for a click on that very commit.

use super::{Fork, fix, said, told, waits};
use sqlx::Row as _;
use standin_github::Standin;
use stories::World;

const SAY: &str = "on: pull_request\nsay: {img: IMAGE, run: echo $DOCKERCISE_REF $DOCKERCISE_BRANCH}\n";

/// Main and the fork have the pipeline, the fork one commit more; the pull request is open.
async fn begin(world: &World, yaml: &str) -> (Fork, u64, String) {
    world.push("ci", yaml).unwrap();
    let fork = Fork::of(world).await;
    fork.clone.write("fix.txt", "1").unwrap();
    let sha = fork.push("ci", yaml);
    let number = world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    (fork, number, sha)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_a_fork_waits_for_a_click_through_restarts_and_then_runs_that_commit() {
    let Some(mut world) = World::new().await else { return };
    let (_fork, number, sha) =
        begin(&world, &format!("{SAY}source: &x {{img: IMAGE, vol: source, run: cat fix.txt}}\n").replace("source: &x", "look:")).await;
    let run = world.api.run("ci", 1).await.unwrap();
    let view = waits(&run).await;
    let gate = &view["gates"][0];
    assert_eq!((gate["pipeline"].as_u64(), gate["step"].is_null()), (Some(0), true));
    let note = gate["note"].as_str().unwrap();
    assert!(
        note.starts_with(&format!("Pull request #{number} comes from a fork.")) && note.contains(&format!("/pull/{number}/files")),
        "{note}"
    );
    world.status_is("ci", &sha, "pending: waiting for a click: a fork's pull request").await.unwrap();

    world.server.kill().unwrap();
    world.server.start().await.unwrap();
    waits(&run).await;
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("say").await.unwrap(), format!("refs/pull/{number}/head fix\n").into_bytes());
    assert_eq!(run.value("look").await.unwrap(), b"1");
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    let sql = "select what, target from audit order by at";
    let acts = sqlx::query(sql).fetch_all(&mut world.db().await.unwrap()).await.unwrap();
    let acts: Vec<(String, String)> = acts.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(acts.contains(&("approve".into(), "/results/local/ci/1".into())), "{acts:?}");
    assert!(run.click_again(0).await.unwrap_err().to_string().contains("409"));

    // Again is a new run, which waits for its own click.
    let again = run.again().await.unwrap();
    waits(&again).await;
    again.cancel().await.unwrap();
    again.ends("cancelled").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_push_between_the_page_and_the_click_voids_it() {
    let Some(world) = World::new().await else { return };
    let (fork, number, old) = begin(&world, SAY).await;
    let first = world.api.run("ci", 1).await.unwrap();
    waits(&first).await;
    let new = fork.push("ci", &SAY.replace("echo", "echo stolen"));
    first.over().await.unwrap();
    let refused = first.click_again(0).await.unwrap_err().to_string();
    assert!(refused.contains("409"), "{refused}");
    let say = first.step("say").await.unwrap();
    assert!(
        say["started_at"].is_null()
            && say["reason"].as_str().unwrap().contains(&format!("a newer commit was pushed to pull request #{number}")),
        "{say}"
    );

    let second = world.api.run("ci", 2).await.unwrap();
    assert_eq!(waits(&second).await["commit"]["sha"], new.as_str());
    // GitHub sends the old delivery again: it is neither run nor does it take the new gate away.
    let opened = world.github.deliveries("anna/app").into_iter().find(|d| d.action.as_deref() == Some("opened")).unwrap();
    let post = world.delivery("pull_request", opened.payload.to_string()).unwrap();
    post.send().await.unwrap();
    let late = world.closed(post.guid()).await.unwrap();
    assert_eq!((late.state.as_str(), late.note), ("ignored", format!("overtaken: pull request #{number} is at another commit")));
    waits(&second).await;
    second.click().await.unwrap();
    second.ends("passed").await.unwrap();
    assert!(second.log("say", "run").await.unwrap().starts_with("stolen"), "it is the new commit's");
    assert_ne!(old, new);
    assert_eq!(world.api.numbers("ci").await.unwrap(), [2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_the_wait_and_opening_again_begins_another() {
    let Some(world) = World::new().await else { return };
    let (_fork, number, _) = begin(&world, SAY).await;
    let first = world.api.run("ci", 1).await.unwrap();
    waits(&first).await;
    world.github.close_pull("anna/app", number).await.unwrap();
    first.ends("cancelled").await.unwrap();
    assert!(first.click_again(0).await.unwrap_err().to_string().contains("409"));
    world.github.reopen_pull("anna/app", number).await.unwrap();
    let second = world.api.run("ci", 2).await.unwrap();
    waits(&second).await;
    // The fork goes away; the commit is the pull request's all the same.
    world.github.delete_repository("mallory/app").unwrap();
    second.click().await.unwrap();
    second.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_a_fork_that_is_gone_is_a_fork() {
    let Some(world) = World::new().await else { return };
    world.push("ci", SAY).unwrap();
    let fork = Fork::of(&world).await;
    fork.push("ci", &format!("{SAY}# more\n"));
    let number = world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    let first = world.api.run("ci", 1).await.unwrap();
    waits(&first).await;
    world.github.delete_repository("mallory/app").unwrap();
    world.github.close_pull("anna/app", number).await.unwrap();
    first.ends("cancelled").await.unwrap();
    world.github.reopen_pull("anna/app", number).await.unwrap();
    told(&world, "reopened").await;
    assert!(said(&world)["pull_request"]["head"]["repo"].is_null());
    let second = world.api.run("ci", 2).await.unwrap();
    waits(&second).await;
    second.cancel().await.unwrap();
    second.ends("cancelled").await.unwrap();
    world.close().await;
}

/// security.md S07 and S08: what an event says of people counts for nothing, and ids are numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s07_s08_names_and_ids_that_look_like_others_change_nothing() {
    let Some(world) = World::new().await else { return };
    let (_fork, _, sha) = begin(&world, SAY).await;
    waits(&world.api.run("ci", 1).await.unwrap()).await;
    let real = said(&world);
    let own = real["repository"]["id"].as_u64().unwrap();
    let lies: [fn(&mut serde_json::Value, u64); 6] = [
        |e, _| e["sender"]["login"] = "anna".into(),
        |e, _| e["pull_request"]["user"] = e["repository"]["owner"].clone(),
        |e, own| e["pull_request"]["head"]["repo"]["id"] = own.into(),
        |e, own| e["pull_request"]["head"]["repo"]["id"] = format!("9{own}").parse::<u64>().unwrap().into(),
        |e, own| e["pull_request"]["head"]["repo"]["id"] = format!("{own}0").parse::<u64>().unwrap().into(),
        |e, _| {
            e["pull_request"]["author_association"] = "OWNER".into();
            e["pull_request"]["head"]["repo"]["full_name"] = "anna/app".into();
            e["pull_request"]["head"]["repo"]["fork"] = false.into();
        },
    ];
    for lie in lies {
        let mut event = real.clone();
        lie(&mut event, own);
        let post = world.delivery("pull_request", event.to_string()).unwrap();
        post.send().await.unwrap();
        let stored = world.closed(post.guid()).await.unwrap();
        assert!(stored.state == "ignored" && stored.note.contains("is at this commit already"), "{stored:?}");
    }
    for id in [format!("{own}\n"), format!("{own}"), format!("0x{own:x}")] {
        let mut event = real.clone();
        event["pull_request"]["head"]["repo"]["id"] = id.into();
        let post = world.delivery("pull_request", event.to_string()).unwrap();
        post.send().await.unwrap();
        assert_eq!(world.closed(post.guid()).await.unwrap().state, "failed", "an id that is text is none");
    }
    // A push that says it is by anna is of anna's repository, and starts what is there; a fork's push is no event of ours.
    let fork_pushes =
        |g: &Standin| g.deliveries("anna/app").iter().filter(|d| d.payload["after"] == sha.as_str() && d.event == "push").count();
    assert_eq!(fork_pushes(&world.github), 0);
    let run = world.api.run("ci", 1).await.unwrap();
    waits(&run).await;
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    world.close().await;
}

/// security.md S13: what lies in folders of other people's files, links and submodules are no pipelines of a fork's either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s13_vendored_files_of_a_fork_are_no_pipelines() {
    let Some(world) = World::new().await else { return };
    world.push("ci", SAY).unwrap();
    let fork = Fork::of(&world).await;
    let evil = SAY.replace("say:", "evil:").replace("IMAGE", stories::images::BUSYBOX);
    for folder in ["node_modules/a", "vendor", "third_party/x", "target", "dist/deep"] {
        fork.clone.write(&format!("{folder}/x.dockercise.yaml"), &evil).unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", fork.clone.path().join("passwd.dockercise.yaml")).unwrap();
    std::os::unix::fs::symlink("vendor/x.dockercise.yaml", fork.clone.path().join("near.dockercise.yaml")).unwrap();
    let some = fork.clone.git(&["rev-parse", "HEAD"]).unwrap();
    fork.clone.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{some},sub.dockercise.yaml")]).unwrap();
    fork.clone.git(&["add", "--all", "--force"]).unwrap();
    fork.push("ci", SAY);
    world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    let view = waits(&run).await;
    let names: Vec<&str> = view["pipelines"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(names, ["ci"]);
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    world.close().await;
}

/// security.md S09, of pull requests: a filter is about the whole name of the branch that one wants to go into.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s09_only_the_branch_that_is_named_counts_and_another_base_is_another_pull_request() {
    let Some(world) = World::new().await else { return };
    let yaml = SAY.replace("on: pull_request", "on: {pull_request: {branches: main}}");
    world.push("ci", &yaml).unwrap();
    for branch in ["xmain", "main-evil", "MAIN", "refs/heads/main"] {
        world.clone.push(&format!("main:refs/heads/{branch}")).unwrap();
    }
    let fork = Fork::of(&world).await;
    fork.push("ci", &format!("{yaml}# more\n"));
    for base in ["xmain", "main-evil", "MAIN", "refs/heads/main"] {
        let before = world.inbox().await.unwrap().len();
        world.github.open_pull("anna/app", &standin_github::NewPull { base: base.into(), ..fix("mallory/app") }).await.unwrap();
        stories::api::eventually("the delivery", async || Ok((world.inbox().await?.len() > before).then_some(()))).await.unwrap();
        let all = world.settled().await.unwrap();
        let opened = all.iter().rfind(|d| d.event == "pull_request").unwrap();
        assert!(opened.note.contains(&format!("`on` leaves out the branch `{base}`")), "{opened:?}");
    }
    assert!(world.api.numbers("ci").await.unwrap().is_empty());
    // The last of them wants to go into main after all, and then not.
    world.github.retarget_pull("anna/app", 4, "main").await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    waits(&run).await;
    world.github.retarget_pull("anna/app", 4, "xmain").await.unwrap();
    run.over().await.unwrap();
    assert!(run.step("say").await.unwrap()["reason"].as_str().unwrap().contains("wants to go into another branch now"));
    assert!(run.click_again(0).await.unwrap_err().to_string().contains("409"));
    world.close().await;
}
