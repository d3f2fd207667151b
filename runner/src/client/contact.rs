//! When the server was last heard of.

use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Without a word from the server for so long, no new step is started (reliability.md, 3.4): it may have given the job
/// to another host.
const LONGEST_SILENCE: Duration = Duration::from_secs(600);
/// A silence of this much is worth waking those who wait to try again.
const SHORT_SILENCE: Duration = Duration::from_millis(150);

/// The last sign of life, in milliseconds of a clock that goes on while the machine sleeps.
#[derive(Debug)]
pub struct Contact {
    last_ms: AtomicI64,
    again: Notify,
}

impl Default for Contact {
    fn default() -> Contact {
        // A runner that starts has been given its work by a server: it may go on for as long as after a lost contact.
        Contact { last_ms: AtomicI64::new(boot_ms()), again: Notify::new() }
    }
}

impl Contact {
    /// The server answered.
    pub fn heard(&self) {
        let now = boot_ms();
        let silence = now - self.last_ms.swap(now, Ordering::Relaxed);
        if silence > SHORT_SILENCE.as_millis() as i64 {
            self.again.notify_waiters();
        }
    }

    /// Waits for the next answer after a silence.
    pub async fn heard_again(&self) {
        self.again.notified().await;
    }

    /// May new steps be started?
    pub fn fresh(&self) -> bool {
        boot_ms() - self.last_ms.load(Ordering::Relaxed) < LONGEST_SILENCE.as_millis() as i64
    }

    /// Waits until new steps may be started.
    pub async fn until_fresh(&self) {
        loop {
            let heard = self.again.notified();
            if self.fresh() {
                return;
            }
            heard.await;
        }
    }
}

fn boot_ms() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    #[tokio::test]
    async fn a_long_silence_holds_new_steps_back() {
        let contact = Contact::default();
        contact.until_fresh().await;
        contact.last_ms.fetch_sub(601_000, Ordering::Relaxed);
        let mut waiting = Box::pin(contact.until_fresh());
        assert!(matches!(futures_util::poll!(&mut waiting), Poll::Pending));
        contact.heard();
        waiting.await;
    }
}
