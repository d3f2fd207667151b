//! Sums of files, and the projection of a spool's stdout.

use crate::files::Roots;
use crate::frames::each_stdout;
use dockercise_init::message::{Place, Reply};
use dockercise_init::spec::LONGEST_VALUE;
use rustix::fs::Mode;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};

const BUFFER: usize = 256 * 1024;
/// By every user of every image that is given it.
const READABLE: u32 = 0o444;

/// Length and sha256 of a file.
pub fn of_file(mut file: File) -> io::Result<Reply> {
    let mut summed = Summed::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(summed.reply(None));
        }
        summed.add(&buffer[..length]);
    }
}

/// Makes a step's value of what it left: of the file `own` where there is something in it, else of its spool's stdout.
/// It is on the disk before it has its name.
pub fn project(roots: &Roots, from: &Place, own: &Place, to: &Place) -> io::Result<Reply> {
    if let Some(file) = own_value(roots, own)? {
        file.sync_data()?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(READABLE))?;
        roots.link(own, to)?;
        return of_file(file);
    }
    let spool = roots.file(from)?;
    let mut reply = Reply::Done;
    roots.write(to, READABLE, |value| {
        reply = copy_stdout(spool, &mut *value)?;
        value.sync_data()
    })?;
    Ok(reply)
}

/// The file, unless it is empty or not there.
fn own_value(roots: &Roots, own: &Place) -> io::Result<Option<File>> {
    let file = match roots.file(own) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.metadata()?.len() {
        0 => Ok(None),
        // Init writes no more: the step itself did.
        length if length > LONGEST_VALUE => {
            Err(io::Error::other(format!("the value is {length} bytes long, and {LONGEST_VALUE} is the most")))
        }
        _ => Ok(Some(file)),
    }
}

fn copy_stdout(spool: impl Read, mut value: impl Write) -> io::Result<Reply> {
    let mut summed = Summed::default();
    let damaged_at = each_stdout(spool, |bytes| {
        summed.add(bytes);
        value.write_all(bytes)
    })?;
    Ok(summed.reply(damaged_at))
}

#[derive(Default)]
struct Summed {
    hash: Sha256,
    length: u64,
}

impl Summed {
    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    fn reply(self, damaged_at: Option<u64>) -> Reply {
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Reply::Sum { length: self.length, sha256, damaged_at }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_frame::{MAX_PAYLOAD, Stream, header};
    use dockercise_init::message::Root;

    fn spool(frames: &[(Stream, &[u8])]) -> Vec<u8> {
        frames.iter().flat_map(|(stream, payload)| [&header(*stream, 1, payload.len())[..], payload].concat()).collect()
    }

    #[test]
    fn only_stdout_is_the_value() {
        let long = vec![b'x'; MAX_PAYLOAD];
        let frames: Vec<(Stream, &[u8])> =
            vec![(Stream::Stdout, b"a\n"), (Stream::Stderr, b"no"), (Stream::Stdout, &long), (Stream::Remark, b"no")];
        let mut value = Vec::new();
        let reply = copy_stdout(&spool(&frames.repeat(9))[..], &mut value).unwrap();
        assert_eq!(value, [b"a\n", &long[..]].concat().repeat(9));
        assert_eq!(reply, of_bytes(&value, None));
    }

    #[test]
    fn what_is_no_frame_ends_the_value_and_is_told() {
        for tail in [&b"this is no frame at all"[..], b"\x01\x00\x00"] {
            let mut bytes = spool(&[(Stream::Stdout, b"abc")]);
            let whole = bytes.len() as u64;
            bytes.extend(tail);
            assert_eq!(copy_stdout(&bytes[..], Vec::new()).unwrap(), of_bytes(b"abc", Some(whole)));
        }
    }

    #[test]
    fn a_file_of_its_own_is_the_value_and_outlives_the_spool() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let roots = Roots::open(path, path).unwrap();
        let place = |path: &str| Place { root: Root::Store, path: path.to_owned() };
        std::fs::create_dir(folder.path().join("s")).unwrap();
        std::fs::write(folder.path().join("s/spool"), spool(&[(Stream::Stdout, b"in the log")])).unwrap();
        let project = || project(&roots, &place("s/spool"), &place("s/value"), &place("v")).unwrap();
        assert_eq!(project(), of_bytes(b"in the log", None));
        std::fs::write(folder.path().join("s/value"), "").unwrap();
        assert_eq!(project(), of_bytes(b"in the log", None));
        std::fs::write(folder.path().join("s/value"), "whole").unwrap();
        for _ in 0..2 {
            assert_eq!(project(), of_bytes(b"whole", None));
        }
        std::fs::remove_dir_all(folder.path().join("s")).unwrap();
        assert_eq!(std::fs::read(folder.path().join("v")).unwrap(), b"whole");
    }

    #[test]
    fn a_value_that_a_step_has_made_too_long_by_itself_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let roots = Roots::open(path, path).unwrap();
        let place = |path: &str| Place { root: Root::Store, path: path.to_owned() };
        File::create(folder.path().join("value")).unwrap().set_len(LONGEST_VALUE + 1).unwrap();
        let error = project(&roots, &place("spool"), &place("value"), &place("v")).unwrap_err();
        assert!(error.to_string().contains("1073741824 is the most"), "{error}");
    }

    fn of_bytes(bytes: &[u8], damaged_at: Option<u64>) -> Reply {
        let mut summed = Summed::default();
        summed.add(bytes);
        summed.reply(damaged_at)
    }
}
