//! Whoever an image or a step runs as: its volume is its own, and PID 1 is not.

use crate::docker::{Output, Rig, image, tar_of};
use std::time::Instant;

const SOURCE: [(&str, &[u8]); 2] = [("src/main", b"old\n"), ("run", b"#!")];

/// Runs a script as a user over layers; it must end well.
async fn as_user(rig: &Rig, step: u32, user: &str, layers: &[&str], script: &str) -> String {
    let mut spec = rig.over(step, layers, script);
    spec.user = user.to_owned();
    let (ended, Output { stdout, stderr, remarks }) = rig.finish(&spec).await;
    let [stdout, stderr, remarks] = [stdout, stderr, remarks].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(ended.code, 0, "as {user}: {stdout} {stderr} {remarks}");
    stdout
}

#[tokio::test]
async fn a_volume_is_its_users_own_whoever_had_it_before() {
    let rig = rig!();
    rig.engine.fill_layer(rig.run, "source", tar_of(&SOURCE)).await.unwrap();
    let change =
        "echo more >> src/main; mkdir -p src/new; touch src/new/$(id -u); chmod 600 src/main; stat -c %u:%g . src src/main run; id";
    let text = as_user(&rig, 0, "1000:1001", &["source"], change).await;
    assert_eq!(text, "1000:1001\n".repeat(4) + "uid=1000 gid=1001\n");
    let text = as_user(&rig, 1, "65534", &["source", "s0"], change).await;
    assert_eq!(text, "65534:0\n".repeat(4) + "uid=65534 gid=0\n");
    let text = as_user(&rig, 2, "", &["source", "s0", "s1"], &format!("{change}; echo r > root; chmod 600 root")).await;
    assert!(text.starts_with("0:0\n65534:0\n65534:0\n65534:0\nuid=0 gid=0"), "{text}");
    let text = as_user(&rig, 3, "1000", &["source", "s0", "s1", "s2"], "cat root src/main; ls src/new; touch root; stat -c %u root").await;
    assert_eq!(text, "r\nold\nmore\nmore\nmore\n0\n1000\n65534\n1000\n");
    // What lies below has not changed.
    assert_eq!(as_user(&rig, 4, "", &["source"], "cat src/main; stat -c %u src/main").await, "old\n0\n");
    rig.end().await;
}

#[tokio::test]
async fn a_volume_is_its_users_own_where_layers_are_copied() {
    let rig = rig!();
    rig.engine.copy_whole();
    rig.engine.fill_layer(rig.run, "source", tar_of(&SOURCE)).await.unwrap();
    assert_eq!(as_user(&rig, 0, "1000", &["source"], "echo more >> src/main; cat src/main").await, "old\nmore\n");
    assert_eq!(as_user(&rig, 1, "65534", &["s0"], "echo more >> src/main; cat src/main").await, "old\nmore\nmore\n");
    assert_eq!(as_user(&rig, 2, "", &["s1"], "echo more >> src/main; cat src/main").await, "old\nmore\nmore\nmore\n");
    rig.end().await;
}

#[tokio::test]
async fn folders_of_a_volume_are_given_too() {
    let rig = rig!();
    rig.engine.fill_layer(rig.run, "source", tar_of(&SOURCE)).await.unwrap();
    let mut spec = rig.spec(0, "echo x >> lib/src/main; echo x > empty/x; touch empty/in/x; stat -c %u lib lib/src empty empty/in");
    spec.user = "1000".to_owned();
    spec.volume = vec![
        rig.folder(".", &["source"], "s0"),
        rig.folder("empty", &[], "s0m1"),
        rig.folder("empty/in", &["source"], "s0m2"),
        rig.folder("lib", &["source"], "s0m3"),
    ];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"1000\n1000\n1000\n1000\n"[..]), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn an_images_own_user_is_found_by_name_with_its_groups_and_home() {
    let rig = rig!();
    let files: [(&str, &[u8]); 2] = [
        ("etc/passwd", b"root:x:0:0::/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n"),
        ("etc/group", b"root:x:0:\nnode:x:1001:\nwheel:x:10:node\n"),
    ];
    let image = image::make_with(&rig.docker, "named-user", &["USER node", "ENV FROM_IMAGE=yes"], &files).await;
    let of = |step, user: &str, script: &str| {
        let mut spec = rig.spec(step, script);
        (spec.image, spec.user) = (image.clone(), user.to_owned());
        spec
    };
    let script = "id; echo $HOME $FROM_IMAGE; echo hi > file; echo out > /dev/stdout; echo err > /dev/stderr";
    let (ended, output) = rig.finish(&of(0, "node", script)).await;
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let expected = "uid=1000(node) gid=1001(node) groups=10(wheel)\n/home/node yes\nout\n";
    assert_eq!((ended.code, text.as_str()), (0, expected), "{output:?}");
    assert_eq!(output.stderr, b"err\n");
    let (ended, output) = rig.finish(&of(1, "node:wheel", "id")).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"uid=1000(node) gid=10(wheel)\n"[..]), "{output:?}");
    let (ended, output) = rig.finish(&of(2, "0", "id -u; echo $HOME")).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"0\n/root\n"[..]), "{output:?}");
    let (ended, output) = rig.finish(&of(3, "nobody", "id")).await;
    assert_eq!((ended.code, &output.remarks[..]), (126, &b"the image has no user `nobody`"[..]), "{output:?}");
    rig.end().await;
}

/// An image of one program, without a user, a shell or a folder that anybody but root may write in.
#[tokio::test]
async fn an_image_that_nobody_may_write_in_has_a_volume_all_the_same() {
    let rig = rig!();
    let mut tree = tar::Builder::new(Vec::new());
    image::append(&mut tree, "busybox", 0o555, &std::fs::read(image::BUSYBOX).unwrap());
    let bare = image::import(&rig.docker, "bare", &[], tree.into_inner().unwrap()).await;
    for (step, user) in [(0, "65534"), (1, "1000:1000"), (2, "")] {
        let mut spec = rig.spec(step, "");
        (spec.image, spec.user) = (bare.clone(), user.to_owned());
        spec.argv =
            ["/busybox", "sh", "-ec", "echo hi > file; /busybox cat file; ! echo x > /x; /busybox id -u"].map(str::to_owned).to_vec();
        if user.is_empty() {
            spec.argv[3] = "echo hi > file; /busybox cat file; /busybox id -u".to_owned();
        }
        let (ended, output) = rig.finish(&spec).await;
        let uid = user.split(':').next().filter(|uid| !uid.is_empty()).unwrap_or("0");
        assert_eq!((ended.code, String::from_utf8_lossy(&output.stdout).as_ref()), (0, format!("hi\n{uid}\n").as_str()), "{output:?}");
    }
    rig.end().await;
}

#[tokio::test]
async fn s34_a_user_cannot_touch_what_is_not_its_own() {
    let rig = rig!();
    let script = "cd /dockercise; ! cat go/spec.json; ! cat spool/*; ! echo x > spool/spool; ! rm spool/spool; ! touch spool/x; \
                  ! kill -9 1; ! cat /proc/1/environ; ! ls /proc/1/fd; ! readlink /proc/1/exe; id -u; grep -E 'Cap(Eff|Prm|Inh|Amb)|NoNewPrivs' /proc/self/status";
    let mut spec = rig.spec(0, script);
    spec.user = "1000:1000".to_owned();
    spec.env.push(("SECRET".to_owned(), "canary".to_owned()));
    let (ended, output) = rig.finish(&spec).await;
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(ended.code, 0, "{output:?}");
    assert!(text.starts_with("1000\n"), "{text}");
    assert_eq!(text.matches("0000000000000000").count(), 4, "no capability at all: {text}");
    assert!(text.contains("NoNewPrivs:\t1"), "{text}");
    rig.end().await;
}

#[tokio::test]
async fn the_directory_to_start_in_is_made_for_the_user() {
    let rig = rig!();
    let mut spec = rig.spec(0, "pwd; touch here; stat -c %u .");
    (spec.cwd, spec.user) = ("/work/a/b".to_owned(), "1000".to_owned());
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"/work/a/b\n1000\n"[..]), "{output:?}");
    let mut spec = rig.spec(1, "pwd");
    spec.cwd = "/bin/sh".to_owned();
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.remarks[..]), (126, &b"the directory `/bin/sh` cannot be entered: not a directory"[..]));
    rig.end().await;
}

/// architecture.md, "Volumes": 30,000 files in 1.4 s, by owners alone. Alone on the machine:
/// `cargo nextest run --release -p dockercise-runner --run-ignored only --no-capture hands`
#[tokio::test]
#[ignore = "a measurement"]
async fn thirty_thousand_files_change_hands_without_their_content() {
    let rig = rig!();
    let began = Instant::now();
    let names: Vec<String> = (0..30_000).map(|i| format!("d{}/f{i}", i / 300)).collect();
    let content = [b'x'; 2000];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &content[..])).collect();
    rig.engine.fill_layer(rig.run, "source", tar_of(&files)).await.unwrap();
    println!("filled in {:?}", began.elapsed());
    for (step, layers) in [(0, &["source"][..]), (1, &["source", "s0"])] {
        let began = Instant::now();
        as_user(&rig, step, "1000", layers, "test -w d0/f0; test -w d99/f29999").await;
        println!("step {step} took {:?}", began.elapsed());
    }
    rig.end().await;
}
