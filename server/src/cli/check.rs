//! `dockercise check`: are the pipeline files all right?

use super::paths::{self, Outputs, Paths, Read};
use dockercise_pipeline::diagnostic::Diagnostic;
use dockercise_pipeline::plan::Plan;
use serde_json::json;
use std::process::ExitCode;

/// Checks pipeline files and says everything that is wrong with them.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    paths: Paths,
    /// Say it as JSON, for editors and other programs
    #[arg(long)]
    json: bool,
}

/// Exit code 0 where all is well (warnings do not count), 1 where not.
///
/// # Errors
/// Where standard output or standard error cannot be written.
pub fn check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    check_to(&args, &mut Outputs::standard())
}

fn check_to(args: &CheckArgs, to: &mut Outputs<'_>) -> anyhow::Result<ExitCode> {
    if args.json {
        return check_as_json(args, to);
    }
    let Some(plans) = paths::compile(&args.paths, to)? else { return Ok(ExitCode::FAILURE) };
    let pipelines: usize = plans.iter().map(|plan| plan.pipelines.len()).sum();
    let steps: usize = plans.iter().map(|plan| plan.steps.len()).sum();
    to.out(&format!("all is well: {} with {}\n", paths::count(pipelines, "pipeline"), paths::count(steps, "step")))?;
    Ok(ExitCode::SUCCESS)
}

/// An object on standard output; what is no problem of a file's (a path that is not there) still goes to standard error.
/// Fields may be added; none is taken away or changes its meaning (docs/local.md).
fn check_as_json(args: &CheckArgs, to: &mut Outputs<'_>) -> anyhow::Result<ExitCode> {
    let Read { plans, diagnostics, well } = paths::read(&args.paths, to)?;
    let well = well && !diagnostics.iter().any(Diagnostic::is_error);
    let shown = diagnostics.iter().map(|d| {
        let related = d.related.iter().map(|r| json!({ "file": r.file, "line": r.line, "column": r.column, "message": r.label }));
        json!({
            "file": d.file,
            "line": d.line,
            "column": d.column,
            "offset": d.span.offset,
            "length": d.span.len,
            "severity": d.severity,
            "message": d.message,
            "help": d.help,
            "related": related.collect::<Vec<_>>(),
        })
    });
    let hashes: Vec<String> = plans.iter().map(Plan::hash).collect();
    let object = json!({ "ok": well, "plans": hashes, "diagnostics": shown.collect::<Vec<_>>() });
    to.out(&format!("{object:#}\n"))?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::paths::tests::Folder;
    use super::*;

    fn run(folder: &Folder, paths: &[&str]) -> (bool, String, String) {
        let args = CheckArgs { paths: folder.paths(paths), json: false };
        folder.run(|to| check_to(&args, to))
    }

    const GOOD: &str = "a: {img: alpine, run: x}\n";

    #[test]
    fn a_good_folder_need_not_be_a_checkout() {
        let folder = Folder::new(&[("ci.dockercise.yaml", GOOD), ("sub/.dockercise.yaml", GOOD), ("other.yaml", "{")]);
        assert_eq!(run(&folder, &["."]), (true, "all is well: 2 pipelines with 2 steps\n".into(), String::new()));
    }

    #[test]
    fn problems_go_to_standard_error_and_make_it_fail() {
        let folder = Folder::new(&[("ci.dockercise.yaml", "a: {imgg: alpine, run: x}\n")]);
        let (well, out, err) = run(&folder, &["."]);
        assert!(!well && out.is_empty());
        assert!(
            err.contains("a step has no key `imgg`") && err.contains("ci.dockercise.yaml:1:5") && err.ends_with("2 errors in 1 file\n"),
            "{err}"
        );
    }

    #[test]
    fn warnings_do_not_fail() {
        let folder = Folder::new(&[("ci.dockercise.yaml", "next: {img: alpine, run: x}\n")]);
        let (well, out, err) = run(&folder, &["."]);
        assert!(well && out.contains("1 pipeline with 1 step") && err.contains("1 warning in 1 file"), "{err}");
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let folder = Folder::new(&[]);
        let (well, _, err) = run(&folder, &["nowhere"]);
        assert!(!well && err.starts_with("error: there is no file or folder `") && err.contains("nowhere`"), "{err}");
    }

    #[test]
    fn a_folder_without_a_pipeline_is_told_how_to_begin() {
        let folder = Folder::new(&[("README.md", "")]);
        let (well, _, err) = run(&folder, &["."]);
        assert!(!well && err.contains("no pipeline file in") && err.contains("hello.dockercise.yaml"), "{err}");
    }

    #[test]
    fn links_are_not_followed_and_said() {
        let folder = Folder::new(&[
            ("ci.dockercise.yaml", GOOD),
            ("node_modules/x/x.dockercise.yaml", "{"),
            ("lib/.git", "gitdir: x"),
            ("lib/l.dockercise.yaml", "{"),
        ]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path("l.dockercise.yaml")).unwrap();
        std::os::unix::fs::symlink("..", folder.path("loop")).unwrap();
        let (well, _, err) = run(&folder, &["."]);
        assert!(well, "{err}");
        let lines: Vec<&str> = err.lines().collect();
        assert_eq!(
            lines,
            [
                "ignored l.dockercise.yaml: a symbolic link",
                "ignored lib: a submodule: its pipelines belong to its own repository",
                "ignored node_modules/x/x.dockercise.yaml: under node_modules"
            ]
        );
    }

    #[test]
    fn single_files_are_one_graph_and_folders_each_one_of_their_own() {
        let folder = Folder::new(&[
            ("one/a.dockercise.yaml", "a: {img: alpine, run: x, after: b/b}\n"),
            ("one/b.dockercise.yaml", "b: {img: alpine, run: x}\n"),
            ("two/b.dockercise.yaml", GOOD),
        ]);
        assert!(run(&folder, &["one/a.dockercise.yaml", "one/b.dockercise.yaml"]).0);
        assert!(run(&folder, &["one", "two"]).0);
        assert!(!run(&folder, &["one/a.dockercise.yaml"]).0);
    }

    #[test]
    fn s60_ten_thousand_files_are_counted_not_read() {
        let files: Vec<(String, &str)> = (0..10_000).map(|i| (format!("{}/p{i}.dockercise.yaml", i % 100), GOOD)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let folder = Folder::new(&files);
        let (well, _, err) = run(&folder, &["."]);
        assert!(!well && err.contains("10000 pipeline files in one repository; 64 are the most"), "{err}");
    }

    #[test]
    fn as_json_everything_is_said_on_standard_output() {
        let folder =
            Folder::new(&[("ci.dockercise.yaml", "a: {img: alpine, run: x}\na: {img: alpine, run: y}\nnext: {imgg: alpine, run: x}\n")]);
        let of = |path: &str| folder.run(|to| check_to(&CheckArgs { paths: folder.paths(&[path]), json: true }, to));
        let (well, out, err) = of(".");
        assert!(!well && err.is_empty(), "{err}");
        insta::assert_snapshot!(out);
        std::fs::write(folder.path("ci.dockercise.yaml"), GOOD).unwrap();
        let (well, out, _) = of(".");
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert!(well && value["ok"] == true && value["plans"][0].as_str().is_some_and(|hash| hash.len() == 64), "{out}");
        let (well, out, err) = of("nowhere");
        assert!(!well && err.contains("there is no file or folder") && out.contains("\"ok\": false"), "{out}{err}");
    }
}
