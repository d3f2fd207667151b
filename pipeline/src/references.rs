//! Finds `{step}` in a shell command and puts the path of that step's value file there (language.md, "References").
//!
//! It counts only where it does not directly follow `$`, `%`, `^`, `\` or `{`, and only where the word is exactly the
//! name of a step; everything else stays as it is, so that `${VAR}`, `{a,b}`, `awk '{print}'` and JSON need no escaping.

use std::ops::Range;

/// What a word between braces is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word<T> {
    /// The name of a step, whose value file has this path.
    Step(T, String),
    /// Nearly the name of this step, so that it is more likely a slip than text.
    Near(String),
    /// Anything else: text.
    Other,
}

/// A command with its references resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<T> {
    /// The command with paths in place of references, and `{name}` in place of `\{name}`.
    pub text: String,
    /// The steps it names, in order; may hold one twice.
    pub used: Vec<T>,
    /// Where in the command words stand that are nearly a step's name, with that name.
    pub near: Vec<(Range<usize>, String)>,
}

/// Scans a command. `look_up` knows what a word is.
pub fn scan<T>(text: &str, mut look_up: impl FnMut(&str) -> Word<T>) -> Scanned<T> {
    let bytes = text.as_bytes();
    let mut out = Scanned { text: String::with_capacity(text.len()), used: Vec::new(), near: Vec::new() };
    // Everything before this is copied already.
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let brace = at + found;
        let start = brace + 1;
        let end = start + bytes[start..].iter().take_while(|b| is_word(**b)).count();
        at = end;
        if end == start || bytes.get(end) != Some(&b'}') {
            continue;
        }
        let before = brace.checked_sub(1).map(|i| bytes[i]);
        if matches!(before, Some(b'$' | b'%' | b'^' | b'{')) {
            continue;
        }
        match (look_up(&text[start..end]), before) {
            (Word::Other, _) => {}
            (Word::Step(..) | Word::Near(_), Some(b'\\')) => {
                // Meant as it stands: the backslash has done its work.
                out.text.push_str(&text[copied..brace - 1]);
                copied = brace;
            }
            (Word::Step(step, path), _) => {
                out.text.push_str(&text[copied..brace]);
                out.text.push_str(&path);
                out.used.push(step);
                copied = end + 1;
            }
            (Word::Near(name), _) => out.near.push((start..end, name)),
        }
    }
    out.text.push_str(&text[copied..]);
    out
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEPS: [&str; 5] = ["assume-role", "a", "print", "next_1", "other/step"];

    fn scanned(text: &str) -> Scanned<&'static str> {
        scan(text, |word| match STEPS.into_iter().find(|step| *step == word) {
            Some(step) => Word::Step(step, format!("/v/{step}")),
            None if word == "asume-role" => Word::Near("assume-role".to_owned()),
            None => Word::Other,
        })
    }

    #[test]
    fn a_reference_is_the_path_of_a_file() {
        let s = scanned("cat {assume-role} | jq -r . > {other/step}{a}");
        assert_eq!(s.text, "cat /v/assume-role | jq -r . > /v/other/step/v/a");
        assert_eq!(s.used, ["assume-role", "other/step", "a"]);
    }

    #[test]
    fn what_shells_and_tools_mean_stays() {
        for text in [
            "${a}",
            "%{a}",
            "HEAD^{a}",
            "{{a}}",
            "{a,b}",
            "{}",
            "{1..5}",
            "{a",
            "a}",
            "{ a }",
            "{a }",
            "{A}",
            "{aa}",
            "{\"a\":1}",
            "awk '{print $1}'",
            "${a-b}",
            "{ä}",
            "ä{",
            "{",
            "{{",
            "@{u}",
            "xargs -I{} x {}",
            "find -exec {} +",
            "\\{unknown-word}",
        ] {
            let s = scanned(text);
            assert_eq!((s.text.as_str(), s.used.len()), (text, 0), "{text}");
        }
        assert_eq!(scanned("awk '{print}'").used, ["print"]);
    }

    #[test]
    fn a_backslash_makes_it_literal_and_goes() {
        assert_eq!(scanned(r"echo '\{a}' {a} \\{a} \{b}").text, r"echo '{a}' /v/a \{a} \{b}");
    }

    #[test]
    fn slips_are_told_and_can_be_meant() {
        let text = r"{asume-role} ${asume-role} \{asume-role} {b}";
        let s = scanned(text);
        assert_eq!(s.text, r"{asume-role} ${asume-role} {asume-role} {b}");
        assert_eq!(s.near, [(1..11, "assume-role".to_owned())]);
    }

    proptest! {
        #[test]
        fn text_without_a_step_in_braces_is_unchanged(text in r"([{}$%^\\a-c/_-]|\PC|print|assume-role){0,60}") {
            prop_assume!(!STEPS.iter().chain(&["asume-role"]).any(|step| text.contains(&format!("{{{step}}}"))));
            prop_assert_eq!(scanned(&text).text, text);
        }

        #[test]
        fn every_reference_is_replaced_unless_guarded(before in r"[a-z $%^\\{'/]{0,3}", after in r"[a-z }{'\\]{0,3}") {
            let guarded = before.ends_with(['$', '%', '^', '\\', '{']);
            let s = scanned(&format!("{before}{{assume-role}}{after}"));
            prop_assert_eq!(s.used.is_empty(), guarded);
        }
    }
}
