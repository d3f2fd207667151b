//! Images for code that nobody trusts: what anybody may have, and nothing that somebody's login or run has brought here.

use super::{Engine, EngineError, ImageRef, Tell, refused};
use crate::engine::names::KIND;

impl Engine {
    /// The image of this name if it is anybody's: pulled without a login. One that is here already counts if it came from a
    /// registry that this host has no login for, or that gives it out without one; or from no registry, if no run made it.
    pub async fn public_image(&self, image: &str, tell: &Tell) -> Result<ImageRef, EngineError> {
        let Some(found) = self.local_image(image, image).await? else {
            self.pull(image, tell, false).await?;
            return match self.local_image(image, image).await? {
                Some(found) => Ok(ImageRef { pulled: true, ..found }),
                None => Err(refused(image, "it was pulled, but is not there".to_owned())),
            };
        };
        let inspected = self.inner.docker.inspect_image(&found.id).await;
        let inspected = inspected.map_err(|error| EngineError::of(&self.inner.address, format!("inspect image {image}"), error))?;
        let labels = inspected.config.and_then(|config| config.labels).unwrap_or_default();
        if labels.contains_key(KIND) {
            let words = "another run has made it here, and this run's code comes from a fork";
            return Err(refused(image, words.to_owned()));
        }
        let digests = inspected.repo_digests.unwrap_or_default();
        let mut private = Vec::new();
        for digest in &digests {
            if self.inner.logins.of(digest).await.map_err(|error| refused(image, error.to_string()))?.is_none() {
                return Ok(found);
            }
            private.push(digest);
        }
        let mut why = None;
        for digest in private {
            // A pull would be content with what is here.
            match self.inner.docker.inspect_registry_image(digest, None).await {
                Ok(_) => return Ok(found),
                Err(error) => match EngineError::of(&self.inner.address, format!("look up {digest}"), error) {
                    EngineError::Refused { words, .. } => why = Some(words),
                    error => return Err(error),
                },
            }
        }
        match why {
            None => Ok(found),
            Some(words) => {
                let words = format!("this run's code comes from a fork and may have it only where no login is asked for: {words}");
                Err(refused(image, words))
            }
        }
    }
}
