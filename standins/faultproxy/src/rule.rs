//! Rules: which request, and what happens to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The proxy answers itself; the upstream hears nothing.
    Error {
        /// Status of the answer.
        status: u16,
        /// Headers besides length and type.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Body of the answer.
        #[serde(default)]
        body: String,
    },
    /// The request reaches the upstream after this time (milliseconds in JSON).
    Delay(#[serde(with = "milliseconds")] Duration),
    /// The upstream does it; the client gets so many bytes of the answer, head included, then the end.
    CutAfter(u64),
    /// The connection is reset before the upstream hears anything.
    Reset,
    /// Nothing is answered, and the upstream hears nothing, until the client gives up.
    Hang,
    /// The upstream does it; the client sees the head of the answer and no byte of its body.
    TwoHundredThenCut,
    /// The upstream gets the request twice; the client sees the second answer.
    Duplicate,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only this method; all when not named.
    #[serde(default)]
    pub method: Option<String>,
    /// Part of path and query, or with `*` a pattern for the whole of them.
    pub path: String,
    /// For how many requests; for all when not named.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub kind: Kind,
}

impl Rule {
    /// A rule for every request whose path fits.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: Kind) -> Self {
        Self { method: None, path: path.into(), times: None, kind }
    }

    /// Only for this method.
    #[must_use]
    pub fn method(self, method: impl Into<String>) -> Self {
        Self { method: Some(method.into()), ..self }
    }

    /// Only for the next so many requests that fit.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = self.method.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(method));
        let path_fits = if self.path.contains('*') { glob(&self.path, path) } else { path.contains(&self.path) };
        method_fits && path_fits && self.times != Some(0)
    }
}

/// The first rule that fits, used up by one.
pub(crate) fn take(rules: &mut [Rule], method: &str, path: &str) -> Option<Kind> {
    let rule = rules.iter_mut().find(|rule| rule.fits(method, path))?;
    if let Some(times) = &mut rule.times {
        *times -= 1;
    }
    Some(rule.kind.clone())
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| glob(rest, &text[at..]))
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_used_up() {
        let mut rules = [Rule::new("/*/containers/*/start", Kind::Reset).method("post").times(1)];
        assert_eq!(take(&mut rules, "GET", "/v1.41/containers/a/start"), None);
        assert_eq!(take(&mut rules, "POST", "/v1.41/containers/a/start"), Some(Kind::Reset));
        assert_eq!(take(&mut rules, "POST", "/v1.41/containers/a/start"), None);
    }

    #[test]
    fn rules_are_written_in_json() {
        let rule: Rule = serde_json::from_str(r#"{ "path": "/x", "kind": { "delay": 20 } }"#).unwrap();
        assert_eq!(rule, Rule::new("/x", Kind::Delay(Duration::from_millis(20))));
        let rule: Rule = serde_json::from_str(r#"{ "path": "/", "times": 2, "kind": "hang" }"#).unwrap();
        assert_eq!(rule, Rule::new("/", Kind::Hang).times(2));
    }
}
