//! The Docker engine that stories run on.

use anyhow::Context as _;
use bollard::Docker;
use bollard::query_parameters::InspectNetworkOptions;
use std::net::IpAddr;

/// Set where a missing engine is a failure and not a reason to skip (`make test`, CI).
pub const NEED: &str = "DOCKERCISE_NEED_DOCKER";

/// The engine, or none with words on stderr why the story is skipped.
///
/// # Panics
/// If there is none and [`NEED`] is set.
pub async fn engine() -> Option<Docker> {
    let docker = match Docker::connect_with_defaults() {
        Ok(docker) => docker,
        Err(e) => return missing(&e.to_string()),
    };
    match docker.ping().await {
        Ok(_) => Some(docker),
        Err(e) => missing(&e.to_string()),
    }
}

/// An address of this machine that containers reach: they do not reach loopback.
///
/// # Errors
/// The engine has no bridge.
pub async fn gateway(docker: &Docker) -> anyhow::Result<IpAddr> {
    let bridge = docker.inspect_network("bridge", None::<InspectNetworkOptions>).await?;
    let gateway = bridge.ipam.and_then(|ipam| ipam.config).into_iter().flatten().find_map(|config| config.gateway);
    Ok(gateway.context("the engine's bridge has no gateway")?.parse()?)
}

fn missing(why: &str) -> Option<Docker> {
    assert!(std::env::var_os(NEED).is_none(), "no Docker engine answers: {why}\nhelp: scripts/engine starts one");
    eprintln!("SKIPPED: no Docker engine answers ({why}); scripts/engine starts one");
    None
}
