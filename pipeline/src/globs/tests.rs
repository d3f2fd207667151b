#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn globs(patterns: &[&str]) -> Globs {
    Globs(patterns.iter().map(|p| (*p).to_owned()).collect())
}

fn matches(pattern: &str, text: &str) -> bool {
    globs(&[pattern]).matcher().unwrap().matches(text)
}

/// security.md S09: a branch's filter is about the whole name.
#[test]
fn s09_a_filter_is_about_the_whole_name() {
    let main = globs(&["main"]).matcher().unwrap();
    assert!(main.matches("main"));
    for other in ["xmain", "main-evil", "main\nx", "x\nmain", "main\n", "MAIN", "refs/heads/main", "main ", "", "mai", "main/x"] {
        assert!(!main.matches(other), "{other:?}");
    }
}

/// security.md S62: no pattern makes matching slow.
#[test]
fn s62_every_pattern_is_linear() {
    let text = "a".repeat(100_000);
    for pattern in ["(a+)+$", "*a*a*a*a*a*a*a*a*b", "**a**a**a**a**b", "{a,aa}{a,aa}{a,aa}*b", "{{a,aa},{a,aaa}}**b", "[a-z]*[a-z]*[a-z]*!"]
    {
        let started = Instant::now();
        assert!(!matches(pattern, &text), "{pattern}");
        assert!(started.elapsed() < Duration::from_secs(1), "{pattern} took {:?}", started.elapsed());
    }
    let started = Instant::now();
    assert!(check(&"{a,".repeat(300)).is_err());
    assert!(check(&"{*,".repeat(330).chars().chain("}".repeat(330).chars()).collect::<String>()).is_err());
    let _ = check(&format!("{}{}", "{a,b".repeat(200), "}".repeat(200)));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn each_sign_means_what_it_says() {
    let yes = [
        ("*", "main"),
        ("release/*", "release/1"),
        ("release/**", "release/1/2"),
        ("**", "a/b"),
        ("**/*.rs", "a.rs"),
        ("**/*.rs", "a/b/c.rs"),
        ("**.js", "a/b.js"),
        ("docs/**/x", "docs/x"),
        ("docs/**/x", "docs/a/b/x"),
        ("v?.[0-9]", "v1.2"),
        ("v[!0-9]", "vx"),
        ("v[^0-9]", "vx"),
        ("v[]x]", "v]"),
        ("v[a-]", "v-"),
        ("v[\\]]", "v]"),
        ("{main,dev/*}", "dev/a"),
        ("a{b,{c,d}}", "ad"),
        ("{**/,}x", "a/x"),
        ("a,b", "a,b"),
        ("a}", "a}"),
        ("\\*\\{", "*{"),
        ("caf?", "café"),
        ("a.b+(c)$^|", "a.b+(c)$^|"),
        ("[é-ü]", "ö"),
        ("x[&&]", "x&"),
    ];
    for (pattern, text) in yes {
        assert!(matches(pattern, text), "{pattern} should match {text}");
    }
    let no = [
        ("*", "a/b"),
        ("release/*", "release/1/2"),
        ("release/**", "release"),
        ("?", "/"),
        ("a[/]b", "a/b"),
        ("a[!x]b", "a/b"),
        ("a[.-0]b", "a/b"),
        ("docs/**/x", "docsx"),
        ("**/x", "ax"),
        ("{a,b}", "c"),
        ("a.b", "axb"),
        ("\\*", "x"),
    ];
    for (pattern, text) in no {
        assert!(!matches(pattern, text), "{pattern} should not match {text}");
    }
}

#[test]
fn the_last_rule_that_matches_decides() {
    let releases = globs(&["release/**", "!release/old/**", "release/old/1"]).matcher().unwrap();
    let of = |text: &str| releases.matches(text);
    assert_eq!((of("release/2"), of("release/old/2"), of("release/old/1"), of("main")), (true, false, true, false));
    let all_but = globs(&["!docs/**"]).matcher().unwrap();
    assert_eq!((all_but.matches("src/a"), all_but.matches("docs/a")), (true, false));
    assert!(globs(&[]).matcher().unwrap().matches("anything"));
}

#[test]
fn what_is_no_glob_is_said() {
    assert_eq!(check("a{b").unwrap_err(), "the pattern `a{b` opens a `{` that it does not close");
    assert_eq!(check("a[b").unwrap_err(), "the pattern `a[b` opens a `[` that it does not close");
    assert_eq!(check("[z-a]").unwrap_err(), "the pattern `[z-a]` has a range `[z-a]` that goes backwards");
    assert_eq!(check("a\\").unwrap_err(), "the pattern `a\\\\` ends with a lone `\\`");
    assert_eq!(check("!").unwrap_err(), "a pattern is empty");
    assert!(check(&"a".repeat(5000)).is_err());
    assert!(check("!main").is_ok());
}

/// What is found to be a glob can be matched with: nobody looks again.
#[test]
fn the_most_that_is_allowed_can_be_built() {
    let members: String = ('à'..'ā').step_by(2).take(50).collect();
    for pattern in [
        "?".repeat(100),
        "*".repeat(1000),
        "**/".repeat(100),
        "[!a]".repeat(100),
        "*?".repeat(50),
        "\u{10fffe}?*".repeat(50),
        format!("[{members}]") + &"?".repeat(50),
        format!("[!{members}]*") + &"[\u{80}-\u{10ffff}]".repeat(49),
        "{*".repeat(8) + &",?".repeat(40) + &"}".repeat(8),
    ] {
        check(&pattern).unwrap();
        one(&pattern).unwrap();
    }
    assert_eq!(check(&"?".repeat(101)).unwrap_err(), format!("the pattern `{}` has over 100 wildcards and alternatives", "?".repeat(60)));
    assert!(check(&"{".repeat(9)).unwrap_err().ends_with("has over 8 `{` in each other"));
}

proptest! {
    #[test]
    fn every_glob_can_be_built(pattern in "([*?a/,]|\\*\\*/|[{}]|\\[!?[a-zà-ü]-[ý-ÿ]\\]|\\PC){0,60}") {
        if check(&pattern).is_ok() {
            prop_assert!(one(&pattern).is_ok());
        }
    }

    #[test]
    fn nothing_panics_and_a_literal_matches_itself_alone(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
        let _ = globs(&[&pattern]).matcher().map(|m| m.matches(&text));
        let literal: String = pattern.chars().flat_map(|c| ['\\', c]).collect();
        if !literal.is_empty() {
            prop_assert!(matches(&literal, &pattern));
            prop_assert_eq!(matches(&literal, &text), pattern == text);
        }
    }
}
