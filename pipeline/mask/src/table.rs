//! All forms of all secrets, and the search for the longest that begins at a place.

use crate::formats::formats;
use crate::secrets::SHORTEST;
use std::collections::HashMap;

/// Bits of the bitmap for each beginning that is in it: at 64, one place in 64 is looked at for nothing.
const BITS_EACH: usize = 64;
/// Spreads the bits of a word over the upper ones: 2^64 divided by the golden ratio, Knuth's multiplier.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A set of byte strings, none shorter than [`SHORTEST`].
#[derive(Debug)]
pub struct Table {
    bytes: Vec<u8>,
    /// Sorted.
    forms: Vec<Form>,
    /// First and last plus one of the forms that begin with these six bytes.
    by_beginning: HashMap<u64, (u32, u32)>,
    bits: Bits,
    /// The first four bytes of what is in `bits`, and of the known formats: the one thing that is looked at everywhere.
    any: Bits,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    start: u32,
    length: u32,
    /// The longest other form that this one begins with, plus one; 0 for none.
    within: u32,
}

/// What begins at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// The length of the longest form that stands here whole; 0 for none.
    pub whole: usize,
    /// May a (longer) one stand here, once more bytes have come?
    pub part: bool,
}

impl Table {
    /// Of these, in any order, some perhaps twice.
    pub fn new(forms: impl IntoIterator<Item = Vec<u8>>) -> Table {
        let mut sorted: Vec<Vec<u8>> = forms.into_iter().filter(|form| form.len() >= SHORTEST).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let (mut bytes, mut forms) = (Vec::with_capacity(sorted.iter().map(Vec::len).sum()), Vec::with_capacity(sorted.len()));
        let mut by_beginning: HashMap<u64, (u32, u32)> = HashMap::new();
        let mut above: Vec<usize> = Vec::new();
        for (index, form) in sorted.iter().enumerate() {
            while above.last().is_some_and(|last| !form.starts_with(&sorted[*last])) {
                above.pop();
            }
            let within = above.last().map_or(0, |last| *last as u32 + 1);
            above.push(index);
            forms.push(Form { start: bytes.len() as u32, length: form.len() as u32, within });
            bytes.extend_from_slice(form);
            let range = by_beginning.entry(beginning(word(form))).or_insert((index as u32, index as u32));
            range.1 = index as u32 + 1;
        }
        let mut bits = Bits::new(by_beginning.len() * BITS_EACH);
        by_beginning.keys().for_each(|key| bits.set(*key));
        let known = formats().keys();
        let mut any = Bits::new((by_beginning.len() + known.len()) * BITS_EACH);
        by_beginning.keys().chain(known).for_each(|key| any.set(four(*key)));
        Table { bytes, forms, by_beginning, bits, any }
    }

    /// All forms, sorted.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.forms.iter().map(|form| self.form(form))
    }

    /// May a form, or something of a known format, begin with these bytes, the first in the lowest bits? The quickest
    /// look, which says yes too often.
    #[inline(always)]
    pub fn may_matter(&self, word: u64) -> bool {
        self.any.has(four(word))
    }

    /// May a form begin with these bytes, the first in the lowest bits? Wrong in one of 64 cases, in one direction.
    #[inline(always)]
    pub fn may_begin(&self, word: u64) -> bool {
        self.bits.has(beginning(word))
    }

    /// What begins at the first of these bytes.
    pub fn find(&self, rest: &[u8]) -> Found {
        let (first, last) = if rest.len() >= SHORTEST {
            let word = word(rest);
            let range = if self.may_begin(word) { self.by_beginning.get(&beginning(word)) } else { None };
            let Some((first, last)) = range else { return Found::default() };
            (*first as usize, *last as usize)
        } else {
            (0, self.forms.len())
        };
        let after = first + self.forms[first..last].partition_point(|form| self.form(form) <= rest);
        let part = after < last && self.form(&self.forms[after]).starts_with(rest);
        if after == first {
            return Found { whole: 0, part };
        }
        // What is not greater shares the most with the one before; and of that one, shorter forms are beginnings.
        let mut form = &self.forms[after - 1];
        let shared = self.form(form).iter().zip(rest).take_while(|(a, b)| a == b).count();
        while form.length as usize > shared {
            match form.within.checked_sub(1) {
                Some(above) => form = &self.forms[above as usize],
                None => return Found { whole: 0, part },
            }
        }
        Found { whole: form.length as usize, part }
    }

    fn form(&self, form: &Form) -> &[u8] {
        &self.bytes[form.start as usize..][..form.length as usize]
    }
}

/// The first eight bytes as a number, the first in the lowest bits; zeros where there are fewer.
pub fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(word)
}

/// Its first [`SHORTEST`] bytes.
#[inline(always)]
fn beginning(word: u64) -> u64 {
    word & ((1 << (8 * SHORTEST)) - 1)
}

/// Its first four bytes.
#[inline(always)]
pub fn four(word: u64) -> u64 {
    word & 0xffff_ffff
}

/// A set of numbers that may say yes where it should say no.
#[derive(Debug)]
pub struct Bits {
    words: Vec<u64>,
    shift: u32,
}

impl Bits {
    /// Of at least so many bits.
    pub fn new(size: usize) -> Bits {
        let size = size.next_power_of_two().max(1024);
        Bits { words: vec![0; size / 64], shift: 64 - size.trailing_zeros() }
    }

    /// Adds a number.
    pub fn set(&mut self, key: u64) {
        let (word, bit) = self.place(key);
        self.words[word] |= bit;
    }

    /// Is it there?
    #[inline(always)]
    pub fn has(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    #[inline(always)]
    fn place(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(SPREAD) >> self.shift;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(forms: &[&str], rest: &str) -> (usize, bool) {
        let found = Table::new(forms.iter().map(|form| form.as_bytes().to_vec())).find(rest.as_bytes());
        (found.whole, found.part)
    }

    #[test]
    fn the_longest_counts_and_what_may_become_longer_is_told() {
        let forms = ["abcdef", "abcdefgh", "abcdefxx", "bcdefg"];
        assert_eq!(find(&forms, "abcdefg"), (6, true));
        assert_eq!(find(&forms, "abcdefgz"), (6, false));
        assert_eq!(find(&forms, "abcdefgh"), (8, false));
        assert_eq!(find(&forms, "abcdefyy"), (6, false));
        assert_eq!(find(&forms, "bcd"), (0, true));
        assert_eq!(find(&forms, "cde"), (0, false));
        assert_eq!(find(&[], "cde"), (0, false));
    }

    proptest! {
        #[test]
        fn as_a_plain_search(forms in proptest::collection::vec("[ab]{6,9}", 0..20), rest in "[ab]{0,12}") {
            let whole = forms.iter().filter(|form| rest.starts_with(form.as_str())).map(String::len).max().unwrap_or(0);
            let part = forms.iter().any(|form| form.len() > rest.len() && form.starts_with(&rest));
            let borrowed: Vec<&str> = forms.iter().map(String::as_str).collect();
            prop_assert_eq!(find(&borrowed, &rest), (whole, part));
        }
    }
}
