//! Paths that a file may name: in the working directory, or in a container. Never one of the host.

use super::Problems;
use crate::diagnostic::quote;
use crate::source::{Span, Spanned};

/// Longest path, in bytes.
const MAX_LEN: usize = 400;
/// Folders of the kernel's and ours, in every container.
const NOT_BELOW: [&str; 4] = ["/proc", "/sys", "/dev", "/dockercise"];

/// Is it a folder or file in the working directory, written the one clean way (`a/b`, or `.`)? If not, that is said.
pub(super) fn relative(problems: &mut Problems<'_>, path: &Spanned<String>, what: &str) -> bool {
    let why = check(&path.value).err().or_else(|| is_absolute(&path.value).then_some("it does not begin at the working directory"));
    refuse(problems, path.span, &path.value, what, why, "a path in the working directory is written `a/b`; `.` is all of it")
}

/// Is it a clean path in the working directory, or an absolute one that a container may use? If not, that is said.
pub(super) fn anywhere(problems: &mut Problems<'_>, path: &Spanned<String>, what: &str) -> bool {
    let below = |folder: &str| path.value.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let why = check(&path.value).err().or_else(|| NOT_BELOW.into_iter().any(below).then_some("that folder is not the step's own"));
    refuse(problems, path.span, &path.value, what, why, "a path is `a/b` in the working directory, or `/a/b` in the container")
}

fn refuse(problems: &mut Problems<'_>, span: Span, path: &str, what: &str, why: Option<&str>, help: &str) -> bool {
    if let Some(why) = why {
        problems.error(span, format!("`{what}` cannot be {}: {why}", quote(path))).help(help);
    }
    why.is_none()
}

/// Does it start at the root?
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

/// Is it clean?
fn check(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("it is empty");
    }
    if path == "." || path == "/" {
        return Ok(());
    }
    if path.len() > MAX_LEN {
        return Err("it is over 400 bytes long");
    }
    if path.starts_with('~') {
        return Err("`~` is a shell's word for a home, and no shell reads it");
    }
    if path.contains(['$', '{', '}', '\\']) || path.chars().any(crate::diagnostic::acts) {
        return Err("it is taken as it stands: no variables, no references, no control characters");
    }
    for part in path.strip_prefix('/').unwrap_or(path).split('/') {
        match part {
            ".." => return Err("it leaves its folder by `..`"),
            "." | "" => return Err("it has an empty or needless part"),
            _ if part.len() > 255 => return Err("a part of it is over 255 bytes long"),
            _ => {}
        }
    }
    Ok(())
}

/// In this order a folder comes before what is below it.
pub(super) fn order(path: &str) -> Vec<&str> {
    if path == "." { Vec::new() } else { path.split('/').collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clean_paths() {
        for good in [".", "a", "a/b", "a b", ".cache", "/", "/var/lib/x", "ä/b-c_d.e", "..a"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["", "..", "../x", "a/../b", "a/..", "./a", "a/", "a//b", "/a/", "//a", "~/x", "$HOME", "{a}", "a\\b", "a\nb", "a\u{202e}"]
        {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"a".repeat(256)).is_err() && check(&"a/".repeat(300)).is_err());
    }

    #[test]
    fn a_folder_comes_before_what_is_below_it() {
        let mut paths = ["lib-x", "lib/b", "lib", ".", "a/b"];
        paths.sort_by(|a, b| order(a).cmp(&order(b)));
        assert_eq!(paths, [".", "a/b", "lib", "lib/b", "lib-x"]);
    }
}
