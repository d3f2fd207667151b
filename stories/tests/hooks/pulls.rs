//! Pull requests.

use super::newest;
use serde_json::Value;
use standin_github::{NewPull, NewRepository};
use stories::World;
use stories::inbox::Stored;

const SAY: &str = "on: pull_request\nsay:\n  img: IMAGE\n  run: echo $DOCKERCISE_EVENT $DOCKERCISE_BRANCH $DOCKERCISE_REF\n";

/// A pull request of the branch `fix` into `main`.
fn fix() -> NewPull {
    NewPull { head_repository: "anna/app".into(), head: "fix".into(), base: "main".into(), by: "anna".into() }
}

/// Main has the pipeline; the branch `fix` one commit more.
fn begin(world: &World, yaml: &str) -> String {
    world.push("ci", yaml).unwrap();
    world.clone.write("fix.txt", "1").unwrap();
    let sha = world.clone.commit("Fix it").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    sha
}

/// What a fork makes of its end of a pull request.
type Lie = fn(&mut Value);

/// What became of the newest delivery about the pull request.
async fn told(world: &World, action: &str) -> Stored {
    let there = |g: &standin_github::Standin| g.deliveries("anna/app").iter().any(|d| d.action.as_deref() == Some(action));
    world.github.wait_until(there).await;
    newest(world, "pull_request").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_runs_when_it_is_opened_and_at_each_new_commit() {
    let Some(world) = World::new().await else { return };
    let first = begin(&world, SAY);
    let number = world.github.open_pull("anna/app", &fix()).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let view = run.view().await.unwrap();
    assert_eq!((view["summary"]["event"].as_str(), view["commit"]["sha"].as_str()), (Some("pull_request"), Some(first.as_str())));
    assert_eq!(run.value("say").await.unwrap(), format!("pull_request fix refs/pull/{number}/head\n").into_bytes());
    world.status_is("ci", &first, "success: passed").await.unwrap();

    let second = world.clone.commit("Fix it better").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["commit"]["sha"], second.as_str());
    assert_eq!(world.api.numbers("ci").await.unwrap(), [2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pull_request_is_cancelled_and_runs_again_when_it_is_opened_again() {
    let Some(world) = World::new().await else { return };
    begin(&world, "on: pull_request\nwork:\n  img: IMAGE\n  run: echo begun && sleep 60\n");
    let number = world.github.open_pull("anna/app", &fix()).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    world.github.close_pull("anna/app", number).await.unwrap();
    run.ends("cancelled").await.unwrap();
    let closed = told(&world, "closed").await;
    assert_eq!(closed.note, format!("pull request #{number} was closed; pipelines cancelled: 1"));
    world.github.reopen_pull("anna/app", number).await.unwrap();
    let again = world.api.run("ci", 2).await.unwrap();
    again.log_holds("work", "begun").await.unwrap();
    // Its branch goes, and with it the pull request.
    world.clone.push(":refs/heads/fix").unwrap();
    again.ends("cancelled").await.unwrap();
    world.close().await;
}

/// architecture.md: "a `pull_request` at a head whose push run exists joins it".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_joins_the_run_of_the_push_unless_it_has_more_to_do() {
    let Some(world) = World::new().await else { return };
    let yaml = "on: [push, pull_request]\nsay:\n  img: IMAGE\n  run: echo hi\n";
    world.push("also", &format!("{yaml}more:\n  img: IMAGE\n  when: {{event: pull_request}}\n  run: echo more\n")).unwrap();
    begin(&world, yaml);
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    let also = world.api.numbers("also").await.unwrap().len() as i64;
    world.github.open_pull("anna/app", &fix()).await.unwrap();
    let run = world.api.run("also", also + 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.step("more").await.unwrap()["state"], "passed");
    let ci = world.api.numbers("ci").await.unwrap();
    assert_eq!(ci.len(), 2, "{ci:?}");
    world.close().await;
}

/// security.md A, S1 of its promises: a fork's waits for a click, however it calls itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_waits_for_a_click_whatever_it_says_of_itself() {
    let Some(world) = World::new().await else { return };
    let main = begin(&world, SAY);
    world.github.create_user("mallory").unwrap();
    let fork = world.github.create_repository(NewRepository::public("mallory/app".parse().unwrap())).await.unwrap();
    let token = world.github.create_token("mallory", &["repo"]).unwrap();
    let evil = world.clone.commit("Look inside").unwrap();
    world.clone.git(&["push", "--quiet", &world.github.git_url("mallory/app", &token), "main:refs/heads/fix"]).unwrap();
    let new = NewPull { head_repository: "mallory/app".into(), by: "mallory".into(), ..fix() };
    let number = world.github.open_pull("anna/app", &new).await.unwrap();
    let waiting = world.api.run("ci", 1).await.unwrap();
    waiting.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();

    // What it may say instead. Its commit can be read in the parent, as at GitHub.
    let real = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "pull_request").unwrap().payload;
    let id = real["repository"]["id"].as_u64().unwrap();
    assert_ne!(id, fork);
    let lies: [(&str, Lie); 6] = [
        ("its own branch's name", |_| {}),
        ("a branch that is not there", |head| head["ref"] = "gone".into()),
        ("the ref of a pull request", |head| head["ref"] = "refs/pull/1/head".into()),
        ("its short ref", |head| head["ref"] = "pull/1/head".into()),
        ("a commit as a branch", |head| head["ref"] = head["sha"].clone()),
        ("an upper-case commit", |head| head["sha"] = head["sha"].as_str().unwrap().to_uppercase().into()),
    ];
    for (what, lie) in lies {
        let mut body = real.clone();
        body["pull_request"]["head"]["repo"]["id"] = id.into();
        lie(&mut body["pull_request"]["head"]);
        let post = world.delivery("pull_request", body.to_string()).unwrap();
        post.send().await.unwrap();
        let stored = world.closed(post.guid()).await.unwrap();
        assert!(
            stored.state == "ignored" && stored.note.contains("its newest run, number 1, is at this commit already"),
            "{what}: {stored:?}"
        );
    }
    for gone in [Value::Null, serde_json::json!({ "id": format!("{id}") }), serde_json::json!({ "id": fork })] {
        let mut body = real.clone();
        body["pull_request"]["head"]["repo"] = gone;
        let post = world.delivery("pull_request", body.to_string()).unwrap();
        post.send().await.unwrap();
        assert_ne!(world.closed(post.guid()).await.unwrap().state, "done");
    }
    // Anna pushes it herself: then it is hers.
    world.clone.push(&format!("+{evil}:refs/heads/fix")).unwrap();
    let mine = world.github.open_pull("anna/app", &fix()).await.unwrap();
    assert_ne!(mine, number);
    let run = world.api.run("ci", 2).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["commit"]["sha"], evil.as_str());
    assert_ne!(main, evil);
    assert_eq!(world.api.numbers("ci").await.unwrap(), [2, 1]);
    waiting.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    waiting.cancel().await.unwrap();
    waiting.ends("cancelled").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_commit_ends_the_gates_of_the_one_before() {
    let Some(world) = World::new().await else { return };
    begin(&world, "on: pull_request\nafter: human-click\nship:\n  img: IMAGE\n  run: echo shipped\n");
    let number = world.github.open_pull("anna/app", &fix()).await.unwrap();
    let old = world.api.run("ci", 1).await.unwrap();
    old.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    world.clone.commit("Another thing").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    let new = world.api.run("ci", 2).await.unwrap();
    old.over().await.unwrap();
    let ship = old.step("ship").await.unwrap();
    assert_eq!(ship["state"], "skipped");
    assert!(ship["reason"].as_str().unwrap().contains(&format!("a newer commit was pushed to pull request #{number}")), "{ship}");
    assert!(old.click_again(0).await.unwrap_err().to_string().contains("409"));
    new.click().await.unwrap();
    new.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skip_ci_holds_for_pull_requests_too() {
    let Some(world) = World::new().await else { return };
    world.push("ci", SAY).unwrap();
    world.clone.commit("Only words [skip ci]").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    world.github.open_pull("anna/app", &fix()).await.unwrap();
    let opened = told(&world, "opened").await;
    assert_eq!(
        (opened.state.as_str(), opened.note.as_str()),
        ("ignored", "no pipeline is needed: ci: the commit's message says [skip ci]")
    );
    world.close().await;
}
