//! The files that steps leave.

use crate::support::plans::{StepWords as _, step};
use crate::support::server::sha256;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::wire::Record;
use std::time::{Duration, Instant};

fn named(record: &Record) -> Vec<&str> {
    record.results.iter().map(|file| file.path.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s38_what_results_name_is_kept_also_of_failed_steps_and_links_are_named() {
    let scene = scene!();
    let runner = scene.runner();
    let mut made = step(
        "mkdir -p out/deep; echo app > out/app; echo deep > out/deep/file; echo no > other; printf 'a\\nb' > 'out/new
line'; ln -s /etc/shadow out/link; mkfifo out/pipe; ln out/app out/hard; dd if=/dev/null of=out/sparse bs=1M seek=1048576 2>/dev/null; : > out/empty",
    );
    made.results = vec!["out".into(), "!out/deep".into()];
    // On a chain of layers, and failing. The sparse terabyte is named, not read.
    let mut failed = step("rm out/pipe out/link out/sparse; echo report > report.xml; chmod 0 report.xml; exit 3").vol(0).done("true");
    failed.results = vec!["**/*.xml".into(), "out/*".into()];
    let run = scene.submit(vec![made, failed]);
    scene.server.until_released(run).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed));
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::Failed { code: 3 }));
    let (records, files) = (scene.records(run), scene.server.known().runs[run].files.clone());
    let (first, second) = (&records[&StepIx(0)], &records[&StepIx(1)]);
    assert_eq!(named(first), ["out/app", "out/empty", "out/hard", "out/new\nline"]);
    assert_eq!(first.results[0].sha256, sha256(b"app\n"));
    let left: Vec<(&str, bool)> = first.left_out.iter().map(|l| (l.path.as_str(), l.why.contains("is the most of one file"))).collect();
    assert_eq!(left, [("out/link", false), ("out/pipe", false), ("out/sparse", true)], "{:?}", first.left_out);
    assert_eq!(named(second), ["out/app", "out/deep/file", "out/empty", "out/hard", "out/new\nline", "report.xml"]);
    assert_eq!(files[&sha256(b"report\n")], b"report\n");
    assert!(files.values().all(|content| !content.starts_with(b"root:")));
    scene.end(runner).await;
}

/// S41: a million names. The limits are found in seconds, and what is kept says so.
#[tokio::test(flavor = "multi_thread")]
async fn s41_a_tree_of_many_files_is_cut_short_and_says_so() {
    let scene = scene!();
    let runner = scene.runner();
    let mut many = step("mkdir d; cd d; seq 1 20000 | xargs touch; head -c 2000000 /dev/zero | gzip > ../bomb.gz");
    many.results = vec!["**".into()];
    let run = scene.submit(vec![many]);
    scene.server.until("it is over", |k| k.runs[run].machine.state().steps[0].status.outcome().is_some()).await;
    let begun = Instant::now();
    scene.server.until("it is kept", |k| k.runs[run].records.contains_key(&StepIx(0))).await;
    eprintln!("keeping 5,000 of 20,000 files took {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(20));
    scene.server.until_released(run).await;
    let record = &scene.records(run)[&StepIx(0)];
    assert_eq!(record.results.len(), 5000);
    assert_eq!(record.left_out.iter().map(|l| l.path.as_str()).collect::<Vec<_>>(), ["15001 more"]);
    scene.end(runner).await;
}
