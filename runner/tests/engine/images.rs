//! Images: from this host, or pulled from a registry that asks who is there.

use crate::docker::registry::{PASSWORD, Registry};
use crate::docker::{Rig, connect_with, image};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use dockercise_pipeline::wire::ResolvedImage;
use dockercise_runner::engine::{Engine, EngineError, Tell};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// Hears what is told.
fn hearing() -> (Tell, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    (Arc::new(move |words| ear.lock().unwrap().push(words)), heard)
}

fn silent() -> Tell {
    Arc::new(|_| {})
}

/// An engine with logins, beside the rig's own. (Nothing is made with it.)
async fn with_logins(rig: &Rig, path: PathBuf) -> Engine {
    connect_with(&rig.host, Some(path)).await
}

/// An image that no other test has.
async fn own_image(rig: &Rig) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    image::make_with(&rig.docker, &unique, &["CMD [\"true\"]"], &[("unique", unique.as_bytes())]).await
}

/// Everything that is called so is taken away.
async fn forget_all(rig: &Rig, ids: &[&str]) {
    for id in ids {
        if let Ok(found) = rig.docker.inspect_image(id).await {
            for name in found.repo_tags.unwrap_or_default().iter().chain(&found.repo_digests.unwrap_or_default()) {
                let _ = rig.docker.remove_image(name, None::<bollard::query_parameters::RemoveImageOptions>, None).await;
            }
        }
    }
}

#[tokio::test]
async fn an_image_that_is_not_here_and_not_to_be_had_is_told_so() {
    let rig = rig!();
    let found = rig.engine.resolve_image("dct-busybox:busybox", &silent()).await.unwrap();
    assert_eq!((found.id.as_str(), found.pulled, found.digest), (rig.image.as_str(), false, None));
    let (tell, heard) = hearing();
    let error = rig.engine.resolve_image("127.0.0.1:1/no/such:1", &tell).await.unwrap_err();
    assert!(matches!(&error, EngineError::Image { image, .. } if image == "127.0.0.1:1/no/such:1"), "{error}");
    assert!(heard.lock().unwrap().iter().any(|words| words.contains("connection refused; trying again")), "{heard:?}");
    rig.end().await;
}

#[tokio::test]
async fn an_image_says_how_it_is_run() {
    let rig = rig!();
    let changes = ["ENTRYPOINT [\"/bin/plugin\", \"--all\"]", "CMD [\"now\"]", "USER node", "WORKDIR /srv", "ENV HOME=/home/x"];
    let id = image::make(&rig.docker, "own-command", &changes).await;
    let config = rig.engine.resolve_image(&id, &silent()).await.unwrap().config;
    assert_eq!(config.argv, ["/bin/plugin", "--all", "now"]);
    assert_eq!((config.user.as_str(), config.workdir.as_str(), config.home.as_deref()), ("node", "/srv", Some("/home/x")));
    rig.end().await;
}

#[tokio::test]
async fn s65_a_private_image_is_pulled_with_a_login_that_no_step_sees() {
    let rig = rig!();
    let Some(registry) = Registry::start() else { return rig.end().await };
    let id = own_image(&rig).await;
    let digest = registry.push(&rig.docker, &id, "app", "1").await;
    forget_all(&rig, &[&id]).await;
    let name = format!("{}/app:1", registry.at);

    let nobody = rig.engine.resolve_image(&name, &silent()).await.unwrap_err().to_string();
    assert!(nobody.contains(&name) && nobody.contains("no basic auth credentials"), "{nobody}");
    let wrong = with_logins(&rig, registry.login(&registry.at, "wrong")).await;
    let words = wrong.resolve_image(&name, &silent()).await.unwrap_err().to_string();
    assert!(words.contains("unauthorized") && !words.contains("wrong"), "{words}");

    let engine = with_logins(&rig, registry.login(&registry.at, PASSWORD)).await;
    let (tell, heard) = hearing();
    let found = engine.resolve_image(&name, &tell).await.unwrap();
    assert_eq!((found.pulled, found.id.as_str(), found.digest.as_deref()), (true, id.as_str(), Some(digest.as_str())));
    assert!(heard.lock().unwrap().iter().any(|words| words.starts_with(&format!("pulling {name}"))), "{heard:?}");

    // security.md S1: a fork's run has neither the login nor what it brought here, by whatever name it asks for it.
    for asked in [&name, &id, &digest] {
        let words = engine.public_image(asked, &silent()).await.unwrap_err().to_string();
        assert!(words.contains("comes from a fork") && words.contains("no basic auth credentials"), "{words}");
    }
    assert_eq!(rig.engine.public_image("dct-busybox:busybox", &silent()).await.unwrap().id, rig.image);
    let not_here = engine.public_image(&name.replace("app:1", "app:2"), &silent()).await.unwrap_err().to_string();
    assert!(not_here.contains("no basic auth credentials"), "{not_here}");

    let mut spec =
        rig.spec(0, "env; cat /proc/1/environ /proc/self/environ; find / -xdev -name config.json; cat /root/.docker/* 2>&1 || true");
    spec.image = found.id.clone();
    let (_, output) = rig.finish(&spec).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("me:{PASSWORD}"));
    let login = [PASSWORD, encoded.as_str(), "config.json"];
    assert!(!text.replace("find: ", "").contains(PASSWORD) && login.iter().all(|secret| !text.contains(secret)), "{text}");
    rig.engine.remove(&spec.key).await.unwrap();
    forget_all(&rig, &[&id]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_name_stays_what_it_was_though_its_tag_has_moved() {
    let rig = rig!();
    let Some(registry) = Registry::start() else { return rig.end().await };
    let engine = with_logins(&rig, registry.login(&registry.at, PASSWORD)).await;
    let (old, new) = (own_image(&rig).await, own_image(&rig).await);
    registry.push(&rig.docker, &old, "app", "1").await;
    let name = format!("{}/app:1", registry.at);
    let first = engine.resolve_image(&name, &silent()).await.unwrap();
    assert_eq!(first.id, old);
    let known = ResolvedImage { name: name.clone(), id: first.id.clone(), digest: first.digest.clone() };

    registry.push(&rig.docker, &new, "app", "1").await;
    assert_eq!(engine.find_image(&known, &silent()).await.unwrap().id, old, "it is still here");
    forget_all(&rig, &[&old]).await;
    let again = engine.find_image(&known, &silent()).await.unwrap();
    assert_eq!((again.id.as_str(), again.pulled), (old.as_str(), true), "pulled by its digest");

    let gone = ResolvedImage { name: "made-here:1".into(), id: format!("sha256:{}", "0".repeat(64)), digest: None };
    let words = engine.find_image(&gone, &silent()).await.unwrap_err().to_string();
    assert!(words.contains("made-here:1") && words.contains("is gone and came from no registry"), "{words}");
    forget_all(&rig, &[&old, &new]).await;
    rig.end().await;
}

/// Between engine and registry: what goes wrong next.
struct Between {
    to: String,
    http: reqwest::Client,
    /// So many times it is too busy to say what an image is made of.
    busy: AtomicU32,
    /// So many layers are cut in the middle.
    cut: AtomicU32,
    /// Layers have other bytes than they should.
    wrong: AtomicU32,
    layers: AtomicU32,
}

async fn pass_on(State(between): State<Arc<Between>>, request: Request) -> Response {
    let take = |count: &AtomicU32| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    if request.uri().path().contains("/manifests/") && take(&between.busy) {
        let words = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"you are pulling too much"}]}"#;
        return (StatusCode::TOO_MANY_REQUESTS, [("content-type", "application/json")], words).into_response();
    }
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    let mut asked = between.http.get(format!("http://{}{path}", between.to));
    for name in ["authorization", "accept", "range"] {
        if let Some(value) = request.headers().get(name) {
            asked = asked.header(name, value);
        }
    }
    let answer = asked.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let is_layer =
        path.contains("/blobs/") && headers.get("content-length").is_some_and(|l| l.to_str().unwrap().parse::<u64>().unwrap() > 100_000);
    let mut bytes = answer.bytes().await.unwrap().to_vec();
    let mut response = Response::builder().status(status);
    for name in ["content-type", "docker-content-digest", "www-authenticate", "content-length", "docker-distribution-api-version"] {
        if let Some(value) = headers.get(name) {
            response = response.header(name, value);
        }
    }
    if is_layer {
        between.layers.fetch_add(1, Ordering::SeqCst);
        if take(&between.wrong) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        if take(&between.cut) {
            let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
            let pieces = [Ok(half), Err(std::io::Error::other("the registry died"))];
            return response.body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap();
        }
    }
    response.body(Body::from(bytes)).unwrap()
}

#[tokio::test]
async fn r65_a_registry_that_fails_for_a_while_is_asked_again_and_wrong_bytes_are_refused() {
    let rig = rig!();
    let Some(registry) = Registry::start() else { return rig.end().await };
    let id = own_image(&rig).await;
    registry.push(&rig.docker, &id, "app", "1").await;
    forget_all(&rig, &[&id]).await;
    // As the runner's own client does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let between = Arc::new(Between {
        to: registry.at.clone(),
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        busy: AtomicU32::new(2),
        cut: AtomicU32::new(1),
        wrong: AtomicU32::new(0),
        layers: AtomicU32::new(0),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let app = axum::Router::new().fallback(pass_on).with_state(Arc::clone(&between));
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let engine = with_logins(&rig, registry.login(&at, PASSWORD)).await;
    let name = format!("{at}/app:1");

    let (tell, heard) = hearing();
    assert_eq!(engine.resolve_image(&name, &tell).await.unwrap().id, id);
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().any(|words| words.contains("you are pulling too much; trying again")), "{heard:?}");
    assert!(between.layers.load(Ordering::SeqCst) >= 2, "the cut layer was asked for again");

    forget_all(&rig, &[&id]).await;
    between.wrong.store(100, Ordering::SeqCst);
    let (tell, heard) = hearing();
    let words = engine.resolve_image(&name, &tell).await.unwrap_err().to_string();
    assert!(words.contains("verification failed"), "{words}");
    assert!(!heard.lock().unwrap().iter().any(|words| words.contains("trying again")), "{heard:?}");
    serving.abort();
    rig.end().await;
}
