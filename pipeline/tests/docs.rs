//! What `docs/language.md` shows is what the compiler does.

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::diagnostic::render::{Style, render};
use dockercise_pipeline::plan::{StepPlan, Work};
use dockercise_pipeline::source::SourceFile;

const PAGE: &str = include_str!("../../docs/language.md");

/// The page's blocks: what stands behind the three backticks, and the text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut parts = PAGE.split("```");
    parts.next();
    let mut blocks = Vec::new();
    // The language's own name for a backtick stands in double ones, never in three.
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').expect("a block has lines"));
    }
    blocks
}

fn file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "docs.dockercise.yaml".into(), text: text.into() }]
}

#[test]
fn every_pipeline_on_the_page_is_good() {
    let good: Vec<_> = blocks().into_iter().filter(|(kind, _)| *kind == "yaml").collect();
    assert!(good.len() >= 5);
    for (_, text) in good {
        let compiled = compile("docs", file(text));
        assert_eq!(render(&compiled.diagnostics, Style::Plain), "", "{text}");
        assert!(compiled.plan.is_some(), "{text}");
    }
}

#[test]
fn every_wrong_one_is_told_as_the_page_says() {
    let blocks = blocks();
    let wrong: Vec<_> = blocks.windows(2).filter(|pair| pair[0].0 == "yaml wrong").collect();
    assert_eq!(wrong.len(), 1);
    for pair in wrong {
        let compiled = compile("docs", file(pair[0].1));
        assert_eq!(pair[1].0, "text");
        assert_eq!(render(&compiled.diagnostics, Style::Plain).trim_end(), pair[1].1.trim_end());
    }
}

#[test]
fn every_example_is_linked() {
    for name in ["hello", "value", "volume", "image", "deploy", "founding"] {
        assert!(PAGE.contains(&format!("../examples/{name}.dockercise.yaml")), "{name}");
    }
}

#[test]
fn what_the_page_says_of_braces_holds() {
    let compiled = compile("docs", file(blocks().into_iter().find(|(_, text)| text.starts_with("commit-id:")).expect("the block").1));
    let plan = compiled.plan.expect("a plan");
    assert_eq!(
        script(&plan.steps[1]),
        "for i in {1..3}; do cat /dockercise/values/docs/commit-id; done\necho 'the text {commit-id}' | awk '{print}'\n"
    );
    assert_eq!(script(&plan.steps[0]), "git rev-parse 'HEAD^{commit}'");
}

/// What the shell of a step is given.
fn script(step: &StepPlan) -> &str {
    match &step.work {
        Work::Run { argv, .. } => argv.last().expect("a script"),
        other => panic!("{other:?} is no command"),
    }
}
