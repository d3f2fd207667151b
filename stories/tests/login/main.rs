//! People log in, and may here what they may at GitHub.
#![expect(clippy::unwrap_used, reason = "tests")]

mod comes_in;
mod commands;
mod kept;
mod pages;
mod rights;
