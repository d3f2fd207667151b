//! A flood of failed logins must not fill the trail.

use chrono::{DateTime, Utc};
use std::sync::Mutex;

/// So many are written down in a minute.
const A_MINUTE: u32 = 20;

/// Counts what fails.
#[derive(Debug, Default)]
pub struct Failures(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    at: i64,
    written: u32,
    left_out: u64,
}

impl Failures {
    /// One more. Is it to be written down, and how many were not since the last that was?
    pub fn count(&self, now: DateTime<Utc>) -> Option<u64> {
        let mut minute = self.0.lock().ok()?;
        let at = now.timestamp() / 60;
        if minute.at != at {
            (minute.at, minute.written) = (at, 0);
        }
        if minute.written >= A_MINUTE {
            minute.left_out += 1;
            return None;
        }
        minute.written += 1;
        Some(std::mem::take(&mut minute.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s71_a_flood_is_counted_and_not_written() {
        let failures = Failures::default();
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap_or_default();
        let written = (0..10_000).filter(|_| failures.count(at(60)).is_some()).count();
        assert_eq!(written, A_MINUTE as usize);
        assert_eq!(failures.count(at(120)), Some(10_000 - u64::from(A_MINUTE)));
        assert_eq!(failures.count(at(121)), Some(0));
    }
}
