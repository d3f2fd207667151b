//! What the server's answers mean.

use bytes::Bytes;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

/// How much of an error page is kept.
const WORDS: usize = 300;

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No answer, a server's own trouble, or an answer that is not one of ours (a proxy's page): again later.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The token is not taken (any more).
    #[error("the server does not know this runner's token")]
    Unauthorized,
    /// The lease is over: the job is somebody else's.
    #[error("the job's lease is over")]
    Stale,
    /// The server understood and refuses.
    #[error("the server refuses: {0}")]
    Refused(String),
}

/// The answer, or what its status says.
pub fn read<T: DeserializeOwned>(status: StatusCode, body: &Bytes) -> Result<T, CallError> {
    match status.as_u16() {
        200..=299 => serde_json::from_slice(body)
            .map_err(|e| CallError::Unreachable(format!("an answer that is not dockercise's: {e}: {}", words(body)))),
        401 => Err(CallError::Unauthorized),
        409 => Err(CallError::Stale),
        // Too slow, too many: as any trouble of the moment.
        408 | 425 | 429 | 500..=599 => Err(CallError::Unreachable(format!("{status}: {}", words(body)))),
        _ => Err(CallError::Refused(format!("{status}: {}", words(body)))),
    }
}

fn words(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(WORDS)]);
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockercise_pipeline::wire::Taken;

    fn of(status: u16, body: &'static str) -> Result<Taken, CallError> {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        read(status, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_status_has_one_meaning() {
        assert_eq!(of(200, r#"{"up_to":4}"#), Ok(Taken { up_to: 4 }));
        assert!(matches!(of(200, "<html>welcome to the hotel</html>"), Err(CallError::Unreachable(_))));
        assert!(matches!(of(502, "bad gateway"), Err(CallError::Unreachable(_))));
        assert_eq!(of(401, ""), Err(CallError::Unauthorized));
        assert_eq!(of(409, "stale"), Err(CallError::Stale));
        assert_eq!(of(422, "no\u{1b}[31m"), Err(CallError::Refused("422 Unprocessable Entity: no\\u{1b}[31m".into())));
    }
}
