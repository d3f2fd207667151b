//! One rtnetlink message: add an `unreachable` route.

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use std::io;
use std::net::IpAddr;

// linux/netlink.h and linux/rtnetlink.h
const NLMSG_ERROR: u16 = 2;
const RTM_NEWROUTE: u16 = 24;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_CREATE: u16 = 0x400;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_UNIVERSE: u8 = 0;
const RTN_UNREACHABLE: u8 = 7;
const RTA_DST: u16 = 1;

/// Has the kernel answer "unreachable" for all of a network, in this network namespace.
pub fn make_unreachable(network: IpAddr, prefix: u8) -> io::Result<()> {
    let socket: OwnedFd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &message(network, prefix), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0; 512];
    let (_, length) = recv(&socket, &mut answer, RecvFlags::empty())?;
    match answer.get(..length.min(answer.len())) {
        // nlmsghdr (16 bytes, the type at 4), then nlmsgerr: an errno, negated; 0 is the acknowledgement.
        Some([_, _, _, _, t0, t1, _, _, _, _, _, _, _, _, _, _, e0, e1, e2, e3, ..]) if u16::from_ne_bytes([*t0, *t1]) == NLMSG_ERROR => {
            match i32::from_ne_bytes([*e0, *e1, *e2, *e3]) {
                0 => Ok(()),
                code => Err(io::Error::from_raw_os_error(-code)),
            }
        }
        _ => Err(io::Error::other("the kernel's answer about a route was not understood")),
    }
}

/// Does this error say that the kernel knows no IPv6, or has it switched off here?
pub fn means_no_ipv6(error: &io::Error) -> bool {
    [Errno::AFNOSUPPORT, Errno::OPNOTSUPP, Errno::NODEV, Errno::ACCESS, Errno::INVAL, Errno::NETUNREACH]
        .iter()
        .any(|code| error.raw_os_error() == Some(code.raw_os_error()))
}

fn message(network: IpAddr, prefix: u8) -> Vec<u8> {
    let (family, address) = match network {
        IpAddr::V4(address) => (AddressFamily::INET, address.octets().to_vec()),
        IpAddr::V6(address) => (AddressFamily::INET6, address.octets().to_vec()),
    };
    let attribute = 4 + address.len();
    let length = 16 + 12 + attribute;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(RTM_NEWROUTE.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE).to_ne_bytes());
    bytes.extend(1u32.to_ne_bytes()); // sequence
    bytes.extend(0u32.to_ne_bytes()); // port: the kernel
    bytes.extend([family.as_raw() as u8, prefix, 0, 0]); // rtmsg: family, destination, source, tos
    bytes.extend([RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNREACHABLE]);
    bytes.extend(0u32.to_ne_bytes()); // flags
    bytes.extend((attribute as u16).to_ne_bytes());
    bytes.extend(RTA_DST.to_ne_bytes());
    bytes.extend(address);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_message_is_as_long_as_it_says() {
        let bytes = message(IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16);
        assert_eq!(bytes.len(), 36);
        assert_eq!(bytes[..4], 36u32.to_ne_bytes());
        assert_eq!(bytes[16..18], [2, 16]);
        assert_eq!(bytes[32..], [169, 254, 0, 0]);
    }
}
