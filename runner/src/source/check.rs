//! What is given to git must be what it says it is: a commit, a ref, an address. (CVE-2017-1000117 and its kin.)

use dockercise_pipeline::wire::Source;

/// Refuses what git or ssh could take for an option or another protocol.
pub fn source(source: &Source, protocol: &str) -> Result<(), String> {
    sha(&source.sha)?;
    if !full_ref(&source.git_ref) {
        return Err(format!("{:?} is not the name of a ref", source.git_ref));
    }
    if !address(&source.url, protocol) {
        return Err(format!("{:?} is not an address that may be fetched from\nit must begin with {protocol}://", source.url));
    }
    Ok(())
}

/// Refuses what is not the id of a commit.
pub fn sha(text: &str) -> Result<(), String> {
    let fits = text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(()) } else { Err(format!("{text:?} is not a commit of 40 hex digits")) }
}

/// The rules of `git check-ref-format`, and no part may begin with a dash.
fn full_ref(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !" ~^:?*[\\".contains(c);
    let part = |p: &str| !p.is_empty() && !p.starts_with(['.', '-']) && !p.ends_with('.') && !p.ends_with(".lock");
    text.starts_with("refs/")
        && text.len() <= 1024
        && text.chars().all(plain)
        && !text.contains("..")
        && !text.contains("@{")
        && text.split('/').all(part)
}

/// Is it an address of that protocol which nobody takes for anything else, without a password?
pub fn address(text: &str, protocol: &str) -> bool {
    let Some(rest) = text.strip_prefix(protocol).and_then(|r| r.strip_prefix("://")) else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    // ssh takes a host that begins with a dash for an option; so may whatever stands behind the user's `@`.
    let parts_plain = authority.split('@').all(|p| !p.starts_with('-'));
    let no_password = authority.split_once('@').is_none_or(|(user, _)| !user.contains(':'));
    parts_plain && no_password && !path.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s63_what_git_could_take_for_something_else_is_refused() {
        for good in ["refs/heads/main", "refs/tags/v1.0", "refs/heads/feature/a-b", "refs/pull/9/head"] {
            assert!(full_ref(good), "{good}");
        }
        for bad in [
            "main",
            "--upload-pack=touch /pwn",
            "refs/heads/-x",
            "refs/heads/a b",
            "refs/heads/a..b",
            "refs/heads/",
            "refs/heads/a\n",
            "refs/x.lock",
            "refs/a:b",
        ] {
            assert!(!full_ref(bad), "{bad}");
        }
        for good in ["ssh://git@github.com/owner/name.git", "ssh://git@127.0.0.1:2222/o/n.git"] {
            assert!(address(good, "ssh"), "{good}");
        }
        for bad in [
            "ext::sh -c touch% /pwn",
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand=x/y",
            "file:///etc",
            "https://github.com/o/n",
            "ssh://u:secret@host/x",
            "ssh://host",
            "ssh://host/a b",
            "-x",
        ] {
            assert!(!address(bad, "ssh"), "{bad}");
        }
        assert!(sha("0123456789abcdef0123456789abcdef01234567").is_ok());
        assert!(sha("HEAD").is_err() && sha("0123456789ABCDEF0123456789abcdef01234567").is_err());
    }
}
