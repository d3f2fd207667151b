//! What GitHub's deliveries do, and what others' do not.
#![expect(clippy::unwrap_used, reason = "tests")]

mod again;
mod paths;
mod payloads;
mod pulls;
mod refs;
mod refused;
mod schedules;

use stories::World;
use stories::inbox::Stored;

/// The inbox, once GitHub's ping of the new hook was worked on.
async fn after_the_ping(world: &World) -> Vec<Stored> {
    let ping = async || Ok(Some(world.settled().await?).filter(|all| all.iter().any(|d| d.event == "ping")));
    stories::api::eventually("GitHub's ping", ping).await.unwrap()
}

/// The delivery of that event that GitHub sent last, with what became of it here.
async fn newest(world: &World, event: &str) -> Stored {
    let sent = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == event).unwrap();
    world.closed(&sent.guid).await.unwrap()
}

/// The payload of the push that GitHub sent last.
fn payload(world: &World) -> Vec<u8> {
    let sent = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "push").unwrap();
    sent.payload.to_string().into_bytes()
}

/// A pipeline that does next to nothing.
const SMALL: &str = "on: [push, tag]\nsay:\n  img: IMAGE\n  run: echo \"$DOCKERCISE_REF\"\n";
