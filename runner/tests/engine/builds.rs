//! Images made by the engine's builder.

use crate::docker::registry::{PASSWORD, Registry, USER};
use crate::docker::{Rig, eventually, labelled, output, tar_of};
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{CreateImageOptionsBuilder, ListContainersOptionsBuilder, RemoveImageOptions};
use dockercise_pipeline::frame::{Stream as Said, header};
use dockercise_runner::engine::{AttemptKey, BuildSpec, Built, EngineError, Limits, Say};
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;

fn spec(key: AttemptKey) -> BuildSpec {
    BuildSpec { key, file: "Dockerfile".into(), args: Vec::new(), from: Vec::new(), limits: Limits { cpus: 1000, memory: 256 << 20 } }
}

/// A Dockerfile on top of the test image.
fn from(rig: &Rig, text: &str) -> String {
    format!("FROM {}\nENV PATH=/bin\n{text}\n", rig.image)
}

/// Builds it, and gives what was said.
async fn build(rig: &Rig, spec: &BuildSpec, dockerfile: &str, files: &[(&str, &[u8])]) -> (Result<Built, EngineError>, String) {
    let volume = [rig.folder(".", &[], &format!("s{}", spec.key.attempt.step))];
    rig.engine.prepare_build(&spec.key, &volume).await.unwrap();
    let (say, mut said): (Say, _) = mpsc::channel(64);
    let all = [&[("Dockerfile", dockerfile.as_bytes())], files].concat();
    let listening = tokio::spawn(async move {
        let mut text = String::new();
        while let Some((_, words)) = said.recv().await {
            text.push_str(&words);
        }
        text
    });
    let built = rig.engine.build(spec, tar_of(&all), &say).await;
    drop(say);
    (built, listening.await.unwrap())
}

async fn is_there(rig: &Rig, image: &str) -> bool {
    rig.docker.inspect_image(image).await.is_ok()
}

#[tokio::test]
async fn an_image_is_made_within_the_walls_and_goes_with_its_run() {
    let rig = rig!();
    let text = "ARG WHO\nCOPY file /file\nRUN echo \"hello $WHO\"; (nc -w 2 169.254.169.254 80 || true) 2>&1; ip route\nRUN ! nslookup db 2>/dev/null\nCMD [\"cat\", \"/file\"]";
    let mut spec = spec(rig.key(0));
    spec.args = vec![("WHO".into(), "you \"& me".into())];
    let (built, said) = build(&rig, &spec, &from(&rig, text), &[("file", b"content")]).await;
    let Ok(Built::Image(id)) = built else { panic!("{built:?}\n{said}") };
    assert!(id.starts_with("sha256:") && said.contains("hello you \"& me\n"), "{said}");
    assert!(said.contains("unreachable 169.254.0.0/16") && !said.contains(" open"), "{said}");
    assert!(said.contains("No route to host") || said.contains("Host is unreachable"), "{said}");

    // A step runs in it, by its id.
    let mut step = rig.spec(1, "cat /file");
    step.image = id.clone();
    assert_eq!(rig.finish(&step).await.1.stdout, b"content");
    // A second name keeps it; of two of one content each has its own.
    let name = format!("dct-built:{}", rig.host);
    let other = self::spec(rig.key(2));
    let (built, said) = build(&rig, &other, &from(&rig, "RUN true"), &[]).await;
    let Ok(Built::Image(second)) = built else { panic!("{built:?}\n{said}") };
    rig.engine.name_image(&id, &name).await.unwrap();
    rig.engine.close_run(rig.run).await.unwrap();
    assert!(is_there(&rig, &id).await && !is_there(&rig, &second).await);
    // A newer one takes the name: then nothing keeps the older.
    let (docker, host, image) = (rig.docker.clone(), rig.host.clone(), rig.image.clone());
    docker
        .tag_image(&image, Some(bollard::query_parameters::TagImageOptionsBuilder::default().repo("dct-built").tag(&host).build()))
        .await
        .unwrap();
    rig.end().await;
    assert!(docker.inspect_image(&id).await.is_err());
    docker.remove_image(&name, None::<RemoveImageOptions>, None).await.unwrap();
    assert!(docker.inspect_image(&image).await.is_ok());
    assert_eq!(labelled(&docker, &host).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_image_that_came_back_by_its_digest_stays_when_a_run_goes() {
    let rig = rig!();
    let Some(registry) = Registry::start() else { return rig.end().await };
    let (built, said) = build(&rig, &spec(rig.key(0)), &from(&rig, "RUN echo alone > /file"), &[]).await;
    let Ok(Built::Image(id)) = built else { panic!("{built:?}\n{said}") };
    let digest = registry.push(&rig.docker, &id, "built", "1").await;
    rig.engine.close_run(rig.run).await.unwrap();
    assert!(!is_there(&rig, &id).await);
    let login = DockerCredentials { username: Some(USER.into()), password: Some(PASSWORD.into()), ..DockerCredentials::default() };
    let options = CreateImageOptionsBuilder::default().from_image(&digest).build();
    rig.docker.create_image(Some(options), None, Some(login)).try_collect::<Vec<_>>().await.unwrap();
    // It says itself which host has made it, and has no tag: only somebody who wants it by its digest.
    rig.engine.close_run(rig.run).await.unwrap();
    assert!(is_there(&rig, &digest).await);
    rig.docker.remove_image(&digest, None::<RemoveImageOptions>, None).await.unwrap();
    rig.end().await;
}

#[tokio::test]
async fn what_fails_says_why_and_with_which_code() {
    let rig = rig!();
    let (built, said) = build(&rig, &spec(rig.key(0)), &from(&rig, "RUN echo out; echo err >&2; exit 7"), &[]).await;
    let Ok(Built::Failed(Some(7), words)) = built else { panic!("{built:?}\n{said}") };
    assert!(words.contains("exit 7") && said.contains("out\n") && said.contains("err\n"), "{words}\n{said}");
    for (text, what) in [("COPY nothing /x", "nothing"), ("NONSENSE", "unknown instruction")] {
        let (built, said) = build(&rig, &spec(rig.key(0)), &from(&rig, text), &[]).await;
        let Ok(Built::Failed(None, words)) = built else { panic!("{text}: {built:?}\n{said}") };
        assert!(words.contains(what), "{words}");
    }
    // A context that breaks off is no failure of the step.
    let (say, _said): (Say, _) = mpsc::channel(64);
    let broken = futures_util::stream::iter([Err(std::io::Error::other("the helper is gone"))]);
    let error = rig.engine.build(&spec(rig.key(0)), broken, &say).await.unwrap_err();
    assert!(matches!(error, EngineError::Input { .. }), "{error}");
    rig.end().await;
}

#[tokio::test]
async fn p09_nothing_runs_of_a_build_that_nobody_waits_for() {
    let rig = rig!();
    let spec = spec(rig.key(0));
    let volume = [rig.folder(".", &[], "s0")];
    rig.engine.prepare_build(&spec.key, &volume).await.unwrap();
    let (say, mut said): (Say, _) = mpsc::channel(64);
    let mark = format!("dct-{}", rig.host);
    let dockerfile = from(&rig, &format!("RUN trap '' TERM; echo up; {mark}=1; while :; do sleep 1; done"));
    let running = async || {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let all = rig.docker.list_containers(Some(options)).await.unwrap();
        all.into_iter().any(|container| container.command.unwrap_or_default().contains("trap '' TERM; echo up"))
    };
    {
        let build = rig.engine.build(&spec, tar_of(&[("Dockerfile", dockerfile.as_bytes())]), &say);
        let up = async {
            while let Some((_, words)) = said.recv().await
                && words != "up\n"
            {}
        };
        tokio::select! {
            built = build => panic!("{built:?}"),
            () = up => {}
        }
        assert!(running().await);
    }
    rig.engine.end_build(&spec.key).await.unwrap();
    eventually(async || !running().await).await;
    rig.end().await;
}

#[tokio::test]
async fn a_spool_is_written_from_outside_and_read_as_any_other() {
    let rig = rig!();
    let key = rig.key(0);
    rig.engine.prepare_build(&key, &[rig.folder(".", &[], "s0")]).await.unwrap();
    let frames: Vec<u8> = [(Said::Stderr, "noise"), (Said::Stdout, "the value\n")]
        .iter()
        .flat_map(|(stream, text)| [&header(*stream, 1, text.len())[..], text.as_bytes()].concat())
        .collect();
    for at in [0, 10, 0, 10] {
        rig.engine.write_spool(&key, at as u64, &frames[at..]).await.unwrap();
    }
    assert_eq!(rig.output(&key).await, output(&frames));
    assert_eq!(rig.engine.project(&key).await.unwrap().length, 10);
    assert!(rig.engine.write_spool(&rig.key(1), 0, b"x").await.is_err(), "only into one that was prepared");
    rig.end().await;
}
