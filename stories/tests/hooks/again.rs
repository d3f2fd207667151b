//! A delivery counts once, however often it comes.

use super::{SMALL, newest, payload};
use futures_util::future::join_all;
use stories::World;

/// reliability.md R41.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r41_one_delivery_a_hundred_times_at_once_is_one_run() {
    let Some(world) = World::new().await else { return };
    world.clone.write("README", "no pipeline yet").unwrap();
    world.clone.commit("Begin").unwrap();
    world.clone.push("main").unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.event == "push")).await;
    world.github.lose_deliveries(1);
    world.push("ci", SMALL).unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.event == "push" && !d.ok())).await;
    let post = world.delivery("push", payload(&world)).unwrap();
    let answers = join_all((0..100).map(|_| post.send())).await;
    for answer in answers {
        let (status, words) = answer.unwrap();
        assert!((200..300).contains(&status), "{status} {words}");
    }
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let all = world.settled().await.unwrap();
    assert_eq!(all.iter().filter(|d| d.guid == post.guid()).count(), 1);
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redelivery_runs_what_was_lost_and_nothing_a_second_time() {
    let Some(world) = World::new().await else { return };
    // The first push makes two events, `create` and `push`.
    world.github.lose_deliveries(2);
    world.push("ci", SMALL).unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().filter(|d| !d.ok()).count() == 2).await;
    let lost = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "push").unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), Vec::<i64>::new());

    for count in 1..=3 {
        world.github.redeliver("anna/app", lost.id).unwrap();
        world.github.wait_until(|g| g.deliveries("anna/app").iter().filter(|d| d.redelivery && d.ok()).count() == count).await;
        world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    }
    assert_eq!(world.closed(&lost.guid).await.unwrap().state, "done");
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);

    // The same commit on the same ref, told once more in another event, is no news.
    let told = world.delivery("push", payload(&world)).unwrap();
    assert_eq!(told.send().await.unwrap().0, 202);
    let stored = world.closed(told.guid()).await.unwrap();
    assert!(stored.state == "ignored" && stored.note.contains("number 1, is at this commit already"), "{stored:?}");
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    assert_eq!(newest(&world, "push").await.state, "done");
    world.close().await;
}
