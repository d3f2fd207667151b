//! Folders that are kept from run to run.

use crate::docker::{Rig, connect};
use dockercise_pipeline::ids::RunId;
use dockercise_runner::engine::{AttemptSpec, Layer, Mounted};

/// A step with a cache in its working directory and one outside of it.
fn cached(rig: &Rig, step: u32, script: &str) -> AttemptSpec {
    let folder = |path: &str, place: u32| Mounted {
        path: path.to_owned(),
        outside: path.starts_with('/'),
        chain: vec![Layer { run: rig.run, name: format!("{step}a1k{place}") }],
        layer: format!("{step}a1m{place}"),
    };
    let spec = rig.spec(step, script);
    let volume = [spec.volume.clone(), vec![folder("target", 0), folder("/var/kept", 1)]].concat();
    AttemptSpec { volume, ..spec }
}

fn folders(rig: &Rig, step: u32) -> Vec<[Layer; 2]> {
    let layer = |name: String| Layer { run: rig.run, name };
    (0..2).map(|place| [layer(format!("{step}a1k{place}")), layer(format!("{step}a1m{place}"))]).collect()
}

/// Begins with what is kept under a name, and gives what the step says.
async fn run(rig: &Rig, step: u32, kept: Option<&str>, script: &str) -> String {
    restore(rig, step, kept).await;
    let (ended, output) = rig.finish(&cached(rig, step, script)).await;
    assert_eq!(ended.code, 0, "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn restore(rig: &Rig, step: u32, kept: Option<&str>) {
    for place in 0..2 {
        assert!(rig.engine.restore_cache(rig.run, &format!("{step}a1k{place}"), kept.map(|name| (name, place))).await.unwrap());
    }
}

#[tokio::test]
async fn what_is_kept_is_found_by_the_next_run_and_each_step_writes_its_own() {
    let mut rig = rig!();
    let fill = "mkdir target/deep; echo one > target/deep/file; ln -s file target/deep/link; echo x > target/gone; head -c 3000000 /dev/zero > /var/kept/big; chmod 600 /var/kept/big";
    assert_eq!(run(&rig, 0, None, &format!("ls -A target /var/kept | wc -w; {fill}")).await, "2\n", "empty but for their names");
    let bytes = rig.engine.save_cache("first", &folders(&rig, 0)).await.unwrap();
    assert!((3_000_000..3_300_000).contains(&bytes), "{bytes}");
    // The run that made it goes, and the runner too.
    rig.engine.close_run(rig.run).await.unwrap();
    rig.run = RunId(uuid::Uuid::now_v7());
    rig.engine = connect(&rig.host).await;
    assert_eq!(rig.engine.caches().await.unwrap(), ["first"]);
    assert_eq!(rig.engine.runs().await.unwrap(), Vec::<String>::new(), "no reaper takes it for a run's");
    rig.engine.open_run(rig.run).await.unwrap();

    // Two at once, as another user too: neither sees what the other writes, nor does what is kept change.
    for step in [0, 1] {
        restore(&rig, step, Some("first")).await;
    }
    let script = |own: &str, other: &str| {
        format!(
            "cat target/deep/link; stat -c %u target/deep/file; wc -c < /var/kept/big; echo {own} >> target/deep/file; echo {own} > target/{own}; rm target/gone; : > /var/kept/big; \
            sleep 1; ! test -e target/{other}; cat target/deep/file"
        )
    };
    let (mine, theirs) =
        (cached(&rig, 0, &script("mine", "theirs")), AttemptSpec { user: "1000".into(), ..cached(&rig, 1, &script("theirs", "mine")) });
    let (mine, theirs) = tokio::join!(rig.finish(&mine), rig.finish(&theirs));
    assert_eq!(String::from_utf8_lossy(&mine.1.stdout), "one\n0\n3000000\none\nmine\n", "{mine:?}");
    assert_eq!(String::from_utf8_lossy(&theirs.1.stdout), "one\n1000\n3000000\none\ntheirs\n", "{theirs:?}");

    // What was written over it is kept with it, what was removed is not; and what it came from may go.
    rig.engine.save_cache("second", &folders(&rig, 0)).await.unwrap();
    rig.engine.forget_cache("first").await.unwrap();
    assert_eq!(run(&rig, 2, Some("second"), "ls target; cat target/deep/link; wc -c < /var/kept/big").await, "deep\nmine\none\nmine\n0\n");
    // Who began with what is gone now has it still.
    let mut after = rig.over(3, &["s0"], "cat target/deep/file");
    after.volume.push(Mounted { path: "target".into(), outside: false, chain: folders(&rig, 0)[0].to_vec(), layer: "3a1m0".into() });
    assert_eq!(rig.finish(&after).await.1.stdout, b"one\nmine\n");

    assert!(!rig.engine.restore_cache(rig.run, "4a1k0", Some(("first", 0))).await.unwrap(), "it says so where nothing is there");
    assert!(rig.engine.has_layer(rig.run, "4a1k0").await.unwrap());
    rig.engine.forget_cache("second").await.unwrap();
    rig.engine.forget_cache("second").await.unwrap();
    assert_eq!(rig.engine.caches().await.unwrap(), Vec::<String>::new());
    for bad in ["../x", "", "a/b", "a.new"] {
        assert!(rig.engine.forget_cache(bad).await.is_err(), "{bad}");
    }
    rig.end().await;
}

#[tokio::test]
async fn where_layers_are_copied_whole_caches_are_kept_too() {
    let rig = rig!();
    rig.engine.copy_whole();
    assert_eq!(run(&rig, 0, None, "echo one > target/a; echo two > /var/kept/b").await, "");
    rig.engine.save_cache("first", &folders(&rig, 0)).await.unwrap();
    assert_eq!(run(&rig, 1, Some("first"), "cat target/a /var/kept/b; echo more >> target/a; rm /var/kept/b").await, "one\ntwo\n");
    rig.engine.save_cache("second", &folders(&rig, 1)).await.unwrap();
    assert_eq!(run(&rig, 2, Some("first"), "cat target/a; ls /var/kept").await, "one\nb\n", "what is kept is as it was");
    assert_eq!(run(&rig, 3, Some("second"), "cat target/a; ls /var/kept").await, "one\nmore\n");
    rig.end().await;
}
