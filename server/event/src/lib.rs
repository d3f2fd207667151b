//! What GitHub sends, turned into a small type of ours at the door. Only the fields that we use; an action we do not know is
//! ignored, not an error.

mod pull_request;

pub use pull_request::{Action, PullRequest};

use serde::Deserialize;

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The hook works.
    Ping,
    /// A ref is at a commit now.
    Pushed(Pushed),
    /// A ref is gone.
    Deleted {
        /// The repository's numeric id.
        repository: i64,
        /// The full ref.
        git_ref: String,
    },
    /// A pull request changed.
    PullRequest(PullRequest),
    /// Something became of the repository itself: GitHub is to be asked what.
    Repository {
        /// The repository's numeric id.
        repository: i64,
        /// GitHub's word: `renamed`, `archived`, `deleted`.
        action: String,
    },
    /// The webhook that this came by was removed.
    HookGone {
        /// The repository's numeric id.
        repository: i64,
    },
    /// Nothing that we do, and why.
    Nothing(String),
}

/// A ref at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The repository's numeric id.
    pub repository: i64,
    /// The full ref.
    pub git_ref: String,
    /// The commit, 40 hex digits. For an annotated tag, the tag object's.
    pub after: String,
    /// Where the ref was before, 40 hex digits; none where it is new.
    pub before: Option<String>,
    /// The head commit's name, where GitHub gives one.
    pub head: Option<String>,
    /// The repository's name then, as `owner/name`, where the event says it.
    pub full_name: Option<String>,
    /// The repository's default branch, where the event says it.
    pub default_branch: Option<String>,
    /// Its message says `[skip ci]` or the like.
    pub skip: bool,
}

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    git_ref: String,
    #[serde(default)]
    before: String,
    after: String,
    #[serde(default)]
    deleted: bool,
    head_commit: Option<HeadCommit>,
    repository: PushedTo,
}

#[derive(Deserialize)]
struct PushedTo {
    id: i64,
    full_name: Option<String>,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct HeadCommit {
    id: String,
    message: String,
}

#[derive(Deserialize)]
struct About {
    action: Option<String>,
    repository: Option<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

/// What a body asks for. `Err` holds why it cannot be understood.
///
/// # Errors
/// The body is no JSON, or a push without what every push has.
pub fn understand(event: &str, body: &[u8]) -> Result<Asked, String> {
    match event {
        "ping" => Ok(Asked::Ping),
        "push" => push(body),
        "pull_request" => pull_request::understand(json_of(body)?.as_ref()),
        "repository" => repository(json_of(body)?.as_ref()),
        "meta" => hook_gone(json_of(body)?.as_ref()),
        "create" | "delete" => Ok(Asked::Nothing(format!("`{event}`: the push event that comes with it says all"))),
        other => Ok(Asked::Nothing(format!("`{other}` starts nothing"))),
    }
}

/// What of a repository matters here; other actions start nothing.
const CHANGES: [&str; 8] = ["renamed", "transferred", "archived", "unarchived", "deleted", "privatized", "publicized", "edited"];

fn repository(body: &[u8]) -> Result<Asked, String> {
    let About { action, repository } = serde_json::from_slice(body).map_err(|e| format!("the repository event cannot be read: {e}"))?;
    let (Some(action), Some(Id { id: repository })) = (action, repository) else {
        return Err("the repository event has no action or no repository".to_owned());
    };
    if CHANGES.contains(&action.as_str()) {
        Ok(Asked::Repository { repository, action })
    } else {
        Ok(Asked::Nothing(format!("`repository`: what is not known to this server ({}) starts nothing", action.escape_debug())))
    }
}

fn hook_gone(body: &[u8]) -> Result<Asked, String> {
    let About { action, repository } = serde_json::from_slice(body).map_err(|e| format!("the meta event cannot be read: {e}"))?;
    match (action.as_deref(), repository) {
        (Some("deleted"), Some(Id { id: repository })) => Ok(Asked::HookGone { repository }),
        // An organization's webhook has no repository, and is never ours.
        _ => Ok(Asked::Nothing("`meta`: only that a repository's webhook is gone matters here".to_owned())),
    }
}

fn push(body: &[u8]) -> Result<Asked, String> {
    let push: Push = serde_json::from_slice(json_of(body)?.as_ref()).map_err(|e| format!("the push event cannot be read: {e}"))?;
    if push.deleted || push.after == ZEROS {
        return Ok(Asked::Deleted { repository: push.repository.id, git_ref: push.git_ref });
    }
    if !push.git_ref.starts_with("refs/heads/") && !push.git_ref.starts_with("refs/tags/") {
        return Ok(Asked::Nothing(format!("`{}` is neither a branch nor a tag", push.git_ref)));
    }
    if !is_sha(&push.after) {
        return Err("the push event's `after` is no commit".to_owned());
    }
    let skip = push.head_commit.as_ref().is_some_and(|c| says_skip(&c.message));
    let head = push.head_commit.map(|c| c.id).filter(|id| is_sha(id));
    let before = Some(push.before).filter(|sha| is_sha(sha) && sha != ZEROS);
    let PushedTo { id: repository, full_name, default_branch } = push.repository;
    Ok(Asked::Pushed(Pushed { repository, git_ref: push.git_ref, after: push.after, before, head, full_name, default_branch, skip }))
}

/// A hook whose content type is `form` sends `payload=…`.
fn json_of(body: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, String> {
    if body.first() == Some(&b'{') {
        return Ok(body.into());
    }
    if let Some(form) = body.strip_prefix(b"payload=") {
        return percent_decode(form).map(Into::into).ok_or_else(|| "the form cannot be read".to_owned());
    }
    Err("the body is neither a JSON object nor a form".to_owned())
}

fn percent_decode(form: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(form.len());
    let mut bytes = form.iter();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'&' => break,
            b'%' => {
                let digits = [*bytes.next()?, *bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => *other,
        });
    }
    Some(out)
}

/// 40 hex digits.
pub fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The words that keep a commit from being run, anywhere in its message (as GitHub's own CI has them).
pub fn says_skip(message: &str) -> bool {
    ["[skip ci]", "[ci skip]", "[no ci]", "[skip dockercise]"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn body(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut push = json!({
            "ref": "refs/heads/main", "after": "a".repeat(40), "deleted": false, "repository": { "id": 7 },
            "head_commit": { "id": "a".repeat(40), "message": "fix" },
        });
        change(&mut push);
        push.to_string().into_bytes()
    }

    fn pushed(asked: Asked) -> Pushed {
        match asked {
            Asked::Pushed(pushed) => pushed,
            other => panic!("expected a push, got {other:?}"),
        }
    }

    #[test]
    fn a_push_is_a_ref_at_a_commit() {
        let got = pushed(understand("push", &body(|_| ())).unwrap());
        assert_eq!((got.repository, got.git_ref.as_str(), got.skip), (7, "refs/heads/main", false));
    }

    #[test]
    fn a_form_is_read_like_json() {
        let form = format!("payload={}", String::from_utf8(body(|_| ())).unwrap().replace('{', "%7B").replace(' ', "+"));
        assert_eq!(pushed(understand("push", form.as_bytes()).unwrap()).repository, 7);
    }

    #[test]
    fn skip_words_deleted_refs_and_odd_refs() {
        let skip = body(|p| p["head_commit"]["message"] = "wip [skip ci]".into());
        assert!(pushed(understand("push", &skip).unwrap()).skip);
        let gone = body(|p| p["after"] = ZEROS.into());
        assert_eq!(understand("push", &gone).unwrap(), Asked::Deleted { repository: 7, git_ref: "refs/heads/main".into() });
        let notes = body(|p| p["ref"] = "refs/notes/x".into());
        assert!(matches!(understand("push", &notes).unwrap(), Asked::Nothing(_)));
        let null_head = body(|p| p["head_commit"] = serde_json::Value::Null);
        assert_eq!(pushed(understand("push", &null_head).unwrap()).head, None);
    }

    #[test]
    fn what_is_no_push_is_said() {
        for bad in [&b"[]"[..], b"", b"\0\0", b"{}", b"payload=%zz", br#"{"ref":1}"#] {
            assert!(understand("push", bad).is_err());
        }
        assert!(understand("push", &body(|p| p["after"] = "--upload-pack=x".into())).is_err());
    }
}
