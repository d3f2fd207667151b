//! Following files as they grow: one thread for all, woken by inotify and by what is asked; fair, as each file sends
//! one piece in its turn; and never more than its credit, so that a flood fills no memory.

use super::answer::failed;
use super::out::Out;
use crate::files::Roots;
use dockercise_frame::{HEADER, MAX_PAYLOAD};
use dockercise_init::message::{Answer, Place, Reply};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, mpsc};
use std::thread;

/// The longest piece sent at once.
const PIECE: usize = HEADER + MAX_PAYLOAD;

/// The thread that follows, to be told things.
pub struct Follows {
    tell: mpsc::Sender<Told>,
    wake: Arc<OwnedFd>,
}

enum Told {
    Begin { id: u64, at: Place, offset: u64, credit: u64 },
    Credit { id: u64, bytes: u64 },
    Finish { id: u64 },
    Cancel { id: u64 },
}

/// Starts the thread.
pub fn start(roots: Arc<Roots>, out: Out) -> io::Result<Follows> {
    let (tell, told) = mpsc::channel();
    let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let notify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let mut watching = Watching { roots, out, notify, files: BTreeMap::new() };
    let woken = wake.clone();
    thread::spawn(move || {
        if let Err(error) = watching.serve(&told, &woken) {
            // Nobody can be told any more: the keeper ends, and the runner starts another.
            eprintln!("dockercise init: following files failed: {error}");
            std::process::exit(super::super::OWN_FAILURE);
        }
    });
    Ok(Follows { tell, wake })
}

impl Follows {
    /// Begins to send a file.
    pub fn begin(&self, id: u64, at: Place, offset: u64, credit: u64) -> io::Result<()> {
        self.tell(Told::Begin { id, at, offset, credit })
    }

    /// Allows more bytes.
    pub fn credit(&self, id: u64, bytes: u64) -> io::Result<()> {
        self.tell(Told::Credit { id, bytes })
    }

    /// The end of the file is the end.
    pub fn finish(&self, id: u64) -> io::Result<()> {
        self.tell(Told::Finish { id })
    }

    /// Nobody wants it any more.
    pub fn cancel(&self, id: u64) -> io::Result<()> {
        self.tell(Told::Cancel { id })
    }

    fn tell(&self, told: Told) -> io::Result<()> {
        self.tell.send(told).map_err(io::Error::other)?;
        rustix::io::write(&self.wake, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

struct Watching {
    roots: Arc<Roots>,
    out: Out,
    notify: OwnedFd,
    files: BTreeMap<u64, Followed>,
}

struct Followed {
    file: File,
    watch: i32,
    offset: u64,
    credit: u64,
    /// Is there, as far as is known, nothing more to read now?
    at_end: bool,
    finishing: bool,
}

impl Watching {
    fn serve(&mut self, told: &mpsc::Receiver<Told>, wake: &OwnedFd) -> io::Result<()> {
        loop {
            let busy = self.send_a_piece_of_each()?;
            let mut fds = [PollFd::new(wake, PollFlags::IN), PollFd::new(&self.notify, PollFlags::IN)];
            let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 0 };
            match poll(&mut fds, busy.then_some(&now)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            // Emptying the counter before looking means that what is told meanwhile wakes the next round.
            let _ = rustix::io::read(wake, &mut [0; 8]);
            self.note_changes()?;
            loop {
                match told.try_recv() {
                    Ok(told) => self.hear(told)?,
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                }
            }
        }
    }

    fn hear(&mut self, told: Told) -> io::Result<()> {
        match told {
            Told::Begin { id, at, offset, credit } => match self.begin(&at, offset, credit) {
                Ok(followed) => drop(self.files.insert(id, followed)),
                Err(error) => self.out.send(&Answer { id, reply: failed(&error) }, &[])?,
            },
            Told::Credit { id, bytes } => {
                if let Some(followed) = self.files.get_mut(&id) {
                    followed.credit = followed.credit.saturating_add(bytes);
                }
            }
            Told::Finish { id } => {
                if let Some(followed) = self.files.get_mut(&id) {
                    // What was written last may not have been noticed yet: look once more.
                    (followed.finishing, followed.at_end) = (true, false);
                }
            }
            Told::Cancel { id } => self.forget(id),
        }
        Ok(())
    }

    fn begin(&self, at: &Place, offset: u64, credit: u64) -> io::Result<Followed> {
        let file = self.roots.file(at)?;
        // By the open file, not by name: a step may have put another in its place meanwhile.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let watch = inotify::add_watch(&self.notify, path, inotify::WatchFlags::MODIFY)?;
        Ok(Followed { file, watch, offset, credit, at_end: false, finishing: false })
    }

    fn forget(&mut self, id: u64) {
        let Some(followed) = self.files.remove(&id) else { return };
        // Two follows of one file share one watch.
        if !self.files.values().any(|other| other.watch == followed.watch) {
            let _ = inotify::remove_watch(&self.notify, followed.watch);
        }
    }

    fn note_changes(&mut self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.notify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let lost = event.events().contains(inotify::ReadFlags::QUEUE_OVERFLOW);
                    for followed in self.files.values_mut().filter(|f| lost || f.watch == event.wd()) {
                        followed.at_end = false;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends one piece of every file that has one and may; says whether any may have more.
    fn send_a_piece_of_each(&mut self) -> io::Result<bool> {
        let (mut busy, mut over) = (false, Vec::new());
        let mut buffer = [0; PIECE];
        for (id, followed) in &mut self.files {
            if followed.at_end || followed.credit == 0 {
                continue;
            }
            let allowed = usize::try_from(followed.credit).unwrap_or(PIECE).min(PIECE);
            match followed.file.read_at(&mut buffer[..allowed], followed.offset) {
                Ok(0) if followed.finishing => over.push((*id, Reply::Done)),
                Ok(0) => followed.at_end = true,
                Ok(length) => {
                    followed.offset += length as u64;
                    followed.credit -= length as u64;
                    busy = true;
                    self.out.send(&Answer { id: *id, reply: Reply::Bytes }, &buffer[..length])?;
                }
                Err(error) => over.push((*id, failed(&error))),
            }
        }
        for (id, reply) in over {
            self.forget(id);
            self.out.send(&Answer { id, reply }, &[])?;
        }
        Ok(busy)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_init::message::{PREFIX, Root, decode, lengths};
    use std::io::{Read, Write};

    struct Rig {
        folder: tempfile::TempDir,
        follows: Follows,
        answers: File,
    }

    fn rig() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().to_str().unwrap();
        let roots = Arc::new(Roots::open(store, store).unwrap());
        let (read, write) = rustix::pipe::pipe().unwrap();
        Rig { follows: start(roots, Out::to(write.into())).unwrap(), answers: read.into(), folder }
    }

    impl Rig {
        fn spool(&self, name: &str) -> File {
            File::options().create(true).append(true).open(self.folder.path().join(name)).unwrap()
        }

        fn begin(&self, id: u64, name: &str, offset: u64, credit: u64) {
            self.follows.begin(id, Place { root: Root::Store, path: name.to_owned() }, offset, credit).unwrap();
        }

        fn answer(&mut self) -> (u64, Reply, Vec<u8>) {
            let mut prefix = [0; PREFIX];
            self.answers.read_exact(&mut prefix).unwrap();
            let (head, body) = lengths(prefix).unwrap();
            let mut bytes = vec![0; head + body];
            self.answers.read_exact(&mut bytes).unwrap();
            let answer: Answer = decode(&bytes[..head]).unwrap();
            (answer.id, answer.reply, bytes[head..].to_vec())
        }
    }

    #[test]
    fn bytes_come_as_they_are_written_until_finished() {
        let mut rig = rig();
        let mut spool = rig.spool("a");
        spool.write_all(b"hello").unwrap();
        rig.begin(3, "a", 2, 1000);
        assert_eq!(rig.answer(), (3, Reply::Bytes, b"llo".to_vec()));
        spool.write_all(b" world").unwrap();
        assert_eq!(rig.answer(), (3, Reply::Bytes, b" world".to_vec()));
        spool.write_all(b"!").unwrap();
        rig.follows.finish(3).unwrap();
        assert_eq!(rig.answer(), (3, Reply::Bytes, b"!".to_vec()));
        assert_eq!(rig.answer(), (3, Reply::Done, Vec::new()));
    }

    #[test]
    fn no_more_than_the_credit_is_sent_and_another_file_is_not_held_up() {
        let mut rig = rig();
        rig.spool("a").write_all(b"0123456789").unwrap();
        rig.spool("b").write_all(b"b").unwrap();
        rig.begin(1, "a", 0, 4);
        assert_eq!(rig.answer(), (1, Reply::Bytes, b"0123".to_vec()));
        rig.begin(2, "b", 0, 4);
        assert_eq!(rig.answer(), (2, Reply::Bytes, b"b".to_vec()));
        rig.follows.credit(1, 100).unwrap();
        assert_eq!(rig.answer(), (1, Reply::Bytes, b"456789".to_vec()));
    }

    #[test]
    fn what_is_not_there_is_said_to_be_absent() {
        let mut rig = rig();
        rig.begin(9, "no", 0, 1);
        let (id, Reply::Failed { kind, .. }, _) = rig.answer() else { panic!("it must fail") };
        assert_eq!((id, kind), (9, dockercise_init::message::Failure::Absent));
    }
}
