//! When to try again: exponential, capped, with full jitter, so that many runners do not come back in step.

use std::time::Duration;

/// The longest pause before the second try.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause at all.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It worked: the next failure is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure: evenly between nothing and a bound that doubles.
    pub fn pause(&mut self) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures += 1;
        bound.mul_f64(rand::random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_cap_and_differ() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..200).map(|_| backoff.pause()).collect();
        assert!(pauses[0] <= FIRST);
        assert!(pauses.iter().all(|p| *p <= LONGEST));
        assert!(pauses.iter().any(|p| *p > LONGEST / 2));
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
    }
}
