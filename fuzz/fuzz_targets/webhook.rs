//! A webhook's body, after its first line, which is the event's name.

#![no_main]

use dockercise_event::{Asked, understand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let event = String::from_utf8_lossy(&input[..end]);
    let body = &input[end + 1..];
    let asked = understand(&event, body);
    if let Ok(Asked::Pushed(pushed)) = &asked {
        let is_sha = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_sha(&pushed.after) && pushed.head.as_deref().is_none_or(is_sha));
        assert!(pushed.git_ref.starts_with("refs/heads/") || pushed.git_ref.starts_with("refs/tags/"));
    }
    if let Ok(Asked::PullRequest(request)) = &asked {
        assert!(request.sha.len() == 40 && request.sha.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    // A hook set to forms sends the same thing otherwise.
    if body.first() == Some(&b'{') {
        let form: String = body.iter().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(understand(&event, format!("payload={form}&x=1").as_bytes()), asked);
    }
});
