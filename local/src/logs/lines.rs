//! Bytes cut into lines.

/// More of one line is not kept: it stands in the log's file.
const LONGEST: usize = 8 * 1024;

/// The line that is being written.
#[derive(Debug, Default)]
pub struct Lines {
    open: Vec<u8>,
    /// Bytes of it that are not kept.
    cut: usize,
}

impl Lines {
    /// Takes bytes; each line that they complete is given on.
    pub fn take(&mut self, mut bytes: &[u8], mut line: impl FnMut(Vec<u8>)) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.add(&bytes[..end]);
            line(self.close());
            bytes = &bytes[end + 1..];
        }
        self.add(bytes);
    }

    /// The last line, where it has no line break.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        (!self.open.is_empty()).then(|| self.close())
    }

    fn add(&mut self, bytes: &[u8]) {
        // What a progress bar wrote before is not seen any more.
        if self.open.ends_with(b"\r") && !bytes.is_empty() {
            (self.open, self.cut) = (Vec::new(), 0);
        }
        let bytes = match bytes.iter().rposition(|b| *b == b'\r') {
            Some(at) if at + 1 < bytes.len() => {
                (self.open, self.cut) = (Vec::new(), 0);
                &bytes[at + 1..]
            }
            _ => bytes,
        };
        let room = LONGEST - self.open.len();
        let kept = bytes.len().min(room);
        self.open.extend_from_slice(&bytes[..kept]);
        self.cut += bytes.len() - kept;
    }

    fn close(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.open);
        match std::mem::take(&mut self.cut) {
            0 => {}
            cut => line.extend_from_slice(format!(" … {cut} bytes more").as_bytes()),
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.take(piece, |line| found.push(line));
        }
        found.extend(lines.end());
        found.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn lines_are_cut_where_they_end_and_where_they_are_too_long() {
        assert_eq!(of(&[b"a\nb", b"c\n\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(of(&[b"10%\r20%\r", b"25%\r", b"30%\r\n"]), ["30%\r"]);
        let long = of(&[&vec![b'x'; 10 * 1024 * 1024], b"\nnext"]);
        assert_eq!((long[0].len(), long.len()), (LONGEST + " … 10477568 bytes more".len(), 2));
    }
}
