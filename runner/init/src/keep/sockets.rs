//! Sockets that steps' programs speak to: one thread for all. What it hears it hands to the runner, and says what that
//! answers; it understands nothing of it. Nobody who speaks too long or too much holds back another.

use super::answer::failed;
use super::out::Out;
use crate::files::Roots;
use dockercise_init::message::{Answer, Place, Reply};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, mpsc};
use std::thread;

/// The longest message heard, in bytes. (A signature is asked for with some hundred.)
const LONGEST: usize = 64 * 1024;
/// Connections to one socket at a time; more wait.
const MOST: usize = 16;
/// Bytes of a message's length.
const PREFIX: usize = 4;

/// The thread, to be told things.
pub struct Sockets {
    tell: mpsc::Sender<Told>,
    wake: Arc<OwnedFd>,
}

enum Told {
    Listen { id: u64, at: Place },
    Say { id: u64, connection: u64, bytes: Vec<u8> },
    Close { id: u64 },
}

/// Starts the thread.
pub fn start(roots: Arc<Roots>, out: Out) -> io::Result<Sockets> {
    let (tell, told) = mpsc::channel();
    let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let woken = wake.clone();
    let mut serving = Serving { roots, out, open: BTreeMap::new(), connections: 0 };
    thread::spawn(move || {
        if let Err(error) = serving.serve(&told, &woken) {
            // Nobody can be told any more: the keeper ends, and the runner starts another.
            eprintln!("dockercise init: serving sockets failed: {error}");
            std::process::exit(super::super::OWN_FAILURE);
        }
    });
    Ok(Sockets { tell, wake })
}

impl Sockets {
    /// Begins to listen.
    pub fn listen(&self, id: u64, at: Place) -> io::Result<()> {
        self.tell(Told::Listen { id, at })
    }

    /// Answers.
    pub fn say(&self, id: u64, connection: u64, bytes: Vec<u8>) -> io::Result<()> {
        self.tell(Told::Say { id, connection, bytes })
    }

    /// Listens no more. Well where there is no such socket.
    pub fn close(&self, id: u64) -> io::Result<()> {
        self.tell(Told::Close { id })
    }

    fn tell(&self, told: Told) -> io::Result<()> {
        self.tell.send(told).map_err(io::Error::other)?;
        rustix::io::write(&self.wake, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

struct Serving {
    roots: Arc<Roots>,
    out: Out,
    open: BTreeMap<u64, Socket>,
    /// How many there have been: each has a number of its own.
    connections: u64,
}

struct Socket {
    listener: UnixListener,
    connections: BTreeMap<u64, Connection>,
}

struct Connection {
    stream: UnixStream,
    heard: Vec<u8>,
    /// Is an answer under way? Until then nothing more is heard.
    asked: bool,
}

impl Serving {
    fn serve(&mut self, told: &mpsc::Receiver<Told>, wake: &OwnedFd) -> io::Result<()> {
        loop {
            let ready = self.wait(wake)?;
            // Emptying the counter before looking means that what is told meanwhile wakes the next round.
            let _ = rustix::io::read(wake, &mut [0; 8]);
            for (id, connection) in ready {
                match connection {
                    None => self.accept(id),
                    Some(connection) => self.hear(id, connection)?,
                }
            }
            loop {
                match told.try_recv() {
                    Ok(told) => self.carry_out(told)?,
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                }
            }
        }
    }

    /// Waits until something is to be done: which sockets have somebody new, which connections something to hear.
    fn wait(&self, wake: &OwnedFd) -> io::Result<Vec<(u64, Option<u64>)>> {
        let (mut who, mut fds): (Vec<_>, Vec<BorrowedFd<'_>>) = (Vec::new(), Vec::new());
        for (id, socket) in &self.open {
            if socket.connections.len() < MOST {
                who.push((*id, None));
                fds.push(socket.listener.as_fd());
            }
            for (number, connection) in socket.connections.iter().filter(|(_, connection)| !connection.asked) {
                who.push((*id, Some(*number)));
                fds.push(connection.stream.as_fd());
            }
        }
        let mut fds: Vec<PollFd<'_>> = fds.into_iter().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        fds.push(PollFd::new(wake, PollFlags::IN));
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(who.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(who, _)| who).collect())
    }

    fn accept(&mut self, id: u64) {
        let Some(socket) = self.open.get_mut(&id) else { return };
        // Whoever gave up meanwhile is not missed.
        let Ok((stream, _)) = socket.listener.accept() else { return };
        if stream.set_nonblocking(true).is_ok() {
            self.connections += 1;
            socket.connections.insert(self.connections, Connection { stream, heard: Vec::new(), asked: false });
        }
    }

    fn hear(&mut self, id: u64, number: u64) -> io::Result<()> {
        let Some(connection) = self.open.get_mut(&id).and_then(|socket| socket.connections.get_mut(&number)) else { return Ok(()) };
        let mut buffer = [0; 4096];
        match connection.stream.read(&mut buffer) {
            Ok(length) if length > 0 => connection.heard.extend_from_slice(&buffer[..length]),
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted].contains(&error.kind()) => return Ok(()),
            _ => {
                self.hang_up(id, number);
                return Ok(());
            }
        }
        self.hand_on(id, number)
    }

    /// Hands a whole message to the runner.
    fn hand_on(&mut self, id: u64, number: u64) -> io::Result<()> {
        let Some(connection) = self.open.get_mut(&id).and_then(|socket| socket.connections.get_mut(&number)) else { return Ok(()) };
        let Some(prefix) = connection.heard.first_chunk::<PREFIX>() else { return Ok(()) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > LONGEST {
            self.hang_up(id, number);
            return Ok(());
        }
        if connection.heard.len() < PREFIX + length {
            return Ok(());
        }
        let rest = connection.heard.split_off(PREFIX + length);
        let message = std::mem::replace(&mut connection.heard, rest);
        connection.asked = true;
        self.out.send(&Answer { id, reply: Reply::Heard { connection: number } }, &message[PREFIX..])
    }

    fn carry_out(&mut self, told: Told) -> io::Result<()> {
        match told {
            Told::Listen { id, at } => match listen(&self.roots, &at) {
                Ok(listener) => {
                    self.open.insert(id, Socket { listener, connections: BTreeMap::new() });
                    self.out.send(&Answer { id, reply: Reply::Listening }, &[])?;
                }
                Err(error) => self.out.send(&Answer { id, reply: failed(&error) }, &[])?,
            },
            Told::Say { id, connection, bytes } => self.say(id, connection, &bytes)?,
            Told::Close { id } => drop(self.open.remove(&id)),
        }
        Ok(())
    }

    fn say(&mut self, id: u64, number: u64, bytes: &[u8]) -> io::Result<()> {
        let Some(connection) = self.open.get_mut(&id).and_then(|socket| socket.connections.get_mut(&number)) else { return Ok(()) };
        let message = [&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes()[..], bytes].concat();
        // Whoever lets answers pile up until there is no room is not answered any more.
        if connection.stream.write_all(&message).is_err() {
            self.hang_up(id, number);
            return Ok(());
        }
        connection.asked = false;
        self.hand_on(id, number)
    }

    fn hang_up(&mut self, id: u64, number: u64) {
        if let Some(socket) = self.open.get_mut(&id) {
            socket.connections.remove(&number);
        }
    }
}

/// Makes the socket in the directory itself, whatever path that has; umask is empty, so anybody may speak to it.
fn listen(roots: &Roots, at: &Place) -> io::Result<UnixListener> {
    roots.remove(at)?;
    let (directory, name) = roots.parent(at)?;
    let listener = UnixListener::bind(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_init::message::{Failure, Root, decode, lengths};
    use std::fs::File;
    use std::time::Duration;

    struct Rig {
        sockets: Sockets,
        answers: File,
        folder: tempfile::TempDir,
    }

    impl Rig {
        fn new() -> Rig {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().to_str().unwrap();
            let roots = Arc::new(Roots::open(root, root).unwrap());
            let (answers, out) = io::pipe().unwrap();
            let out = Out::to(File::from(OwnedFd::from(out)));
            Rig { sockets: start(roots, out).unwrap(), answers: File::from(OwnedFd::from(answers)), folder }
        }

        fn answer(&mut self) -> (u64, Reply, Vec<u8>) {
            let mut prefix = [0; 8];
            self.answers.read_exact(&mut prefix).unwrap();
            let (head, body) = lengths(prefix).unwrap();
            let mut bytes = vec![0; head + body];
            self.answers.read_exact(&mut bytes).unwrap();
            let answer: Answer = decode(&bytes[..head]).unwrap();
            (answer.id, answer.reply, bytes.split_off(head))
        }

        fn place(path: &str) -> Place {
            Place { root: Root::Go, path: path.to_owned() }
        }

        fn connect(&self) -> UnixStream {
            let stream = UnixStream::connect(self.folder.path().join("socket")).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream
        }
    }

    fn message(text: &str) -> Vec<u8> {
        [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
    }

    #[test]
    fn each_message_is_heard_whole_and_answered_where_it_came_from() {
        let mut rig = Rig::new();
        // A socket that an earlier keeper left.
        drop(UnixListener::bind(rig.folder.path().join("socket")).unwrap());
        rig.sockets.listen(7, Rig::place("socket")).unwrap();
        assert_eq!(rig.answer(), (7, Reply::Listening, vec![]));
        let (mut one, mut other) = (rig.connect(), rig.connect());
        let both = [message("first"), message("second")].concat();
        one.write_all(&both[..3]).unwrap();
        other.write_all(&message("")).unwrap();
        assert_eq!(rig.answer(), (7, Reply::Heard { connection: 2 }, vec![]));
        one.write_all(&both[3..]).unwrap();
        assert_eq!(rig.answer(), (7, Reply::Heard { connection: 1 }, b"first".to_vec()));
        for (connection, answer) in [(2, "b"), (1, "a")] {
            rig.sockets.say(7, connection, answer.into()).unwrap();
        }
        let said = |stream: &mut UnixStream| {
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        assert_eq!((&said(&mut one)[..], &said(&mut other)[..]), (&message("a")[..], &message("b")[..]));
        assert_eq!(rig.answer(), (7, Reply::Heard { connection: 1 }, b"second".to_vec()));
        rig.sockets.close(7).unwrap();
        assert_eq!(one.read(&mut [0; 1]).unwrap(), 0, "it is closed");
    }

    #[test]
    fn who_says_too_much_is_hung_up_on_and_the_others_are_heard() {
        let mut rig = Rig::new();
        rig.sockets.listen(1, Rig::place("socket")).unwrap();
        rig.sockets.listen(2, Rig::place("no/such/place")).unwrap();
        assert_eq!(rig.answer(), (1, Reply::Listening, vec![]));
        assert!(matches!(rig.answer(), (2, Reply::Failed { kind: Failure::Absent, .. }, _)));
        let mut all: Vec<_> = (0..MOST).map(|_| rig.connect()).collect();
        let mut late = rig.connect();
        late.write_all(&message("late")).unwrap();
        all[3].write_all(&u32::MAX.to_be_bytes()).unwrap();
        assert_eq!(all[3].read(&mut [0; 1]).unwrap(), 0, "it is hung up on");
        assert_eq!(rig.answer(), (1, Reply::Heard { connection: MOST as u64 + 1 }, b"late".to_vec()));
    }
}
