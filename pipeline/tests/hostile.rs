//! Files made to hurt: each gets an error with a line in under a second, and nothing aborts. Named after `security.md`.

use dockercise_pipeline::compile::{Compiled, compile};
use dockercise_pipeline::diagnostic::render::{Style, render};
use dockercise_pipeline::source::SourceFile;
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The limit, in debug builds too.
const LIMIT: Duration = Duration::from_secs(1);

fn files(texts: impl IntoIterator<Item = Vec<u8>>) -> Vec<SourceFile> {
    texts.into_iter().enumerate().map(|(i, text)| SourceFile { path: format!("p{i:05}.dockercise.yaml"), text }).collect()
}

/// The time that this thread has been on a processor, so that other work on the machine does not count.
fn busy() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let begun = *BEGUN;
    let on_processor = std::fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    on_processor.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// Compiles within the limit, draws what is wrong.
fn quick(files: Vec<SourceFile>) -> Compiled {
    let before = busy();
    let compiled = compile("repo", files);
    let text = render(&compiled.diagnostics, Style::Plain);
    let took = busy().saturating_sub(before);
    assert!(took < LIMIT, "took {took:?}: {}", text.lines().next().unwrap_or_default());
    compiled
}

/// The one file is refused with this message at this line.
fn refused(text: impl Into<Vec<u8>>, message: &str, line: u32) {
    let compiled = quick(files([text.into()]));
    assert_eq!(compiled.plan, None);
    let found = compiled.diagnostics.iter().any(|d| d.is_error() && d.message.contains(message) && d.line == line);
    assert!(found, "{message} at {line}: {:?}", compiled.diagnostics.iter().map(|d| (d.line, &d.message)).take(5).collect::<Vec<_>>());
}

fn step(key: &str) -> String {
    format!("a:\n  img: alpine\n  run: x\n  {key}\n")
}

#[test]
fn s25_privileged_and_unknown_keys_are_refused_with_their_line() {
    for key in [
        "privileged: true",
        "network: host",
        "network_mode: host",
        "pid: host",
        "ipc: host",
        "cap_add: [ALL]",
        "devices: [/dev/mem]",
        "volumes: [\"/:/h\"]",
        "security_opt: [\"seccomp=unconfined\"]",
        "extra_hosts: [\"a:1\"]",
        "runtime: x",
        "userns_mode: host",
        "Privileged: true",
        "\"privileged \": true",
        "anything: 1",
    ] {
        refused(step(key), "a step has no key", 4);
    }
    for path in ["/var/run/docker.sock", "../x", ".", "~", "source/..", "\"\"", "'/'", "a/../b", "C:\\x"] {
        let compiled = quick(files([step(&format!("vol: {path}")).into_bytes()]));
        assert!(compiled.plan.is_none() && compiled.diagnostics.iter().all(|d| d.line == 4), "{path}");
    }
    for user in ["00", "01000", "\"0 \"", "-1", "0x0", "4294967296", "root:00", "':0'", "$UID", "a b"] {
        refused(step(&format!("user: {user}")), "is no user", 4);
    }
    for path in ["/", "/var/run/docker.sock", "..", "../x", "a/../..", "./a", "a/", "~", "$HOME", "\"a\\nb\""] {
        refused(step(&format!("vol: {{{path}: source}}")), "`vol` cannot be", 4);
    }
    for path in ["/", ".", "..", "/proc", "/sys/fs", "/dockercise", "a/..", "~/.m2", "$HOME"] {
        refused(step(&format!("cache: [\"{path}\"]")), "`cache` cannot be", 4);
    }
    for path in ["/etc/passwd", "../x", "a/../b", "~/x"] {
        refused(step(&format!("results: [\"{path}\"]")), "`results` cannot be", 4);
    }
    refused(step("vol: {lib: /var/run/docker.sock}"), "`vol` takes the name of a step", 4);
    for folder in ["/proc/self/fd/8", "/sys", "/proc", "/dev/mem", "/dockercise/values", "../x", "a/../../x", "/a/../proc", "//proc"] {
        refused(step(&format!("workdir: {folder}")), "`workdir` cannot be", 4);
    }
    for key in ["privileged: true", "volumes: [\"/:/h\"]", "network: host", "cap_add: [ALL]", "ports: [1]", "vol: source", "devices: []"] {
        refused(step(&format!("services: {{db: {{img: pg, {key}}}}}")), "`services` has no key", 4);
    }
    for key in ["privileged: true", "network: host", "cache-from: [x]", "ssh: default", "secrets: [x]"] {
        refused(format!("a:\n  vol: source\n  build: {{{key}}}\n"), "`build` has no key", 3);
    }
    for path in ["/", "..", "../x", "/etc", "https://example.com/x.git"] {
        refused(format!("a:\n  vol: source\n  build: {{context: \"{path}\"}}\n"), "`context` cannot be", 3);
        refused(format!("a:\n  vol: source\n  build: {{file: \"{path}\"}}\n"), "`file` cannot be", 3);
    }
    refused("privileged: true\na: {img: alpine, run: x}\n", "`privileged` is neither a setting nor a step", 1);
    refused("a: {img: \"alpine --privileged\", run: x}\n", "is not an image", 1);
    refused("a: {img: --privileged, run: x}\n", "is not an image", 1);
}

#[test]
fn s60_billion_laughs() {
    let mut text = "x-a: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..10 {
        let list = vec![format!("*a{}", i - 1); 10].join(", ");
        writeln!(text, "x-{i}: &a{i} [{list}]").expect("a string");
    }
    refused(text + "a: {img: alpine, run: x}\n", "over 10000 nodes", 4);
}

#[test]
fn s60_quadratic_blowup() {
    let text = format!("x-a: &a \"{}\"\nx-b:\n{}", "y".repeat(100_000), "  - *a\n".repeat(9_000));
    refused(text, "over 1048576 bytes of text", 12);
}

#[test]
fn s60_defaults_and_references_cannot_blow_up_a_plan() {
    let steps: String = (0..1_000).map(|i| format!("s{i}: {{run: x}}\n")).collect();
    let text = format!("img: alpine\nenv: {{A: {}}}\n{steps}", "y".repeat(100_000));
    refused(text, "over 16 MiB once defaults and references are filled in", 170);
    let text = format!("a: {{img: alpine, run: x}}\nb: {{img: alpine, run: \"{}\"}}\n", "{a}".repeat(80_000));
    refused(text, "the command has", 2);
}

#[test]
fn s60_depth() {
    refused("[".repeat(100_000), "nested over 32 levels", 1);
    refused("{a: ".repeat(50_000), "nested over 32 levels", 1);
    let mut block = String::new();
    for i in 0..500 {
        writeln!(block, "{}a:", " ".repeat(i)).expect("a string");
    }
    refused(block, "nested over 32 levels", 33);
    refused("- ".repeat(100_000), "nested over 32 levels", 1);
    refused("? ".repeat(100_000), "nested over 32 levels", 1);
    let deep = format!("x-a: &a {}{}\nx-b: {}*a{}\n", "[".repeat(20), "]".repeat(20), "[".repeat(20), "]".repeat(20));
    refused(deep, "nested over 32 levels", 2);
}

#[test]
fn s60_anchors() {
    refused("&a ".repeat(1_000_000), "over 256 KiB", 1);
    let many: String = (0..12_000).map(|i| format!("- &a{i} x\n")).collect();
    refused(many, "over 10000 nodes", 10_000);
    refused("a: &a [*a]\n", "an alias inside of what it stands for", 1);
    refused("a: &a {img: *a, run: x}\n", "an alias inside of what it stands for", 1);
    refused("a: *b\n", "that does not stand above it", 1);
}

#[test]
fn s60_duplicates_tags_and_merges() {
    refused("a: {img: alpine, run: x}\n\"a\": {img: alpine, run: y}\n", "`a` stands here twice", 2);
    refused("a: {img: alpine, run: x}\n? a\n: {img: alpine, run: y}\n", "`a` stands here twice", 2);
    refused("a: !!python/object/apply:os.system [\"id\"]\n", "the yaml tag", 1);
    refused("%TAG ! tag:x,2000:\n---\na: !b {img: alpine, run: x}\n", "directives", 1);
    refused("x-c: &c {img: alpine}\na: {<<: *c, run: x}\n", "merge keys", 2);
    refused("a: {<<: [*a, *a], run: x}\n", "that does not stand above it", 1);
    let all_the_same = "a: {img: alpine, run: x}\n".repeat(1_600);
    refused(all_the_same, "`a` stands here twice", 501);
}

#[test]
fn s60_encodings() {
    refused("a:\n\timg: alpine\n", "a tab where yaml wants spaces", 2);
    refused("a:\n  img: alpine\n\trun: x\n", "a tab where yaml wants spaces", 2);
    refused("a: x\0y\n", "a control character (U+0000)", 1);
    refused("a:\n  b: \"\\0\"\n  img: \"\\0\"\n  run: \"a\\0\"\n", "`run` holds a NUL", 4);
    refused(b"\xff\xfea\0:\0".to_vec(), "the file is utf-16", 1);
    refused(b"\xfe\xff\0a\0:".to_vec(), "the file is utf-16", 1);
    refused(b"a: x\nb: \xff\n".to_vec(), "the file is not utf-8", 2);
    refused(vec![0; 1000], "a control character (U+0000)", 1);
    refused("", "the file is empty", 1);
    refused("\u{feff}", "the file is empty", 1);
    let with_mark = quick(files([b"\xef\xbb\xbfa: {img: alpine, run: x}\r\n".to_vec()]));
    assert!(with_mark.plan.is_some(), "{:?}", with_mark.diagnostics);
}

#[test]
fn s60_sizes() {
    refused("# ".repeat(200_000), "over 256 KiB", 1);
    let compiled = quick(files(vec![b"a: {img: alpine, run: x}".to_vec(); 10_000]));
    assert_eq!((compiled.diagnostics.len(), compiled.pipelines.len()), (1, 64));
    assert_eq!((compiled.diagnostics[0].file.as_str(), compiled.diagnostics[0].line), ("p00064.dockercise.yaml", 1));
}

#[test]
fn s60_misspellings_buy_no_time() {
    let steps: String = (0..900).map(|i| format!("step-number-{i}: {{img: alpine, run: x}}\n")).collect();
    let words: String = (0..9_000).map(|i| format!("{{step-nomber-{i}}}")).collect();
    let text = format!("{steps}z: {{img: alpine, run: \"{words}\"}}\n");
    refused(text, "there is no step `step-nomber-0`", 901);
    let unknown: String = (0..9_000).map(|i| format!("  - stop-nomber-{i}\n")).collect();
    refused(format!("a:\n  img: alpine\n  run: x\n  after:\n{unknown}"), "there is no step or pipeline", 5);
}

#[test]
fn s60_many_of_everything() {
    let list = |n: usize, item: fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    let map = |n: usize, item: fn(usize) -> String| format!("{{{}}}", list(n, item));
    refused(step(&format!("vol: {}", map(4_000, |i| format!("d{i}: source")))), "4000 folders under `vol`", 4);
    refused(step(&format!("services: {}", map(2_000, |i| format!("s{i}: {{img: x}}")))), "2000 services of one step", 4);
    refused(step(&format!("cache: [{}]", list(9_000, |i| format!("c{i}")))), "9000 folders under `cache`", 4);
    refused(step(&format!("results: [{}]", list(9_000, |i| format!("r{i}")))), "9000 globs under `results`", 4);
    refused(step(&format!("after: {{human-click: {{by: [{}]}}}}", list(9_000, |i| format!("u{i}")))), "9000 names under `by`", 4);
    refused(step(&format!("shell: [{}]", list(9_000, |i| format!("u{i}")))), "at most 100 arguments", 4);
    let on = |text: String| format!("on: {text}\na: {{img: alpine, run: x}}\n");
    refused(on(format!("{{schedule: [{}]}}", list(2_000, |i| format!("{} {} * * *", i % 60, i / 60 % 24)))), "over 100 times", 1);
    refused(on(format!("{{manual: {{inputs: {}}}}}", map(4_000, |i| format!("I{i}: ")))), "4000 inputs", 1);
    refused(on(format!("{{push: {{branches: [{}]}}}}", list(9_000, |i| format!("b{i}")))), "9000 globs under `branches`", 1);
}

#[test]
fn s62_globs_buy_no_time() {
    let costly = |i: usize| format!("{}[!a-zà-ü]**/x{i}", "?*".repeat(30));
    let globs = |s: usize| (0..9).map(|i| format!("'{}'", costly(s * 9 + i))).collect::<Vec<_>>().join(", ");
    let text: String = (0..160).map(|s| format!("s{s}: {{img: a, run: b, when: {{paths: [{}]}}}}\n", globs(s))).collect();
    let compiled = quick(files([text.into_bytes()]));
    assert!(compiled.plan.is_some(), "{:?}", compiled.diagnostics);
    for glob in ["(a+)+$", "((((a+)+)+)+)+b", "a*a*a*a*a*a*a*a*a*c", "{a,b,{c,d}}*"] {
        let compiled = quick(files([step(&format!("when: {{branch: '{glob}'}}")).into_bytes()]));
        assert!(compiled.plan.is_some(), "{glob}: {:?}", compiled.diagnostics);
    }
    refused(step(&format!("when: {{branch: '{}'}}", "{a,".repeat(300))), "is no glob", 4);
    refused(step(&format!("when: {{branch: '{}'}}", "(a+)+$".repeat(20_000))), "is no glob", 4);
}

#[test]
fn s61_steps_that_run_last() {
    // Each would wait for all the others, were it not that they all run last.
    let last: String = (0..900).map(|i| format!("s{i}: {{img: a, run: b, when: {{status: always}}}}\n")).collect();
    assert!(quick(files([last.into_bytes()])).plan.is_some());
    let one = |f: usize| -> Vec<u8> {
        let steps: String =
            (0..150).map(|i| format!("s{i}: {{img: a, run: b{}}}\n", if i % 2 == 0 { ", when: {status: always}" } else { "" })).collect();
        (if f == 0 { steps } else { format!("after: p{:05}\n{steps}", f - 1) }).into_bytes()
    };
    assert!(quick(files((0..64).map(one))).plan.is_some());
}

#[test]
fn r59_wide_deep_and_knotted_graphs_are_read_in_no_time() {
    let flat: String = (0..1_000).map(|i| format!("s{i}: {{img: a, run: b}}\n")).collect();
    let chain: String = (0..500)
        .map(|i| format!("s{i}: {{img: a, run: b{}}}\n", if i > 0 { format!(", vol: s{}", i - 1) } else { String::new() }))
        .collect();
    let diamonds: String = (0..200)
        .map(|i| {
            let top = if i == 0 { String::new() } else { format!(", vol: e{}", i - 1) };
            format!("a{i}: {{img: a, run: b{top}}}\nb{i}: {{img: a, run: b, vol: a{i}}}\nc{i}: {{img: a, run: b, env: [a{i}]}}\ne{i}: {{img: a, run: 'cat {{b{i}}}', vol: c{i}}}\n")
        })
        .collect();
    for (text, steps) in [(flat, 1_000), (chain, 500), (diamonds, 800)] {
        let compiled = quick(files([text.into_bytes()]));
        let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        assert_eq!(plan.steps.len(), steps);
        assert!(dockercise_pipeline::draw::draw(&plan).lines().count() > steps);
    }
}

#[test]
fn s61_cycles() {
    refused("a: {img: alpine, run: x, after: a}\n", "the step `a` waits for itself", 1);
    let ring: String = (0..1_000).map(|i| format!("s{i}: {{img: alpine, run: x, after: s{}}}\n", (i + 1) % 1_000)).collect();
    refused(ring, "these wait for each other: `s0` -> `s1`", 1);
    refused("after: p00000\na: {img: alpine, run: x}\n", "the pipeline `p00000` waits for itself", 1);
}

#[test]
fn s61_many_steps() {
    let steps = |n: usize| -> Vec<u8> { (0..n).map(|i| format!("s{i}: {{img: a, run: b}}\n")).collect::<String>().into_bytes() };
    refused(steps(1_001), "1001 steps in one file; 1000 are the most", 1_001);
    refused(steps(8_000), "over 10000 nodes", 1_667);
    let compiled = quick(files(vec![steps(160); 64]));
    assert!(
        compiled
            .diagnostics
            .iter()
            .any(|d| d.message == "10240 steps in all pipelines; 10000 are the most" && d.file == "p00062.dockercise.yaml" && d.line == 81)
    );
}

#[test]
fn s61_names() {
    let long = "n".repeat(1_000_000);
    refused(format!("{long}: {{img: alpine, run: x}}\n"), "over 256 KiB", 1);
    let long = "n".repeat(1_000);
    refused(format!("{long}: {{img: alpine, run: x}}\n"), "cannot name a step", 1);
    for name in ["..", ".", "__proto__", "a/b", "\"\"", "\" \"", "-a", "ä", "\"a\\nb\"", "\"\\u202ea\"", "../../etc", "a\\b"] {
        refused(format!("{name}: {{img: alpine, run: x}}\n"), "cannot name a step", 1);
        refused(format!("name: {name}\na: {{img: alpine, run: x}}\n"), "cannot name a pipeline", 1);
    }
    let fine = quick(files([b"constructor: {img: alpine, run: x}\ntostring: {img: alpine, run: \"cat {constructor}\"}\n".to_vec()]));
    assert!(fine.plan.is_some(), "{:?}", fine.diagnostics);
    for path in ["__proto__.dockercise.yaml", "...dockercise.yaml", "a b.dockercise.yaml", "x/..dockercise.yaml"] {
        let compiled = quick(vec![SourceFile { path: path.into(), text: b"a: {img: alpine, run: x}".to_vec() }]);
        assert!(compiled.diagnostics[0].message.contains("cannot name a pipeline"), "{path}");
    }
}

#[test]
fn the_largest_good_repository_is_compiled_in_no_time() {
    // 10,000 steps in 64 files: one chain through all of them.
    let text = |file: usize| -> Vec<u8> {
        let step = |i: usize| match (file, i) {
            (0, 0) => "s0: {img: alpine, run: x}\n".to_owned(),
            (_, 0) => format!("s0: {{img: alpine, run: \"cat {{p{:05}/s155}}\"}}\n", file - 1),
            _ => format!("s{i}: {{img: alpine, run: \"cat {{s{}}}\", vol: s{}}}\n", i - 1, i - 1),
        };
        (0..156).map(step).collect::<String>().into_bytes()
    };
    let compiled = quick(files((0..64).map(text)));
    assert_eq!(compiled.diagnostics, []);
    let plan = compiled.plan.expect("a plan");
    assert_eq!(plan.steps.len(), 9_984);
    assert!(dockercise_pipeline::draw::draw(&plan).lines().count() > 9_984);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let text = include_bytes!("../../examples/monorepo/web/web.dockercise.yaml").to_vec();
    let api =
        SourceFile { path: "api.dockercise.yaml".into(), text: include_bytes!("../../examples/monorepo/api/api.dockercise.yaml").to_vec() };
    let web = SourceFile { path: "web.dockercise.yaml".into(), text };
    let one = serde_json::to_string(&compile("r", vec![api.clone(), web.clone()]).plan).expect("plain data");
    let two = serde_json::to_string(&compile("r", vec![web, api]).plan).expect("plain data");
    assert_eq!(one, two);
    assert!(one.contains("image-tag"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let compiled = compile("repo", files([bytes]));
        render(&compiled.diagnostics, Style::Plain);
    }

    #[test]
    fn no_text_like_a_pipeline_makes_it_panic(text in r#"(\n|[ ]{1,4}|[a-c]|: |- |[{}\[\]&*!|>%@"'#\\,?~<\t]|img: alpine|run: |vol: |env: |done: |after: |on: |name: |steps:|timeout: 1s|human-click|source|\{a\}|\{a-b\}|x-|[é\u{202e}\u{1b}]){0,60}"#) {
        let compiled = compile("repo", files([text.clone().into_bytes(), text.into_bytes()]));
        for style in [Style::Plain, Style::Colour] {
            render(&compiled.diagnostics, style);
        }
        for d in &compiled.diagnostics {
            prop_assert!(d.line > 0 && d.column > 0);
        }
        if let Some(plan) = &compiled.plan {
            dockercise_pipeline::draw::draw(plan);
        }
    }
}
