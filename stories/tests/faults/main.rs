//! What fails around a run does not make it lie.
#![expect(clippy::unwrap_used, reason = "tests")]

mod engine;
mod github;
mod killed;
mod source;

/// A step that counts to `last` at about fifty lines a second, and what it says.
fn counting(last: usize) -> (String, String) {
    let yaml = format!(
        "img: IMAGE\ncount:\n  run: for i in $(seq {last}); do echo line $i; sleep 0.02; done\nuse:\n  env: [count]\n  run: cat {{count}} | tail -n 1\n"
    );
    let said = (1..=last).map(|i| format!("line {i}\n")).collect();
    (yaml, said)
}
