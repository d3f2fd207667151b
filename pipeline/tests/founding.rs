//! The founding example of the language is accepted as it stands, byte for byte.

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::source::SourceFile;

#[test]
fn the_founding_example_compiles_without_a_word() {
    let text = include_bytes!("../../examples/founding.dockercise.yaml").to_vec();
    let compiled = compile("any", vec![SourceFile { path: "examples/founding.dockercise.yaml".into(), text }]);
    assert_eq!(compiled.diagnostics, []);
    insta::assert_json_snapshot!(compiled.plan);
}

#[test]
fn the_founding_example_is_drawn() {
    let text = include_bytes!("../../examples/founding.dockercise.yaml").to_vec();
    let compiled = compile("any", vec![SourceFile { path: "examples/founding.dockercise.yaml".into(), text }]);
    insta::assert_snapshot!(dockercise_pipeline::draw::draw(&compiled.plan.expect("a plan")));
}
