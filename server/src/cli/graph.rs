//! `dockercise graph`: what runs when, and what takes what from where?

use super::paths::{self, Outputs, Paths};
use dockercise_pipeline::draw::draw;
use std::process::ExitCode;

/// Draws the graph of pipeline files.
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    #[command(flatten)]
    paths: Paths,
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
        let args = GraphArgs { paths: folder.paths(&["."]) };
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
        let args = GraphArgs { paths: folder.paths(&["."]) };
        let (well, out, err) = folder.run(|to| graph_to(&args, to));
        assert!(!well && out.is_empty() && err.contains("the step `a` waits for itself"), "{err}");
    }
}
