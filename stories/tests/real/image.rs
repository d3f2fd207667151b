//! An image made from a repository, used by later steps, one of them with a PostgreSQL beside it, and pushed to a registry.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::RemoveImageOptions;
use std::path::Path;
use stories::api::eventually;
use stories::{Registry, Setup, World, images};

const DOCKERFILE: &str = r#"FROM dockercise-stories/postgres:1
ARG VERSION
ARG CHANNEL=none
USER root
COPY . /app
RUN echo "$VERSION-$CHANNEL" > /app/version && chmod 755 /app/run && test ! -e /app/notes.txt && test -e /app/kept/notes.txt
LABEL org.opencontainers.image.version=$VERSION
USER postgres
CMD ["/app/run", "version"]
"#;

const RUN: &str = r#"#!/bin/sh -e
case $1 in
  version) cat /app/version ;;
  migrate) psql -qc 'create table release (version text)'; psql -qc "insert into release values ('$(cat /app/version)')" ;;
esac
"#;

/// What is in the folder that the image is made from.
fn files(world: &World) {
    let write = |path: &str, text: &str| world.clone.write(&format!("app/{path}"), text).unwrap();
    write("docker/Dockerfile", DOCKERFILE);
    write(".dockerignore", "**/notes.txt\n!kept/*\n");
    write("run", RUN);
    write("notes.txt", "not for others");
    write("kept/notes.txt", "for others");
}

async fn forget(docker: &Docker, image: &str) {
    // A container of a run that was over a moment ago may still have it.
    let mut last = String::new();
    let gone = async || match docker.remove_image(image, None::<RemoveImageOptions>, None).await {
        Ok(_) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(Some(())),
        Err(e) => {
            last = e.to_string();
            Ok(None)
        }
    };
    let removed = eventually(&format!("the end of {image}"), gone).await;
    assert!(removed.is_ok(), "{image}: {last}");
}

/// Files under a folder that hold one of the texts.
fn holding(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let held = texts.iter().filter(|text| bytes.windows(text.len()).any(|w| w == text.as_bytes()));
            found.extend(held.map(|text| format!("{}: {text}", path.display())));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_made_tested_against_a_database_pushed_and_pulled_back() {
    let Some(registry) = Registry::start().unwrap() else { return };
    let config = registry.docker_config().unwrap().display().to_string();
    let setup = Setup { env: vec![("DOCKERCISE_DOCKER_CONFIG".to_owned(), config)], ..Setup::default() };
    let Some(world) = World::with(setup).await else { return };
    let postgres = images::debian(&world.docker, "postgres").await.unwrap();
    files(&world);
    let name = format!("{}/team/app", registry.at);
    let yaml = format!(
        r#"version:
  img: IMAGE
  run: echo 1.2.3
app:
  vol: source
  build:
    context: app
    file: docker/Dockerfile
    args: {{VERSION: "{{version}}", CHANNEL: stable}}
    tags: ["{name}:1", "{name}"]
    push: true
own: {{img: "{{app}}"}}
test:
  img: "{{app}}"
  services:
    db:
      img: {postgres}
      ready: psql -U postgres -h 127.0.0.1 -c 'select 1'
  env: {{PGHOST: db, PGUSER: postgres, MADE: "{{app}}"}}
  run: |
    /app/run migrate
    psql -Atc 'select version from release'
    echo "$MADE"
"#
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let id = String::from_utf8(run.value("app").await.unwrap()).unwrap();
    let id = id.trim_end();
    assert_eq!(run.value("own").await.unwrap(), b"1.2.3-stable\n");
    assert_eq!(String::from_utf8(run.value("test").await.unwrap()).unwrap(), format!("1.2.3-stable\n{id}\n"));
    let log = run.log("app", "run").await.unwrap();
    assert!(log.contains("Step 1/") && log.contains(&format!("pushing {name}:1")) && log.contains(id), "{log}");
    let service = run.service_log("test", "db").await.unwrap();
    assert!(service.contains("database system is ready to accept connections"), "{service}");

    // Its names keep it where it was made.
    let kept = world.docker.inspect_image(&format!("{name}:latest")).await.unwrap();
    assert_eq!(kept.id.as_deref(), Some(id));
    let digest = kept.repo_digests.unwrap().into_iter().find(|digest| digest.starts_with(&name)).unwrap();
    assert!(log.contains(digest.split('@').nth(1).unwrap()), "{log}");
    for tag in ["1", "latest"] {
        forget(&world.docker, &format!("{name}:{tag}")).await;
    }
    let gone = async || Ok(world.docker.inspect_image(id).await.is_err().then_some(()));
    eventually("the run has put its own name of it away", gone).await.unwrap();

    // Whoever has the login pulls it back by what it is. (The first pipeline has nothing to do with that push.)
    world.clone.write("ci.dockercise.yaml", format!("on: tag\n{}", yaml.replace("IMAGE", images::BUSYBOX))).unwrap();
    world.push("back", &format!("back: {{img: \"{digest}\"}}\n")).unwrap();
    let back = world.api.run("back", 1).await.unwrap();
    back.ends("passed").await.unwrap();
    assert_eq!(back.value("back").await.unwrap(), b"1.2.3-stable\n");
    forget(&world.docker, &digest).await;

    assert_eq!(holding(world.server.data(), &registry.secrets()), Vec::<String>::new());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_with_an_image_is_said_where_one_looks() {
    let Some(registry) = Registry::start().unwrap() else { return };
    // Nobody has logged in.
    let Some(world) = World::new().await else { return };
    let name = format!("{}/app", registry.at);
    world.clone.write("Dockerfile", format!("FROM {}\nRUN echo trying; exit 9\n", images::BUSYBOX)).unwrap();
    world.clone.write("good/Dockerfile", format!("FROM {}\nCMD [\"true\"]\n", images::BUSYBOX)).unwrap();
    world.clone.write("far/Dockerfile", format!("FROM {name}:nowhere\n")).unwrap();
    world.clone.write("fetch/Dockerfile", format!("FROM {}\nADD http://169.254.169.254/latest/meta-data /x\n", images::BUSYBOX)).unwrap();
    let yaml = format!(
        "vol: source\nfails: {{build: .}}\nnothing: {{build: missing}}\nfar: {{build: far}}\nfetch: {{build: fetch}}\n\
        push: {{build: {{context: good, tags: [\"{name}:1\"], push: true}}}}\nplain: {{build: good}}\nlater: {{img: IMAGE, run: ls, vol: plain}}\n"
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    assert_eq!(run.over().await.unwrap(), "failed");
    let said = async |step: &str| (run.step(step).await.unwrap().to_string(), run.log(step, "run").await.unwrap());
    let (step, log) = said("fails").await;
    assert!(
        step.contains("\"failed\"") && step.contains('9') && log.contains("trying\n") && log.contains("returned a non-zero code: 9"),
        "{step}\n{log}"
    );
    assert!(said("nothing").await.1.contains("there is no `Dockerfile` in `missing`"));
    assert!(said("fetch").await.1.contains("outside of the walls around steps"));
    let (step, _) = said("far").await;
    assert!(step.contains("\"infra\"") && step.contains("nowhere"), "{step}");
    let (step, _) = said("push").await;
    assert!(step.contains("\"infra\"") && step.contains(&format!("push {name}:1")) && step.contains("no basic auth credentials"), "{step}");
    assert_eq!(String::from_utf8(run.value("later").await.unwrap()).unwrap().lines().count(), 5, "its volume is what it was made from");
    forget(&world.docker, &format!("{name}:1")).await;
    world.close().await;
}
