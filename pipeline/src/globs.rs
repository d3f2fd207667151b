//! Globs over whole strings: branches, tags, changed paths, files.
//!
//! `*` is any text without `/`, `**` any text, `**/` also none, `?` one character but `/`, `[a-z]` one of these, `[!a-z]` one
//! of the others, `{a,b}` either, `\` takes what follows as it stands. Upper and lower case are different. Matching takes
//! time linear in the text, whatever the pattern (security.md S62).

use crate::plan::Globs;
use regex::bytes::{Regex, RegexBuilder};

/// Longer than any sensible pattern.
const MAX_LENGTH: usize = 1000;
/// Most wildcards, members of `[..]` and alternatives of one pattern: what keeps it from costing more than [`MAX_COST`].
const MAX_SIGNS: u32 = 100;
/// Most `{` in each other.
const MAX_DEPTH: u32 = 8;
/// What a pattern costs in memory at most, in bytes.
const MAX_COST: usize = 1024 * 1024;

/// Is it a glob?
///
/// # Errors
/// In words, what is wrong with it.
pub fn check(pattern: &str) -> Result<(), String> {
    // Every translation can be built (a test), and building one takes a hundred times as long: files hold thousands.
    translate(pattern.strip_prefix('!').unwrap_or(pattern)).map(|_| ())
}

/// Globs, ready to be matched.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// Each with whether it takes away.
    rules: Vec<(Regex, bool)>,
}

impl Globs {
    /// Does it let everything through?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes them ready.
    ///
    /// # Errors
    /// In words, which is no glob and why.
    pub fn matcher(&self) -> Result<Matcher, String> {
        let rule = |pattern: &String| match pattern.strip_prefix('!') {
            Some(away) => Ok((one(away)?, true)),
            None => Ok((one(pattern)?, false)),
        };
        Ok(Matcher { rules: self.0.iter().map(rule).collect::<Result<_, String>>()? })
    }
}

impl Matcher {
    /// Does the whole text match? The last rule that matches decides.
    pub fn matches(&self, text: &str) -> bool {
        match self.rules.iter().rev().find(|(rule, _)| rule.is_match(text.as_bytes())) {
            Some((_, takes_away)) => !takes_away,
            // No rule says anything about it: it is in where there is none at all, or the list only takes away from everything.
            None => self.rules.first().is_none_or(|(_, takes_away)| *takes_away),
        }
    }
}

/// One pattern, without `!`.
fn one(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&translate(pattern)?).dot_matches_new_line(true).size_limit(MAX_COST).dfa_size_limit(MAX_COST).build();
    built.map_err(|_| format!("the pattern `{}` asks for too much at once", shown(pattern)))
}

/// A pattern for people.
fn shown(pattern: &str) -> String {
    pattern.chars().take(60).flat_map(char::escape_debug).collect()
}

/// The same as a regular expression that matches whole texts only.
fn translate(pattern: &str) -> Result<String, String> {
    if pattern.is_empty() {
        return Err("a pattern is empty".to_owned());
    }
    if pattern.len() > MAX_LENGTH {
        return Err(format!("the pattern `{}…` is over {MAX_LENGTH} bytes long", shown(pattern)));
    }
    Translation::of(pattern).map_err(|why| format!("the pattern `{}` {why}", shown(pattern)))
}

struct Translation<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    depth: u32,
    signs: u32,
}

impl Translation<'_> {
    fn of(pattern: &str) -> Result<String, &'static str> {
        let mut it = Translation { rest: pattern.chars().peekable(), out: String::from("^(?:"), depth: 0, signs: 0 };
        let mut before = None;
        while let Some(c) = it.rest.next() {
            it.one(c, before)?;
            before = Some(c);
            if it.signs > MAX_SIGNS {
                return Err("has over 100 wildcards and alternatives");
            }
            if it.depth > MAX_DEPTH {
                return Err("has over 8 `{` in each other");
            }
        }
        if it.depth > 0 {
            return Err("opens a `{` that it does not close");
        }
        it.out.push_str(")$");
        Ok(it.out)
    }

    fn one(&mut self, c: char, before: Option<char>) -> Result<(), &'static str> {
        if matches!(c, '*' | '?' | '{' | ',') {
            self.signs += 1;
        }
        match c {
            '*' if self.rest.peek() == Some(&'*') => {
                while self.rest.next_if_eq(&'*').is_some() {}
                let at_start = before.is_none_or(|b| matches!(b, '/' | '{' | ','));
                if at_start && self.rest.next_if_eq(&'/').is_some() {
                    self.out.push_str("(?:.*/)?");
                } else {
                    self.out.push_str(".*");
                }
            }
            '*' => self.out.push_str("[^/]*"),
            '?' => self.out.push_str("[^/]"),
            '[' => self.class()?,
            '{' => {
                self.depth += 1;
                self.out.push_str("(?:");
            }
            '}' if self.depth > 0 => {
                self.depth -= 1;
                self.out.push(')');
            }
            ',' if self.depth > 0 => self.out.push('|'),
            '\\' => {
                let literal = self.rest.next().ok_or("ends with a lone `\\`")?;
                self.literal(literal);
            }
            other => self.literal(other),
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        let mut text = [0; 4];
        self.out.push_str(&regex::escape(c.encode_utf8(&mut text)));
    }

    /// What follows a `[`.
    fn class(&mut self) -> Result<(), &'static str> {
        const OPEN: &str = "opens a `[` that it does not close";
        let others = self.rest.next_if(|c| matches!(c, '!' | '^')).is_some();
        let mut members = String::new();
        let mut first = true;
        loop {
            let low = match self.rest.next().ok_or(OPEN)? {
                ']' if !first => break,
                '\\' => self.rest.next().ok_or(OPEN)?,
                c => c,
            };
            first = false;
            self.signs += 1;
            let mut ahead = self.rest.clone();
            let high = match (ahead.next(), ahead.next()) {
                (Some('-'), Some(high)) if high != ']' => {
                    self.rest = ahead;
                    if high == '\\' { self.rest.next().ok_or(OPEN)? } else { high }
                }
                _ => low,
            };
            if high < low {
                return Err("has a range `[z-a]` that goes backwards");
            }
            members.push_str(&format!(r"\x{{{:x}}}-\x{{{:x}}}", u32::from(low), u32::from(high)));
        }
        // Neither way does one stand for a `/`.
        let (not, and) = if others { ("^", "") } else { ("", "&&[^/]") };
        self.out.push_str(&if others { format!("[{not}/{members}]") } else { format!("[{members}{and}]") });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
