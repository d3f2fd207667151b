//! Addresses of other repositories, as `.gitmodules` has them.

/// How a repository is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// From the server of the run's own repository, with its key.
    WithKey(String),
    /// Over https, as anybody may.
    Open(String),
}

/// An address that may be relative to that of the repository which names it (`../lib.git`).
pub fn absolute(above: &str, url: &str) -> String {
    let mut rest = url;
    let mut base = above.trim_end_matches('/');
    if !rest.starts_with("./") && !rest.starts_with("../") {
        return url.to_owned();
    }
    loop {
        if let Some(below) = rest.strip_prefix("./") {
            rest = below;
        } else if let Some(below) = rest.strip_prefix("../") {
            rest = below;
            // The host stays, however far it goes up.
            base = base.rsplit_once('/').map_or(base, |(up, _)| if up.ends_with('/') || up.ends_with(':') { base } else { up });
        } else {
            return format!("{base}/{rest}");
        }
    }
}

/// The way there, for a run whose repository is at `own`. `protocol` is the one that the key is for.
///
/// # Errors
/// It is no address that is fetched from.
pub fn way(url: &str, own: &str, protocol: &str) -> Result<Way, String> {
    let shown = url.escape_debug();
    if url.chars().any(|c| !c.is_ascii_graphic()) || url.starts_with('-') {
        return Err(format!("`{shown}` is no address"));
    }
    let full = with_protocol(url);
    if super::check::address(&full, protocol) {
        let server = |url: &str| url.split('/').nth(2).map(|authority| authority.rsplit('@').next().unwrap_or(authority).to_owned());
        if server(&full) == server(own) {
            return Ok(Way::WithKey(full));
        }
        return Err(format!(
            "`{shown}` is on another server than the repository, and its key is for that one alone\nwith an address that begins with https:// it is fetched without a key"
        ));
    }
    if super::check::address(&full, "https") && !full.split('/').nth(2).unwrap_or_default().contains('@') {
        return Ok(Way::Open(full));
    }
    Err(format!("`{shown}` is not fetched from\nit must be on the server of the repository, or begin with https:// and hold no login"))
}

/// The short form of ssh, `git@host:owner/name`, written out.
fn with_protocol(url: &str) -> String {
    let short = url.split_once(':').filter(|(host, path)| !host.contains('/') && !path.starts_with("//") && !host.is_empty());
    match short {
        Some((host, path)) if !path.starts_with(':') => format!("ssh://{host}/{}", path.trim_start_matches('/')),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "ssh://git@github.com/anna/app.git";

    #[test]
    fn a_relative_address_is_one_of_the_same_server() {
        for (url, wanted) in [
            ("../lib.git", "ssh://git@github.com/anna/lib.git"),
            ("../../ben/lib", "ssh://git@github.com/ben/lib"),
            ("./sub.git", "ssh://git@github.com/anna/app.git/sub.git"),
            ("../../../../../x", "ssh://git@github.com/x"),
            ("https://example.org/x", "https://example.org/x"),
        ] {
            assert_eq!(absolute(OWN, url), wanted, "{url}");
        }
    }

    #[test]
    fn s63_a_submodule_comes_from_the_same_server_or_over_https_without_a_login() {
        let way = |url: &str| way(url, OWN, "ssh");
        for url in ["git@github.com:anna/lib.git", "ssh://git@github.com/anna/lib.git", "git@github.com:/anna/lib.git"] {
            assert_eq!(way(url), Ok(Way::WithKey("ssh://git@github.com/anna/lib.git".to_owned())), "{url}");
        }
        assert_eq!(way("https://example.org/x.git"), Ok(Way::Open("https://example.org/x.git".to_owned())));
        for bad in [
            "git@gitlab.com:anna/lib.git",
            "ssh://git@github.com:2222/anna/lib.git",
            "ssh://-oProxyCommand=touch/x",
            "git@-oProxyCommand=touch:x",
            "-oProxyCommand=touch:x",
            "--upload-pack=touch",
            "ext::sh -c touch",
            "ext::sh%20-c%20touch",
            "file:///etc",
            "/etc",
            "http://example.org/x.git",
            "git://example.org/x.git",
            "https://anna:secret@example.org/x.git",
            "https://token@example.org/x.git",
            "https://example.org",
            "https://example.org/a\rb",
            "",
        ] {
            assert!(way(bad).is_err(), "{bad}: {:?}", way(bad));
        }
    }
}
