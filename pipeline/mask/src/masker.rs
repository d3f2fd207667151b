//! The stream.

use crate::MASK;
use crate::formats::{FORMATS, Formats, formats};
use crate::parts::{Match, Tail};
use crate::secrets::Secrets;
use crate::table::Table;

/// Masks one stream. Streams that are read apart (stdout, stderr) have one each.
#[derive(Debug)]
pub struct Masker {
    secrets: Secrets,
    /// What may still become a secret.
    held: Vec<u8>,
    /// The byte before `held`.
    before: u8,
    /// Secret ranges, counted from the start of `held`.
    ranges: Vec<(usize, usize)>,
    /// Does a secret go on there?
    tail: Option<(usize, Tail)>,
    /// What has a known format is not looked for before this place: it is part of another that has.
    formats_from: usize,
    /// Was the last thing that was written the mask?
    in_mask: bool,
    /// Which formats were found, one bit for each.
    recognised: u64,
    /// Was a known secret found?
    knew: bool,
}

impl Masker {
    /// With these secrets, and all known formats.
    pub fn new(secrets: &Secrets) -> Masker {
        Masker {
            secrets: secrets.clone(),
            held: Vec::new(),
            before: 0,
            ranges: Vec::new(),
            tail: None,
            formats_from: 0,
            in_mask: false,
            recognised: 0,
            knew: false,
        }
    }

    /// Takes the stream's next bytes and gives what is decided.
    pub fn write(&mut self, bytes: &[u8], out: impl FnMut(&[u8])) {
        if self.held.is_empty() {
            let used = self.scan(bytes, false, out);
            self.held.extend_from_slice(&bytes[used..]);
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let used = self.scan(&held, false, out);
            held.drain(..used);
            self.held = held;
        }
    }

    /// Gives the rest: nothing comes any more. What is written after that begins a new stream.
    pub fn finish(&mut self, out: impl FnMut(&[u8])) {
        let held = std::mem::take(&mut self.held);
        self.scan(&held, true, out);
        (self.before, self.tail, self.formats_from, self.in_mask) = (0, None, 0, false);
    }

    /// How many bytes are held back now, at most [`crate::LONGEST_HOLD`].
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Was one of the secrets masked that it was given?
    pub fn found_known(&self) -> bool {
        self.knew
    }

    /// What was masked because of its format, each once: such as `private key`.
    pub fn recognised(&self) -> Vec<&'static str> {
        let found = FORMATS.iter().enumerate().filter(|(index, _)| self.recognised & (1 << index) != 0);
        let mut names: Vec<&str> = found.map(|(_, format)| format.name).collect();
        names.dedup();
        names
    }

    /// Looks at each place from which the stream was not looked at before; says how much is decided.
    fn scan(&mut self, buffer: &[u8], last: bool, out: impl FnMut(&[u8])) -> usize {
        self.go_on(buffer);
        let secrets = self.secrets.clone();
        let decided = self.look_for_all(secrets.table(), formats(), buffer, last);
        self.give(buffer, decided, out);
        self.ranges.retain(|(_, end)| *end > decided);
        for (start, end) in &mut self.ranges {
            (*start, *end) = (start.saturating_sub(decided), *end - decided);
        }
        if let Some((at, _)) = &mut self.tail {
            *at -= decided;
        }
        self.formats_from = self.formats_from.saturating_sub(decided);
        if let Some(byte) = decided.checked_sub(1).and_then(|at| buffer.get(at)) {
            self.before = *byte;
        }
        decided
    }

    /// A secret without known length may go on.
    fn go_on(&mut self, buffer: &[u8]) {
        let Some((at, mut tail)) = self.tail.take() else { return };
        let (length, over) = tail.take(&buffer[at..]);
        let end = at + length;
        self.ranges.push((at, end));
        self.formats_from = self.formats_from.max(end);
        self.tail = (!over).then_some((end, tail));
    }

    fn look_for_all(&mut self, table: &Table, formats: &Formats, buffer: &[u8], last: bool) -> usize {
        for (at, eight) in buffer.array_windows::<8>().enumerate() {
            let word = u64::from_le_bytes(*eight);
            let may_begin = table.may_matter(word) && (table.may_begin(word) || formats.may_begin(word));
            if may_begin && self.look(table, formats, buffer, at, last) {
                return at;
            }
        }
        // The last few, where there are no eight bytes to sort them out by.
        let rest = buffer.len().saturating_sub(7);
        (rest..buffer.len()).find(|at| self.look(table, formats, buffer, *at, last)).unwrap_or(buffer.len())
    }

    /// Looks what begins at a place; true if that is not decided yet.
    fn look(&mut self, table: &Table, formats: &Formats, buffer: &[u8], at: usize, last: bool) -> bool {
        let rest = &buffer[at..];
        let found = table.find(rest);
        let before = if at == 0 { self.before } else { buffer[at - 1] };
        let (known, which) = if at < self.formats_from { (Match::No, 0) } else { formats.find(before, rest, last) };
        if !last && (found.part || matches!(known, Match::Part)) {
            return true;
        }
        if found.whole > 0 {
            self.knew = true;
            self.ranges.push((at, at + found.whole));
        }
        if let Match::Whole { start, end, tail } = known {
            self.recognised |= 1 << which;
            self.ranges.push((at + start, at + end));
            self.formats_from = at + end;
            self.tail = tail.map(|tail| (at + end, tail));
            self.go_on(buffer);
        }
        false
    }

    /// Writes what is decided: ranges as masks, the rest as it is.
    fn give(&mut self, buffer: &[u8], decided: usize, mut out: impl FnMut(&[u8])) {
        self.ranges.sort_unstable();
        let mut at = 0;
        for (start, end) in &self.ranges {
            let (start, end) = ((*start).min(decided), (*end).min(decided));
            if start > at {
                out(&buffer[at..start]);
                self.in_mask = false;
            }
            if end > start.max(at) {
                if !self.in_mask {
                    out(MASK.as_bytes());
                }
                self.in_mask = true;
                at = end;
            }
        }
        if at < decided {
            out(&buffer[at..decided]);
            self.in_mask = false;
        }
    }
}
