//! Finding images: on the host first, then from where their name says.

use super::{Engine, EngineError, ImageConfig, ImageRef};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

impl Engine {
    /// The image, from this host if it is there, else pulled. `progress` is told the engine's words while it pulls.
    pub async fn resolve_image(&self, image: &str, progress: &(dyn Fn(String) + Send + Sync)) -> Result<ImageRef, EngineError> {
        if let Some(found) = self.local_image(image).await? {
            return Ok(found);
        }
        self.pull(image, progress).await?;
        match self.local_image(image).await? {
            Some(found) => Ok(ImageRef { pulled: true, ..found }),
            None => Err(refused(image, "it was pulled, but is not there".to_owned())),
        }
    }

    async fn local_image(&self, image: &str) -> Result<Option<ImageRef>, EngineError> {
        match self.inner.docker.inspect_image(image).await {
            Ok(found) => {
                let id = found.id.ok_or_else(|| refused(image, "the engine tells no id".to_owned()))?;
                let digest = found.repo_digests.unwrap_or_default().into_iter().next();
                let config = found.config.map(config).unwrap_or_default();
                Ok(Some(ImageRef { id, digest, pulled: false, config }))
            }
            Err(error) => match EngineError::of(&self.inner.address, format!("inspect image {image}"), error) {
                error if error.status() == Some(404) => Ok(None),
                EngineError::Refused { words, .. } => Err(refused(image, words)),
                error => Err(error),
            },
        }
    }

    async fn pull(&self, image: &str, progress: &(dyn Fn(String) + Send + Sync)) -> Result<(), EngineError> {
        // Without a tag the engine would pull all there are.
        let tag = if has_tag(image) { "" } else { "latest" };
        let options = CreateImageOptionsBuilder::default().from_image(image).tag(tag).build();
        let mut steps = self.inner.docker.create_image(Some(options), None, None);
        let mut last = String::new();
        while let Some(step) = steps.next().await {
            match step {
                Ok(info) => {
                    let words: Vec<String> = [info.id, info.status].into_iter().flatten().collect();
                    let words = words.join(": ");
                    // A download tells the same words many times a second.
                    if !words.is_empty() && words != last {
                        progress(words.clone());
                        last = words;
                    }
                }
                Err(error) => {
                    return match EngineError::of(&self.inner.address, format!("pull {image}"), error) {
                        EngineError::Refused { words, .. } => Err(refused(image, words)),
                        error => Err(error),
                    };
                }
            }
        }
        Ok(())
    }
}

/// What of an image's config matters to a step.
fn config(config: bollard::models::ImageConfig) -> ImageConfig {
    let home = config.env.unwrap_or_default().iter().find_map(|set| set.strip_prefix("HOME=").map(str::to_owned));
    ImageConfig {
        argv: [config.entrypoint, config.cmd].into_iter().flatten().flatten().collect(),
        user: config.user.unwrap_or_default(),
        workdir: config.working_dir.unwrap_or_default(),
        home: home.filter(|home| !home.is_empty()),
    }
}

fn refused(image: &str, words: String) -> EngineError {
    EngineError::Image { image: image.to_owned(), words }
}

/// Does the name say which version, by tag or digest? (A colon before the last slash belongs to a port.)
fn has_tag(image: &str) -> bool {
    image.rsplit('/').next().is_some_and(|last| last.contains(':') || last.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::has_tag;

    #[test]
    fn a_port_is_no_tag() {
        for with in ["alpine:3.20", "a/b:1", "host:5000/a/b:1", "alpine@sha256:00", "host:5000/a@sha256:00"] {
            assert!(has_tag(with), "{with}");
        }
        for without in ["alpine", "a/b", "host:5000/a/b"] {
            assert!(!has_tag(without), "{without}");
        }
    }
}
