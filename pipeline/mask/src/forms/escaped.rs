//! Forms that leave most bytes alone and replace some: URLs, JSON, XML, shells, programming languages.

/// Adds them.
pub fn add(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    urls(secret, forms);
    json(secret, forms);
    xml(secret, forms);
    shell(secret, forms);
}

/// Replaces each byte by what is written for it.
fn replaced(secret: &[u8], mut write: impl FnMut(u8, &mut Vec<u8>)) -> Vec<u8> {
    let mut text = Vec::with_capacity(secret.len() + 16);
    for byte in secret {
        write(*byte, &mut text);
    }
    text
}

/// With `%XX` for all but letters, digits and what each tool leaves: RFC 3986, JavaScript's `encodeURIComponent` and
/// `encodeURI`, Python's `quote`, forms.
fn urls(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for (left, plus) in [(&b"-._~"[..], false), (b"-._~!*'()", false), (b"-._~!*'();,/?:@&=+$#", false), (b"-._~/", false), (b"*-._", true)]
    {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            forms.push(replaced(secret, |byte, text| match byte {
                b' ' if plus => text.push(b'+'),
                _ if byte.is_ascii_alphanumeric() || left.contains(&byte) => text.push(byte),
                _ => text.extend([b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]),
            }));
        }
    }
}

/// Between the quotes of JSON: as most write it, with `/` escaped (PHP), with `<>&` escaped (Go), with all but ASCII
/// escaped (Python), and JSON in JSON.
fn json(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    let plain = replaced(secret, json_byte);
    forms.push(replaced(&plain, json_byte));
    forms.push(replaced(secret, |byte, text| match byte {
        b'/' => text.extend(b"\\/"),
        _ => json_byte(byte, text),
    }));
    let go = |byte: u8, text: &mut Vec<u8>| match byte {
        b'<' | b'>' | b'&' | 0x7f => text.extend(format!("\\u{byte:04x}").bytes()),
        _ => json_byte(byte, text),
    };
    forms.push(replaced(secret, go));
    if let Ok(secret) = std::str::from_utf8(secret)
        && !secret.is_ascii()
    {
        let mut text = Vec::new();
        for unit in secret.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => json_byte(byte, &mut text),
                _ => text.extend(format!("\\u{unit:04x}").bytes()),
            }
        }
        forms.push(text);
    }
    forms.push(plain);
}

fn json_byte(byte: u8, text: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => text.extend([b'\\', byte]),
        b'\n' => text.extend(b"\\n"),
        b'\r' => text.extend(b"\\r"),
        b'\t' => text.extend(b"\\t"),
        8 => text.extend(b"\\b"),
        12 => text.extend(b"\\f"),
        0..32 => text.extend(format!("\\u{byte:04x}").bytes()),
        _ => text.push(byte),
    }
}

/// As text and as an attribute, with the two ways of writing the quotes.
fn xml(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for (quote, apostrophe) in
        [("\"", "'"), ("&quot;", "'"), ("&quot;", "&#39;"), ("&quot;", "&apos;"), ("&quot;", "&#x27;"), ("&#34;", "&#39;")]
    {
        forms.push(replaced(secret, |byte, text| match byte {
            b'&' => text.extend(b"&amp;"),
            b'<' => text.extend(b"&lt;"),
            b'>' => text.extend(b"&gt;"),
            b'"' => text.extend(quote.bytes()),
            b'\'' => text.extend(apostrophe.bytes()),
            _ => text.push(byte),
        }));
    }
}

/// As a word that a shell would read back, and as a string that C's kin would: what `set -x`, `printf %q`, `export -p`
/// and a language's own "debug" print.
fn shell(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for apostrophe in ["'\\''", "'\"'\"'", "\\'"] {
        forms.push(replaced(secret, |byte, text| match byte {
            b'\'' => text.extend(apostrophe.bytes()),
            _ => text.push(byte),
        }));
    }
    forms.push(replaced(secret, |byte, text| {
        if b"\"$`\\".contains(&byte) {
            text.push(b'\\');
        }
        text.push(byte);
    }));
    forms.push(replaced(secret, |byte, text| {
        let plain = byte.is_ascii_alphanumeric() || b"%+-./:=@_".contains(&byte) || !byte.is_ascii();
        if !plain {
            text.push(b'\\');
        }
        text.push(byte);
    }));
    for (quote, octal) in [(b'\'', true), (b'"', false)] {
        forms.push(replaced(secret, |byte, text| match byte {
            _ if byte == quote || byte == b'\\' => text.extend([b'\\', byte]),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            b'\t' => text.extend(b"\\t"),
            7 => text.extend(b"\\a"),
            8 => text.extend(b"\\b"),
            11 => text.extend(b"\\v"),
            12 => text.extend(b"\\f"),
            27 if octal => text.extend(b"\\E"),
            0..32 | 127.. if octal => text.extend(format!("\\{byte:03o}").bytes()),
            0..32 | 127 => text.extend(format!("\\x{byte:02x}").bytes()),
            _ => text.push(byte),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What real tools print for `a b"c'd$e\f/<&>` and a second line, with the tool.
    const SEEN: [(&str, &str); 9] = [
        ("a%20b%22c%27d%24e%5Cf%2F%3C%26%3E%C3%A9%0Ax", "jq @uri"),
        ("a%20b%22c'd%24e%5Cf%2F%3C%26%3E%C3%A9%0Ax", "encodeURIComponent"),
        ("a+b%22c%27d%24e%5Cf%2F%3C%26%3E%C3%A9%0Ax", "a form"),
        ("a b\\\"c'd$e\\\\f/<&>\u{e9}\\nx", "JSON"),
        ("a b\\\"c'd$e\\\\f/\\u003c\\u0026\\u003e\u{e9}\\nx", "JSON of Go"),
        ("a b\\\"c'd$e\\\\f/<&>\\u00e9\\nx", "JSON of Python"),
        ("a b&quot;c&#39;d$e\\f/&lt;&amp;&gt;\u{e9}\nx", "XML"),
        ("a b\"c'\\''d$e\\f/<&>\u{e9}\nx", "set -x of ash"),
        ("a b\"c\\'d$e\\\\f/<&>\\303\\251\\nx", "printf %q of bash"),
    ];

    #[test]
    fn what_tools_print_is_among_them() {
        let mut forms = Vec::new();
        add("a b\"c'd$e\\f/<&>\u{e9}\nx".as_bytes(), &mut forms);
        for (text, tool) in SEEN {
            assert!(forms.iter().any(|form| form == text.as_bytes()), "{tool}: {text}");
        }
    }
}
