//! What GitHub is told, that nothing of it is missed, and what becomes of repositories there.
#![expect(clippy::unwrap_used, reason = "tests")]

mod limits;
mod missed;
mod moved;
mod statuses;

use standin_github::Fault;
use std::collections::BTreeMap;

/// A pipeline that does next to nothing.
const SMALL: &str = "on: [push, tag]\nsay:\n  img: IMAGE\n  run: echo said\n";

/// So often GitHub answers this itself.
fn answers(method: &str, path: &str, status: u16, body: &str, times: u32) -> Fault {
    Fault {
        method: Some(method.into()),
        path: path.into(),
        status: Some(status),
        body: body.into(),
        times: Some(times),
        ..Fault::default()
    }
}

fn with(fault: Fault, headers: &[(&str, String)]) -> Fault {
    Fault { headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>(), ..fault }
}
