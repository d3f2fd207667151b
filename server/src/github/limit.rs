//! GitHub's rate limits, of each token: a limited one is not used before its time. Going on while limited can get an
//! integration banned (GitHub's docs, "Best practices for using the REST API").

use crate::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The wait where GitHub says that it is too much and not for how long (its docs: at least a minute, then longer each time).
const UNSAID: TimeDelta = TimeDelta::seconds(60);
/// The longest wait: primary limits are an hour's. What says more is a clock that goes wrong.
const LONGEST: TimeDelta = TimeDelta::minutes(65);

/// What a token's answers have said of its limit. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Limit {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    until: Option<DateTime<Utc>>,
    /// How often it was too much without a word for how long, one after the other.
    unsaid: u32,
}

/// The limits of all tokens, known by hash.
#[derive(Debug, Clone, Default)]
pub struct Limits(Arc<Mutex<HashMap<[u8; 32], Limit>>>);

impl Limits {
    /// The limit of a token.
    pub fn of(&self, token: &str) -> Limit {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(Sha256::digest(token).into()).or_default().clone()
    }
}

impl Limit {
    /// When it may be used again; none where it may be now.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.until.filter(|until| *until > self.clock.now())
    }

    /// Heeds what an answer says; until when this call is to wait, if it was refused for the limit.
    pub fn heed(&self, status: u16, headers: &HeaderMap, body: &str) -> Option<DateTime<Utc>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = Answer { status, headers, body };
        if status < 400 {
            state.unsaid = 0;
        }
        let (wait, said) = answer.wait(state.unsaid, self.clock.now())?;
        let until = self.clock.now() + wait.clamp(TimeDelta::zero(), LONGEST);
        if !said {
            state.unsaid += 1;
        }
        // Searching and the like have limits of their own.
        if answer.header("x-ratelimit-resource").is_none_or(|resource| resource == "core") {
            state.until = state.until.max(Some(until));
            tracing::warn!(github.status = status, github.until = %until, "GitHub's rate limit is reached; it is not asked before then");
        }
        (status >= 400).then_some(until)
    }
}

struct Answer<'a> {
    status: u16,
    headers: &'a HeaderMap,
    body: &'a str,
}

impl Answer<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// For how long GitHub is not to be asked, and whether it said so itself; none where it may be.
    fn wait(&self, unsaid: u32, now: DateTime<Utc>) -> Option<(TimeDelta, bool)> {
        let refused = matches!(self.status, 403 | 429 | 503);
        if let Some(seconds) = self.header("retry-after").and_then(|s| s.parse::<u32>().ok()).filter(|_| refused) {
            return Some((TimeDelta::seconds(seconds.into()), true));
        }
        let reset = self.header("x-ratelimit-reset").and_then(|s| s.parse::<i64>().ok()).and_then(|s| DateTime::from_timestamp(s, 0));
        if self.header("x-ratelimit-remaining") == Some("0")
            && self.status != 503
            && let Some(reset) = reset
        {
            // By GitHub's own clock where it says it, and past the second that it names.
            let theirs = self.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
            return Some((reset - theirs.map_or(now, |date| date.to_utc()) + TimeDelta::seconds(1), true));
        }
        let says_so = self.body.contains("rate limit") || self.body.contains("abuse detection");
        (self.status == 429 || self.status == 403 && says_so).then(|| (UNSAID * 2_i32.pow(unsaid.min(6)), false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn wait(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<i64> {
        let headers = headers.iter().map(|(k, v)| (k.parse().unwrap_or(http::header::ACCEPT), HeaderValue::from_str(v).ok())).fold(
            HeaderMap::new(),
            |mut all, (name, value)| {
                all.extend(value.map(|value| (name, value)));
                all
            },
        );
        let now = DateTime::from_timestamp(1_000_000_000, 0).unwrap_or_default();
        Answer { status, headers: &headers, body }.wait(1, now).map(|(wait, _)| wait.num_seconds())
    }

    #[test]
    fn githubs_own_words_are_heeded_first() {
        assert_eq!(wait(403, &[("retry-after", "30"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000900")], ""), Some(30));
        assert_eq!(wait(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000900")], ""), Some(901));
        // Their clock is a minute ahead of ours.
        let date = ("date", "Sun, 09 Sep 2001 01:47:40 GMT");
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000900"), date], ""), Some(841));
        assert_eq!(wait(503, &[("retry-after", "5")], ""), Some(5));
    }

    #[test]
    fn without_their_words_it_is_a_minute_and_more_each_time() {
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!((wait(403, &[], secondary), wait(429, &[], "")), (Some(120), Some(120)));
        // A right that is missing is no limit.
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "4999")], r#"{"message":"Must have push access"}"#), None);
    }

    #[test]
    fn the_last_call_that_was_free_is_heeded_too() {
        assert_eq!(wait(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000010")], ""), Some(11));
        assert_eq!(wait(200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1000000010")], ""), None);
    }

    #[test]
    fn a_limited_token_is_known_again() {
        let limits = Limits::default();
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("60"))]);
        assert!(limits.of("a").heed(403, &headers, "").is_some());
        assert!(limits.of("a").until().is_some() && limits.of("b").until().is_none());
    }
}
