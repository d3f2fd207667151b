//! Requests in, answers out. Handlers touch the database and the store of the `local` account, never GitHub or Docker.
//!
//! The route table is this page; what a route does is in the file it names.

pub mod accept;
mod allow;
mod api;
mod caller;
mod guard;
mod hooks;
mod login;
mod logs;
mod pages;
mod problem;
mod runner;

pub use logs::AllNames;
pub use problem::Fault;
pub use runner::assemble_job;

use crate::clock::Clock;
use crate::db::Db;
use crate::hub::Hub;
use crate::people::People;
use crate::runs::Runs;
use crate::seal::Seal;
use crate::settings::Keep;
use crate::store::Store;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use std::sync::Arc;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest body GitHub delivers (its docs: 25 MB).
const WEBHOOK_BODY: usize = 25 * 1024 * 1024;
/// The largest body of any other request; a piece of a log is at most 1 MiB.
const BODY: usize = 1024 * 1024 + 4096;
/// Reports of a large graph's beginning come in one request.
const REPORTS_BODY: usize = 8 * 1024 * 1024;

/// What handlers work with.
#[derive(Debug, Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// Changes to runs.
    pub runs: Arc<Runs>,
    /// Who is told.
    pub hub: Arc<Hub>,
    /// Logs.
    pub store: Store,
    /// Where logs are.
    pub names: AllNames,
    /// Opens secrets.
    pub seal: Seal,
    /// The time.
    pub clock: Clock,
    /// This server's public address, without a slash at its end.
    pub public_url: String,
    /// sha256 of the embedded runner's token.
    pub runner_token: [u8; 32],
    /// Base of GitHub's pages.
    pub github_web: String,
    /// Who people are, and what they may.
    pub people: People,
    /// Who acts here, where there is no login.
    pub operator: Option<String>,
    /// What hosts keep of runs that are over.
    pub keep: Keep,
}

impl App {
    /// Is this server reached by TLS only? Then its cookies are for that only too.
    fn has_tls(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The cookie of a session. The prefix has browsers keep it from other hosts and from plain http.
    fn session_cookie(&self) -> &'static str {
        if self.has_tls() { "__Host-dockercise" } else { "dockercise" }
    }

    /// The cookie of a login under way.
    fn login_cookie(&self) -> &'static str {
        if self.has_tls() { "__Host-dockercise-login" } else { "dockercise-login" }
    }
}

/// The API's description.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "dockercise", description = "What the pages are made from."),
    components(schemas(crate::view::PipelineShown, crate::view::DiagnosticView, crate::view::RelatedView, crate::view::SpanView))
)]
struct Description;

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(login::me))
        .routes(routes!(login::log_in))
        .routes(routes!(login::log_out))
        .routes(routes!(api::tokens::tokens, api::tokens::make_token))
        .routes(routes!(api::tokens::remove_token))
        .routes(routes!(api::trail::trail))
        .routes(routes!(api::connect::repositories))
        .routes(routes!(api::connect::connect))
        .routes(routes!(api::connect::one, api::connect::disconnect))
        .routes(routes!(api::pipelines::pipelines))
        .routes(routes!(api::repositories::connected_repositories))
        .routes(routes!(api::results::list))
        .routes(routes!(api::results::run))
        .routes(routes!(api::steps::step))
        .routes(routes!(api::steps::file))
        .routes(routes!(api::events::events))
        .routes(routes!(api::logs::page))
        .routes(routes!(api::logs::live))
        .routes(routes!(api::logs::raw))
        .routes(routes!(api::logs::value))
        .routes(routes!(api::acts::approve))
        .routes(routes!(api::acts::cancel))
        .routes(routes!(api::acts::rerun))
        .routes(routes!(api::start::inputs, api::start::start))
        .routes(routes!(api::secrets::secrets))
        .routes(routes!(api::secrets::set_secret, api::secrets::remove_secret))
}

/// The API's description as JSON, for `server/openapi.json`.
///
/// # Errors
/// Never: the description is made of plain data.
pub fn openapi() -> serde_json::Result<String> {
    let (_, description) = api().split_for_parts();
    description.to_pretty_json()
}

/// All routes.
pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    Router::new()
        .merge(api)
        .layer(middleware::from_fn_with_state(app.clone(), guard::same_origin))
        .layer(middleware::from_fn_with_state(app.clone(), caller::identify))
        .route("/login/callback", get(login::callback))
        .route("/hooks/github/{hook}", post(hooks::receive).layer(DefaultBodyLimit::max(WEBHOOK_BODY)))
        .route("/runner/v1/poll", post(runner::poll))
        .route("/runner/v1/jobs/{job}/reports", post(runner::reports).layer(DefaultBodyLimit::max(REPORTS_BODY)))
        .route("/runner/v1/jobs/{job}/log/{step}/{attempt}/{phase}", post(runner::log))
        .route("/runner/v1/jobs/{job}/secrets", post(runner::secrets::ask))
        .route("/runner/v1/jobs/{job}/results/{step}/{attempt}/{sha256}", put(runner::results::put))
        .route("/runner/v1/jobs/{job}/notices", post(runner::notice))
        .route("/healthz", get(pages::healthz))
        .route("/api/openapi.json", get(pages::openapi))
        .fallback(pages::page)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn(guard::slow_body))
        .layer(middleware::from_fn_with_state(app.clone(), guard::known_host))
        .layer(middleware::from_fn(guard::headers))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    /// `web/src/api/schema.ts` is made from this file; `make openapi` writes it anew.
    #[test]
    fn the_api_is_as_described() {
        let now = super::openapi().unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(file, format!("{now}\n")).unwrap();
        }
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert!(kept.trim() == now.trim(), "server/openapi.json is not what the routes say; run `make openapi` and look at the difference");
    }
}
