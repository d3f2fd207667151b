//! A command with `{references}`: what is none stays as it is, and what is one is found, as a plain reading of the rule
//! in language.md says.

#![no_main]

use dockercise_pipeline::references::{Word, scan};
use libfuzzer_sys::fuzz_target;

const STEPS: [&str; 4] = ["a", "get-code", "other/step", "next_1"];
const NEAR: &str = "get-cod";

fuzz_target!(|text: &str| {
    let untouched = scan(text, |_| Word::<()>::Other);
    assert_eq!((untouched.text.as_str(), untouched.used.len(), untouched.near.len()), (text, 0, 0));

    let scanned = scan(text, |word| match STEPS.iter().position(|step| *step == word) {
        Some(step) => Word::Step(step, format!("/v/{step}")),
        None if word == NEAR => Word::Near("get-code".to_owned()),
        None => Word::Other,
    });
    let (plain, used) = plain(text);
    assert_eq!((&scanned.text, &scanned.used), (&plain, &used));
    for (range, _) in &scanned.near {
        assert_eq!(&text[range.clone()], NEAR);
    }
});

/// The rule, word for word.
fn plain(text: &str) -> (String, Vec<usize>) {
    let (mut out, mut used, mut rest) = (String::new(), Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        let before = text[..text.len() - rest.len()].chars().next_back();
        let word = rest.strip_prefix('{').and_then(|after| after.split_once('}')).map(|(word, _)| word);
        let step = word.and_then(|word| STEPS.iter().position(|step| *step == word));
        match (word, step, before) {
            (_, _, Some('$' | '%' | '^' | '{')) | (None, _, _) => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
            (Some(word), _, Some('\\')) if step.is_some() || word == NEAR => {
                out.pop();
                out.push_str(&rest[..word.len() + 2]);
                rest = &rest[word.len() + 2..];
            }
            (Some(word), Some(step), _) => {
                out.push_str(&format!("/v/{step}"));
                used.push(step);
                rest = &rest[word.len() + 2..];
            }
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (out, used)
}
