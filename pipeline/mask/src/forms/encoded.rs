//! Encodings of all bytes alike: base64, hex, other case.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Where `base64` and `openssl base64` break lines.
const BASE64_LINES: [usize; 2] = [76, 64];
/// Where `xxd -p` does.
const HEX_LINE: usize = 60;

/// Adds them.
pub fn add(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..3 {
            let mut shifted = vec![0; before];
            shifted.extend_from_slice(secret);
            let text = engine.encode(&shifted).into_bytes();
            // The first characters hold bits of what stands before, the last ones perhaps bits of what comes after.
            let start = (before * 8).div_ceil(6);
            let sure = shifted.len() * 8 / 6;
            let unpadded = (shifted.len() * 8).div_ceil(6);
            forms.extend([start..sure, start..unpadded, start..text.len()].map(|part| text[part].to_vec()));
        }
        let text = engine.encode(secret).into_bytes();
        for width in BASE64_LINES {
            lines(&text, width, forms);
        }
    }
    for hex in [hex(secret, b"0123456789abcdef"), hex(secret, b"0123456789ABCDEF")] {
        lines(&hex, HEX_LINE, forms);
        forms.push(hex);
    }
    forms.push(secret.to_ascii_uppercase());
    forms.push(secret.to_ascii_lowercase());
}

/// The text as a tool prints it that begins a new line every so many characters.
fn lines(text: &[u8], width: usize, forms: &mut Vec<Vec<u8>>) {
    if text.len() > width {
        forms.extend(text.chunks(width).map(<[u8]>::to_vec));
    }
}

fn hex(secret: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    secret.iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_wherever_the_secret_stands_in_it() {
        let secret = b"p4ss+w0rd?";
        let mut forms = Vec::new();
        add(secret, &mut forms);
        for (before, after) in [("", ""), ("a", ""), ("ab", ""), ("abc", "d"), ("user:", "\n"), ("{\"x\":\"", "\"}")] {
            for engine in [&STANDARD, &URL_SAFE] {
                let text = engine.encode([before.as_bytes(), secret, after.as_bytes()].concat());
                let found = forms.iter().filter_map(|form| text.find(std::str::from_utf8(form).ok()?).map(|at| (form.len(), at)));
                let (length, at) = found.max().unwrap_or_default();
                // Up to one character on each side is shared with the neighbours; the padding goes along.
                assert!(length >= secret.len() * 8 / 6 - 1, "{text}: {length} at {at}");
            }
        }
    }

    #[test]
    fn hex_in_both_cases() {
        let mut forms = Vec::new();
        add(b"\x00\xffJz", &mut forms);
        assert!(forms.contains(&b"00ff4a7a".to_vec()) && forms.contains(&b"00FF4A7A".to_vec()));
    }
}
