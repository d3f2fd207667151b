//! `dockercise graph`: what runs when, and what takes what from where?

use super::paths::{self, Outputs, Paths};
use clap::ValueEnum;
use dockercise_pipeline::draw;
use std::process::ExitCode;

/// Draws the graph of pipeline files.
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    #[command(flatten)]
    paths: Paths,
    /// How to draw it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a graph is drawn as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Text,
    /// For Graphviz
    Dot,
    /// For Mermaid, as in GitHub's Markdown
    Mermaid,
    /// A picture for browsers and documents
    Svg,
    /// For programs
    Json,
}

/// Exit code 0 where it could be drawn, 1 where something is wrong with the files.
///
/// # Errors
/// Where standard output or standard error cannot be written.
pub fn graph(args: GraphArgs) -> anyhow::Result<ExitCode> {
    graph_to(&args, &mut Outputs::standard())
}

fn graph_to(args: &GraphArgs, to: &mut Outputs<'_>) -> anyhow::Result<ExitCode> {
    let Some(plans) = paths::compile(&args.paths, to)? else { return Ok(ExitCode::FAILURE) };
    let draw = match args.format {
        Format::Text => draw::draw,
        Format::Dot => draw::dot,
        Format::Mermaid => draw::mermaid,
        Format::Svg => draw::svg,
        Format::Json => draw::json,
    };
    if args.format != Format::Text && plans.len() > 1 {
        to.err("error: each folder is a graph of its own, and this format holds one\n  help: name one folder, or single files\n")?;
        return Ok(ExitCode::FAILURE);
    }
    let drawings: Vec<String> = plans.iter().map(draw).collect();
    to.out(&drawings.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::super::paths::tests::Folder;
    use super::*;

    #[test]
    fn the_founding_example_is_drawn_as_it_stands() {
        let folder = Folder::new(&[("deploy.dockercise.yaml", include_str!("../../../examples/founding.dockercise.yaml"))]);
        let args = GraphArgs { paths: folder.paths(&["."]), format: Format::Text };
        let (well, out, err) = folder.run(|to| graph_to(&args, to));
        assert!(well && err.is_empty(), "{err}");
        assert!(
            out.starts_with("deploy · deploy.dockercise.yaml\n  on push · after a human click") && out.contains("volume ← get-code"),
            "{out}"
        );
    }

    #[test]
    fn a_bad_file_is_not_drawn() {
        let folder = Folder::new(&[("ci.dockercise.yaml", "a: {img: alpine, run: x, after: a}\n")]);
        let args = GraphArgs { paths: folder.paths(&["."]), format: Format::Text };
        let (well, out, err) = folder.run(|to| graph_to(&args, to));
        assert!(!well && out.is_empty() && err.contains("the step `a` waits for itself"), "{err}");
    }

    #[test]
    fn other_formats_are_of_one_graph() {
        let folder =
            Folder::new(&[("one/a.dockercise.yaml", "a: {img: alpine, run: x}\n"), ("two/b.dockercise.yaml", "b: {img: i, run: x}\n")]);
        for (format, begins) in [(Format::Dot, "digraph"), (Format::Mermaid, "flowchart LR"), (Format::Svg, "<svg "), (Format::Json, "{\n")]
        {
            let (well, out, err) = folder.run(|to| graph_to(&GraphArgs { paths: folder.paths(&["one"]), format }, to));
            assert!(well && err.is_empty() && out.starts_with(begins), "{out}{err}");
            let both = GraphArgs { paths: folder.paths(&["one", "two"]), format };
            assert!(!folder.run(|to| graph_to(&both, to)).0);
        }
    }
}
