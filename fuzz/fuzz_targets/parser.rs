//! One pipeline file, any bytes: read, or told what is wrong with it and where.

#![no_main]

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::diagnostic::render::{Style, render, summary};
use dockercise_pipeline::source::SourceFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let file = SourceFile { path: "ci.dockercise.yaml".to_owned(), text: text.to_vec() };
    let compiled = compile("repo", vec![file]);
    assert_eq!(compiled.plan.is_none(), compiled.diagnostics.iter().any(|d| d.is_error()));
    for diagnostic in &compiled.diagnostics {
        assert!(diagnostic.line > 0 && diagnostic.column > 0, "no place: {}", diagnostic.message);
        assert!(!diagnostic.message.is_empty());
    }
    // What a file says is shown on terminals: nothing of it may act there.
    let shown = render(&compiled.diagnostics, Style::Plain) + &summary(&compiled.diagnostics);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
});
