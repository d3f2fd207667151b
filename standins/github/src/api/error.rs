//! GitHub's error answers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Where GitHub sends the reader of an error.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An answer that is no success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

/// What handlers return.
pub(crate) type ApiResult<T = Response> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        let body = json!({
            "message": message,
            "documentation_url": DOCUMENTATION,
            "status": status.as_str(),
        });
        Self { status, body, headers: Vec::new() }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    pub(crate) fn requires_authentication() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn conflict(message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 422 "Validation Failed" with one error of code `custom`.
    pub(crate) fn validation(resource: &str, field: Option<&str>, message: &str) -> Self {
        let mut error = json!({ "resource": resource, "code": "custom", "message": message });
        if let Some(field) = field {
            error["field"] = json!(field);
        }
        let mut refusal = Self::unprocessable("Validation Failed");
        refusal.body["errors"] = json!([error]);
        refusal
    }

    /// The repository has another name now: asked for by number it is found.
    pub(crate) fn moved(location: String) -> Self {
        let mut refusal = Self::new(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
        refusal.body["url"] = json!(location);
        refusal.with("location", location)
    }

    /// 422 because a field is missing.
    pub(crate) fn missing(resource: &str, field: &str) -> Self {
        let mut refusal = Self::unprocessable("Validation Failed");
        refusal.body["errors"] = json!([{ "resource": resource, "field": field, "code": "missing" }]);
        refusal
    }

    /// 422 because a field says what cannot be.
    pub(crate) fn invalid(resource: &str, field: &str, message: &str) -> Self {
        let mut refusal = Self::unprocessable("Validation Failed");
        refusal.body["errors"] = json!([{ "resource": resource, "field": field, "code": "invalid", "message": message }]);
        refusal
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A fault of the stand-in itself: git failed, or a disk.
impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(%error, "the stand-in itself failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, &format!("Server Error: {error:#}"))
    }
}
