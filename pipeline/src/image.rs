//! Names of container images, as every engine reads them.

/// Longest name of an image: 255 characters and a digest.
const MAX_LEN: usize = 400;

/// Is it `[host[:port]/]path[:tag][@algorithm:digest]`?
///
/// # Errors
/// Why not, for people.
pub(crate) fn check(image: &str) -> Result<(), String> {
    if image.len() > MAX_LEN {
        return Err(format!("over {MAX_LEN} characters"));
    }
    if let Some(c) = image.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+')) {
        return Err(if c.is_whitespace() {
            "it holds a space".to_owned()
        } else {
            format!("it holds {}", crate::diagnostic::quote(&c.to_string()))
        });
    }
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    if let Some(digest) = digest
        && !digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty()
                && algorithm.bytes().all(|b| b.is_ascii_alphanumeric())
                && hex.len() >= 32
                && hex.bytes().all(|b| b.is_ascii_hexdigit())
        })
    {
        return Err("what follows `@` is no digest, as in `@sha256:…`".to_owned());
    }
    let slash = name.rfind('/').map_or(0, |i| i + 1);
    let (path, tag) = match name[slash..].rfind(':') {
        Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
        None => (name, None),
    };
    if let Some(tag) = tag
        && !(tag.len() <= 128 && tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') && !tag.contains(['@', '+']))
    {
        return Err("what follows the last `:` is no tag".to_owned());
    }
    let path = match path.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" || host.bytes().any(|b| b.is_ascii_uppercase()) => {
            check_host(host)?;
            rest
        }
        _ => path,
    };
    path.split('/').try_for_each(check_component)
}

fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let labels = name
        .split('.')
        .all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-') && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    if labels && port.is_none_or(|port| port.parse::<u16>().is_ok()) {
        Ok(())
    } else {
        Err("what stands before the first `/` is no host".to_owned())
    }
}

fn check_component(component: &str) -> Result<(), String> {
    if component.is_empty() {
        return Err("a part of its name is empty".to_owned());
    }
    if component.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("its name must be lower case".to_owned());
    }
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators_fit =
        component.split(|c: char| c.is_ascii_alphanumeric()).all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'));
    if component.bytes().next().is_some_and(inside) && component.bytes().last().is_some_and(inside) && separators_fit {
        Ok(())
    } else {
        Err(format!("{} is no part of an image's name", crate::diagnostic::quote(component)))
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn images() {
        let digest = format!("alpine@sha256:{}", "a".repeat(64));
        for good in [
            "alpine",
            "alpine:3.22",
            "pebbletech/docker-aws-cli",
            "ghcr.io/o/r:v1",
            "localhost:5000/x",
            "a.b/c__d/e-f--g:T_1",
            "1password/op",
            &digest,
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "a".repeat(1_000_000);
        for bad in [
            "",
            "-v",
            "a b",
            "a\n",
            "Alpine",
            "alpine:",
            "alpine:-x",
            "a//b",
            "/a",
            "a/",
            "../x",
            "a:b:c",
            "a@sha256:zz",
            "a@",
            "$IMG",
            "{x}",
            "a/B",
            "http://x",
            "h:x/y",
            "a.b-.c/d",
            "a._b",
            "ä",
            &long,
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
