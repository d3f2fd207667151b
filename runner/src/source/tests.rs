//! Against real git, over `file://` where the way does not matter and over a real sshd where there is one.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

fn git(dir: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
    let out = Command::new("git").current_dir(dir).args(identity).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

struct Scene {
    dir: TempDir,
    sources: Sources,
}

impl Scene {
    fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        for name in ["origin", "mirrors", "tmp"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        git(&dir.path().join("origin"), &["init", "--quiet"]);
        let sources = Sources {
            git: Git::new("file"),
            open: Git::new("https"),
            mirrors: Mirrors::new(dir.path().join("mirrors")),
            tmp: dir.path().join("tmp"),
            folder: None,
        };
        Scene { dir, sources }
    }

    /// Another repository with one file of its own name.
    fn other(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        git(&dir, &["init", "--quiet"]);
        std::fs::write(dir.join(name), name).unwrap();
        git(&dir, &["add", "-A"]);
        git(&dir, &["commit", "--quiet", "-m", name]);
        dir
    }

    fn origin(&self) -> PathBuf {
        self.dir.path().join("origin")
    }

    fn commit(&self, file: &str, text: &str) -> String {
        std::fs::write(self.origin().join(file), text).unwrap();
        git(&self.origin(), &["add", "-A"]);
        git(&self.origin(), &["commit", "--quiet", "-m", file]);
        git(&self.origin(), &["rev-parse", "HEAD"])
    }

    fn source(&self, sha: &str) -> Source {
        Source {
            repository_id: 7,
            url: format!("file://{}", self.origin().display()),
            sha: sha.to_owned(),
            git_ref: "refs/heads/main".into(),
            deploy_key: "no key".into(),
            known_hosts: String::new(),
        }
    }

    async fn unpacked(&self, sha: &str) -> TempDir {
        self.unpacked_with(sha, SourceOptions::default()).await
    }

    async fn unpacked_with(&self, sha: &str, wanted: SourceOptions) -> TempDir {
        let tar = self.sources.checkout(&self.source(sha), wanted).await.unwrap();
        let bytes: Vec<u8> = tar.map(|c| c.unwrap()).collect::<Vec<_>>().await.concat();
        let mut archive = tar::Archive::new(&bytes[..]);
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            assert_eq!((entry.header().uid().unwrap(), entry.header().gid().unwrap()), (0, 0));
        }
        let dir = tempfile::tempdir().unwrap();
        tar::Archive::new(&bytes[..]).unpack(dir.path()).unwrap();
        dir
    }
}

#[tokio::test]
async fn the_tree_is_the_commit_with_a_small_git_and_no_trace_of_this_host() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("/etc/passwd", scene.origin().join("link")).unwrap();
    std::fs::create_dir(scene.origin().join("sub")).unwrap();
    std::fs::write(scene.origin().join("sub/tool"), "#!/bin/sh\n").unwrap();
    git(&scene.origin(), &["add", "-A"]);
    git(&scene.origin(), &["update-index", "--chmod=+x", "sub/tool"]);
    let long = format!("{}.txt", "x".repeat(200));
    scene.commit(&long, "one");
    let old = scene.commit("a", "one");
    let new = scene.commit("a", "two");
    let tree = scene.unpacked(&old).await;
    assert_eq!(std::fs::read_to_string(tree.path().join("a")).unwrap(), "one", "the exact commit, not the branch's newest");
    assert_eq!(std::fs::read_link(tree.path().join("link")).unwrap(), Path::new("/etc/passwd"));
    assert!(tree.path().join(&long).exists());
    assert_eq!(git(tree.path(), &["rev-parse", "HEAD"]), old);
    assert_eq!(git(tree.path(), &["status", "--porcelain"]), "");
    assert_eq!(git(tree.path(), &["rev-list", "--count", "HEAD"]), "1", "depth 1");
    assert_eq!(git(tree.path(), &["remote", "get-url", "origin"]), scene.source(&old).url);
    let mut config = String::new();
    std::fs::File::open(tree.path().join(".git/config")).unwrap().read_to_string(&mut config).unwrap();
    assert!(!config.contains("mirrors") && !tree.path().join(".git/FETCH_HEAD").exists());

    // What is fetched stays: the origin may be gone for a commit that is here.
    let again = scene.unpacked(&new).await;
    assert_eq!(std::fs::read_to_string(again.path().join("a")).unwrap(), "two");
    std::fs::rename(scene.origin(), scene.dir.path().join("away")).unwrap();
    scene.unpacked(&new).await;
    assert!(crate::disk::names(&scene.dir.path().join("tmp")).unwrap().is_empty(), "keys and trees are removed");
}

#[tokio::test]
async fn a_commit_that_is_not_there_says_so_and_a_damaged_mirror_is_made_anew() {
    let scene = Scene::new();
    let sha = scene.commit("a", "one");
    let gone = scene.sources.checkout(&scene.source(&"1".repeat(40)), SourceOptions::default()).await.err().unwrap().to_string();
    assert!(gone.starts_with("fetching the source: "), "{gone}");
    scene.unpacked(&sha).await;
    let mirror = scene.dir.path().join("mirrors/7.git");
    std::fs::write(mirror.join("HEAD"), "rubbish").unwrap();
    std::fs::write(mirror.join("shallow.lock"), "").unwrap();
    scene.unpacked(&sha).await;
    let bad = Source { git_ref: "--upload-pack=x".into(), ..scene.source(&sha) };
    assert!(scene.sources.checkout(&bad, SourceOptions::default()).await.err().unwrap().0.contains("not the name of a ref"));
}

#[tokio::test]
async fn a_mirror_stays_small() {
    let scene = Scene::new();
    let mut last = String::new();
    for i in 0..31 {
        last = scene.commit("a", &i.to_string());
        drop(scene.sources.checkout(&scene.source(&last), SourceOptions::default()).await.unwrap());
    }
    let mirror = scene.dir.path().join("mirrors/7.git");
    assert_eq!(git(&mirror, &["for-each-ref"]).lines().count(), 11);
    assert!(crate::disk::names(&mirror.join("objects")).unwrap().len() < 10, "what was forgotten is gone");
    let first = git(&scene.origin(), &["rev-list", "--max-parents=0", "HEAD"]);
    for (sha, text) in [(last, "30"), (first, "0")] {
        assert_eq!(std::fs::read_to_string(scene.unpacked(&sha).await.path().join("a")).unwrap(), text);
    }
}

async fn packed(folder: &Folder, tmp: &Path, wanted: SourceOptions) -> TempDir {
    let stream = folder.tar(tmp, wanted).await.unwrap();
    let bytes: Vec<u8> = stream.map(|c| c.unwrap()).collect::<Vec<_>>().await.concat();
    let dir = tempfile::tempdir().unwrap();
    tar::Archive::new(&bytes[..]).unpack(dir.path()).unwrap();
    dir
}

#[tokio::test]
async fn a_checkout_is_taken_as_it_is_without_what_git_ignores() {
    let scene = Scene::new();
    let at = |name: &str| scene.origin().join(name);
    for folder in ["sub", "kept"] {
        std::fs::create_dir(at(folder)).unwrap();
    }
    std::fs::write(at(".gitignore"), "*.secret\n").unwrap();
    std::fs::write(at("sub/tool"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(at("sub/tool"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("/nowhere", at("link")).unwrap();
    std::fs::write(at("gone"), "x").unwrap();
    let sha = scene.commit("a", "committed");
    git(&scene.origin(), &["remote", "add", "origin", "https://anna:secret@github.com/octo/app.git"]);
    std::fs::write(at("a"), "changed").unwrap();
    std::fs::write(at("kept/new ü"), "new").unwrap();
    std::fs::write(at("x.secret"), "key").unwrap();
    std::fs::remove_file(at("gone")).unwrap();
    let (results, own) = (at("out"), at(".dockercise"));
    for folder in [&results, &own] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("file"), "x").unwrap();
    }

    let folder = Folder::find(&at("kept")).await.unwrap().without(&results.canonicalize().unwrap());
    assert_eq!(folder.root(), scene.origin().canonicalize().unwrap());
    let head = folder.head().unwrap().clone();
    assert_eq!((head.sha.as_str(), head.branch.as_deref(), head.repository.as_deref()), (&*sha, Some("main"), Some("octo/app")));
    assert!(head.changed);
    let tree = packed(&folder, &scene.dir.path().join("tmp"), SourceOptions::default()).await;
    assert_eq!(std::fs::read_to_string(tree.path().join("a")).unwrap(), "changed");
    assert_eq!(std::fs::read_to_string(tree.path().join("kept/new ü")).unwrap(), "new");
    assert_eq!(std::fs::read_link(tree.path().join("link")).unwrap(), Path::new("/nowhere"));
    let mode = std::fs::metadata(tree.path().join("sub/tool")).map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()));
    assert_eq!(mode.unwrap() & 0o111, 0o111);
    for absent in ["x.secret", "gone", "out", ".dockercise"] {
        assert!(!tree.path().join(absent).exists(), "{absent}");
    }
    // The small .git knows the commit, what was changed since, and no credential.
    assert_eq!(git(tree.path(), &["rev-parse", "HEAD"]), sha);
    assert_eq!(git(tree.path(), &["status", "--porcelain", "-uno"]), "M a\n D gone");
    assert_eq!(git(tree.path(), &["remote", "get-url", "origin"]), "https://github.com/octo/app.git");
    assert!(crate::disk::names(&scene.dir.path().join("tmp")).unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_without_git_is_all_of_its_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("b/c")).unwrap();
    for file in ["b/c/one", "a", "b/two", ".hidden"] {
        std::fs::write(dir.path().join(file), file).unwrap();
    }
    std::os::unix::fs::symlink("..", dir.path().join("loop")).unwrap();
    let folder = Folder::find(dir.path()).await.unwrap();
    assert_eq!(folder.head(), None);
    let files: Vec<String> = folder.files().await.unwrap().iter().map(|f| f.display().to_string()).collect();
    assert_eq!(files, [".hidden", "a", "b/c/one", "b/two", "loop"]);
    let tree = packed(&folder, dir.path(), SourceOptions::default()).await;
    assert_eq!(std::fs::read_to_string(tree.path().join("b/c/one")).unwrap(), "b/c/one");
    assert!(!tree.path().join(".git").exists());
}

const SUBMODULES: SourceOptions = SourceOptions { submodules: true, lfs: false };

fn add_submodule(to: &Path, url: &str, path: &str) {
    git(to, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--", url, path]);
    git(to, &["commit", "--quiet", "-m", path]);
}

#[tokio::test]
async fn submodules_come_where_they_are_asked_for_at_their_commits_and_theirs() {
    let scene = Scene::new();
    let (outer, inner) = (scene.other("outer"), scene.other("inner"));
    add_submodule(&outer, inner.to_str().unwrap(), "deep/inner");
    // As an address below the origin's server; what was written by git names no protocol here.
    for (at, from, to) in [(&outer, "= /", "= file:///"), (&scene.origin(), "", "")] {
        let file = at.join(".gitmodules");
        if let Ok(text) = std::fs::read_to_string(&file) {
            std::fs::write(&file, text.replace(from, to)).unwrap();
            git(at, &["commit", "--quiet", "-am", "address"]);
        }
    }
    add_submodule(&scene.origin(), outer.to_str().unwrap(), "libs/outer");
    let file = scene.origin().join(".gitmodules");
    let text = std::fs::read_to_string(&file).unwrap().replace(outer.to_str().unwrap(), "../outer");
    std::fs::write(&file, text).unwrap();
    let sha = scene.commit("a", "one");
    // It goes on; what the commit names stays.
    std::fs::write(outer.join("outer"), "newer").unwrap();
    git(&outer, &["commit", "--quiet", "-am", "newer"]);

    let plain = scene.unpacked(&sha).await;
    assert_eq!(std::fs::read_dir(plain.path().join("libs/outer")).unwrap().count(), 0, "only where they are asked for");
    let tree = scene.unpacked_with(&sha, SUBMODULES).await;
    assert_eq!(std::fs::read_to_string(tree.path().join("libs/outer/outer")).unwrap(), "outer");
    assert_eq!(std::fs::read_to_string(tree.path().join("libs/outer/deep/inner/inner")).unwrap(), "inner");
    assert_eq!(git(tree.path(), &["status", "--porcelain"]), "");
    assert_eq!(git(tree.path(), &["submodule", "--quiet", "foreach", "--recursive", "pwd"]).lines().count(), 2);
    let config = std::fs::read_to_string(tree.path().join("libs/outer/.git/config")).unwrap();
    assert!(!config.contains("mirrors"), "{config}");
    // A second run finds them here.
    for gone in [&outer, &inner, &scene.origin()] {
        std::fs::rename(gone, gone.with_extension("away")).unwrap();
    }
    scene.unpacked_with(&sha, SUBMODULES).await;
    assert!(crate::disk::names(&scene.dir.path().join("tmp")).unwrap().is_empty());
}

#[tokio::test]
async fn s63_a_submodule_from_elsewhere_is_refused_in_words_and_nothing_is_run() {
    let scene = Scene::new();
    let lib = scene.other("lib");
    add_submodule(&scene.origin(), lib.to_str().unwrap(), "lib");
    let pwned = scene.dir.path().join("pwned");
    let with_url = |url: &str| {
        git(&scene.origin(), &["config", "-f", ".gitmodules", "submodule.lib.url", url]);
        scene.commit("a", url)
    };
    for (url, why) in [
        (format!("ext::sh -c touch% {}", pwned.display()), "is no address"),
        (format!("ssh://-oProxyCommand=touch${{IFS}}{}/x", pwned.display()), "is not fetched from"),
        (format!("--upload-pack=touch${{IFS}}{}", pwned.display()), "is no address"),
        ("http://127.0.0.1:1/x.git".to_owned(), "is not fetched from"),
        ("https://anna:secret@127.0.0.1:1/x.git".to_owned(), "is not fetched from"),
        ("https://127.0.0.1:1/x.git".to_owned(), "Failed to connect"),
    ] {
        let sha = with_url(&url);
        let refused = scene.sources.checkout(&scene.source(&sha), SUBMODULES).await.err().unwrap().0;
        assert!(refused.starts_with("the submodule lib: ") && refused.contains(why), "{url}: {refused}");
    }
    git(&scene.origin(), &["config", "-f", ".gitmodules", "--unset", "submodule.lib.url"]);
    let sha = scene.commit("a", "none");
    let refused = scene.sources.checkout(&scene.source(&sha), SUBMODULES).await.err().unwrap().0;
    assert!(refused.contains("no address for it in .gitmodules"), "{refused}");
    assert!(!pwned.exists());
}

#[tokio::test]
async fn a_second_run_fetches_only_what_is_new() {
    let scene = Scene::new();
    let noise: Vec<u8> = std::iter::repeat_with(rand::random::<u8>).take(1 << 20).collect();
    std::fs::write(scene.origin().join("large"), noise).unwrap();
    let first = scene.commit("a", "one");
    let second = scene.commit("a", "two");
    let kib = || {
        let counted = git(&scene.dir.path().join("mirrors/7.git"), &["count-objects", "-v"]);
        let of = |name: &str| counted.lines().find_map(|l| l.strip_prefix(name)?.parse::<u64>().ok()).unwrap();
        of("size: ") + of("size-pack: ")
    };
    scene.unpacked(&first).await;
    let before = kib();
    assert!(before >= 1024, "{before}");
    scene.unpacked(&second).await;
    let more = kib() - before;
    assert!(more < 64, "{more} KiB came for a change of three bytes");
}

#[tokio::test]
async fn a_checkouts_submodules_are_taken_as_they_are() {
    let scene = Scene::new();
    let lib = scene.other("lib");
    scene.commit("a", "one");
    add_submodule(&scene.origin(), lib.to_str().unwrap(), "lib");
    std::fs::write(scene.origin().join("lib/new"), "new").unwrap();
    let folder = Folder::find(&scene.origin()).await.unwrap();
    let tmp = scene.dir.path().join("tmp");
    let plain = packed(&folder, &tmp, SourceOptions::default()).await;
    assert_eq!(std::fs::read_dir(plain.path().join("lib")).unwrap().count(), 0);
    let tree = packed(&folder, &tmp, SUBMODULES).await;
    let read = |name: &str| std::fs::read_to_string(tree.path().join("lib").join(name)).unwrap();
    assert_eq!((read("lib"), read("new")), ("lib".to_owned(), "new".to_owned()));
}
