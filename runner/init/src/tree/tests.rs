#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use dockercise_init::look::{Entry, EntryKind, put_paths};
use rustix::fs::mkfifoat;
use std::os::unix::fs::symlink;

type Answers = Vec<(Answer, Vec<u8>)>;

fn ask(root: &std::path::Path, ask: &Ask, body: &[&[u8]]) -> Answers {
    let root = rustix::fs::open(root, DIRECTORY, Mode::empty()).unwrap();
    let input = encode(ask, &put_paths(body.iter().copied())).unwrap();
    let mut output = Vec::new();
    serve(&root, &mut &input[..], &mut output).unwrap();
    let (mut rest, mut answers) = (&output[..], Vec::new());
    while let Some((prefix, after)) = rest.split_first_chunk::<PREFIX>() {
        let (head, body) = lengths(*prefix).unwrap();
        answers.push((decode(&after[..head]).unwrap(), after[head..head + body].to_vec()));
        rest = &after[head + body..];
    }
    answers
}

fn list(root: &std::path::Path, most: u64, under: &[&[u8]]) -> (Vec<Entry>, bool) {
    let (mut entries, mut whole) = (Vec::new(), false);
    for (answer, body) in ask(root, &Ask::List { most }, under) {
        match answer {
            Answer::Entries => {
                let mut rest = &body[..];
                entries.extend(std::iter::from_fn(|| Entry::take(&mut rest)));
                assert!(rest.is_empty());
            }
            Answer::Done { whole: all } => whole = all,
            other => panic!("{other:?}"),
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    (entries, whole)
}

#[test]
fn s38_links_and_pipes_are_told_and_never_followed_or_opened() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("d/e")).unwrap();
    std::fs::write(folder.path().join("secret"), "host").unwrap();
    std::fs::write(tree.join("d/e/f"), "file").unwrap();
    symlink("../secret", tree.join("link")).unwrap();
    symlink("..", tree.join("up")).unwrap();
    symlink("d", tree.join("dlink")).unwrap();
    mkfifoat(rustix::fs::CWD, tree.join("pipe"), Mode::from_raw_mode(0o666)).unwrap();

    let (entries, whole) = list(&tree, 100, &[b""]);
    let told: Vec<(&[u8], EntryKind)> = entries.iter().map(|e| (&e.path[..], e.kind)).collect();
    let directory = EntryKind::Directory;
    let expected = [
        (&b"d"[..], directory),
        (b"d/e", directory),
        (b"d/e/f", EntryKind::File),
        (b"dlink", EntryKind::Link),
        (b"link", EntryKind::Link),
        (b"pipe", EntryKind::Pipe),
        (b"up", EntryKind::Link),
    ];
    assert_eq!((told.as_slice(), whole), (&expected[..], true));
    let some = list(&tree, 100, &[b"d/e", b"d/e/f", b"nothing", b"no/thing", b"link", b"up", b"up/secret", b"d/e/f/g"]).0;
    assert_eq!(some.iter().map(|e| &e.path[..]).collect::<Vec<_>>(), [&b"d/e/f"[..], b"d/e/f", b"link", b"up"]);
    assert!(matches!(ask(&tree, &Ask::List { most: 9 }, &[b"../secret"])[..], [(Answer::Failed { .. }, _)]));
    assert!(!list(&tree, 3, &[b""]).1);

    let paths: [&[u8]; 8] = [b"d/e/f", b"link", b"up/secret", b"dlink/e/f", b"pipe", b"../secret", b"d/../d/e/f", b"d"];
    let answers = ask(&tree, &Ask::Send, &paths);
    assert_eq!(answers[..2], [(Answer::File { length: 4 }, Vec::new()), (Answer::Bytes, b"file".to_vec())]);
    assert_eq!(answers.len(), 2 + 7 + 1);
    assert!(answers[2..9].iter().all(|(answer, _)| matches!(answer, Answer::Refused { .. })), "{answers:?}");
}

#[test]
fn s37_names_are_bytes_and_long_ones_are_told_whole() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let names: [&[u8]; 5] = [b"-rf", b"a\nb", b"con", b"\xff\xfe", &[b'n'; 255]];
    for name in names {
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    let (entries, _) = list(folder.path(), 100, &[b""]);
    assert_eq!(entries.iter().map(|e| &e.path[..]).collect::<std::collections::BTreeSet<_>>(), names.into());
    let answers = ask(folder.path(), &Ask::Send, &names);
    let sent: Vec<&[u8]> = answers.iter().filter(|(a, _)| *a == Answer::Bytes).map(|(_, b)| &b[..]).collect();
    assert_eq!(sent, names);
}
