//! What a secret of a known format is made of, and whether one stands at a place.

use crate::pem;

/// A format. Its parts are such that each ends where the next begins: no backtracking, so one look at each byte.
#[derive(Debug)]
pub struct Format {
    /// What it is, in the words of who gave it out.
    pub name: &'static str,
    /// One after the other.
    pub parts: &'static [Part],
    /// So many of the parts are not secret.
    pub open: usize,
    /// Must no letter or digit stand before it?
    pub word: bool,
}

/// A part of a format.
#[derive(Debug)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// So many bytes of a kind, and then none of that kind.
    Run(Kind, usize, usize),
    /// What follows the text `-----BEGIN `, where it is a private key.
    PrivateKey,
}

/// A run without upper bound.
pub const MANY: usize = usize::MAX;

/// A kind of bytes.
pub type Kind = fn(u8) -> bool;

/// Does one stand here?
#[derive(Debug)]
pub enum Match {
    /// No.
    No,
    /// That depends on what comes next.
    Part,
    /// Yes: from here to there, and as far after it as `tail` says.
    Whole {
        /// The first secret byte.
        start: usize,
        /// After the last one.
        end: usize,
        /// What may follow.
        tail: Option<Tail>,
    },
}

/// The end of a secret that has no known length: it is masked as it comes.
#[derive(Debug, Clone, Copy)]
pub enum Tail {
    /// As long as bytes are of this kind.
    Run(Kind),
    /// A private key's lines.
    PrivateKey(pem::Body),
}

impl Tail {
    /// How many of these bytes belong to it, and is it over then?
    pub fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        match self {
            Tail::Run(kind) => {
                let length = bytes.iter().take_while(|byte| kind(**byte)).count();
                (length, length < bytes.len())
            }
            Tail::PrivateKey(body) => body.take(bytes),
        }
    }
}

impl Format {
    /// Does one begin at the first of these bytes? `last`: nothing comes after them.
    pub fn at(&self, rest: &[u8], last: bool) -> Match {
        let (mut at, mut start) = (0, 0);
        for (index, part) in self.parts.iter().enumerate() {
            if index == self.open {
                start = at;
            }
            let rest = &rest[at..];
            match part {
                Part::Text(text) => {
                    let there = rest.len().min(text.len());
                    if rest[..there] != text.as_bytes()[..there] {
                        return Match::No;
                    }
                    if there < text.len() {
                        return if last { Match::No } else { Match::Part };
                    }
                    at += there;
                }
                Part::Run(kind, least, most) => {
                    let length = rest.iter().take(most.saturating_add(1)).take_while(|byte| kind(**byte)).count();
                    let ended = length < rest.len() || last;
                    if length > *most || (length < *least && ended) {
                        return Match::No;
                    }
                    if *most == MANY && length >= *least && index + 1 == self.parts.len() {
                        return Match::Whole { start, end: at + length, tail: Some(Tail::Run(*kind)) };
                    }
                    if !ended {
                        return Match::Part;
                    }
                    at += length;
                }
                Part::PrivateKey => {
                    return match pem::begins(rest, last) {
                        Match::Whole { end, tail, .. } => Match::Whole { start, end: at + end, tail },
                        other => other,
                    };
                }
            }
        }
        Match::Whole { start, end: at, tail: None }
    }
}
