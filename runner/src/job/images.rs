//! The images of a job: each name is looked up once for the whole run, and stays what it was then.

use super::Context;
use crate::engine::{ImageRef, Tell};
use crate::host::Host;
use crate::shared::patiently;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::wire::{Notice, ResolvedImage};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, watch};

/// So long a step's notice stands before the next is sent.
const OFTEN: Duration = Duration::from_millis(500);
/// A run of a thousand steps that wait for one image tells of so many.
const TELL_OF: usize = 16;

/// One name.
#[derive(Debug)]
struct Image {
    found: OnceCell<Result<ImageRef, String>>,
    /// What is going on, for people; and with its receivers, for how many steps.
    words: watch::Sender<Option<String>>,
}

impl Default for Image {
    fn default() -> Image {
        Image { found: OnceCell::new(), words: watch::Sender::new(None) }
    }
}

/// All names met so far.
#[derive(Debug, Default)]
pub struct Images(Mutex<HashMap<String, Arc<Image>>>);

impl Images {
    fn of(&self, name: &str) -> Arc<Image> {
        let mut images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(images.entry(name.to_owned()).or_default())
    }
}

impl<H: Host> Context<H> {
    /// The image that a name stands for in this run: what an earlier job, or an earlier process, has found under it; else
    /// what is found now. While it is pulled, the step says so.
    pub async fn image(&self, name: &str, step: StepIx) -> Result<ImageRef, String> {
        let image = self.images.of(name);
        if let Some(found) = image.found.get() {
            return found.clone();
        }
        let find = async || {
            let words = image.words.clone();
            let tell: Tell = Arc::new(move |text| drop(words.send_replace(Some(text))));
            let found = match self.job.images.iter().find(|known| known.name == name) {
                Some(known) => patiently(|| self.host().find_image(known, &tell)).await,
                None if self.job.trusted => patiently(|| self.host().resolve_image(name, &tell)).await,
                None => patiently(|| self.host().public_image(name, &tell)).await,
            };
            found.map_err(|e| e.to_string())
        };
        let words = image.words.subscribe();
        let tells = image.words.receiver_count() <= TELL_OF;
        tokio::select! {
            biased;
            found = image.found.get_or_init(find) => {
                if tells && image.words.borrow().is_some() {
                    self.notice(step, None).await;
                }
                found.clone()
            }
            never = self.tell(step, words), if tells => never,
        }
    }

    /// The image with an id, which a step of the run has made.
    pub async fn made_image(&self, name: &str, id: &str) -> Result<ImageRef, String> {
        let made = ResolvedImage { name: name.to_owned(), id: id.to_owned(), digest: None };
        let silent: Tell = Arc::new(|_| {});
        patiently(|| self.host().find_image(&made, &silent)).await.map_err(|e| e.to_string())
    }

    /// Tells the server what a step waits for, as it changes. Does not end.
    async fn tell<T>(&self, step: StepIx, mut words: watch::Receiver<Option<String>>) -> T {
        while words.changed().await.is_ok() {
            let text = words.borrow_and_update().clone();
            self.notice(step, text).await;
            tokio::time::sleep(OFTEN).await;
        }
        std::future::pending().await
    }

    /// For people who are looking: where it fails, nothing is lost.
    async fn notice(&self, step: StepIx, words: Option<String>) {
        let notice = Notice { fence: self.job.fence, step, words };
        if let Err(error) = self.shared.client.notice(self.job.id, &notice).await {
            tracing::debug!(%error, "a notice was not taken");
        }
    }
}
