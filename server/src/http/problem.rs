//! What a request is told when it cannot be served: what failed, and what to do.

use crate::runs::ChangeError;
use crate::view::Problem;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A refusal.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    problem: Problem,
}

impl Fault {
    /// A refusal with words.
    pub fn new(status: StatusCode, error: impl Into<String>, help: Option<&str>) -> Fault {
        Fault { status, problem: Problem { error: error.into(), help: help.map(str::to_owned) } }
    }

    /// Nobody is known: what there is, and whether, is not for everybody.
    pub fn log_in() -> Fault {
        Fault::new(
            StatusCode::UNAUTHORIZED,
            "you are not logged in",
            Some("log in at /login; programs send a token that is made on /settings"),
        )
    }

    /// There is no such thing, or nobody may know of it: the same words for both.
    pub fn not_found() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "there is no such thing here", Some("check the address; the list of all pipelines is at /"))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

impl From<sqlx::Error> for Fault {
    fn from(e: sqlx::Error) -> Fault {
        tracing::error!(error = %e, "the database failed under a request");
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database cannot be used right now",
            Some("try again; if it stays, look at the server's log and its disk"),
        )
    }
}

impl From<std::io::Error> for Fault {
    fn from(e: std::io::Error) -> Fault {
        tracing::error!(error = %e, "the results folder failed under a request");
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the results folder cannot be used right now",
            Some("look at the server's log and its disk"),
        )
    }
}

impl From<ChangeError> for Fault {
    fn from(e: ChangeError) -> Fault {
        match e {
            ChangeError::Db(e) => e.into(),
            ChangeError::NoRun => Fault::not_found(),
            ChangeError::Overtaken => Fault::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string(), Some("try again")),
            ChangeError::NothingFailed => Fault::new(StatusCode::CONFLICT, e.to_string(), Some("run it again from the beginning")),
            ChangeError::Refused(_) | ChangeError::NoPlan | ChangeError::NotOver => {
                Fault::new(StatusCode::CONFLICT, e.to_string(), Some("load the page anew: it has changed since"))
            }
        }
    }
}
