//! What runner and init say to each other.
