//! Who may let a fork's code run, and which.

use super::{Fork, fix, waits};
use reqwest::Method;
use standin_github::Role;
use stories::{Browser, Setup, World};

const SAY: &str = "on: pull_request\nsay: {img: IMAGE, run: echo said}\n";
const GATE: &str = "/api/results/local/ci/1/gates/0/approve";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s08_s10_only_who_may_push_clicks_never_the_author_and_only_for_what_it_still_is() {
    let setup = Setup { login: true, env: vec![("DOCKERCISE_ALLOW_LOGIN".into(), "*".into())], ..Setup::default() };
    let Some(world) = World::with(setup).await else { return };
    world.push("ci", SAY).unwrap();
    let fork = Fork::of(&world).await;
    for (login, role) in [("reader", Role::Read), ("writer", Role::Write)] {
        world.github.create_user(login).unwrap();
        world.github.set_role("anna/app", login, role).unwrap();
    }
    fork.push("ci", &format!("{SAY}# more\n"));
    world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    waits(&run).await;
    let click = async |login: &str| {
        let mut browser = Browser::new(&world.server.url()).unwrap();
        browser.log_in(&world.github, login, None).await.unwrap();
        let answer = browser.ask(Method::POST, GATE, None).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(click("mallory").await.0, 404, "a stranger does not know of it");
    assert_eq!(click("reader").await.0, 403);
    // Even with the right to push, nobody vouches for their own fork.
    world.github.set_role("anna/app", "mallory", Role::Write).unwrap();
    let (status, words) = click("mallory").await;
    assert!(status == 403 && words.contains("nobody lets the code of their own fork run"), "{status} {words}");
    waits(&run).await;

    // A new commit, of which nothing was heard here yet: what was looked at is not what would be clicked for.
    world.github.lose_deliveries(1);
    let new = fork.push("ci", &SAY.replace("said", "stolen"));
    let lost = |d: &standin_github::Delivery| d.action.as_deref() == Some("synchronize");
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(lost)).await;
    let (status, words) = click("writer").await;
    assert!(status == 409 && words.contains("is closed, or at another commit by now"), "{status} {words}");
    waits(&run).await;
    let delivery = world.github.deliveries("anna/app").into_iter().find(lost).unwrap();
    world.github.redeliver("anna/app", delivery.id).unwrap();
    run.over().await.unwrap();
    let second = world.api.run("ci", 2).await.unwrap();
    assert_eq!(waits(&second).await["commit"]["sha"], new.as_str());
    let mut writer = Browser::new(&world.server.url()).unwrap();
    writer.log_in(&world.github, "writer", None).await.unwrap();
    assert_eq!(writer.status(Method::POST, &GATE.replace("ci/1", "ci/2"), None).await.unwrap(), 200);
    second.ends("passed").await.unwrap();
    let who = second.view().await.unwrap()["gates"][0]["by"].clone();
    assert_eq!(who, "writer");
    world.close().await;
}
