//! A pull in words for people: from what the engine says of each layer, many times a second.

use bollard::models::CreateImageInfo;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So often the words change at most.
const OFTEN: Duration = Duration::from_millis(500);
/// Bytes of what people call a megabyte.
const MB: i64 = 1_000_000;

/// What is known of a pull.
pub struct Pulling {
    image: String,
    layers: BTreeMap<String, Layer>,
    said: Option<(Instant, String)>,
}

#[derive(Default)]
struct Layer {
    here: i64,
    length: i64,
    is_here: bool,
}

impl Pulling {
    /// Nothing known yet.
    pub fn new(image: &str) -> Pulling {
        Pulling { image: image.to_owned(), layers: BTreeMap::new(), said: None }
    }

    /// Takes what the engine says; gives words where there are new ones and the last are old enough.
    pub fn take(&mut self, info: CreateImageInfo, now: Instant) -> Option<String> {
        let status = info.status.unwrap_or_default();
        let retrying = status.starts_with("Retrying in");
        if let Some(id) = info.id.filter(|_| !status.starts_with("Pulling from")) {
            let layer = self.layers.entry(id).or_default();
            let detail = info.progress_detail.unwrap_or_default();
            match status.as_str() {
                "Downloading" => {
                    (layer.here, layer.length) = (detail.current.unwrap_or(0), detail.total.unwrap_or(layer.length).max(0));
                }
                "Verifying Checksum" | "Download complete" | "Extracting" | "Pull complete" | "Already exists" => layer.is_here = true,
                _ => {}
            }
        }
        if !retrying && self.said.as_ref().is_some_and(|(at, _)| now.duration_since(*at) < OFTEN) {
            return None;
        }
        let words = if retrying { format!("pulling {}: the registry failed, {}", self.image, status.to_lowercase()) } else { self.words() };
        let new = self.said.as_ref().is_none_or(|(_, said)| *said != words);
        new.then(|| {
            self.said = Some((now, words.clone()));
            words
        })
    }

    fn words(&self) -> String {
        let length: i64 = self.layers.values().map(|layer| layer.length).sum();
        let here: i64 = self.layers.values().map(|layer| if layer.is_here { layer.length } else { layer.here.min(layer.length) }).sum();
        let known = !self.layers.is_empty();
        if known && self.layers.values().all(|layer| layer.is_here) {
            return format!("pulling {}: unpacking", self.image);
        }
        match length {
            0 => format!("pulling {}", self.image),
            length => format!("pulling {}: {} of {} MB", self.image, here / MB, (length + MB - 1) / MB),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use bollard::models::ProgressDetail;

    fn info(id: &str, status: &str, bytes: Option<(i64, i64)>) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: bytes.map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn layers_add_up_and_words_come_now_and_then() {
        let mut pulling = Pulling::new("alpine:3");
        let mut now = Instant::now();
        assert_eq!(pulling.take(info("3", "Pulling from library/alpine", None), now).unwrap(), "pulling alpine:3");
        assert_eq!(pulling.take(info("a", "Pulling fs layer", None), now), None);
        assert_eq!(pulling.take(info("a", "Downloading", Some((2 * MB, 10 * MB))), now), None, "too soon");
        now += OFTEN;
        assert_eq!(pulling.take(info("b", "Downloading", Some((MB, 20 * MB))), now).unwrap(), "pulling alpine:3: 3 of 30 MB");
        now += OFTEN;
        assert_eq!(pulling.take(info("a", "Download complete", None), now).unwrap(), "pulling alpine:3: 11 of 30 MB");
        let words = pulling.take(info("b", "Retrying in 5 seconds", None), now).unwrap();
        assert_eq!(words, "pulling alpine:3: the registry failed, retrying in 5 seconds");
        now += OFTEN;
        assert_eq!(pulling.take(info("b", "Extracting", Some((1, 2))), now).unwrap(), "pulling alpine:3: unpacking");
        now += OFTEN;
        assert_eq!(pulling.take(info("b", "Extracting", Some((2, 2))), now), None, "nothing new");
    }
}
