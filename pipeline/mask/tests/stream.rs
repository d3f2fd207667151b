//! However a stream is cut, what comes out is the same, and nothing secret is in it.

mod reference;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use dockercise_mask::{LONGEST_HOLD, Masker, Secrets};
use proptest::prelude::*;
use reference::{masked, streamed};

fn secrets(values: &[&str]) -> Secrets {
    let (secrets, refused) = Secrets::new(values);
    assert_eq!(refused, []);
    secrets
}

/// GitLab's masker lets it through (security.md, D): the secret begins again within its own beginning, over an edge.
#[test]
fn s47_a_secret_that_overlaps_its_own_beginning_over_a_write_edge() {
    let secrets = secrets(&["aabaab"]);
    for text in ["aaabaab", "aabaaabaab", "aaaabaabaabaab"] {
        for cut in 1..text.len() {
            let (out, _) = streamed(&secrets, text.as_bytes(), &[cut, 1000]);
            assert_eq!(String::from_utf8(out).unwrap_or_default(), text.replacen(&text[text.find("aabaab").unwrap_or(0)..], "***", 1));
        }
    }
    let (out, _) = streamed(&self::secrets(&["aab___"]), b"aaab___", &[2, 2, 3]);
    assert_eq!(out, b"a***");
}

#[test]
fn secrets_that_overlap_leave_no_byte_of_either() {
    let secrets = secrets(&["overlapping", "pingpong"]);
    assert_eq!(secrets.mask_text("an overlappingpong b"), "an *** b");
    assert_eq!(secrets.mask_text("overlapping, pingpong, overlappin"), "***, ***, overlappin");
}

/// Twelve of the kinds that `security.md` names for the canaries.
const CANARIES: [&str; 12] = [
    "sh0rt!",
    "correct horse battery staple",
    "overlap-one-two",
    "one-two-three",
    "first line of it\nsecond line of it\nthird",
    "with $dollar and \"quotes\"",
    "it's `quoted` too",
    "back\\slash\\n",
    "pässwörd-ünïcode",
    "-----BEGIN THING-----\nbm90IHJlYWxseSBhIGtleQ==\n-----END THING-----\n",
    "dGhpcyBsb29rcyBsaWtlIGJhc2U2NA==",
    "  spaces around it  ",
];

#[test]
fn s47_no_canary_in_any_encoding() {
    let secrets = secrets(&CANARIES);
    for canary in CANARIES.map(str::trim) {
        let mut texts: Vec<String> = canary.lines().map(str::to_owned).collect();
        texts.extend([canary.to_owned(), canary.to_uppercase().replace(char::is_lowercase, "")]);
        for before in ["", "x", "xy"] {
            let whole = format!("{before}{canary}");
            for text in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                texts.push(text.trim_start_matches(|_| !before.is_empty()).to_owned());
                texts.push(text[(before.len() * 8).div_ceil(6)..(whole.len() * 8 / 6)].to_owned());
            }
        }
        texts.push(canary.bytes().map(|byte| format!("{byte:02x}")).collect());
        texts.push(canary.bytes().map(|byte| format!("{byte:02X}")).collect());
        texts.push(canary.escape_debug().to_string().replace("\\'", "'"));
        texts.push(canary.replace('\'', "'\\''"));
        for text in texts.iter().filter(|text| text.len() >= 6 && text.is_ascii()) {
            for cut in [1, 2, 3, 5, 7, 1000] {
                let line = format!("before {text} after\n");
                let (out, _) = streamed(&secrets, line.as_bytes(), &[cut]);
                let out = String::from_utf8_lossy(&out).into_owned();
                assert!(!out.contains(text.as_str()) && out.starts_with("before") && out.ends_with(" after\n"), "{text:?}: {out:?}");
            }
        }
    }
}

#[test]
fn a_part_that_is_taken_out_of_a_secret_is_masked_too() {
    let secrets = secrets(&[r#"{"Credentials": {"SecretAccessKey": "wJalr/XUtn+FEMI", "Expiration": "2026-11-20T10:00:00Z"}}"#]);
    assert_eq!(
        secrets.mask_text("wJalr/XUtn+FEMI or d0phbHIvWFV0bitGRU1J until 2026-11-20T10:00:00Z"),
        "*** or *** until 2026-11-20T10:00:00Z"
    );
}

#[test]
fn base64_that_a_tool_has_broken_into_lines() {
    let key: String = (0..200u8).map(|i| char::from(b'!' + i % 90)).collect();
    let text = STANDARD.encode(&key);
    for width in [64, 76] {
        let lines: Vec<&str> = (0..text.len()).step_by(width).map(|at| &text[at..text.len().min(at + width)]).collect();
        let out = secrets(&[&key]).mask_text(&lines.join("\n"));
        assert_eq!(out, vec!["***"; lines.len()].join("\n"));
    }
}

#[test]
fn what_is_held_back_is_given_at_the_end_and_no_earlier() {
    let secrets = secrets(&["hunter22"]);
    let (mut masker, mut out) = (Masker::new(&secrets), Vec::new());
    masker.write(b"it is hunter2", |bytes| out.extend_from_slice(bytes));
    assert_eq!((out.as_slice(), masker.held()), (&b"it is "[..], 7));
    masker.write(b"", |bytes| out.extend_from_slice(bytes));
    assert_eq!(out, b"it is ");
    masker.finish(|bytes| out.extend_from_slice(bytes));
    assert_eq!((out.as_slice(), masker.held()), (&b"it is hunter2"[..], 0));
}

#[test]
fn s49_a_secret_of_a_megabyte_goes_as_a_whole() {
    let value: Vec<u8> = (0..1_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (secrets, refused) = Secrets::new([&value]);
    assert_eq!(refused, []);
    let text = [b"<", &value[..], b">", &value[..], b"|"].concat();
    let (out, held) = streamed(&secrets, &text, &[4096]);
    assert_eq!(out, b"<***>***|");
    assert!(held <= LONGEST_HOLD);
}

/// Text in which secrets, their beginnings and known formats are frequent.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ab]{0,12}".prop_map(String::into_bytes),
        "(aabaab|abbabb|aabaabbabb|aab aab|YWFiYWFi|616162616162)".prop_map(String::into_bytes),
        "(AKIA[A-Z]{10,18}|ghp_[a-z]{30,40}|eyJ[a-z]{8,12}\\.eyJ[a-z]{8,12}|SecretAccessKey\": \"[a-z]{39,41}\"|SG\\.[a-z]{22}\\.[a-z]{43})"
            .prop_map(String::into_bytes),
        "-----BEGIN (RSA )?PRIVATE KEY-----\n[a-z]{38,42}\n(-----END (RSA )?PRIVATE KEY-----)?".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..20),
        "[ \n.\"-]{0,3}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(text in text(), cuts in proptest::collection::vec(1usize..40, 1..8)) {
        let secrets = secrets(&["aabaab", "abbabb", "aab\naab"]);
        let (out, held) = streamed(&secrets, &text, &cuts);
        prop_assert_eq!(&out, &secrets.mask(&text));
        prop_assert!(held <= LONGEST_HOLD, "{} bytes held", held);
    }

    #[test]
    fn as_the_plain_one(
        values in proptest::collection::vec("[ab ]{6,10}", 0..4),
        text in "[ab ]{0,80}",
        cuts in proptest::collection::vec(1usize..9, 0..8),
    ) {
        let (secrets, _) = Secrets::new(&values);
        prop_assert_eq!(streamed(&secrets, text.as_bytes(), &cuts).0, masked(&secrets, text.as_bytes()));
    }

    #[test]
    fn any_secret_in_any_text(value in proptest::collection::vec(any::<u8>(), 6..1200), around in "[a-z]{0,20}", cut in 1usize..2000) {
        let (secrets, refused) = Secrets::new([&value]);
        prop_assume!(refused.is_empty());
        let text = [around.as_bytes(), &value, around.as_bytes()].concat();
        prop_assert_eq!(streamed(&secrets, &text, &[cut]).0, masked(&secrets, &text));
    }
}
