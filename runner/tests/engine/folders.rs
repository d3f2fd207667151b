//! Working directories made of several folders, each copy-on-write by itself.

use crate::docker::{Rig, tar_of};
use dockercise_runner::engine::Mounted;

/// `a` with the folder `lib` and a file, `b` with a file; both finished.
async fn two_layers(rig: &Rig) {
    rig.engine.fill_layer(rig.run, "a", tar_of(&[("own", b"a"), ("lib/hidden", b"a"), ("file", b"a")])).await.unwrap();
    rig.engine.fill_layer(rig.run, "b", tar_of(&[("of-b", b"b")])).await.unwrap();
}

async fn folders_are_mounted_and_inherited(rig: Rig) {
    two_layers(&rig).await;
    let mut first =
        rig.spec(0, "cat own lib/of-b; ls lib new/er; echo mine > lib/mine; echo mine >> lib/of-b; touch new/er/x; stat -c %a lib new");
    first.volume = vec![rig.folder(".", &["a"], "s0"), rig.folder("lib", &["b"], "s0m1"), rig.folder("new/er", &["b"], "s0m2")];
    let (ended, output) = rig.finish(&first).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"ablib:\nof-b\n\nnew/er:\nof-b\n777\n777\n"[..]), "{output:?}");

    // The next has the whole map, another one a file in place of the mount point.
    let mut second = rig.spec(1, "cat lib/of-b lib/mine; ls lib new/er file; ! rmdir lib; rm lib/mine");
    second.volume = vec![
        rig.folder(".", &["a", "s0"], "s1"),
        rig.folder("file", &["b"], "s1m1"),
        rig.folder("lib", &["b", "s0m1"], "s1m2"),
        rig.folder("new/er", &["b", "s0m2"], "s1m3"),
        rig.folder("new/er/deep", &["b"], "s1m4"),
    ];
    let (ended, output) = rig.finish(&second).await;
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!((ended.code, text.as_str()), (0, "bmine\nmine\nfile:\nof-b\n\nlib:\nmine\nof-b\n\nnew/er:\ndeep\nof-b\nx\n"), "{output:?}");

    // Nobody has written below.
    let (ended, output) = rig.finish(&rig.over(2, &["b"], "cat of-b; ls")).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"bof-b\n"[..]), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn folders_are_mounted_and_inherited_copy_on_write() {
    folders_are_mounted_and_inherited(rig!()).await;
}

#[tokio::test]
async fn folders_are_mounted_and_inherited_where_layers_are_copied() {
    let rig = rig!();
    rig.engine.copy_whole();
    folders_are_mounted_and_inherited(rig).await;
}

#[tokio::test]
async fn a_mount_point_is_never_reached_through_a_link() {
    let rig = rig!();
    let (code, _) = rig.sh(0, "ln -s /etc etc; ln -s ../../.. up; mkdir d; chmod 750 d; ln -s /bin d/bin").await;
    assert_eq!(code, 0);
    rig.engine.fill_layer(rig.run, "b", tar_of(&[("of-b", b"b")])).await.unwrap();
    let mut spec = rig.spec(1, "cat etc/of-b up/x/of-b d/bin/of-b; test ! -e /etc/of-b; test ! -e /bin/of-b; stat -c %a d");
    spec.volume = vec![
        rig.folder(".", &["s0"], "s1"),
        rig.folder("d/bin", &["b"], "s1m1"),
        rig.folder("etc", &["b"], "s1m2"),
        rig.folder("up/x", &["b"], "s1m3"),
    ];
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"bbb750\n"[..]), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn s25_a_folder_leads_nowhere_else() {
    let rig = rig!();
    for bad in ["/etc", "../x", "a/../../x", "a//b", ".", ""] {
        let mut spec = rig.spec(0, "true");
        spec.volume.push(rig.folder(bad, &[], "s0m1"));
        let words = rig.engine.create(&spec).await.unwrap_err().to_string();
        assert!(words.contains("cannot be mounted"), "{bad}: {words}");
    }
    // Caches may be outside of the working directory, but not where the container has its own.
    for bad in ["/", "/proc", "/proc/self", "/sys/fs", "/dev/shm", "/dockercise/go", "/work", "/work/x", "/a/../proc", "//proc", "a", ""] {
        let mut spec = rig.spec(0, "true");
        spec.volume.push(Mounted { outside: true, ..rig.folder(bad, &[], "s0m1") });
        let words = rig.engine.create(&spec).await.unwrap_err().to_string();
        assert!(words.contains("cannot be mounted"), "{bad}: {words}");
    }
    rig.end().await;
}
