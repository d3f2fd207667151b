//! The addresses under which the stand-in is reached, and how its URLs are written.

use std::net::SocketAddr;

/// Bases of all URLs.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// `http://HOST:PORT/api/v3`, as GitHub Enterprise has it.
    pub(crate) api: String,
    /// `http://HOST:PORT`.
    pub(crate) web: String,
    /// Where the ssh server listens.
    pub(crate) ssh: SocketAddr,
}

impl Links {
    pub(crate) fn new(http: SocketAddr, ssh: SocketAddr) -> Self {
        Self { api: format!("http://{http}/api/v3"), web: format!("http://{http}"), ssh }
    }

    /// The clone address over ssh; the short form cannot name a port.
    pub(crate) fn ssh_url(&self, full_name: &str) -> String {
        match self.ssh.port() {
            22 => format!("git@{}:{full_name}.git", self.ssh.ip()),
            _ => format!("ssh://git@{}/{full_name}.git", self.ssh),
        }
    }

    /// The line for a `known_hosts` file.
    pub(crate) fn known_hosts(&self, host_key: &str) -> String {
        match self.ssh.port() {
            22 => format!("{} {host_key}", self.ssh.ip()),
            port => format!("[{}]:{port} {host_key}", self.ssh.ip()),
        }
    }
}

/// Writes a path into a URL: everything but unreserved characters and `/` is percent-encoded.
pub(crate) fn encode_path(path: &[u8]) -> String {
    encode(path, b"-._~/")
}

/// Writes a value into a query or a form.
pub(crate) fn encode_value(value: &[u8]) -> String {
    encode(value, b"-._~")
}

fn encode(bytes: &[u8], kept: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Undoes percent-encoding; what is no UTF-8 afterwards is shown with replacement characters.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_foreign_letters_are_encoded_slashes_kept() {
        assert_eq!(encode_path("a b/ü.txt".as_bytes()), "a%20b/%C3%BC.txt");
        assert_eq!(encode_value(b"a/b&c"), "a%2Fb%26c");
        assert_eq!(decode("a%20b/%C3%BC%zz%"), "a b/ü%zz%");
    }

    #[test]
    fn ports_are_named_where_they_are_not_the_standard_one() {
        let links = Links::new(([127, 0, 0, 1], 80).into(), ([127, 0, 0, 1], 2222).into());
        assert_eq!(links.ssh_url("a/b"), "ssh://git@127.0.0.1:2222/a/b.git");
        assert_eq!(links.known_hosts("ssh-ed25519 AAAA"), "[127.0.0.1]:2222 ssh-ed25519 AAAA");
    }
}
