//! The second net: what is a secret whoever it belongs to. Formats that gitleaks, detect-secrets and GitHub's own
//! scanning agree on and that begin with something no other text does; nothing that is only "random enough".

use crate::parts::Part::{PrivateKey, Run, Text};
use crate::parts::{Format, Kind, MANY, Match, Part};
use crate::table::{Bits, four, word};
use std::sync::OnceLock;

/// The most that is ever held back, in bytes, of each stream.
pub const LONGEST_HOLD: usize = 1024;

const ALNUM: Kind = |byte| byte.is_ascii_alphanumeric();
const BASE32: Kind = |byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
const BASE64: Kind = |byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
const PADDED: Kind = |byte| BASE64(byte) || byte == b'=';
const URL: Kind = |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
const DOTTED: Kind = |byte| URL(byte) || byte == b'.';
const WORD: Kind = |byte| byte.is_ascii_alphanumeric() || byte == b'_';
const DASHED: Kind = |byte| byte.is_ascii_alphanumeric() || byte == b'-';
const PATH: Kind = |byte| byte.is_ascii_alphanumeric() || byte == b'/';
const LETTERS: Kind = |byte| byte.is_ascii_alphabetic();
const HEX: Kind = |byte| byte.is_ascii_hexdigit();
/// What stands between a name and its value: in JSON, YAML, XML, shells, tables.
const BETWEEN: Kind = |byte| b"\"'\\:=>|, \t".contains(&byte);

const fn of(name: &'static str, parts: &'static [Part]) -> Format {
    Format { name, parts, open: 0, word: false }
}

/// One that may stand by chance in the middle of a longer word.
const fn word_of(name: &'static str, parts: &'static [Part]) -> Format {
    Format { name, parts, open: 0, word: true }
}

/// One that is known by what stands before it.
const fn after(open: usize, name: &'static str, parts: &'static [Part]) -> Format {
    Format { name, parts, open, word: false }
}

const AWS_ID: &str = "AWS access key id";
const AWS_KEY: &str = "AWS secret access key";
const AWS_SESSION: &str = "AWS session token";
const GITHUB: &str = "GitHub token";
const SLACK: &str = "Slack token";
const STRIPE: &str = "Stripe key";

/// At most 64 of them.
pub const FORMATS: [Format; 56] = [
    of(AWS_ID, &[Text("AKIA"), Run(BASE32, 16, 16)]),
    of(AWS_ID, &[Text("ASIA"), Run(BASE32, 16, 16)]),
    of(AWS_ID, &[Text("ABIA"), Run(BASE32, 16, 16)]),
    of(AWS_ID, &[Text("ACCA"), Run(BASE32, 16, 16)]),
    after(2, AWS_KEY, &[Text("SecretAccessKey"), Run(BETWEEN, 1, 16), Run(BASE64, 40, 40)]),
    after(2, AWS_KEY, &[Text("secretAccessKey"), Run(BETWEEN, 1, 16), Run(BASE64, 40, 40)]),
    after(2, AWS_KEY, &[Text("secret_access_key"), Run(BETWEEN, 1, 16), Run(BASE64, 40, 40)]),
    after(2, AWS_KEY, &[Text("secret-access-key"), Run(BETWEEN, 1, 16), Run(BASE64, 40, 40)]),
    after(2, AWS_KEY, &[Text("SECRET_ACCESS_KEY"), Run(BETWEEN, 1, 16), Run(BASE64, 40, 40)]),
    of(AWS_SESSION, &[Text("IQoJb3JpZ2lu"), Run(PADDED, 100, MANY)]),
    of(AWS_SESSION, &[Text("FwoGZXIvYXdz"), Run(PADDED, 100, MANY)]),
    of(AWS_SESSION, &[Text("FQoGZXIvYXdz"), Run(PADDED, 100, MANY)]),
    of(GITHUB, &[Text("ghp_"), Run(ALNUM, 36, MANY)]),
    of(GITHUB, &[Text("gho_"), Run(ALNUM, 36, MANY)]),
    of(GITHUB, &[Text("ghu_"), Run(ALNUM, 36, MANY)]),
    of(GITHUB, &[Text("ghr_"), Run(ALNUM, 36, MANY)]),
    of(GITHUB, &[Text("ghs_"), Run(DOTTED, 36, MANY)]),
    of(GITHUB, &[Text("github_pat_"), Run(WORD, 82, MANY)]),
    of("GitLab token", &[Text("glpat-"), Run(DOTTED, 20, MANY)]),
    of(SLACK, &[Text("xoxb-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xoxp-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xoxa-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xoxr-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xoxs-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xoxe-"), Run(DASHED, 24, MANY)]),
    of(SLACK, &[Text("xapp-"), Run(DASHED, 32, MANY)]),
    after(1, "Slack webhook", &[Text("hooks.slack.com/services/"), Run(PATH, 40, MANY)]),
    of("npm token", &[Text("npm_"), Run(ALNUM, 36, 36)]),
    word_of("Google API key", &[Text("AIza"), Run(URL, 35, 35)]),
    of("Google client secret", &[Text("GOCSPX-"), Run(URL, 28, 28)]),
    of("Google access token", &[Text("ya29."), Run(URL, 40, MANY)]),
    of(STRIPE, &[Text("sk_live_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("sk_test_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("sk_prod_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("rk_live_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("rk_test_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("rk_prod_"), Run(ALNUM, 16, MANY)]),
    of(STRIPE, &[Text("whsec_"), Run(PADDED, 32, MANY)]),
    of("PyPI token", &[Text("pypi-AgEIcHlwaS5vcmc"), Run(URL, 50, MANY)]),
    of("Docker Hub token", &[Text("dckr_pat_"), Run(URL, 27, MANY)]),
    of("Docker Hub token", &[Text("dckr_oat_"), Run(URL, 27, MANY)]),
    word_of("SendGrid key", &[Text("SG."), Run(URL, 22, 22), Text("."), Run(URL, 43, 43)]),
    of("Anthropic key", &[Text("sk-ant-"), Run(URL, 80, MANY)]),
    of("OpenAI key", &[Text("sk-proj-"), Run(URL, 40, MANY)]),
    word_of("Hugging Face token", &[Text("hf_"), Run(LETTERS, 34, 34)]),
    of("age secret key", &[Text("AGE-SECRET-KEY-1"), Run(BASE32_UPPER, 58, 58)]),
    of("DigitalOcean token", &[Text("dop_v1_"), Run(HEX, 64, 64)]),
    of("DigitalOcean token", &[Text("doo_v1_"), Run(HEX, 64, 64)]),
    of("DigitalOcean token", &[Text("dor_v1_"), Run(HEX, 64, 64)]),
    of("Vault token", &[Text("hvs."), Run(URL, 90, MANY)]),
    of("Vault token", &[Text("hvb."), Run(URL, 90, MANY)]),
    of("crates.io token", &[Text("cioz"), Run(ALNUM, 31, 31)]),
    after(1, "Azure storage key", &[Text("AccountKey="), Run(BASE64, 86, 86)]),
    word_of("JSON web token", &[Text("eyJ"), Run(URL, 10, 512), Text(".eyJ"), Run(DOTTED, 10, MANY)]),
    of("Grafana token", &[Text("glsa_"), Run(WORD, 40, MANY)]),
    of("private key", &[Text("-----BEGIN "), PrivateKey]),
];

/// Bech32 in upper case.
const BASE32_UPPER: Kind = |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit();

/// The formats by what they begin with.
pub struct Formats {
    /// The first four bytes of each.
    keys: Vec<u64>,
    /// All of them.
    bits: Bits,
    /// Which begin with this byte, one bit for each.
    by_first: [u64; 256],
}

/// What private keys begin with. Lines of dashes are too frequent to look at each of them for four.
const DASHES: u64 = u64::from_le_bytes(*b"-----BEG");

/// The one set of them.
pub fn formats() -> &'static Formats {
    static ALL: OnceLock<Formats> = OnceLock::new();
    ALL.get_or_init(|| {
        let (mut keys, mut by_first) = (Vec::new(), [0; 256]);
        for (index, format) in FORMATS.iter().enumerate() {
            let Some(Text(text)) = format.parts.first() else { continue };
            by_first[usize::from(text.as_bytes()[0])] |= 1 << index;
            if text.len() >= 4 {
                keys.push(four(word(text.as_bytes())));
            } else if let Some(Run(kind, ..)) = format.parts.get(1) {
                // A short one, with whatever may come next.
                let next = (0..=u8::MAX).filter(|byte| kind(*byte));
                keys.extend(next.map(|next| four(word(&[text.as_bytes(), &[next]].concat()))));
            }
        }
        let mut bits = Bits::new(keys.len() * 64);
        keys.iter().for_each(|key| bits.set(*key));
        Formats { keys, bits, by_first }
    })
}

impl Formats {
    /// The first four bytes of each.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// May one begin with these bytes, the first in the lowest bits?
    #[inline(always)]
    pub fn may_begin(&self, word: u64) -> bool {
        self.bits.has(four(word)) && (word & 0xff != DASHES & 0xff || word == DASHES)
    }

    /// What begins at the first of these bytes, and which of [`FORMATS`] it is. `before` is the byte before.
    pub fn find(&self, before: u8, rest: &[u8], last: bool) -> (Match, usize) {
        let Some(first) = rest.first() else { return (Match::No, 0) };
        let (mut left, mut part) = (self.by_first[usize::from(*first)], false);
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            let format = &FORMATS[index];
            if format.word && before.is_ascii_alphanumeric() {
                continue;
            }
            match format.at(rest, last) {
                Match::No => {}
                Match::Part => part = true,
                whole => return (whole, index),
            }
        }
        (if part { Match::Part } else { Match::No }, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secrets;

    fn masked(text: &str) -> String {
        Secrets::default().mask_text(text)
    }

    /// Text with a secret in braces, made up here so that no scanner takes offence at this file.
    fn examples() -> Vec<String> {
        let (upper, lower, digits) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789");
        let mixed = format!("{lower}{digits}{upper}").repeat(4);
        vec![
            format!("id=[{}{}],", "AKIA", &upper[..16]),
            format!("\"SecretAccessKey\": \"[{}]\",", &mixed[..40]),
            format!("aws_secret_access_key = [{}]", &mixed[..40]),
            format!("export AWS_SECRET_ACCESS_KEY=[{}] x", &mixed[..40]),
            format!("<SecretAccessKey>[{}]</SecretAccessKey>", &mixed[..40]),
            format!("\"SessionToken\": \"[{}{}==]\"", "IQoJb3JpZ2luX2Vj", &mixed[..200]),
            format!("https://x:[{}{}]@github.com", "ghp_", &mixed[..36]),
            format!("[{}{}]", "github_pat_", &mixed[..82]),
            format!("token [{}{}-{}-{}]", "xoxb-", digits, digits, lower),
            format!("//registry.npmjs.org/:_authToken=[{}{}]", "npm_", &mixed[..36]),
            format!("?key=[{}{}]&x=1", "AIza", &mixed[..35]),
            format!("[{}{}]", "sk_live_", &mixed[..24]),
            format!("Bearer [{}{}.{}{}.{}]\n", "eyJ", &mixed[..33], "eyJ", &mixed[..80], &mixed[..43]),
            format!("AccountKey=[{}]==;", &mixed[..86]),
            format!("[{}{}.{}]", "SG.", &mixed[..22], &mixed[..43]),
        ]
    }

    #[test]
    fn known_formats_are_masked_and_nothing_around_them() {
        for example in examples() {
            let text = example.replace(['[', ']'], "");
            let (before, after) = (example.split('[').next().unwrap_or_default(), example.split(']').nth(1).unwrap_or_default());
            assert_eq!(masked(&text), format!("{before}***{after}"), "{text}");
        }
    }

    #[test]
    fn what_only_looks_a_little_like_it_stays() {
        for text in [
            "AKIA",
            "AKIAIOSFODNN7EXAMPL",
            "AKIAIOSFODNN7EXAMPLEXX",
            "npm_config_registry=https://registry.npmjs.org/",
            "ghp_short",
            "eyJhbGciOiJIUzI1NiJ9 alone",
            "/usr/lib/libhf_abcdefghijklmnopqrstuvwxyzABCDEFGH.so",
            "SecretAccessKey is the name of a field that has forty characters or so in it",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn all_formats_begin_with_three_bytes_at_least_and_fit_a_word() {
        assert!(FORMATS.len() <= 64);
        for format in &FORMATS {
            assert!(matches!(format.parts.first(), Some(Text(text)) if text.len() >= 3), "{}", format.name);
        }
    }
}
