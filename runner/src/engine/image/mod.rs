//! Finding images: on the host first, then from where their name says.

mod login;
mod public;
mod pulling;

pub use login::Logins;

use super::{Engine, EngineError, ImageConfig, ImageRef};
use bollard::query_parameters::CreateImageOptionsBuilder;
use dockercise_pipeline::wire::ResolvedImage;
use futures_util::StreamExt;
use pulling::Pulling;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pauses before a pull or push that failed for a reason that may pass is tried again.
pub(super) const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(6)];
/// Words of engines and registries for what may pass (reliability.md, R65).
const PASSING: [&str; 12] = [
    "toomanyrequests",
    "too many requests",
    "unexpected eof",
    "connection reset",
    "connection refused",
    "i/o timeout",
    "tls handshake timeout",
    "temporary failure in name resolution",
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway time",
];

/// Told what goes on, in words for people.
pub type Tell = Arc<dyn Fn(String) + Send + Sync>;

impl Engine {
    /// The image of this name, from this host if it is there, else pulled.
    pub async fn resolve_image(&self, image: &str, tell: &Tell) -> Result<ImageRef, EngineError> {
        if let Some(found) = self.local_image(image, image).await? {
            return Ok(found);
        }
        self.pull(image, tell, true).await?;
        match self.local_image(image, image).await? {
            Some(found) => Ok(ImageRef { pulled: true, ..found }),
            None => Err(refused(image, "it was pulled, but is not there".to_owned())),
        }
    }

    /// The very image that a name has stood for before, whatever it stands for now.
    pub async fn find_image(&self, image: &ResolvedImage, tell: &Tell) -> Result<ImageRef, EngineError> {
        if let Some(found) = self.local_image(&image.name, &image.id).await? {
            return Ok(found);
        }
        let Some(digest) = &image.digest else {
            return Err(refused(&image.name, format!("this run has used {}, which is gone and came from no registry", image.id)));
        };
        self.resolve_image(digest, tell).await
    }

    /// By a name, an id or a digest.
    async fn local_image(&self, image: &str, by: &str) -> Result<Option<ImageRef>, EngineError> {
        match self.inner.docker.inspect_image(by).await {
            Ok(found) => {
                let id = found.id.ok_or_else(|| refused(image, "the engine tells no id".to_owned()))?;
                let digest = own_digest(image, found.repo_digests.unwrap_or_default());
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

    async fn pull(&self, image: &str, tell: &Tell, logs_in: bool) -> Result<(), EngineError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.pull_once(image, tell, logs_in).await {
                Err(EngineError::Image { words, .. }) if may_pass(&words) => {
                    let Some(pause) = pauses.next() else { return Err(refused(image, words)) };
                    tracing::warn!(image, words, "a pull failed and is tried again");
                    tell(format!("pulling {image}: {words}; trying again"));
                    tokio::time::sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn pull_once(&self, image: &str, tell: &Tell, logs_in: bool) -> Result<(), EngineError> {
        // Without a tag the engine would pull all there are.
        let tag = if has_tag(image) { "" } else { "latest" };
        let options = CreateImageOptionsBuilder::default().from_image(image).tag(tag).build();
        let login = match logs_in {
            true => self.inner.logins.of(image).await.map_err(|error| refused(image, error.to_string()))?,
            false => None,
        };
        let mut steps = self.inner.docker.create_image(Some(options), None, login);
        let mut pulling = Pulling::new(image);
        while let Some(step) = steps.next().await {
            match step {
                Ok(info) => pulling.take(info, Instant::now()).into_iter().for_each(&**tell),
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

/// May the same pull or push go well in a moment?
pub(super) fn may_pass(words: &str) -> bool {
    let words = words.to_lowercase();
    PASSING.iter().any(|passing| words.contains(passing))
}

/// Of an image's digests the one of the repository it is called by: it may have been pulled from several.
fn own_digest(image: &str, digests: Vec<String>) -> Option<String> {
    let repository = image.split('@').next().unwrap_or(image);
    let repository = if has_tag(repository) { repository.rsplit_once(':').map_or(repository, |(name, _)| name) } else { repository };
    let own = |digest: &&String| digest.split_once('@').is_some_and(|(of, _)| of == repository);
    digests.iter().find(own).or(digests.first()).cloned()
}

/// What of an image's config matters to a step.
fn config(config: bollard::models::ImageConfig) -> ImageConfig {
    let home = config.env.unwrap_or_default().iter().find_map(|set| set.strip_prefix("HOME=").map(str::to_owned));
    ImageConfig {
        argv: [config.entrypoint, config.cmd].into_iter().flatten().flatten().collect(),
        user: config.user.unwrap_or_default(),
        workdir: config.working_dir.unwrap_or_default(),
        home: home.filter(|home| !home.is_empty()),
        on_build: config.on_build.unwrap_or_default(),
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
    use super::*;

    #[test]
    fn the_digest_is_of_the_repository_that_was_asked() {
        let digests = || vec!["a/x@sha256:1".to_owned(), "h:5000/x@sha256:2".to_owned(), "x@sha256:3".to_owned()];
        let of = |image| own_digest(image, digests()).unwrap_or_default();
        assert_eq!(
            [of("x:1"), of("h:5000/x"), of("h:5000/x:2@sha256:2"), of("other:1")],
            ["x@sha256:3", "h:5000/x@sha256:2", "h:5000/x@sha256:2", "a/x@sha256:1"]
        );
        assert_eq!(own_digest("x", vec![]), None);
    }

    #[test]
    fn r65_what_may_pass_is_tried_again_and_a_wrong_digest_is_not() {
        for passing in [
            "toomanyrequests: You have reached your pull rate limit",
            "received unexpected HTTP status: 503 Service Unavailable",
            "unexpected EOF",
        ] {
            assert!(may_pass(passing), "{passing}");
        }
        for fatal in [
            "filesystem layer verification failed for digest sha256:00",
            "manifest unknown: manifest unknown",
            "Get http://127.0.0.1:5000/v2/a/manifests/1: unauthorized: authentication required",
            "no basic auth credentials",
        ] {
            assert!(!may_pass(fatal), "{fatal}");
        }
    }

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
