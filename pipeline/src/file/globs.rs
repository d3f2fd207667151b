//! Lists of globs.

use super::Problems;
use super::value;
use super::yaml::Node;
use crate::diagnostic::quote;
use crate::plan::Globs;
use crate::source::Spanned;

/// Most globs of one list.
const MAX_GLOBS: usize = 100;

/// One glob or a list of them, each said where it is none; `!` in front takes away.
pub(super) fn globs(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Globs {
    Globs(spanned(problems, node, what).into_iter().map(|glob| glob.value).collect())
}

/// As [`globs`], with their places.
pub(super) fn spanned(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Vec<Spanned<String>> {
    let mut found = value::texts(problems, node, what);
    if let Some(over) = found.get(MAX_GLOBS) {
        problems.error(over.span, format!("{} globs under `{what}`; {MAX_GLOBS} are the most", found.len()));
        found.clear();
    }
    found.retain(|glob| {
        let why = crate::globs::check(&glob.value);
        if let Err(why) = &why {
            problems.error(glob.span, format!("{} is no glob: {why}", quote(&glob.value)));
        }
        why.is_ok()
    });
    found
}

/// Globs of files in the working directory.
pub(super) fn of_files(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Vec<Spanned<String>> {
    let mut found = spanned(problems, node, what);
    found.retain(|glob| {
        let path = glob.value.strip_prefix('!').unwrap_or(&glob.value);
        let outside = path.starts_with(['/', '~']) || path.split('/').any(|part| part == "..");
        let why = match path {
            _ if outside => Some("it leaves the working directory"),
            _ if path.starts_with("./") || path.ends_with('/') || path.contains("//") => Some("it has an empty or needless part"),
            _ => None,
        };
        if let Some(why) = why {
            problems
                .error(glob.span, format!("`{what}` cannot be {}: {why}", quote(&glob.value)))
                .help("files are named from the working directory: `out/*.tar`, `reports/**`");
        }
        why.is_none()
    });
    found
}
