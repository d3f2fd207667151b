//! Stories in the user's words over the real server, a real Docker engine, real git and a model of GitHub.
//!
//! ```text
//! World ── Standin (GitHub), Server (the `dockercise` binary), Checkout (a person's clone)
//!   └── referee: after each story, what Docker, database and logs say must agree, and nothing may be left
//! ```

pub mod api;
pub mod aws;
pub mod browser;
pub mod checkout;
pub mod docker;
pub mod images;
pub mod inbox;
pub mod local;
pub mod look;
pub mod referee;
pub mod registry;
pub mod server;
pub mod tls;
pub mod world;

pub use api::{Api, Run};
pub use browser::Browser;
pub use checkout::Checkout;
pub use local::Local;
pub use registry::Registry;
pub use server::Server;
pub use world::{Setup, World};
