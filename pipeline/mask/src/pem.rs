//! Private keys between `-----BEGIN … PRIVATE KEY-----` and its `-----END`, also where line ends are written `\n`.

use crate::parts::{Match, Tail};

/// The longest words between BEGIN and the dashes.
const LONGEST_LABEL: usize = 40;
/// White space, written out or not, between the dashes and the key.
const LONGEST_GAP: usize = 16;
/// So many base64 characters make it a key; the shortest, Ed25519's, has 64.
const LEAST: usize = 40;
/// The longest key, in bytes: RSA with 16,384 bits takes about 12,600.
const LONGEST: usize = 16 * 1024;
/// Headers that stand before the base64 of encrypted and of PGP keys.
const HEADERS: [&[u8]; 4] = [b"Proc-Type:", b"Version:", b"Comment:", b"Hash:"];
const DASHES: &[u8] = b"-----";
const END: &[u8] = b"-----END ";

/// Is what follows `-----BEGIN ` a private key?
pub fn begins(rest: &[u8], last: bool) -> Match {
    let short = if last { Match::No } else { Match::Part };
    let label = rest.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ').count();
    if label > LONGEST_LABEL {
        return Match::No;
    }
    let after = &rest[label..];
    let dashes = after.len().min(DASHES.len());
    if after[..dashes] != DASHES[..dashes] {
        return Match::No;
    }
    if dashes < DASHES.len() {
        return short;
    }
    let text = &rest[..label];
    if !text.ends_with(b"PRIVATE KEY") && !text.ends_with(b"PRIVATE KEY BLOCK") {
        return Match::No;
    }
    let body = &after[dashes..];
    let gap = gap(body);
    if gap > LONGEST_GAP {
        return Match::No;
    }
    let key = &body[gap..];
    let base64 = key.iter().take(LEAST).take_while(|byte| is_base64(**byte)).count();
    let header = HEADERS.iter().any(|header| key.starts_with(header));
    if base64 == LEAST || header {
        let end = label + dashes + gap + base64;
        return Match::Whole { start: 0, end, tail: Some(Tail::PrivateKey(Body::default())) };
    }
    let undecided = base64 == key.len() || key == b"\\" || HEADERS.iter().any(|header| header.starts_with(key));
    if undecided { short } else { Match::No }
}

/// White space and `\n`, `\r` as two characters each.
fn gap(body: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &body[at..] {
            [b' ' | b'\t' | b'\r' | b'\n', ..] => at += 1,
            [b'\\', b'n' | b'r', ..] => at += 2,
            _ => return at,
        }
        if at > LONGEST_GAP {
            return at;
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// A key's lines and its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Body {
    taken: usize,
    /// How much of [`END`] stands at the end of what was taken.
    matched: usize,
    /// In the end line: how many dashes of its end.
    dashes: Option<usize>,
}

impl Body {
    /// How many of these bytes belong to it, and is it over then?
    pub fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.taken == LONGEST || !self.step(*byte) {
                return (at, true);
            }
            self.taken += 1;
            if self.dashes == Some(DASHES.len()) {
                return (at + 1, true);
            }
        }
        (bytes.len(), false)
    }

    /// Takes one byte, unless it cannot be part of a key.
    fn step(&mut self, byte: u8) -> bool {
        if let Some(dashes) = self.dashes {
            self.dashes = Some(if byte == b'-' { dashes + 1 } else { 0 });
            return byte == b'-' || (dashes == 0 && (byte.is_ascii_uppercase() || byte == b' '));
        }
        self.matched = match byte {
            _ if byte == END[self.matched] => self.matched + 1,
            // More dashes than needed.
            b'-' if self.matched == DASHES.len() => self.matched,
            b'-' => 1,
            _ => 0,
        };
        if self.matched == END.len() {
            self.dashes = Some(0);
        }
        is_base64(byte) || b"\\:,.-()_ \t\r\n".contains(&byte)
    }
}

#[cfg(test)]
mod tests {
    use crate::Secrets;

    fn masked(text: &str) -> String {
        Secrets::default().mask_text(text)
    }

    fn key(label: &str, end: &str) -> String {
        let lines = ["MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"; 3].join(end);
        format!("-----BEGIN {label}-----{end}{lines}{end}-----END {label}-----")
    }

    #[test]
    fn keys_of_all_kinds_go_as_a_whole() {
        for label in
            ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
        {
            for end in ["\n", "\r\n", "\\n", "\\r\\n"] {
                assert_eq!(masked(&format!("a {} b", key(label, end))), "a *** b", "{label} {end:?}");
            }
        }
    }

    #[test]
    fn an_encrypted_one_and_one_without_end() {
        let text =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\nAAAA\n-----END RSA PRIVATE KEY-----\n.";
        assert_eq!(masked(text), "***\n.");
        let cut = key("PRIVATE KEY", "\n").replace("-----END PRIVATE KEY-----", "\"and so on\"");
        assert_eq!(masked(&cut), "***\"and so on\"");
    }

    #[test]
    fn what_is_not_a_private_key_stays() {
        for text in [
            &key("CERTIFICATE", "\n"),
            &key("PUBLIC KEY", "\n"),
            "it must begin with -----BEGIN PRIVATE KEY-----\nand be base64",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY----",
            "----------------------------------",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
