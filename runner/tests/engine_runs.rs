//! What the steps of a run share and do not, on the real Docker engine.
#![expect(clippy::unwrap_used, reason = "tests")]

mod docker;

use docker::{connect, labelled, output, rig};
use dockercise_pipeline::ids::StepIx;
use dockercise_runner::engine::{EngineError, Found, Signal};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

macro_rules! rig {
    () => {
        match rig().await {
            Some(rig) => rig,
            None => return,
        }
    };
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn two_readers_of_a_layer_do_not_see_each_other() {
    let rig = rig!();
    let made = rig.sh(0, "mkdir d; echo base > d/f; echo other > g; ln -s g link; chmod 750 d").await;
    assert_eq!(made.0, 0);
    let script = |own: &str, other: &str| {
        format!(
            "cat d/f link; echo {own} > d/f; mv d e; touch up-{own}; sleep 1; test ! -e up-{other}; cat e/f; stat -c %a e"
        )
    };
    let (mut left, mut right) = (rig.spec(1, &script("left", "right")), rig.spec(2, &script("right", "left")));
    (left.volume, right.volume) = (vec!["s0".to_owned()], vec!["s0".to_owned()]);
    let (left, right) = tokio::join!(rig.finish(&left), rig.finish(&right));
    assert_eq!((left.0.code, &left.1.stdout[..]), (0, &b"base\nother\nleft\n750\n"[..]), "{left:?}");
    assert_eq!((right.0.code, &right.1.stdout[..]), (0, &b"base\nother\nright\n750\n"[..]), "{right:?}");

    let mut third = rig.spec(3, "cat d/f; ls");
    third.volume = vec!["s0".to_owned()];
    assert_eq!(rig.finish(&third).await.1.stdout, b"base\nd\ng\nlink\n", "the lower layer stays");
    let mut fourth = rig.spec(4, "cat e/f; ls");
    fourth.volume = vec!["s0".to_owned(), "s1".to_owned()];
    assert_eq!(rig.finish(&fourth).await.1.stdout, b"left\ne\ng\nlink\nup-left\n", "a chain of two");
    rig.end().await;
}

#[tokio::test]
async fn a_long_chain_is_made_flat_and_still_whole() {
    let rig = rig!();
    // Layers without steps: the engine only cares for their names.
    let names: Vec<String> = (0..64).map(|i| format!("x{i}")).collect();
    for name in &names {
        rig.engine
            .fill_layer(rig.run, name, tar_of(&[(name, name.as_bytes()), ("same", name.as_bytes())]))
            .await
            .unwrap();
    }
    let mut spec = rig.spec(0, "ls | grep -c x; cat x0 x29 x30 x61 x63 same; mv x0 y0; rm x63");
    spec.volume = names;
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"64\nx0x29x30x61x63x63"[..]), "{output:?}");
    rig.end().await;
}

fn tar_of(files: &[(&str, &[u8])]) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    let bytes = tar.into_inner().unwrap();
    let pieces: Vec<_> = bytes.chunks(1000).map(|piece| Ok(bytes::Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
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
    let mut spec = rig.spec(0, "cat README src/main.rs; touch new; stat -c %a .");
    spec.volume = vec!["source".to_owned()];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"hellofn main() {}777\n"[..]), "{output:?}");
    rig.end().await;
}

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
    let mut spec = rig.spec(1, "cd /dockercise/values; find . -type f; cat build/version; ! echo x > build/version; ! rm build/version; ! touch new");
    spec.values = vec![(StepIx(0), "build/version".to_owned())];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"./build/version\nv1.2.3\n"[..]), "{output:?}");

    let mut early = rig.spec(2, "true");
    early.values = vec![(StepIx(7), "build/later".to_owned())];
    rig.engine.create(&early).await.unwrap_err();
    for bad in ["../../x", "a", "a/b/c", "a/.."] {
        early.values = vec![(StepIx(0), bad.to_owned())];
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
    let mut follow = rig.engine.follow(&rig.key(0), 0);
    follow.finish();
    let spool = follow.map(Result::unwrap).collect::<Vec<_>>().await.concat();
    assert_eq!((sum.length, sum.sha256), (spool.len() as u64, sha256(&spool)));
    rig.end().await;
}

#[tokio::test]
async fn steps_do_not_meet_in_the_network() {
    let rig = rig!();
    let script = "nc -l -p 5432 -e true & sleep 1; grep -q :1538 /proc/net/tcp; echo up; sleep 100";
    let (one, two) = (rig.spec(0, script), rig.spec(1, script));
    tokio::join!(rig.start(&one), rig.start(&two));
    tokio::join!(rig.until(&one.key, 0, "up"), rig.until(&two.key, 0, "up"));
    assert!(rig.is_running(&one.key).await && rig.is_running(&two.key).await);
    for key in [one.key, two.key] {
        rig.engine.signal(&key, Signal::Kill).await.unwrap();
        assert_eq!(rig.wait(&key).await.code, 137);
    }
    rig.end().await;
}

#[tokio::test]
async fn metadata_services_are_out_of_reach() {
    let rig = rig!();
    let script = "for to in 169.254.169.254 169.254.170.2; do ping -c 1 -w 2 $to; nc -w 2 $to 80; done 2>&1 || true; ip route del unreachable 169.254.0.0/16 2>&1 || true; ip route";
    let (code, output) = rig.sh(0, script).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("No route to host") || text.contains("Host is unreachable"), "{text}");
    assert!(!text.contains("bytes from") && !text.contains("open"), "{text}");
    assert!(text.contains("Operation not permitted"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("unreachable 169.254.0.0/16")), "{text}");
    rig.end().await;
}

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
    docker::eventually(|| async { keepers(labelled(&rig.docker, &host).await) == 0 }).await;
    let stranger = std::mem::replace(&mut rig.engine, connect(&host).await);
    stranger.leave().await.unwrap();

    assert_eq!(rig.engine.find(&spec.key).await.unwrap(), Some(Found::Running));
    rig.engine.open_run(rig.run).await.unwrap();
    // The holder that the step is in must not be given to another.
    assert_eq!(rig.sh(1, "echo other").await.1.stdout, b"other\n");
    docker::touch(&rig, &spec.key, "/work/go").await;
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

#[tokio::test]
async fn a_keeper_that_was_lost_is_replaced_and_nothing_is_missed() {
    let rig = rig!();
    let spec = rig.spec(0, "echo first; while [ ! -e go ]; do sleep 0.1; done; echo second");
    rig.start(&spec).await;
    let mut follow = rig.engine.follow(&spec.key, 0);
    let mut bytes = follow.next().await.unwrap().unwrap().to_vec();
    for name in labelled(&rig.docker, &rig.host).await.iter().filter(|name| name.contains("-keeper-")) {
        let name = name.split(['/', '"']).find(|part| part.starts_with("dc-")).unwrap();
        let force = bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(true).build();
        rig.docker.remove_container(name, Some(force)).await.unwrap();
    }
    docker::touch(&rig, &spec.key, "/work/go").await;
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

#[tokio::test]
async fn a_flood_is_held_back_by_a_slow_reader_of_it_alone() {
    let rig = rig!();
    let spec = rig.spec(0, "echo up; head -c 100000000 /dev/zero");
    rig.start(&spec).await;
    let mut flood = rig.engine.follow(&spec.key, 0);
    flood.next().await.unwrap().unwrap();
    // Nobody reads on; everything else goes its way meanwhile.
    assert_eq!(rig.wait(&spec.key).await.code, 0);
    assert_eq!(rig.sh(1, "echo x").await.1.stdout, b"x\n");
    flood.finish();
    let mut rest = 0;
    while let Some(piece) = flood.next().await {
        rest += piece.unwrap().len();
    }
    assert!(rest > 100_000_000 && rest < 101_000_000, "{rest}");
    rig.end().await;
}

#[tokio::test]
async fn an_image_that_is_not_here_and_not_to_be_had_is_told_so() {
    let rig = rig!();
    let found = rig.engine.resolve_image("dct-busybox:busybox", &|_| ()).await.unwrap();
    assert_eq!((found.id.as_str(), found.pulled), (rig.image.as_str(), false));
    let error = rig.engine.resolve_image("127.0.0.1:1/no/such:1", &|_| ()).await.unwrap_err();
    assert!(matches!(&error, EngineError::Image { image, .. } if image == "127.0.0.1:1/no/such:1"), "{error}");
    let about = rig.engine.about().await.unwrap();
    assert!(about.cpus > 0 && about.memory > 0 && !about.version.is_empty() && !about.daemon_start.is_empty());
    rig.end().await;
}
