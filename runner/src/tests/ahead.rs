//! What is made before there is a run for it.

use super::fake::FakeHost;
use super::support::server::{TOKEN, TestServer};
use crate::admission::Capacity;
use crate::ahead::Ahead;
use crate::client::Client;
use crate::host::Host as _;
use crate::poll::Polling;
use crate::shared::Shared;
use crate::store::Store;
use dockercise_pipeline::ids::RunId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const HOST: Capacity = Capacity { cpus: 64_000, memory: 1 << 40, steps: 4 };

fn open(host: &FakeHost) -> BTreeSet<RunId> {
    host.world().open.iter().copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_is_ready_before_there_is_a_run_and_none_is_left_at_the_end() {
    let (server, host, data) = (TestServer::start().await, FakeHost::new(0), tempfile::tempdir().unwrap());
    // What a killed runner had made ahead.
    let stale = RunId(uuid::Uuid::now_v7());
    host.open_run(stale).await.unwrap();
    let client = Client::new(&server.base, TOKEN.into()).unwrap();
    let shared = Arc::new(Shared::new(host.clone(), client, Store::open(data.path()).unwrap(), HOST));
    let (ahead, told) = (Arc::new(Ahead::new(Arc::clone(&shared))), CancellationToken::new());
    let kept = {
        let (ahead, told) = (Arc::clone(&ahead), told.clone());
        tokio::spawn(async move { ahead.keep(&told).await })
    };
    let polling = Polling::with_ahead(Arc::clone(&shared), Arc::clone(&ahead));
    let polls = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(polling.run()));
    // The server is told of it, and the reaper takes what is stale alone.
    let first = tokio::time::timeout(Duration::from_secs(10), server.offered(None)).await.unwrap();
    assert_eq!(ahead.ready(), Some(first));
    tokio::time::timeout(Duration::from_secs(10), async {
        let mut changed = host.changes();
        let _ = changed.wait_for(|_| !host.world().open.contains(&stale)).await;
    })
    .await
    .unwrap();
    assert!(open(&host).contains(&first) && ahead.is(first));
    // A run has it: another is made.
    shared.store.keep_run(first).unwrap();
    ahead.gone(first);
    assert!(!ahead.is(first));
    let second = tokio::time::timeout(Duration::from_secs(10), server.offered(Some(first))).await.unwrap();
    assert_eq!(open(&host), BTreeSet::from([first, second]));
    drop(polls);
    told.cancel();
    kept.await.unwrap();
    assert_eq!(open(&host), BTreeSet::from([first]), "what no run has was removed");
}
