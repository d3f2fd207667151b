//! Pages of a list, and the `Link` header that names the others.

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::github::GitHub;

/// `per_page` and `page`; what is no number counts as not given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Paging {
    per_page: Option<String>,
    page: Option<String>,
}

impl Paging {
    /// Entries a page: 30 unless told, 100 at most.
    pub(crate) fn size(&self) -> usize {
        number(self.per_page.as_ref()).filter(|&size| size > 0).unwrap_or(30).min(100)
    }

    fn page(&self) -> usize {
        number(self.page.as_ref()).filter(|&page| page > 0).unwrap_or(1)
    }

    /// This page of `all`, with links to the others.
    pub(crate) fn respond(&self, github: &GitHub, uri: &Uri, all: Vec<Value>) -> Response {
        let (shown, links) = self.cut(github, uri, all);
        let mut response = Json(shown).into_response();
        if let Some(links) = links {
            link(&mut response, &links);
        }
        response
    }

    /// This page of `all`, and the `Link` header's value where there are others.
    pub(crate) fn cut(&self, github: &GitHub, uri: &Uri, all: Vec<Value>) -> (Vec<Value>, Option<String>) {
        let (size, page) = (self.size(), self.page());
        let last = all.len().div_ceil(size).max(1);
        let shown: Vec<_> = all.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        let mut links = Vec::new();
        let mut add = |number: usize, name: &str| {
            links.push(format!("<{}>; rel=\"{name}\"", address(github, uri, "page", &number.to_string())));
        };
        if page > 1 {
            add(page - 1, "prev");
        }
        if page < last {
            add(page + 1, "next");
            add(last, "last");
        }
        if page > 1 {
            add(1, "first");
        }
        (shown, (!links.is_empty()).then(|| links.join(", ")))
    }
}

fn number(text: Option<&String>) -> Option<usize> {
    text?.parse().ok()
}

/// Sets the `Link` header.
pub(crate) fn link(response: &mut Response, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(header::LINK, value);
    }
}

/// The address asked for, with one parameter of its query replaced.
pub(crate) fn address(github: &GitHub, uri: &Uri, name: &str, value: &str) -> String {
    let path = uri.path().strip_prefix("/api/v3").unwrap_or(uri.path());
    let prefix = format!("{name}=");
    let mut query: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with(&prefix))
        .map(str::to_owned)
        .collect();
    query.push(format!("{prefix}{value}"));
    format!("{}{path}?{}", github.links.api, query.join("&"))
}
