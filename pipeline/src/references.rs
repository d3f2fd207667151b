//! Finds `{step}` in a shell command and puts the path of that step's value file there (language.md, "References").
//!
//! It counts only where it does not directly follow `$`, `%`, `^`, `\` or `{`, and only where the word is exactly the
//! name of a step; everything else stays as it is, so that `${VAR}`, `{a,b}`, `awk '{print}'` and JSON need no escaping.

use std::ops::Range;

/// A command with its references resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<T> {
    /// The command with paths in place of references, and `{name}` in place of `\{name}`.
    pub text: String,
    /// The steps it names, in order; may hold one twice.
    pub used: Vec<T>,
    /// Where in the text there are words that look like the name of a step (they hold `-` or `/`) and are none.
    pub unknown: Vec<Range<usize>>,
}

/// Scans a command. `resolve` knows a step by its name, and the path of its value file.
pub fn scan<T>(text: &str, mut resolve: impl FnMut(&str) -> Option<(T, String)>) -> Scanned<T> {
    let bytes = text.as_bytes();
    let mut out = Scanned { text: String::with_capacity(text.len()), used: Vec::new(), unknown: Vec::new() };
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
        let word = &text[start..end];
        let before = brace.checked_sub(1).map(|i| bytes[i]);
        if matches!(before, Some(b'$' | b'%' | b'^' | b'{')) {
            continue;
        }
        match (resolve(word), before) {
            (Some(_), Some(b'\\')) => {
                // The name of a step, meant as it stands: the backslash has done its work.
                out.text.push_str(&text[copied..brace - 1]);
                copied = brace;
            }
            (Some((step, path)), _) => {
                out.text.push_str(&text[copied..brace]);
                out.text.push_str(&path);
                out.used.push(step);
                copied = end + 1;
            }
            (None, Some(b'\\')) => {}
            (None, _) if word.contains(['-', '/']) => out.unknown.push(start..end),
            (None, _) => {}
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
        scan(text, |word| STEPS.into_iter().find(|step| *step == word).map(|step| (step, format!("/v/{step}"))))
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
            "${a}", "%{a}", "HEAD^{a}", "{{a}}", "{a,b}", "{}", "{1..5}", "{a", "a}", "{ a }", "{a }", "{A}", "{aa}", "{\"a\":1}", "awk '{print $1}'", "${a-b}",
            "{ä}", "ä{", "{", "{{", "@{u}", "xargs -I{} x {}", "find -exec {} +", "\\{unknown-word}",
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
    fn words_that_may_be_meant_are_told() {
        let text = "{asume-role} {b} {x/y} ${c-d} \\{e-f} {{g-h}}";
        let words: Vec<_> = scanned(text).unknown.into_iter().map(|range| &text[range]).collect();
        assert_eq!(words, ["asume-role", "x/y"]);
    }

    proptest! {
        #[test]
        fn text_without_a_step_in_braces_is_unchanged(text in r"([{}$%^\\a-c/_-]|\PC|print|assume-role){0,60}") {
            prop_assume!(!STEPS.iter().any(|step| text.contains(&format!("{{{step}}}"))));
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
