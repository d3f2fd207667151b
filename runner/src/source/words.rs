//! Git's failures, in words that say what to do.

use std::io;
use std::path::Path;
use std::process::ExitStatus;

/// What git says whatever happened.
const SAYS_NOTHING: [&str; 4] = [
    "fatal: Could not read from remote repository.",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
    "fatal: the remote end hung up unexpectedly",
];

/// What is to be done, by what git or ssh say.
const ADVICE: [(&str, &str); 11] = [
    ("Permission denied (", "was the deploy key removed from the repository? connect it again"),
    (
        "Host key verification failed",
        "the machine that answered has another host key than the one on record: find out why before you accept it",
    ),
    ("could not read Username", "it is not there for everybody, and this host has no login for it"),
    ("Could not resolve hostname", "this host cannot look up the name: check its network and DNS"),
    ("Connection refused", "nobody listens there: check the address and the network of this host"),
    ("Connection timed out", "nobody answers there: check the network of this host"),
    ("Connection reset", "the connection broke: run it again"),
    ("not our ref", "the commit is gone from the repository: was the branch deleted or pushed over?"),
    ("couldn't find remote ref", "the ref is gone from the repository: was the branch deleted?"),
    ("No space left on device", "make room on this host"),
    ("ssh: not found", "install ssh on this host, such as with: apt-get install openssh-client"),
];

/// Git's own last words, escaped, with what to do on a line of its own where that is known.
pub fn of_git(stderr: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let telling = lines.iter().rev().find(|l| !SAYS_NOTHING.contains(l)).or(lines.last());
    let said = telling
        .map_or_else(|| format!("git ended with {status}"), |l| l.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""));
    match ADVICE.iter().find(|(sign, _)| stderr.contains(sign)) {
        Some((_, advice)) => format!("{said}\n{advice}"),
        None => said,
    }
}

/// May another try help, because only the way there failed?
pub fn is_network(words: &str) -> bool {
    [
        "resolve hostname",
        "resolve host:",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "Connection closed",
        "early EOF",
        "hung up",
        "timed out",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

/// Has the other side refused, so that the mirror is not to blame?
pub fn is_refusal(words: &str) -> bool {
    ["Permission denied", "Host key", "not our ref", "remote ref", "denied", "not found", "read Username", "not installed", "No space left"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// Git could not be started.
pub fn not_run(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        "git is not installed on this host\ninstall it, such as with: apt-get install git openssh-client".to_owned()
    } else {
        format!("git cannot be run: {error}")
    }
}

/// The disk failed.
pub fn disk(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn the_telling_line_is_kept_and_advice_given() {
        let said = "git@github.com: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\n\
            Please make sure you have the correct access rights\nand the repository exists.\n";
        let words = of_git(said, ExitStatus::from_raw(128 << 8));
        assert_eq!(
            words,
            "git@github.com: Permission denied (publickey).\nwas the deploy key removed from the repository? connect it again"
        );
        assert!(is_refusal(&words) && !is_network(&words));
        assert!(is_network(&of_git("ssh: connect to host x port 22: Connection refused", ExitStatus::from_raw(128 << 8))));
        assert_eq!(of_git("", ExitStatus::from_raw(1 << 8)), "git ended with exit status: 1");
        assert_eq!(of_git("fatal: it's\u{1b}[31m", ExitStatus::from_raw(0)), "fatal: it's\\u{1b}[31m");
    }
}
