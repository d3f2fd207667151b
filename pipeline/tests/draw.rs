//! A file that says everything the language can say, drawn.

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::draw::draw;
use dockercise_pipeline::source::SourceFile;

#[test]
fn everything_there_is_to_say_is_drawn_in_short_lines() {
    let text = include_bytes!("good/whole/ci.yaml").to_vec();
    let compiled = compile("any", vec![SourceFile { path: "ci.dockercise.yaml".into(), text }]);
    assert_eq!(compiled.diagnostics, []);
    insta::assert_snapshot!(draw(&compiled.plan.expect("a plan")));
}
