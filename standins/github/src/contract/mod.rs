//! Judges recorded traffic by GitHub's own OpenAPI description.
//!
//! Requests, answers and deliveries alike: the path must exist, parameters and bodies fit, the
//! status be known, a delivery be one that GitHub sends. So neither the stand-in nor the product
//! can drift into what is convenient. `GET /repositories/{id}`, which GitHub does not document,
//! is left out, and so is every answer that a fault on demand made.

mod call;
mod delivery;
mod document;
mod route;

use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::journal::Line;
use document::Document;
use route::Route;

/// GitHub's description, beside the checkout.
const DESCRIPTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/github-openapi.json.gz");

/// One thing in a journal that GitHub would not do or not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Line of the journal, from 1.
    pub line: usize,
    /// The call or delivery, such as `POST /repos/a/b/hooks -> 201`.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}: {}", self.line, self.subject, self.problem)
    }
}

/// Knows GitHub's description.
#[derive(Debug)]
pub struct Judge {
    document: Document,
    routes: Vec<Route>,
}

impl Judge {
    /// Reads the description that lies beside the checkout, in `../shared/data`.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn load() -> anyhow::Result<Self> {
        Self::load_from(Path::new(DESCRIPTION))
    }

    /// As [`Judge::load`], for tests: none where the description is not beside the checkout, as in a stranger's clone, with
    /// words on stderr that nothing was judged. CI has it, so there it must be.
    ///
    /// # Errors
    /// When it cannot be read; in CI (`CI` is set) also when it is not there.
    pub fn load_or_skip() -> anyhow::Result<Option<Self>> {
        if !Path::new(DESCRIPTION).exists() && std::env::var_os("CI").is_none() {
            eprintln!("SKIPPED: GitHub's OpenAPI description is not there ({DESCRIPTION}); the traffic was not judged");
            return Ok(None);
        }
        Self::load().map(Some)
    }

    /// Reads a gzipped OpenAPI description.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn load_from(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::open(path).with_context(|| {
            format!(
                "cannot read GitHub's OpenAPI description {}\n\
                 it belongs into shared/data beside the checkout: without it nothing can be judged",
                path.display()
            )
        })?;
        let value: Value = serde_json::from_reader(flate2::read::GzDecoder::new(file))
            .with_context(|| format!("{} is no gzipped JSON", path.display()))?;
        let routes = route::all(&value);
        Ok(Self { document: Document::new(value)?, routes })
    }

    /// Judges a whole journal.
    ///
    /// # Errors
    /// When the file cannot be read or a line of it is none of a journal.
    pub fn check_file(&self, journal: &Path) -> anyhow::Result<Vec<Violation>> {
        let text = std::fs::read_to_string(journal).with_context(|| format!("cannot read the journal {}", journal.display()))?;
        let mut violations = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line: Line =
                serde_json::from_str(line).with_context(|| format!("line {} of {} is broken", number + 1, journal.display()))?;
            violations.extend(self.check(&line).into_iter().map(|violation| Violation { line: number + 1, ..violation }));
        }
        Ok(violations)
    }

    /// Judges one line; the violations carry line 0.
    #[must_use]
    pub fn check(&self, line: &Line) -> Vec<Violation> {
        let (subject, problems) = match line {
            Line::Call(call) => {
                let subject = format!("{} {} -> {}", call.method, call.path, call.status);
                (subject, call::problems(&self.document, &self.routes, call))
            }
            Line::Delivery(sent) => (format!("delivery of {}", sent.event), delivery::problems(&self.document, sent)),
        };
        problems.into_iter().map(|problem| Violation { line: 0, subject: subject.clone(), problem }).collect()
    }
}
