//! What a step wrote, made safe for a terminal and for a log that is read in one: colours may stay, nothing else that a
//! terminal would act upon (security.md, D and S44).

use dockercise_pipeline::diagnostic::acts;

/// The longest colour sequence that is kept, in bytes.
const LONGEST_SGR: usize = 32;
/// Sets a terminal back to its own colours.
const RESET: &str = "\u{1b}[0m";

/// One line of output, without its line break. Where it writes over itself (`\r`), its last state.
pub fn line(bytes: &[u8], colours: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\r');
    words(text.rsplit('\r').next().unwrap_or_default(), colours)
}

/// Text of unknown origin, as [`line`].
pub fn words(text: &str, colours: bool) -> String {
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut coloured = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((sequence, after)) = control_sequence(rest) {
            if colours && is_colour(sequence) {
                out.push_str(sequence);
                coloured = true;
            }
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c != '\t' && acts(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if coloured {
        out.push_str(RESET);
    }
    out
}

/// A whole sequence `ESC [ … final` at the start, and what follows it. Other escapes are no sequences of a line's.
fn control_sequence(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_prefix("\u{1b}[")?;
    let parameters = body.find(|c: char| !matches!(c, '\u{20}'..='\u{3f}'))?;
    let last = body[parameters..].chars().next().filter(|c| matches!(c, '\u{40}'..='\u{7e}'))?;
    Some(text.split_at(2 + parameters + last.len_utf8()))
}

fn is_colour(sequence: &str) -> bool {
    let parameters = &sequence[2..sequence.len() - 1];
    sequence.ends_with('m') && sequence.len() <= LONGEST_SGR && parameters.chars().all(|c| matches!(c, '0'..='9' | ';' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s44_a_step_cannot_steer_the_terminal() {
        for (hostile, shown) in [
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}", "\\u{1b}]52;c;ZXZpbA==\\u{7}"),
            ("\u{1b}]8;;javascript:x\u{1b}\\y", "\\u{1b}]8;;javascript:x\\u{1b}\\y"),
            ("\u{1b}[2A\u{1b}[2Kearlier", "earlier"),
            ("\u{1b}[?1049h", ""),
            ("\u{9b}31mred", "\\u{9b}31mred"),
            ("\u{1b}cfull reset", "\\u{1b}cfull reset"),
            ("a\u{202e}b\u{7f}\u{8}\u{feff}", "a\\u{202e}b\\u{7f}\\u{8}\\u{feff}"),
            ("\u{1b}[38;5;1", "\\u{1b}[38;5;1"),
            ("\u{1b}[31", "\\u{1b}[31"),
            ("a\tb", "a\tb"),
        ] {
            assert_eq!(words(hostile, true), shown, "{hostile:?}");
        }
        assert_eq!(line("failed\rpassed".as_bytes(), true), "passed", "as a terminal would show it, within its own line");
        assert_eq!(line(b"\xff\xfe", true), "\u{fffd}\u{fffd}");
        assert_eq!(line(b"done\r", true), "done");
    }

    #[test]
    fn colours_stay_where_they_are_wanted_and_end_with_the_line() {
        assert_eq!(words("\u{1b}[1;31mred", true), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(words("\u{1b}[1;31mred\u{1b}[m", false), "red");
        assert_eq!(words(&format!("\u{1b}[{}mx", "1;".repeat(40)), true), "x", "too long to be a colour");
    }
}
