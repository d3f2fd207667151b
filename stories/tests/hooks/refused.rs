//! Nothing is taken that GitHub did not sign.

use super::{SMALL, after_the_ping, payload};
use reqwest::header::HeaderValue;
use standin_github::{NewRepository, sign};
use stories::World;
use stories::inbox::Post;

const LARGEST: usize = 25 * 1024 * 1024;

/// security.md S01.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s01_bad_signatures_are_refused_alike_and_nothing_is_stored() {
    let Some(world) = World::new().await else { return };
    world.github.create_repository(NewRepository::private("anna/other".parse().unwrap())).await.unwrap();
    world.server.connect("anna/other", &world.token).unwrap();
    world.clone.write("README", "no pipeline").unwrap();
    world.clone.commit("Begin").unwrap();
    world.clone.push("main").unwrap();
    let push = async || Ok(world.settled().await?.iter().any(|d| d.event == "push").then_some(()));
    stories::api::eventually("the push", push).await.unwrap();
    let both = async || Ok((after_the_ping(&world).await.iter().filter(|d| d.event == "ping").count() == 2).then_some(()));
    stories::api::eventually("both pings", both).await.unwrap();
    let before = world.inbox().await.unwrap().len();

    let secret = |repository: &str| world.github.hooks(repository).pop().unwrap().secret.unwrap();
    // With spaces, as no serialiser writes it.
    let body = String::from_utf8(payload(&world)).unwrap().replacen(':', " : ", 1).into_bytes();
    let right = world.delivery("push", body.clone()).unwrap();
    let with = |signature: &str| {
        let mut post = right.clone();
        post.set("x-hub-signature-256", signature);
        post
    };
    let without = |name: &str| {
        let mut post = right.clone();
        post.headers.remove(name);
        post
    };
    let good = sign(&secret("anna/app"), &body);
    let again = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(&body).unwrap()).unwrap();
    let mut sha1 = without("x-hub-signature-256");
    sha1.set("x-hub-signature", "sha1=3dca279e731c97c38e3019a075dee9ebbd0a99f0");
    let mut two = right.clone();
    two.headers.append("x-hub-signature-256", HeaderValue::from_str(&good).unwrap());
    let mut cut = right.clone();
    cut.body.pop();
    let bad: Vec<(&str, Post)> = vec![
        ("none", without("x-hub-signature-256")),
        ("sha1 only", sha1),
        ("wrong", with(&sign("a guess", &body))),
        ("empty", with("")),
        ("no digits", with("sha256=")),
        ("over the re-serialised body", with(&sign(&secret("anna/app"), &again))),
        ("upper-case digits", with(&format!("sha256={}", good["sha256=".len()..].to_uppercase()))),
        ("upper-case scheme", with(&good.replacen("sha256", "SHA256", 1))),
        ("the other repository's secret", with(&sign(&secret("anna/other"), &body))),
        ("two headers", two),
        ("another body", cut),
    ];
    let mut answers = Vec::new();
    for (what, post) in &bad {
        let (status, words) = post.send().await.unwrap();
        assert_eq!(status, 401, "{what}: {words}");
        answers.push(words);
    }
    // A hook that does not exist answers in the same words.
    answers.push(right.clone().to("0123456789abcdef0123456789abcdef").send().await.unwrap().1);
    assert!(answers.iter().all(|words| *words == answers[0]), "{answers:?}");
    assert_eq!(world.inbox().await.unwrap().len(), before);
    // The same delivery as GitHub signs it is taken.
    assert_eq!(right.send().await.unwrap().0, 202);
    world.closed(right.guid()).await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_lacks_its_headers_is_refused() {
    let Some(world) = World::new().await else { return };
    let before = after_the_ping(&world).await.len();
    let huge = world.delivery("push", vec![b' '; LARGEST + 1]).unwrap();
    assert_eq!(huge.send().await.unwrap().0, 413);
    for name in ["x-github-event", "x-github-delivery"] {
        let mut post = world.delivery("push", "{}").unwrap();
        post.headers.remove(name);
        let (status, words) = post.send().await.unwrap();
        assert!(status == 400 && words.contains(name), "{status} {words}");
    }
    assert_eq!(world.inbox().await.unwrap().len(), before);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_and_makes_no_sense_is_kept_and_closed_with_the_reason() {
    let Some(world) = World::new().await else { return };
    let odd = [
        ("push", b"{\"ref\": \"refs/heads/main\", ".to_vec()),
        ("push", b"[]".to_vec()),
        ("push", b"".to_vec()),
        ("push", b"\xff\xfe\0\0".to_vec()),
        ("push", br#"{"ref":"refs/heads/main","after":"--upload-pack=x","repository":{"id":1}}"#.to_vec()),
        ("push", "[".repeat(200_000).into_bytes()),
        ("push", format!("{{\"a\":{}", "{\"a\":".repeat(200_000)).into_bytes()),
        ("push", vec![b'x'; LARGEST]),
        ("an event of tomorrow", b"{}".to_vec()),
        ("star", b"not json".to_vec()),
    ];
    for (event, body) in odd {
        let length = body.len();
        let post = world.delivery(event, body).unwrap();
        let (status, words) = post.send().await.unwrap();
        assert_eq!(status, 202, "{event} of {length} bytes: {words}");
        let stored = world.closed(post.guid()).await.unwrap();
        let wanted = if event == "push" { "failed" } else { "ignored" };
        assert!(stored.state == wanted && !stored.note.is_empty(), "{event} of {length} bytes: {stored:?}");
    }
    // And the next good one runs.
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}
