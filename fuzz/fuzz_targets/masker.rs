//! Secrets in a stream, cut anywhere: the same as masking it whole, and as masking it the plain way.
//!
//! The input, in parts between bytes 255: lengths to cut the stream by, up to four secrets, the stream. In the stream,
//! 254 and a number stand for one of the forms of the secrets, 253 and two numbers for the beginning of one.

#![no_main]

#[path = "../../pipeline/mask/tests/reference/mod.rs"]
mod reference;

use dockercise_mask::{LONGEST_HOLD, SHORTEST, Secrets};
use libfuzzer_sys::fuzz_target;
use reference::{masked, streamed};

fuzz_target!(|input: &[u8]| {
    let parts: Vec<&[u8]> = input.splitn(6, |byte| *byte == 255).collect();
    let [cuts, values @ .., text] = parts.as_slice() else { return };
    let (secrets, refused) = Secrets::new(values);
    assert!(refused.iter().all(|refused| values[refused.index].trim_ascii().len() < SHORTEST));
    let text = stream(text, &secrets.forms().collect::<Vec<_>>());
    let cuts: Vec<usize> = cuts.iter().map(|cut| usize::from(*cut)).collect();

    let whole = secrets.mask(&text);
    let (out, held) = streamed(&secrets, &text, &cuts);
    assert_eq!(out, whole, "cutting the stream changes what comes out");
    assert!(held <= LONGEST_HOLD, "{held} bytes are held back");
    for value in secrets.values() {
        let hidden = !contains(&whole, value) || contains(b"***", value) || value.contains(&b'*');
        assert!(hidden, "a secret is there still");
    }
    // Known formats the plain one does not know.
    if Secrets::default().mask(&text) == text {
        assert_eq!(out, masked(&secrets, &text));
    }
});

fn stream(text: &[u8], forms: &[&[u8]]) -> Vec<u8> {
    let (mut out, mut bytes) = (Vec::new(), text.iter().copied());
    while let Some(byte) = bytes.next() {
        let short = match byte {
            253 => bytes.next().map(usize::from),
            254 => Some(usize::MAX),
            _ => {
                out.push(byte);
                continue;
            }
        };
        let which = bytes.next().map(usize::from);
        if let (Some(short), Some(which), false) = (short, which, forms.is_empty()) {
            let form = forms[which * 31 % forms.len()];
            out.extend_from_slice(&form[..form.len().min(short)]);
        }
    }
    out
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
