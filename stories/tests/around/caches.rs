//! Caches: what one run leaves, the next begins with.

use stories::{Setup, World};

const YAML: &str = "
lock:
  vol: source
  img: IMAGE
  cache: {paths: [modules, /var/kept], key: modules, files: lock, fallback: modules-}
  run: |
    find modules /var/kept -type f | sort
    cat lock > modules/from; mkdir -p modules/deep; echo x >> modules/deep/file; date +%N > /var/kept/when
uses: {img: IMAGE, vol: lock, run: ls modules}
other: {img: IMAGE, cache: modules, run: ls modules}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_run_finds_what_the_first_left() {
    let setup = Setup { env: vec![("DOCKERCISE_CACHE_BYTES".to_owned(), "100MB".to_owned())], ..Setup::default() };
    let Some(mut world) = World::with(setup).await else { return };
    let yaml = YAML.replace("find modules", "sleep 1; find modules");
    world.clone.write("lock", "1\n").unwrap();
    world.push("ci", &yaml).unwrap();
    let first = world.api.run("ci", 1).await.unwrap();
    first.ends("passed").await.unwrap();
    assert_eq!(first.value("lock").await.unwrap(), b"");
    assert!(first.log("lock", "run").await.unwrap().contains("cache: nothing is kept under `modules-"));
    assert_eq!(first.value("uses").await.unwrap(), b"deep\nfrom\n", "what is in it belongs to the volume");

    // Caches outlive server and runner.
    world.server.stop().await.unwrap();
    world.server.start().await.unwrap();
    world.clone.write("README", "nothing to do with it").unwrap();
    world.push("ci", &yaml).unwrap();
    let second = world.api.run("ci", 2).await.unwrap();
    second.ends("passed").await.unwrap();
    let all = "/var/kept/when\nmodules/deep/file\nmodules/from\n";
    assert_eq!(String::from_utf8(second.value("lock").await.unwrap()).unwrap(), all);
    assert!(second.log("lock", "run").await.unwrap().contains(" bytes, kept since "));
    assert_eq!(second.value("other").await.unwrap(), b"", "another key, another cache");

    // Another lock file, another key; it begins with the newest of the others.
    world.clone.write("lock", "2\n").unwrap();
    world.push("ci", &yaml.replace("cat lock >", "cat modules/from modules/deep/file; cat lock >")).unwrap();
    let third = world.api.run("ci", 3).await.unwrap();
    third.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(third.value("lock").await.unwrap()).unwrap(), format!("{all}1\nx\n"));
    world.clone.write("README", "again").unwrap();
    world.push("ci", &yaml.replace("cat lock >", "cat modules/from modules/deep/file; cat lock >")).unwrap();
    let fourth = world.api.run("ci", 4).await.unwrap();
    fourth.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(fourth.value("lock").await.unwrap()).unwrap(), format!("{all}2\nx\nx\n"));
    world.close().await;
}
