//! Several files at one commit: each begins after a line `=== path`.

#![no_main]

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::draw::draw;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::source::SourceFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut files: Vec<SourceFile> = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(b"=== "), files.last_mut()) {
            (Some(path), _) => {
                let path = String::from_utf8_lossy(path).trim_end().to_owned();
                if files.iter().any(|file| file.path == path) {
                    return;
                }
                files.push(SourceFile { path, text: Vec::new() });
            }
            (None, Some(file)) => file.text.extend_from_slice(line),
            (None, None) => return,
        }
    }
    let compiled = compile("repo", files.clone());
    files.reverse();
    assert_eq!(compile("repo", files), compiled, "the order of the files counts");
    let Some(plan) = compiled.plan else { return };
    let written = serde_json::to_string(&plan).expect("a plan is written");
    assert_eq!(serde_json::from_str::<Plan>(&written).expect("a plan is read back"), plan);
    let _ = draw(&plan);
    acyclic(&plan);
});

/// The plan has an order in which its steps can run.
fn acyclic(plan: &Plan) {
    let mut left: Vec<usize> = (0..plan.steps.len()).collect();
    let mut over = vec![false; plan.steps.len()];
    while !left.is_empty() {
        let before = left.len();
        left.retain(|step| {
            let ready = plan.steps[*step].needs().all(|needed| over[needed.index()]);
            over[*step] |= ready;
            !ready
        });
        assert!(left.len() < before, "steps {left:?} wait for each other");
    }
}
