//! Holds a network namespace open for one step after the other, with the way to metadata services cut.
//!
//! The step has not NET_ADMIN, so it cannot take the routes away again.

mod route;

use crate::signals::Signals;
use dockercise_init::spec::READY;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks no step may reach: link-local, where clouds put metadata and credentials (security.md, C), and the
/// address AWS uses on IPv6.
const CUT: [(IpAddr, u8); 2] =
    [(IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16), (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0)), 32)];

/// Cuts the routes, says so, and waits to be told to end.
pub fn run() -> io::Result<i32> {
    let signals = Signals::catch()?;
    for (network, prefix) in CUT {
        match route::make_unreachable(network, prefix) {
            Err(error) if network.is_ipv6() && route::means_no_ipv6(&error) => {}
            outcome => outcome?,
        }
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{READY}")?;
    stdout.flush()?;
    loop {
        poll(&mut [PollFd::new(&signals, PollFlags::IN)], None)?;
        while let Some(number) = signals.next()? {
            if [Signal::TERM, Signal::INT].map(Signal::as_raw).contains(&number) {
                return Ok(0);
            }
        }
    }
}
