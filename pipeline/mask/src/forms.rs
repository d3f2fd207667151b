//! The forms that a secret may be printed in: GitHub's list (actions/runner's ADR 0297: base64 at three offsets, JSON,
//! URI, XML, trimmed), Buildkite's (`%q`), and what shells make of a quoted word.

mod encoded;
mod escaped;
mod inside;

use crate::secrets::SHORTEST;

/// Longer forms are cut into pieces of this length, and masked piece by piece. It bounds what must be held back.
pub const PIECE: usize = 512;
/// Encodings are derived from so many bytes of a secret and no more, to bound memory.
const ENCODED: usize = 64 * 1024;

/// All forms of a secret, some of them more than once; none shorter than [`SHORTEST`] nor longer than [`PIECE`].
pub fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = secret.trim_ascii();
    let mut forms = vec![secret.to_vec(), trimmed.to_vec()];
    let lines: Vec<&[u8]> = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    if lines.len() > 1 {
        forms.extend(lines.iter().map(|line| line.to_vec()));
    }
    let beginning = &trimmed[..trimmed.len().min(ENCODED)];
    encoded::add(beginning, &mut forms);
    escaped::add(beginning, &mut forms);
    for part in inside::secrets(beginning) {
        encoded::add(&part, &mut forms);
        escaped::add(&part, &mut forms);
        forms.push(part);
    }
    if lines.len() > 1 {
        for line in beginning.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() >= SHORTEST) {
            escaped::add(line, &mut forms);
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.into_iter().flat_map(pieces).collect()
}

/// Pieces that together cover the whole.
fn pieces(form: Vec<u8>) -> Vec<Vec<u8>> {
    if form.len() <= PIECE {
        return vec![form];
    }
    let mut pieces: Vec<Vec<u8>> = form.chunks_exact(PIECE).map(<[u8]>::to_vec).collect();
    if !form.len().is_multiple_of(PIECE) {
        pieces.push(form[form.len() - PIECE..].to_vec());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_whole() {
        for length in [PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 7] {
            let form: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
            let pieces = pieces(form.clone());
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
            assert_eq!(pieces.concat().len() - length, if length > PIECE { (PIECE - length % PIECE) % PIECE } else { 0 });
            assert_eq!((pieces[0][0], pieces[pieces.len() - 1].last()), (form[0], form.last()));
        }
    }
}
