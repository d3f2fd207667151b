//! A stateful GitHub for tests and the demo.
//!
//! Repositories are real bare git repositories, reached over smart HTTP and ssh; a real `git push`
//! makes the signed deliveries that GitHub would make; the REST API answers as fully as GitHub does,
//! which [`contract`] checks against GitHub's own OpenAPI description. Faults are made on demand.
//!
//! People log in at an OAuth app as at GitHub: [`Standin::create_oauth_app`] (or `POST /_standin/oauth-apps`) registers
//! it; the browser goes to `{web_base}/login/oauth/authorize?client_id=…&redirect_uri=…&scope=…&state=…&code_challenge=…
//! &code_challenge_method=S256`, which sends who is not signed in to `/login` (a form: `POST /login` with `login` and
//! `return_to`, answered with a cookie), shows a form (`POST /login/oauth/authorize` with the same fields and
//! `authorize=1`, or `0` to cancel) and sends back with `code` and `state`; agreed once, it does not ask again. The app then
//! posts to `{web_base}/login/oauth/access_token`. Without a browser, [`Standin::consent`] does what the person does there.
//! Organizations: [`Standin::create_organization`], [`Standin::add_member`], [`Standin::join_team`], and [`Standin::set_rules`]
//! with [`Rules`] for what keeps tokens out. What becomes of a repository: [`Standin::rename_repository`],
//! [`Standin::transfer_repository`], [`Standin::archive_repository`], [`Standin::hide_repository`], [`Standin::delete_repository`].

// A repository's JSON has more fields than the macro's default depth.
#![recursion_limit = "256"]

mod admin;
mod api;
mod changes;
pub mod contract;
mod control;
mod deliver;
mod faults;
mod git;
mod github;
mod http_git;
pub mod journal;
mod json;
mod lfs;
mod links;
mod oauth;
mod organizations;
mod pulls;
mod push;
mod ssh;
mod start;
mod state;
mod web;

pub use control::NewRepository;
pub use deliver::{Delivery, sign};
pub use faults::Fault;
pub use oauth::OAuthApp;
pub use organizations::{Organization, Rules, Team};
pub use pulls::{NewPull, Pull};
pub use start::{Standin, StandinOptions};
pub use state::{DeployKey, FullName, Hook, Repository, Role, Status, Token, User};
