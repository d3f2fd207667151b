//! What is lost and found again: the runner, the keeper, a container.

use crate::docker::{Rig, connect, eventually, labelled, output, sha256, touch};
use dockercise_runner::engine::{EngineError, Found};
use futures_util::StreamExt;

#[tokio::test]
async fn another_runner_takes_up_where_the_first_was_lost() {
    let mut rig = rig!();
    let spec = rig.spec(0, "echo first; while [ ! -e go ]; do sleep 0.1; done; seq 1 60000; exit 7");
    rig.start(&spec).await;
    let mut bytes = rig.until(&spec.key, 0, "first").await;
    let keepers = |names: Vec<String>| names.iter().filter(|name| name.contains("-keeper-")).count();
    assert_eq!(keepers(labelled(&rig.docker, &rig.host).await), 1);

    let host = rig.host.clone();
    drop(std::mem::replace(&mut rig.engine, connect("00000000").await));
    eventually(|| async { keepers(labelled(&rig.docker, &host).await) == 0 }).await;
    let stranger = std::mem::replace(&mut rig.engine, connect(&host).await);
    stranger.clear().await.unwrap();

    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), Some(Found::Running));
    rig.engine.open_run(rig.run).await.unwrap();
    // The holder that the step is in must not be given to another.
    assert_eq!(rig.sh(1, "echo other").await.1.stdout, b"other\n");
    touch(&rig, &spec.key, "/work/go").await;
    let ended = rig.wait(&spec.key).await;
    assert_eq!(ended.code, 7);
    let mut follow = rig.engine.follow(&spec.key, bytes.len() as u64);
    follow.finish();
    while let Some(piece) = follow.next().await {
        bytes.extend(piece.unwrap());
    }
    let expected: String = std::iter::once("first\n".to_owned()).chain((1..=60000).map(|n| format!("{n}\n"))).collect();
    assert!(output(&bytes).stdout == expected.as_bytes(), "the log has a gap, or something twice");
    assert_eq!(rig.engine.spool_sum(&spec.key).await.unwrap().sha256, sha256(&bytes));
    rig.end().await;
}

#[tokio::test]
async fn a_container_that_somebody_removed_is_gone_not_ended() {
    let rig = rig!();
    let spec = rig.spec(0, "echo up; sleep 100");
    rig.start(&spec).await;
    rig.until(&spec.key, 0, "up").await;
    let name = format!("dc-{}-{}-0-1-run", rig.host, rig.run.short());
    let force = bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let (waited, removed) = tokio::join!(rig.engine.wait(&spec.key), rig.docker.remove_container(&name, Some(force)));
    removed.unwrap();
    assert!(matches!(waited, Err(EngineError::Gone { .. })), "{waited:?}");
    rig.end().await;
}

/// Removes the keeper under the engine's hands.
pub async fn lose_the_keeper(rig: &Rig) {
    for name in labelled(&rig.docker, &rig.host).await.iter().filter(|name| name.contains("-keeper-")) {
        let name = name.split(['/', '"']).find(|part| part.starts_with("dc-")).unwrap();
        let force = bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(true).build();
        rig.docker.remove_container(name, Some(force)).await.unwrap();
    }
}

#[tokio::test]
async fn a_keeper_that_was_lost_is_replaced_and_nothing_is_missed() {
    let rig = rig!();
    let spec = rig.spec(0, "echo first; while [ ! -e go ]; do sleep 0.1; done; echo second");
    rig.start(&spec).await;
    let mut follow = rig.engine.follow(&spec.key, 0);
    let mut bytes = follow.next().await.unwrap().unwrap().to_vec();
    lose_the_keeper(&rig).await;
    touch(&rig, &spec.key, "/work/go").await;
    rig.wait(&spec.key).await;
    follow.finish();
    while let Some(piece) = follow.next().await {
        bytes.extend(piece.unwrap());
    }
    assert_eq!(output(&bytes).stdout, b"first\nsecond\n");
    // What lived in the lost keeper's memory is there again.
    assert_eq!(rig.sh(1, "echo third").await.1.stdout, b"third\n");
    rig.end().await;
}
