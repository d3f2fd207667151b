//! Secrets within a secret: the values of names in JSON, YAML, ini files and shells' assignments, passwords in URLs.
//! A step that is handed `{"SecretAccessKey": "…"}` will take it apart and print the part.

use crate::secrets::SHORTEST;

/// A name that holds one of these has a secret as its value (language.md has the same rule for variables).
const NAMES: [&str; 8] = ["key", "secret", "token", "pass", "pwd", "credential", "auth", "private"];
/// A value of so many characters is a secret by its looks, whatever its name.
const LONG: usize = 20;
/// No value within is looked for beyond so many bytes: a private key in JSON takes 4,000.
const LONGEST: usize = 8 * 1024;
/// So many bytes of values are taken, all together.
const ALL: usize = 64 * 1024;

/// The secrets within.
pub fn secrets(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut found, mut size) = (Vec::new(), 0);
    for (at, byte) in text.iter().enumerate() {
        if size > ALL {
            break;
        }
        let (before, after) = (&text[..at], &text[at + 1..]);
        let after = &after[..after.len().min(LONGEST)];
        match byte {
            b':' if after.starts_with(b"//") => found.extend(password(&after[2..])),
            b':' | b'=' => {
                let value = value(after);
                if value.len() >= SHORTEST && value.len() < LONGEST && (is_secret_name(name(before)) || looks_secret(value)) {
                    size += value.len();
                    found.push(value.to_vec());
                    found.extend(unescaped(value));
                }
            }
            _ => {}
        }
    }
    found
}

/// The word that ends here, quotes and spaces around it left out.
fn name(before: &[u8]) -> &[u8] {
    let is_around = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    let end = before.iter().rposition(|byte| !is_around(byte)).map_or(0, |at| at + 1);
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = before[..end].iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
    &before[start..end]
}

fn is_secret_name(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
}

/// What stands after `:` or `=`: what is in quotes, or a word.
fn value(after: &[u8]) -> &[u8] {
    let after = after.trim_ascii_start();
    match after {
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let mut escaped = false;
            let end = rest.iter().position(|byte| {
                let ends = byte == quote && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            &rest[..end.unwrap_or(0)]
        }
        _ => {
            let end = after.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'}' | b']' | b'"' | b'\''));
            &after[..end.unwrap_or(after.len())]
        }
    }
}

/// Letters and digits without a space, and many of them.
fn looks_secret(value: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(byte);
    value.len() >= LONG && value.iter().all(fits) && value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}

/// The value without its backslashes, if it has any.
fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    if !value.contains(&b'\\') {
        return None;
    }
    let (mut plain, mut bytes) = (Vec::with_capacity(value.len()), value.iter());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            },
            other => *other,
        });
    }
    Some(plain)
}

/// Of `user:password@host`.
fn password(after: &[u8]) -> Option<Vec<u8>> {
    let host = after.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'')).unwrap_or(after.len());
    let end = after[..host].iter().rposition(|byte| *byte == b'@')?;
    let start = after[..end].iter().position(|byte| *byte == b':')? + 1;
    Some(after[start..end].to_vec()).filter(|password| password.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        secrets(text.as_bytes()).iter().map(|secret| String::from_utf8_lossy(secret).into_owned()).collect()
    }

    #[test]
    fn json_as_aws_prints_it_loose_or_tight() {
        let text = r#"{ "Credentials": { "AccessKeyId": "ASIA1", "SecretAccessKey": "wJalr/XUt", "SessionToken": "IQoJb3\/Jp==",
            "Expiration": "2026-11-20T10:00:00Z" }, "AssumedRoleUser": { "Arn": "arn:aws:sts::123456789012:assumed-role/x/deploy" } }"#;
        let tight: String = text.split_whitespace().collect();
        for text in [text, &tight] {
            assert_eq!(found(text), ["wJalr/XUt", "IQoJb3\\/Jp==", "IQoJb3/Jp=="]);
        }
    }

    #[test]
    fn assignments_yaml_and_urls() {
        assert_eq!(found("export API_TOKEN='hunter 22'\nREGION=eu-central-1\nDB_PASS=hunter22; x"), ["hunter 22", "hunter22"]);
        assert_eq!(found("password: hunter22 # a comment\nhost: db.internal\nport: 5432"), ["hunter22"]);
        assert_eq!(found("postgres://app:hunter22@db.internal:5432/app"), ["hunter22"]);
        assert_eq!(found("id: 0123456789abcdef0123 and so on"), ["0123456789abcdef0123"]);
    }

    #[test]
    fn a_hostile_secret_does_not_become_very_many() {
        let text = "key=".repeat(16 * 1024);
        assert!(secrets(text.as_bytes()).iter().map(Vec::len).sum::<usize>() < 2 * ALL);
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        for text in ["name: production-database-of-ours", "key: short", "time=2026-11-20T10:00:00Z", "a=b=c", "\"key\": \"open", "key:"] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
