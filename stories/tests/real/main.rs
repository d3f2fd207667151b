//! Stories on real parts all the way: what people do with a CI, end to end.
#![expect(clippy::unwrap_used, reason = "tests")]

mod founding;
mod image;
mod projects;
