//! `pull_request` events.

use super::{Asked, Id, is_sha};
use serde::Deserialize;

/// A pull request, as far as a run is about it. Who trusts it decides by the numeric ids, never by names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The numeric id of the repository that it is made in.
    pub repository: i64,
    /// What became of it.
    pub action: Action,
    /// Its number.
    pub number: u64,
    /// The commit that it wants in, 40 hex digits.
    pub sha: String,
    /// The branch that this is on, as it says.
    pub head_branch: String,
    /// The numeric id of the repository that this branch is in; none where that is gone.
    pub head_repository: Option<i64>,
    /// The branch that it wants to go into.
    pub base_branch: String,
    /// The numeric id of the repository that this branch is in.
    pub base_repository: i64,
}

/// What became of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is open now, and was not.
    Opened,
    /// It has other commits now.
    Synchronized,
    /// It wants to go into another branch now.
    Retargeted,
    /// It is closed now.
    Closed,
}

#[derive(Deserialize)]
struct Event {
    action: String,
    number: u64,
    pull_request: Body,
    repository: Id,
    #[serde(default)]
    changes: Changes,
}

#[derive(Default, Deserialize)]
struct Changes {
    base: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Body {
    head: End,
    base: End,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    repo: Option<Id>,
}

/// What the event asks for.
///
/// # Errors
/// It is no JSON, or not what every such event has.
pub(super) fn understand(json: &[u8]) -> Result<Asked, String> {
    let event: Event = serde_json::from_slice(json).map_err(|e| format!("the pull_request event cannot be read: {e}"))?;
    let action = match event.action.as_str() {
        "opened" | "reopened" => Action::Opened,
        "synchronize" => Action::Synchronized,
        "closed" => Action::Closed,
        "edited" if event.changes.base.is_some() => Action::Retargeted,
        other => return Ok(Asked::Nothing(format!("that a pull request is {} starts nothing", other.escape_debug()))),
    };
    let Body { head, base } = event.pull_request;
    if !is_sha(&head.sha) {
        return Err("the pull_request event's head is no commit".to_owned());
    }
    let base_repository = base.repo.map(|repo| repo.id).ok_or("the pull_request event has no base repository")?;
    Ok(Asked::PullRequest(PullRequest {
        repository: event.repository.id,
        action,
        number: event.number,
        sha: head.sha,
        head_branch: head.branch,
        head_repository: head.repo.map(|repo| repo.id),
        base_branch: base.branch,
        base_repository,
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::{Value, json};

    fn event(change: impl FnOnce(&mut Value)) -> Result<Asked, String> {
        let mut event = json!({
            "action": "opened", "number": 7, "repository": { "id": 1 },
            "pull_request": {
                "head": { "ref": "fix", "sha": "a".repeat(40), "repo": { "id": 1 } },
                "base": { "ref": "main", "sha": "b".repeat(40), "repo": { "id": 1 } },
            },
        });
        change(&mut event);
        super::super::understand("pull_request", event.to_string().as_bytes())
    }

    fn pull_request(asked: Result<Asked, String>) -> PullRequest {
        match asked.unwrap() {
            Asked::PullRequest(found) => found,
            other => panic!("expected a pull request, got {other:?}"),
        }
    }

    #[test]
    fn its_ends_and_what_became_of_it_are_read() {
        let opened = pull_request(event(|_| ()));
        assert_eq!(
            (opened.number, opened.action, opened.head_branch.as_str(), opened.base_branch.as_str()),
            (7, Action::Opened, "fix", "main")
        );
        assert_eq!((opened.repository, opened.head_repository, opened.base_repository), (1, Some(1), 1));
        for (word, action) in [("reopened", Action::Opened), ("synchronize", Action::Synchronized), ("closed", Action::Closed)] {
            assert_eq!(pull_request(event(|e| e["action"] = word.into())).action, action);
        }
        assert_eq!(pull_request(event(|e| e["pull_request"]["head"]["repo"] = Value::Null)).head_repository, None);
        let edited = |changes: Value| event(|e| (e["action"], e["changes"]) = ("edited".into(), changes));
        let moved = json!({ "base": { "ref": { "from": "main" }, "sha": { "from": "b" } } });
        assert_eq!(pull_request(edited(moved)).action, Action::Retargeted);
        assert!(matches!(edited(json!({ "title": { "from": "x" } })).unwrap(), Asked::Nothing(_)));
    }

    #[test]
    fn what_is_none_of_ours_is_ignored_and_what_is_none_is_said() {
        assert!(matches!(event(|e| e["action"] = "labeled".into()).unwrap(), Asked::Nothing(_)));
        assert!(event(|e| e["pull_request"]["head"]["sha"] = "--upload-pack=x".into()).is_err());
        assert!(event(|e| e["pull_request"]["base"]["repo"] = Value::Null).is_err());
        // An id is a number: text that looks like one is none (security.md, "CodeBreach").
        assert!(event(|e| e["pull_request"]["head"]["repo"]["id"] = "1".into()).is_err());
        assert!(event(|e| e["number"] = "7".into()).is_err());
    }
}
