//! How fast a stream is masked, and how long it takes to make ready: `cargo bench -p dockercise-mask`.
//! Prints rows of the README's table.

use dockercise_mask::{Masker, Secrets};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes of text, given again and again.
const TEXT: usize = 8 << 20;
/// What a pipe gives at once.
const PIECE: usize = 64 * 1024;
const ROUNDS: usize = 9;

/// Numbers that look random and are the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[(self.next() % alphabet.len() as u64) as usize])).collect()
    }
}

const KEYS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Half of them keys, half of them passwords with all that needs escaping.
fn secrets(count: usize) -> Vec<String> {
    let mut numbers = Numbers(1);
    (0..count)
        .map(|i| match i % 2 {
            0 => numbers.text(KEYS, 40),
            _ => numbers.text(b"abcdefghijklmnopqrstuvwxyz0123456789!\"$%&/()=?'\\<> ", 16),
        })
        .collect()
}

/// What builds print: words, paths, sums, times; one line in a thousand holds a secret.
fn log(secrets: &[String]) -> Vec<u8> {
    let (mut numbers, mut text) = (Numbers(2), Vec::with_capacity(TEXT + 200));
    while text.len() < TEXT {
        let (a, b) = (numbers.next(), numbers.next());
        let line = match a % 1000 {
            0 => format!("using {}\n", secrets[b as usize % secrets.len()]),
            1..300 => format!("   Compiling some-crate-{} v{}.{}.{} (/work/target/debug/deps)\n", b % 977, a % 7, b % 10, a % 30),
            300..600 => format!(
                "2026-11-20T10:{:02}:{:02}.{:06}Z INFO request{{id={b:016x}}}: finished status=200 latency={} ms\n",
                a % 60,
                b % 60,
                a % 1_000_000,
                b % 900
            ),
            600..800 => format!(
                "{{\"level\":\"info\",\"msg\":\"downloaded\",\"url\":\"https://example.com/{b:x}/index.js\",\"bytes\":{}}}\n",
                a % 100_000
            ),
            800..900 => format!("sha512-{}==\n", numbers.text(KEYS, 86)),
            _ => {
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n--------------------------------\n".to_owned()
            }
        };
        text.extend_from_slice(line.as_bytes());
    }
    text
}

fn median(mut of: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..ROUNDS).map(|_| of()).collect();
    all.sort();
    all[ROUNDS / 2]
}

fn mask(secrets: &Secrets, text: &[u8]) -> Duration {
    let (mut masker, mut out, began) = (Masker::new(secrets), 0, Instant::now());
    for piece in text.chunks(PIECE) {
        masker.write(piece, |bytes| out += black_box(bytes).len());
    }
    masker.finish(|bytes| out += black_box(bytes).len());
    assert!(out > text.len() / 2);
    began.elapsed()
}

fn main() {
    for count in [1000, 5, 0] {
        let values = secrets(count.max(1));
        let (secrets, refused) = Secrets::new(&values[..count]);
        assert!(refused.is_empty());
        let text = log(&values);
        let ready = median(|| {
            let (secrets, _) = Secrets::new(&values[..count]);
            let began = Instant::now();
            black_box(secrets.forms().count());
            began.elapsed()
        });
        let forms = secrets.forms().count();
        let time = median(|| mask(&secrets, &text));
        let speed = text.len() as f64 / time.as_secs_f64() / 1e6;
        println!(
            "| masking a log, {count} secrets in {forms} forms (ready after {:.2} ms) | {speed:.0} MB/s | | |",
            ready.as_secs_f64() * 1e3
        );
    }
}
