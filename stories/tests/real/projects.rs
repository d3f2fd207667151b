//! Pipelines of well-known projects, run on those projects' own source by `dockercise run`. What changes is the images'
//! names alone: where no registry is reached, one image with Debian's compilers stands for all of them.

use std::path::PathBuf;
use std::process::Command;
use stories::{Local, docker, images};

/// A folder with a project's source and its pipeline.
async fn project(name: &str, named: &str) -> Option<Local> {
    let docker = docker::engine().await?;
    let image = images::debian(&docker, "projects").await.unwrap();
    let local = Local::new().await?;
    let tree = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let (script, which) = (tree.join("scripts/source"), name.to_owned());
    let out = tokio::task::spawn_blocking(move || Command::new(script).arg(which).output()).await.unwrap().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let archive = String::from_utf8(out.stdout).unwrap();
    let done = Command::new("tar").arg("-xf").arg(archive.trim()).arg("-C").arg(local.path()).status().unwrap();
    assert!(done.success());
    let file = format!("{name}.dockercise.yaml");
    let yaml = std::fs::read_to_string(tree.join("examples/projects").join(name).join(&file)).unwrap();
    assert!(yaml.contains(named), "{named} is not in {file}");
    local.write(&file, &yaml.replace(named, &image)).unwrap();
    Some(local)
}

fn log(local: &Local, name: &str, step: &str) -> String {
    let at = local.path().join(".dockercise/results/latest").join(name).join(step).join("run.log");
    String::from_utf8_lossy(&std::fs::read(at).unwrap()).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flasks_own_tests_pass_in_its_pipeline() {
    let Some(local) = project("flask", "python:3.13").await else { return };
    let run = local.call(&["run", "--step", "py313"]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let log = log(&local, "flask", "py313");
    assert!(log.contains(" passed, ") && log.contains("congratulations"), "{log}");
    assert_eq!(local.hosts(), Vec::<String>::new(), "nothing of it is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curls_style_is_checked_and_its_configure_script_made_beside_it() {
    let Some(local) = project("curl", "debian:stable").await else { return };
    let run = local.call(&["run", "--step", "generated", "--step", "style"]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("2 passed"), "{}", run.out);
    assert!(log(&local, "curl", "generated").contains("libtoolize"));
    assert_eq!(local.hosts(), Vec::<String>::new(), "nothing of it is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "builds for minutes: make projects"]
async fn ripgreps_own_tests_pass_with_the_oldest_compiler_that_it_allows() {
    let Some(local) = project("ripgrep", "rust:1.85").await else { return };
    let run = local.call(&["run", "--step", "pinned"]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let log = log(&local, "ripgrep", "pinned");
    assert!(log.contains("test result: ok. 299 passed"), "{log}");
    assert_eq!(local.hosts(), Vec::<String>::new(), "nothing of it is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "builds for minutes: make projects"]
async fn redis_is_built_without_a_warning() {
    let Some(local) = project("redis", "gcc:14").await else { return };
    let run = local.call(&["run", "--step", "build"]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(log(&local, "redis", "build").contains("It's a good idea to run 'make test'"));
    assert_eq!(local.hosts(), Vec::<String>::new(), "nothing of it is left");
}
