#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const SMALL: Limits = Limits { files: 3, file: 100, total: 150, path: 20, paths: 50, left_out: 2 };

fn wanted(globs: &[&str]) -> Wanted {
    Wanted::new(&globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn of(kind: EntryKind, path: &[u8], length: u64) -> Entry {
    Entry { kind, mode: 0o644, length, path: path.to_vec(), target: Vec::new() }
}

fn choose(globs: &[&str], entries: Vec<Entry>) -> (Vec<String>, Vec<(String, String)>) {
    let (wanted, mut chosen) = (wanted(globs), Chosen::default());
    for entry in entries {
        chosen.see(&wanted, &SMALL, entry);
    }
    let files = chosen.files(&SMALL).into_iter().map(|(path, _)| String::from_utf8_lossy(&path).into_owned()).collect();
    (files, chosen.left_out(&SMALL, true).into_iter().map(|l| (l.path, l.why)).collect())
}

fn files(paths: &[&str]) -> Vec<Entry> {
    paths.iter().map(|path| of(EntryKind::File, path.as_bytes(), 1)).collect()
}

#[test]
fn a_glob_that_names_a_folder_stands_for_what_is_in_it() {
    let all = ["a.txt", "dist/a/b.js", "dist/a/tmp/c"];
    assert_eq!(choose(&["dist"], files(&all)).0, ["dist/a/b.js", "dist/a/tmp/c"]);
    assert_eq!(choose(&["./dist/"], files(&all)).0, ["dist/a/b.js", "dist/a/tmp/c"]);
    assert_eq!(choose(&["dist", "!**/tmp"], files(&all)).0, ["dist/a/b.js"]);
    assert_eq!(choose(&["*.txt"], files(&all)).0, ["a.txt"]);
    assert_eq!(choose(&["."], files(&all)).0, all);
    assert_eq!(choose(&["!dist"], files(&all)).0, ["a.txt"]);
}

#[test]
fn only_what_can_match_is_walked() {
    for (globs, under) in [
        (&["dist/*.js", "dist"][..], &["dist"][..]),
        (&["a/b/c.txt", "x*"], &[""]),
        (&["a/b/c.txt", "a/bc", "a/b"], &["a/b", "a/bc"]),
        (&["out/{a,b}/x", "!out/b"], &["out"]),
        (&["!tmp"], &[""]),
        (&["."], &[""]),
    ] {
        let under: Vec<Vec<u8>> = under.iter().map(|u| u.as_bytes().to_vec()).collect();
        assert_eq!(wanted(globs).under, under, "{globs:?}");
    }
}

#[test]
fn s38_only_regular_files_are_kept_and_the_others_named() {
    let kinds = [EntryKind::Link, EntryKind::Pipe, EntryKind::Device, EntryKind::Socket, EntryKind::Directory];
    for (kind, words) in kinds.into_iter().zip(["symbolic link", "named pipe", "device", "socket", ""]) {
        let (kept, left) = choose(&["**"], vec![of(kind, b"odd", 7), of(EntryKind::File, b"good", 7)]);
        assert_eq!(kept, ["good"]);
        assert!(
            if words.is_empty() { left.is_empty() } else { left.len() == 1 && left[0].0 == "odd" && left[0].1.contains(words) },
            "{left:?}"
        );
    }
    let (kept, left) = choose(&["**"], vec![of(EntryKind::File, b"sparse", 1 << 40)]);
    assert!(kept.is_empty() && left[0].1.contains("1099511627776 bytes long; 100 is the most"), "{left:?}");
}

#[test]
fn s37_s41_limits_are_named_and_what_is_kept_does_not_depend_on_the_order() {
    let mut many = files(&["e", "d", "c", "b", "a"]);
    assert_eq!(choose(&["**"], many.clone()).0, ["a", "b", "c"]);
    many.reverse();
    let (kept, left) = choose(&["**"], many);
    assert_eq!(kept, ["a", "b", "c"]);
    assert_eq!(left, [("2 more".to_owned(), "a step keeps at most 3 files, with 50 bytes of names".to_owned())]);

    let (kept, left) = choose(&["**"], vec![of(EntryKind::File, b"a", 90), of(EntryKind::File, b"b", 90), of(EntryKind::File, b"c", 60)]);
    assert_eq!((kept.join(" "), left[0].0.as_str()), ("a c".to_owned(), "b"));

    let long = "n".repeat(4096);
    let (kept, left) = choose(&["**"], files(&[&long, "x"]));
    assert_eq!(kept, ["x"]);
    assert!(left[0].0.len() < 250 && left[0].1.contains("4096 bytes long; 20 is the most"), "{left:?}");

    let (kept, left) = choose(&["**"], files(&[&"a".repeat(20), &"b".repeat(20), &"c".repeat(20)]));
    assert_eq!((kept.len(), left[0].0.as_str()), (2, "1 more"));

    let links = ["a", "b", "c", "d"].map(|path| of(EntryKind::Link, path.as_bytes(), 0)).to_vec();
    let left = choose(&["**"], links).1;
    assert_eq!(left.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a", "b", "2 more"]);
}

#[test]
fn s37_odd_names_are_names_like_any_other() {
    let odd: [&[u8]; 8] = [b"../../x", b"/abs", b"C:\\x", b"a\nb", b"-rf", b"con", b"a\xcc\x81", b"\xc3\xa1"];
    for name in odd {
        let (kept, left) = choose(&["**"], vec![of(EntryKind::File, name, 1)]);
        assert_eq!((kept, left), (vec![String::from_utf8_lossy(name).into_owned()], vec![]));
    }
}
