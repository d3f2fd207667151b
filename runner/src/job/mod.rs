//! One job: the part of a run that can go on without a person, walked on this host.

pub mod journal;
mod ledger;
