//! Masking as it would be written without a thought for speed or streams. The fuzzer holds the real one to it as well.

use dockercise_mask::{MASK, Masker, Secrets};

/// Every byte of every occurrence of every form, and one mask for each run of such bytes. Known formats it knows not.
pub fn masked(secrets: &Secrets, text: &[u8]) -> Vec<u8> {
    let mut secret = vec![false; text.len()];
    for form in secrets.forms() {
        for (at, _) in text.windows(form.len()).enumerate().filter(|(_, window)| window[0] == form[0] && *window == form) {
            secret[at..at + form.len()].fill(true);
        }
    }
    let mut out = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        if !secret[at] {
            out.push(*byte);
        } else if at == 0 || !secret[at - 1] {
            out.extend(MASK.as_bytes());
        }
    }
    out
}

/// The real one, with the text cut after these lengths, again and again.
pub fn streamed(secrets: &Secrets, text: &[u8], cuts: &[usize]) -> (Vec<u8>, usize) {
    let (mut masker, mut out, mut rest, mut held) = (Masker::new(secrets), Vec::new(), text, 0);
    for cut in cuts.iter().cycle().take_while(|_| !cuts.is_empty()) {
        let (now, later) = rest.split_at((*cut).clamp(1, 4096).min(rest.len()));
        masker.write(now, |bytes| out.extend_from_slice(bytes));
        held = held.max(masker.held());
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    masker.write(rest, |bytes| out.extend_from_slice(bytes));
    masker.finish(|bytes| out.extend_from_slice(bytes));
    (out, held)
}
