//! A file that says everything the language can say, drawn; and the formats that other programs read.

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::draw::{dot, draw, json, mermaid, svg};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::source::SourceFile;

#[test]
fn everything_there_is_to_say_is_drawn_in_short_lines() {
    let text = include_bytes!("good/whole/ci.yaml").to_vec();
    let compiled = compile("any", vec![SourceFile { path: "ci.dockercise.yaml".into(), text }]);
    assert_eq!(compiled.diagnostics, []);
    insta::assert_snapshot!(draw(&compiled.plan.expect("a plan")));
}

/// Two pipelines with everything that arrows can be, and text that would mean something in each format.
fn hostile() -> Plan {
    let one = "img: a
build: {run: x, vol: source}
test: {vol: build, run: 'x {build}'}
ship:
  img: 'a'
  vol: {lib: test}
  env: [build]
  after: {test: , human-click: {note: 'is a\"<b>& \"this\" <right>; 100%? \\ `x`'}}
  run: x
tell: {when: {status: always}, run: x}
";
    let two = "after: [ci, human-click]\nimg: a\nroll-out: {env: {FROM: '{ci/ship}'}, run: x}\n";
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let compiled = compile("any", vec![file("ci.dockercise.yaml", one), file("later.dockercise.yaml", two)]);
    assert_eq!(compiled.diagnostics, []);
    compiled.plan.expect("a plan")
}

#[test]
fn a_plan_is_drawn_for_graphviz() {
    insta::assert_snapshot!(dot(&hostile()));
}

#[test]
fn a_plan_is_drawn_for_mermaid() {
    insta::assert_snapshot!(mermaid(&hostile()));
}

#[test]
fn a_plan_is_told_to_programs() {
    insta::assert_snapshot!(json(&hostile()));
}

#[test]
fn a_plan_is_drawn_for_browsers() {
    let picture = svg(&hostile());
    assert!(!picture.contains("<b>") && picture.contains("a&quot;&lt;b&gt;&amp;"), "{picture}");
    well_formed(&picture);
    insta::assert_snapshot!(picture);
}

#[test]
fn ten_thousand_steps_are_drawn_in_every_format() {
    let mut files = Vec::new();
    for n in 0..10 {
        let mut text = String::from("img: a\n");
        for i in 0..1000 {
            // Chains of ten, beside each other.
            let after = if i % 10 == 0 { String::new() } else { format!(", vol: s{}", i - 1) };
            text.push_str(&format!("s{i}: {{run: x{after}}}\n"));
        }
        files.push(SourceFile { path: format!("p{n}.dockercise.yaml"), text: text.into() });
    }
    let plan = compile("any", files).plan.expect("a plan");
    well_formed(&svg(&plan));
    assert_eq!(dot(&plan).matches(" -> ").count(), 9_000);
    assert_eq!(mermaid(&plan).matches(" -->").count(), 9_000);
    assert!(json(&plan).contains("\"p9/s999\""));
}

/// Every element is closed, in its order.
fn well_formed(xml: &str) {
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(!text.contains('>') || tag == "style", "a bare > after <{tag}>");
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name)),
            (None, true) => {}
            (None, false) => open.push(tag.split(' ').next().expect("a name")),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
