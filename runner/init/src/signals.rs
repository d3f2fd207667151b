//! Signals as something to read: all are blocked, and come through a file descriptor.

use rustix::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Blocked signals, to be read one by one.
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks all signals of this thread and those it starts from here on.
    pub fn catch() -> io::Result<Signals> {
        Ok(Signals { fd: block_all()? })
    }

    /// The next signal that came in, if there is one.
    pub fn next(&self) -> io::Result<Option<i32>> {
        // struct signalfd_siginfo: 128 bytes, the signal's number in the first four.
        let mut info = [0; 128];
        match rustix::io::read(&self.fd, &mut info) {
            Ok(128) => Ok(Some(i32::from_ne_bytes([info[0], info[1], info[2], info[3]]))),
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Has a command begin with no signal blocked: it would inherit what [`Signals::catch`] has done.
#[expect(unsafe_code, reason = "std starts commands with the caller's signal mask")]
pub fn unblock_in(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec only functions are called that are safe in a signal handler: sigemptyset and
    // sigprocmask are, and nothing allocates.
    unsafe {
        command.pre_exec(|| {
            let mut set = MaybeUninit::<libc::sigset_t>::uninit();
            if libc::sigemptyset(set.as_mut_ptr()) != 0 || libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        })
    }
}

#[expect(unsafe_code, reason = "rustix has neither sigprocmask nor signalfd")]
fn block_all() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set it is given; the other two only read it; the descriptor that signalfd
    // returns belongs to nobody else.
    unsafe {
        if libc::sigfillset(set.as_mut_ptr()) != 0 || libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}
