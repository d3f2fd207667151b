//! Values, and the sums of what was written.

use crate::docker::sha256;
use dockercise_pipeline::ids::StepIx;
use futures_util::StreamExt;

#[tokio::test]
async fn values_are_read_only_files() {
    let rig = rig!();
    let value = b"v1.2.3\n";
    assert_eq!(rig.sh(0, "echo noise >&2; echo v1.2.3").await.0, 0);
    for _ in 0..2 {
        let info = rig.engine.project(&rig.key(0)).await.unwrap();
        assert_eq!((info.length, info.sha256, info.damaged_at), (7, sha256(value), None));
    }
    assert_eq!(rig.engine.read_value(rig.run, StepIx(0), 1000).await.unwrap(), &value[..]);
    assert_eq!(rig.engine.read_value(rig.run, StepIx(0), 2).await.unwrap(), &value[..2]);
    let mut spec =
        rig.spec(1, "cd /dockercise/values; find . -type f; cat build/version; ! echo x > build/version; ! rm build/version; ! touch new");
    spec.values = vec![rig.value(0, "build/version")];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"./build/version\nv1.2.3\n"[..]), "{output:?}");

    let mut early = rig.spec(2, "true");
    early.values = vec![rig.value(7, "build/later")];
    rig.engine.create(&early).await.unwrap_err();
    for bad in ["../../x", "a", "a/b/c", "a/.."] {
        early.values = vec![rig.value(0, bad)];
        rig.engine.create(&early).await.unwrap_err();
    }
    rig.end().await;
}

#[tokio::test]
async fn a_big_value_is_kept_to_the_byte() {
    let rig = rig!();
    let (code, output) = rig.sh(0, "head -c 3000000 /dev/urandom").await;
    assert_eq!(code, 0);
    let info = rig.engine.project(&rig.key(0)).await.unwrap();
    assert_eq!((info.length, info.sha256), (3_000_000, sha256(&output.stdout)));
    assert_eq!(rig.engine.read_value(rig.run, StepIx(0), u64::MAX).await.unwrap(), output.stdout);
    let sum = rig.engine.spool_sum(&rig.key(0)).await.unwrap();
    let follow = rig.engine.follow(&rig.key(0), 0);
    follow.finish();
    let spool = follow.map(Result::unwrap).collect::<Vec<_>>().await.concat();
    assert_eq!((sum.length, sum.sha256), (spool.len() as u64, sha256(&spool)));
    rig.end().await;
}

#[tokio::test]
async fn a_flood_is_held_back_by_a_slow_reader_of_it_alone() {
    let rig = rig!();
    let spec = rig.spec(0, "echo up; head -c 100000000 /dev/zero");
    rig.start(&spec).await;
    let mut flood = rig.engine.follow(&spec.key, 0);
    let mut rest = flood.next().await.unwrap().unwrap().len();
    // Nobody reads on; everything else goes its way meanwhile.
    assert_eq!(rig.wait(&spec.key).await.code, 0);
    assert_eq!(rig.sh(1, "echo x").await.1.stdout, b"x\n");
    flood.finish();
    while let Some(piece) = flood.next().await {
        rest += piece.unwrap().len();
    }
    assert!(rest > 100_000_000 && rest < 101_000_000, "{rest}");
    rig.end().await;
}
