//! `source` is the pushed commit, exact.

use sha2::{Digest as _, Sha256};
use standin_github::{Fault, NewRepository};
use std::os::unix::fs::PermissionsExt as _;
use stories::tls::Certificate;
use stories::{Checkout, Setup, World};

const LOOK: &str = "img: IMAGE
look:
  vol: source
  run: |
    echo \"$DOCKERCISE_SHA $DOCKERCISE_REF $DOCKERCISE_BRANCH $DOCKERCISE_EVENT $DOCKERCISE_REPOSITORY\"
    cat .git/HEAD text
    stat -c '%a %n' run.sh text
    readlink link
    readlink broken
    ./run.sh
    wc -c < 'a folder/binary ü'
";

const WITH: &str = "settings: {source: {submodules: true}}
img: IMAGE
look: {vol: source, run: 'ls site/pages; cat site/pages/page'}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_run_sees_the_commit_that_was_pushed_for_it() {
    let Some(world) = World::new().await else { return };
    let clone = &world.clone;
    clone.write("run.sh", "#!/bin/sh\necho ran\n").unwrap();
    std::fs::set_permissions(clone.path().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    clone.write("text", "one\n").unwrap();
    clone.write("a folder/binary ü", [0u8, 255, 10, 13, 0]).unwrap();
    std::os::unix::fs::symlink("text", clone.path().join("link")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at all", clone.path().join("broken")).unwrap();
    let first = world.push("ci", LOOK).unwrap();
    clone.write("text", "two\n").unwrap();
    let second = clone.commit("Say two").unwrap();
    clone.push("main").unwrap();
    for (number, sha, text) in [(1, &first, "one"), (2, &second, "two")] {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        let seen = String::from_utf8(run.value("look").await.unwrap()).unwrap();
        let wanted =
            format!("{sha} refs/heads/main main push anna/app\n{sha}\n{text}\n755 run.sh\n644 text\ntext\n/nowhere/at all\nran\n5\n");
        assert_eq!(seen, wanted);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn submodules_are_there_where_a_file_asks_for_them() {
    let Some(world) = World::new().await else { return };
    let clone = &world.clone;
    // The only repository that the key reads: a branch of the same one.
    clone.write("page", "a page\n").unwrap();
    clone.commit("A page").unwrap();
    clone.push("HEAD:refs/heads/pages").unwrap();
    let page = clone.git(&["rev-parse", "HEAD"]).unwrap();
    clone.git(&["rm", "--quiet", "page"]).unwrap();
    clone.write(".gitmodules", "[submodule \"pages\"]\n\tpath = site/pages\n\turl = ../app.git\n").unwrap();
    clone.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},site/pages", page.trim())]).unwrap();
    std::fs::create_dir_all(clone.path().join("site/pages")).unwrap();
    world.clone.write("with.dockercise.yaml", WITH.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    world.push("without", "img: IMAGE\nplain: {vol: source, run: ls site/pages}\n").unwrap();
    for (pipeline, step, wanted) in [("with", "look", "page\na page\n"), ("without", "plain", "")] {
        let run = world.api.run(pipeline, 1).await.unwrap();
        run.ends("passed").await.unwrap();
        assert_eq!(String::from_utf8(run.value(step).await.unwrap()).unwrap(), wanted, "{pipeline}");
    }
    // Another repository of the same server, which the key does not read.
    clone.write(".gitmodules", "[submodule \"pages\"]\n\tpath = site/pages\n\turl = ../other.git\n").unwrap();
    clone.commit("Elsewhere").unwrap();
    clone.push("main").unwrap();
    let run = world.api.run("with", 2).await.unwrap();
    run.ends("infra").await.unwrap();
    let reason = run.step("look").await.unwrap()["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("the submodule site/pages: ") && reason.contains("Repository not found"), "{reason}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submodule_from_elsewhere_comes_over_https_as_anybody_gets_it() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::new(dir.path()).unwrap();
    // As for a company's own authority; git is asked to believe it, and nobody else.
    let env = vec![("GIT_SSL_CAINFO".to_owned(), certificate.file.display().to_string())];
    let Some(world) = World::with(Setup { env, ..Setup::default() }).await else { return };
    let behind = world.github.web_base().trim_start_matches("http://").parse().unwrap();
    let door = certificate.before(behind).await.unwrap();
    world.github.create_user("ben").unwrap();
    let token = world.github.create_token("ben", &["repo"]).unwrap();
    for (name, of) in [("ben/open", NewRepository::public as fn(_) -> _), ("ben/hidden", NewRepository::private)] {
        let new: NewRepository = of(name.parse().unwrap());
        world.github.create_repository(new).await.unwrap();
        let lib = Checkout::new(&world.github.git_url(name, &token)).unwrap();
        lib.write("page", format!("of {name}\n")).unwrap();
        let sha = lib.commit("A page").unwrap();
        lib.push("main").unwrap();
        let file = format!("[submodule \"x\"]\n\tpath = site/pages\n\turl = https://{door}/{name}.git\n");
        world.clone.write(".gitmodules", file).unwrap();
        world.clone.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{sha},site/pages")]).unwrap();
        std::fs::create_dir_all(world.clone.path().join("site/pages")).unwrap();
        world.push("with", &format!("# {name}\n{WITH}")).unwrap();
    }
    let run = world.api.run("with", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.log("look", "run").await.unwrap(), "page\nof ben/open\n");
    let run = world.api.run("with", 2).await.unwrap();
    run.ends("infra").await.unwrap();
    let reason = run.step("look").await.unwrap()["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("the submodule site/pages: ") && reason.contains("it is not there for everybody"), "{reason}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_git_lfs_keeps_is_there_where_a_file_asks_for_it_and_fetched_once() {
    let Some(world) = World::new().await else { return };
    let clone = &world.clone;
    let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let tool = b"#!/bin/sh\necho ran\n";
    for (path, content) in [("assets/large.bin", &large[..]), ("assets/same.bin", &large[..]), ("tool", &tool[..])] {
        clone.write(path, world.github.add_lfs_object("anna/app", content).unwrap()).unwrap();
    }
    std::fs::set_permissions(clone.path().join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = "settings: {source: {lfs: true}}\nimg: IMAGE\nlook: {vol: source, run: 'sha256sum assets/*; ./tool; cat two || true'}\n";
    world.push("with", file).unwrap();
    let run = world.api.run("with", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let sum: String = Sha256::digest(&large).iter().map(|byte| format!("{byte:02x}")).collect();
    let wanted = format!("{sum}  assets/large.bin\n{sum}  assets/same.bin\nran\n");
    assert_eq!(String::from_utf8(run.value("look").await.unwrap()).unwrap(), wanted);
    assert_eq!(world.github.lfs_downloads(), 2, "what is there twice comes once");

    // The next one fetches what is new, from a server that is not well for a moment.
    let fault = |path: &str| Fault { path: path.into(), status: Some(503), times: Some(1), ..Fault::default() };
    world.github.add_fault(fault("/anna/app.git/info/lfs/"));
    world.github.add_fault(fault("/anna/app.git/lfs-objects/"));
    clone.write("two", world.github.add_lfs_object("anna/app", b"the second\n").unwrap()).unwrap();
    clone.commit("Two").unwrap();
    clone.push("main").unwrap();
    let run = world.api.run("with", 2).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("look").await.unwrap()).unwrap(), format!("{wanted}the second\n"));
    assert_eq!(world.github.lfs_downloads(), 3);

    // Nobody has pushed what this stands for.
    let nothing = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 7\n", "0".repeat(64));
    clone.write("two", nothing).unwrap();
    clone.commit("Nothing").unwrap();
    clone.push("main").unwrap();
    let run = world.api.run("with", 3).await.unwrap();
    run.ends("infra").await.unwrap();
    let reason = run.step("look").await.unwrap()["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("Git LFS: 000000") && reason.contains("Object does not exist on the server"), "{reason}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_pushed_over_meanwhile_is_still_the_one_that_runs() {
    let Some(world) = World::new().await else { return };
    world.clone.write("text", "first\n").unwrap();
    let first = world.push("ci", "img: IMAGE\nafter: human-click\nlook:\n  vol: source\n  run: cat .git/HEAD text\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    world.clone.write("text", "second\n").unwrap();
    world.clone.git(&["add", "--all"]).unwrap();
    world.clone.git(&["commit", "--quiet", "--amend", "-m", "Other"]).unwrap();
    world.clone.push("+main").unwrap();
    let other = world.api.run("ci", 2).await.unwrap();
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("look").await.unwrap()).unwrap(), format!("{first}\nfirst\n"));
    other.click().await.unwrap();
    other.ends("passed").await.unwrap();
    assert!(String::from_utf8(other.value("look").await.unwrap()).unwrap().ends_with("\nsecond\n"));
    world.close().await;
}
