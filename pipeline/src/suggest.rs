//! "Did you mean": the nearest known word, at a bounded cost.

/// How many comparisons one compilation may spend, so that a hostile file cannot buy time with misspellings.
const MAX_COMPARISONS: u32 = 300_000;

/// Finds near words and counts what it spends.
#[derive(Debug)]
pub(crate) struct Suggest {
    left: u32,
}

impl Suggest {
    pub(crate) fn new() -> Suggest {
        Suggest { left: MAX_COMPARISONS }
    }

    /// The known word nearest to `word`, at most `within` letters away (a letter more, less, another or swapped with the next counts one);
    /// of several the first. None where the cost is spent.
    pub(crate) fn nearest<'a>(&mut self, word: &str, known: impl IntoIterator<Item = &'a str>, within: usize) -> Option<&'a str> {
        let letters = letters(word);
        let mut best: Option<(usize, &str)> = None;
        for candidate in known {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            // One letter changed alters at most two members of the set of letters, so most words need no distance.
            if candidate.len().abs_diff(word.len()) > within || (letters ^ self::letters(candidate)).count_ones() as usize > 2 * within {
                continue;
            }
            self.left = self.left.saturating_sub(50);
            let distance = strsim::osa_distance(word, candidate);
            if distance <= within && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

/// How far off a word may be and still be taken for a misspelling: a third of its letters, at most three.
pub(crate) fn tolerance(word: &str) -> usize {
    (word.len() / 3).clamp(1, 3)
}

/// "did you mean `x`?" for the nearest of a few known words.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    Suggest::new().nearest(word, known, tolerance(word)).map(|near| format!("did you mean `{near}`?"))
}

fn letters(word: &str) -> u64 {
    word.bytes().fold(0, |set, b| set | 1 << (b & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["img", "run", "access-key-id"];
        assert_eq!(Suggest::new().nearest("acess-key-idd", known, 2), Some("access-key-id"));
        assert_eq!(Suggest::new().nearest("image", known, 2), Some("img"));
        assert_eq!(Suggest::new().nearest("something", known, 2), None);
        assert_eq!(Suggest::new().nearest("rnu", known, 1), Some("run"));
        assert_eq!(did_you_mean("rum", known).as_deref(), Some("did you mean `run`?"));
    }

    #[test]
    fn the_cost_is_bounded() {
        let many: Vec<String> = (0..1000).map(|i| format!("step-{i}")).collect();
        let mut suggest = Suggest::new();
        for i in 0..100_000 {
            suggest.nearest(&format!("stop-{i}"), many.iter().map(String::as_str), 2);
        }
        assert_eq!(suggest.left, 0);
    }
}
