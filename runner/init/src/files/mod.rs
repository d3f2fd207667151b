//! Files below a root, reached without ever following a link: what stands in a layer was put there by a step.

pub mod copy;
mod place;
pub mod size;
pub mod tree;

pub use place::{Roots, names_in};
