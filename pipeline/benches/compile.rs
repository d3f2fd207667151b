//! How long the largest repository takes to be parsed, compiled and checked: `cargo bench -p dockercise-pipeline --bench compile`.
//! Prints rows of the README's table, and fails where one is over its limit.

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::source::SourceFile;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// As many files and steps as there may be (language.md, "Files").
const FILES: usize = 64;
const STEPS: usize = 10_000;
const ROUNDS: usize = 15;
/// What issue 3 allows.
const LIMIT: Duration = Duration::from_millis(150);

fn files(step: impl Fn(usize, usize) -> String, head: &str) -> Vec<SourceFile> {
    let file = |f: usize| {
        let count = STEPS / FILES + usize::from(f < STEPS % FILES);
        let text = head.to_owned() + &(0..count).map(|i| step(f, i)).collect::<String>();
        SourceFile { path: format!("p{f:02}.dockercise.yaml"), text: text.into_bytes() }
    };
    (0..FILES).map(file).collect()
}

/// The shortest steps there are, each after the last.
fn chain() -> Vec<SourceFile> {
    let step = |f: usize, i: usize| match (f, i) {
        (0, 0) => "s0: {img: alpine, run: x}\n".to_owned(),
        (_, 0) => format!("s0: {{img: alpine, run: \"cat {{p{:02}/s0}}\"}}\n", f - 1),
        _ => format!("s{i}: {{img: alpine, vol: s{}, run: \"cat {{s{}}}\"}}\n", i - 1, i - 1),
    };
    files(step, "")
}

/// Steps as people write them: a few lines of shell, variables, a file, a filter, here and there a service, a cache, a gate.
fn usual() -> Vec<SourceFile> {
    let step = |f: usize, i: usize| {
        let before = i.saturating_sub(1 + i % 5);
        let vol = if i == 0 || i.is_multiple_of(7) { "source".to_owned() } else { format!("step-{before}") };
        let mut text = format!("step-{i}:\n  vol: {vol}\n  env:\n    MODE: test\n    NUMBER: {i}\n");
        if i > 0 {
            text.push_str(&format!("    GIVEN: \"{{step-{before}}}\"\n"));
        }
        match i % 10 {
            3 => text.push_str("  services:\n    db: {img: postgres:17, ready: pg_isready}\n"),
            4 => text.push_str("  cache: {paths: node_modules, files: package-lock.json}\n"),
            5 => text.push_str("  after: human-click\n"),
            6 => text.push_str("  when: {branch: [main, \"release/*\"], paths: [\"src/**\"]}\n"),
            7 => text.push_str("  done: {run: test -f done, every: 5s, timeout: 10m}\n"),
            8 if f > 0 => text.push_str(&format!("  after: p{:02}/step-{i}\n", f - 1)),
            _ => {}
        }
        let read = if i > 0 { format!("{{step-{before}}}") } else { "VERSION".to_owned() };
        text + &format!("  run: |\n    for f in src/*.{{c,h}}; do make \"$f\"; done\n    awk '{{print $1}}' {read} > out-${{NUMBER}}\n")
    };
    files(step, "on: [push, pull_request]\nimg: debian:stable\ntimeout: 30m\n")
}

/// The time that this thread has been on a processor, so that other work on the machine counts less.
fn busy() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let begun = *BEGUN;
    let on_processor = std::fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    on_processor.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (what, files) in [("the shortest there are, in one chain", chain()), ("as people write them", usual())] {
        let mut took: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let files = files.clone();
                let before = busy();
                let compiled = compile("bench", black_box(files));
                let took = busy().saturating_sub(before);
                assert_eq!(compiled.plan.as_ref().map(|plan| plan.steps.len()), Some(STEPS), "{:?}", compiled.diagnostics.first());
                took
            })
            .collect();
        took.sort();
        let (median, most) = (took[ROUNDS / 2], took[ROUNDS - 1]);
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "| {STEPS} steps in {FILES} files, {what}: parsed, compiled and checked | {:.0} ms | | {:.0} to {:.0} ms |",
            ms(median),
            ms(took[0]),
            ms(most)
        );
        if median > LIMIT {
            eprintln!("over the limit of {} ms", LIMIT.as_millis());
            code = ExitCode::FAILURE;
        }
    }
    code
}
