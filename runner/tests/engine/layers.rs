//! Working directories: copy-on-write, filled from a tar, long chains.

use crate::docker::{labelled, tar_of};
use dockercise_runner::engine::EngineError;
use futures_util::stream;

#[tokio::test]
async fn two_readers_of_a_layer_do_not_see_each_other() {
    let rig = rig!();
    let made = rig.sh(0, "mkdir d; echo base > d/f; echo other > g; ln -s g link; chmod 750 d").await;
    assert_eq!(made.0, 0);
    let script = |own: &str, other: &str| {
        format!("cat d/f link; echo {own} > d/f; mv d e; touch up-{own}; sleep 1; test ! -e up-{other}; cat e/f; stat -c %a e")
    };
    let (left, right) = (rig.over(1, &["s0"], &script("left", "right")), rig.over(2, &["s0"], &script("right", "left")));
    let (left, right) = tokio::join!(rig.finish(&left), rig.finish(&right));
    assert_eq!((left.0.code, &left.1.stdout[..]), (0, &b"base\nother\nleft\n750\n"[..]), "{left:?}");
    assert_eq!((right.0.code, &right.1.stdout[..]), (0, &b"base\nother\nright\n750\n"[..]), "{right:?}");

    let third = rig.over(3, &["s0"], "cat d/f; ls");
    assert_eq!(rig.finish(&third).await.1.stdout, b"base\nd\ng\nlink\n", "the lower layer stays");
    let fourth = rig.over(4, &["s0", "s1"], "cat e/f; ls");
    assert_eq!(rig.finish(&fourth).await.1.stdout, b"left\ne\ng\nlink\nup-left\n", "a chain of two");
    rig.end().await;
}

#[tokio::test]
async fn a_long_chain_is_made_flat_and_still_whole() {
    let rig = rig!();
    // Layers without steps: the engine only cares for their names.
    let names: Vec<String> = (0..64).map(|i| format!("x{i}")).collect();
    for name in &names {
        rig.engine.fill_layer(rig.run, name, tar_of(&[(name, name.as_bytes()), ("same", name.as_bytes())])).await.unwrap();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let spec = rig.over(0, &names, "ls | grep -c x; cat x0 x29 x30 x61 x63 same; mv x0 y0; rm x63");
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"64\nx0x29x30x61x63x63"[..]), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn a_layer_is_filled_whole_or_not_at_all() {
    let rig = rig!();
    assert!(!rig.engine.has_layer(rig.run, "source").await.unwrap());
    let broken = stream::iter([Ok(bytes::Bytes::from_static(b"x")), Err(std::io::Error::other("the fetch broke off"))]);
    let error = rig.engine.fill_layer(rig.run, "source", broken).await.unwrap_err();
    assert!(matches!(&error, EngineError::Input { .. }) && error.to_string().contains("broke off"), "{error}");
    assert!(!rig.engine.has_layer(rig.run, "source").await.unwrap());

    let files: [(&str, &[u8]); 2] = [("src/main.rs", b"fn main() {}"), ("README", b"hello")];
    rig.engine.fill_layer(rig.run, "source", tar_of(&files)).await.unwrap();
    rig.engine.fill_layer(rig.run, "source", tar_of(&[])).await.unwrap();
    assert!(rig.engine.has_layer(rig.run, "source").await.unwrap());
    let spec = rig.over(0, &["source"], "cat README src/main.rs; touch new; stat -c %a .");
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"hellofn main() {}777\n"[..]), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn where_overlayfs_is_refused_layers_are_copied() {
    let rig = rig!();
    rig.engine.copy_whole();
    assert!(!rig.engine.about().await.unwrap().copy_on_write);
    let made = rig.sh(0, "mkdir -p d/e; echo base > d/f; ln d/f d/hard; ln -s f d/soft; chmod 705 d/e").await;
    assert_eq!(made.0, 0);
    for step in [1, 2] {
        let spec = rig.over(step, &["s0"], "cat d/soft d/hard; stat -c %a d/e; echo mine > d/f; cat d/hard; rm -r d/e");
        let (ended, output) = rig.finish(&spec).await;
        assert_eq!((ended.code, &output.stdout[..]), (0, &b"base\nbase\n705\nmine\n"[..]), "{output:?}");
    }
    rig.end().await;
}

#[tokio::test]
async fn a_run_that_rests_keeps_its_files_alone() {
    let rig = rig!();
    assert_eq!(rig.sh(0, "echo kept | tee file").await.0, 0);
    rig.engine.project(&rig.key(0)).await.unwrap();
    rig.engine.rest_run(rig.run).await.unwrap();
    let left = labelled(&rig.docker, &rig.host).await;
    assert!(left.iter().all(|name| ["-keeper-", "-store", "-go"].iter().any(|kept| name.contains(kept))), "{left:?}");
    rig.engine.open_run(rig.run).await.unwrap();
    let mut spec = rig.over(1, &["s0"], "cat file /dockercise/values/p/s");
    spec.values = vec![rig.value(0, "p/s")];
    assert_eq!(rig.finish(&spec).await.1.stdout, b"kept\nkept\n");
    rig.end().await;
}
