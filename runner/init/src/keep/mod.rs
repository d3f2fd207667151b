//! The keeper: looks after the files in the store, told so on stdin. It ends when stdin closes, so that a runner
//! that was killed leaves none behind.

mod answer;
mod follow;
mod out;
mod sockets;
mod sum;

use crate::files::Roots;
use crate::signals::Signals;
use dockercise_init::message::{Answer, Ask, PREFIX, Reply, Request, decode, lengths};
use dockercise_init::spec::INIT_FILE;
use out::Out;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

/// Where the volumes are mounted in the keeper's container.
const STORE: &str = "/store";
const GO: &str = "/go";
/// How many slow things that somebody waits for (sums, copies) are done at once.
const WORKERS: usize = 4;
/// How many trees are removed at once; apart, as nobody waits for a removal.
const REMOVERS: usize = 2;

/// Serves until stdin ends or a signal says so.
pub fn run() -> io::Result<i32> {
    rustix::process::umask(rustix::fs::Mode::empty());
    let signals = Signals::catch()?;
    let roots = Arc::new(Roots::open(STORE, GO)?);
    offer_binary(&roots)?;
    let out = Out::to_stdout()?;
    let follows = follow::start(roots.clone(), out.clone())?;
    let sockets = sockets::start(roots.clone(), out.clone())?;
    let slow = Slow { waited_for: start_workers(WORKERS, &roots, &out), removals: start_workers(REMOVERS, &roots, &out) };
    out.send(&Answer { id: 0, reply: Reply::Done }, &[])?;

    let (ended, end) = mpsc::channel();
    let of_signals = ended.clone();
    thread::spawn(move || of_signals.send(wait_for_term(&signals)));
    thread::spawn(move || ended.send(read_asks(&roots, &out, &Standing { follows, sockets }, &slow)));
    end.recv().map_err(io::Error::other)?.map(|()| 0)
}

/// Puts this program where every step finds a name of it: it is not in their images.
fn offer_binary(roots: &Roots) -> io::Result<()> {
    let place = answer::go(INIT_FILE);
    roots.write(&place, 0o555, |file| io::copy(&mut std::fs::File::open("/proc/self/exe")?, file).map(drop))
}

fn wait_for_term(signals: &Signals) -> io::Result<()> {
    loop {
        poll(&mut [PollFd::new(signals, PollFlags::IN)], None)?;
        while let Some(number) = signals.next()? {
            if [Signal::TERM, Signal::INT].map(Signal::as_raw).contains(&number) {
                return Ok(());
            }
        }
    }
}

/// What takes its time, and is not done where asks are read.
struct Slow {
    waited_for: mpsc::Sender<Ask>,
    removals: mpsc::Sender<Ask>,
}

fn start_workers(count: usize, roots: &Arc<Roots>, out: &Out) -> mpsc::Sender<Ask> {
    let (give, take) = mpsc::channel::<Ask>();
    let take = Arc::new(Mutex::new(take));
    for _ in 0..count {
        let (take, roots, out) = (take.clone(), roots.clone(), out.clone());
        thread::spawn(move || {
            loop {
                let next = take.lock().map(|take| take.recv());
                let Ok(Ok(ask)) = next else { return };
                if answer::send(&roots, &out, ask).is_err() {
                    return;
                }
            }
        });
    }
    give
}

/// What goes on until it is cancelled.
struct Standing {
    follows: follow::Follows,
    sockets: sockets::Sockets,
}

fn read_asks(roots: &Roots, out: &Out, standing: &Standing, slow: &Slow) -> io::Result<()> {
    let Standing { follows, sockets } = standing;
    let mut stdin = io::stdin().lock();
    loop {
        let mut prefix = [0; PREFIX];
        match stdin.read_exact(&mut prefix) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            outcome => outcome?,
        }
        let (head, body) = lengths(prefix).map_err(io::Error::other)?;
        let mut bytes = vec![0; head + body];
        stdin.read_exact(&mut bytes)?;
        let ask: Ask = decode(&bytes[..head]).map_err(io::Error::other)?;
        match ask.request {
            Request::Follow { at, offset, credit } => follows.begin(ask.id, at, offset, credit)?,
            Request::Credit { follow, bytes } => follows.credit(follow, bytes)?,
            Request::Finish { follow } => follows.finish(follow)?,
            Request::Cancel { follow } => {
                follows.cancel(follow)?;
                sockets.close(follow)?;
            }
            Request::Listen { at } => sockets.listen(ask.id, at)?,
            Request::Say { socket, connection } => sockets.say(socket, connection, bytes.split_off(head))?,
            Request::Remove { .. } => slow.removals.send(ask).map_err(io::Error::other)?,
            Request::Copy { .. } | Request::LinkTree { .. } | Request::Sum { .. } | Request::Project { .. } | Request::Size { .. } => {
                slow.waited_for.send(ask).map_err(io::Error::other)?;
            }
            _ => answer::send(roots, out, ask)?,
        }
    }
}
