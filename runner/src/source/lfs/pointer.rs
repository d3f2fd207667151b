//! What stands in a repository in place of a file that Git LFS keeps elsewhere.
//!
//! The form is that of the Git LFS specification (docs/spec.md there): lines of a key and a value, the version first.

use std::path::PathBuf;

/// No pointer is longer, in bytes.
pub const LONGEST: u64 = 1024;
const VERSIONS: [&str; 2] = ["version https://git-lfs.github.com/spec/v1", "version https://hawser.github.com/spec/v1"];

/// A file that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Object {
    /// SHA-256 of its content, lower-case hex.
    pub oid: String,
    /// Bytes.
    pub size: u64,
}

/// Where one belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Below the working tree.
    pub path: PathBuf,
    /// May it be run?
    pub executable: bool,
    /// What.
    pub object: Object,
}

/// Reads a pointer; none where the text is none, or one that takes a program to read (an extension).
pub fn parse(text: &str) -> Option<Object> {
    let mut lines = text.lines();
    if !VERSIONS.contains(&lines.next()?) {
        return None;
    }
    let (mut oid, mut size) = (None, None);
    for line in lines {
        match line.split_once(' ')? {
            ("oid", value) => oid = Some(value.strip_prefix("sha256:")?),
            ("size", value) => size = value.parse().ok(),
            (key, _) if key.starts_with("ext-") => return None,
            _ => {}
        }
    }
    let oid = oid.filter(|oid| oid.len() == 64 && oid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))?;
    Some(Object { oid: oid.to_owned(), size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_other_files() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = |rest: &str| format!("version https://git-lfs.github.com/spec/v1\n{rest}");
        let object = Object { oid: oid.to_owned(), size: 12345 };
        assert_eq!(parse(&text(&format!("oid sha256:{oid}\nsize 12345\n"))), Some(object.clone()));
        assert_eq!(parse(&text(&format!("oid sha256:{oid}\nsize 12345\nx-new y"))), Some(object));
        for bad in [
            String::new(),
            format!("oid sha256:{oid}\nsize 1\n"),
            text("size 1\n"),
            text(&format!("oid sha256:{oid}\n")),
            text(&format!("oid sha256:{oid}\nsize -1\n")),
            text(&format!("oid sha256:../../{oid}\nsize 1\n")),
            text(&format!("oid sha256:{}\nsize 1\n", oid.to_uppercase())),
            text(&format!("oid md5:{oid}\nsize 1\n")),
            text(&format!("ext-0-foo sha256:{oid}\noid sha256:{oid}\nsize 1\n")),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
