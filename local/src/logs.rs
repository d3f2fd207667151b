//! The steps' output: taken by offset, summed up, written to the results as it comes, and cut into lines to be shown.

mod lines;

use crate::door::{LogName, Refusal};
use crate::results::{Results, log_name};
use bytes::BytesMut;
use dockercise_pipeline::frame::{self, Stream};
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::wire::{Have, Record};
use lines::Lines;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

/// All logs of a run.
#[derive(Debug)]
pub struct Logs {
    results: Results,
    logs: BTreeMap<LogName, Log>,
}

/// One command's output.
#[derive(Debug)]
struct Log {
    length: u64,
    sum: Sha256,
    /// Bytes of a frame that is not whole yet.
    rest: BytesMut,
    /// The step wrote into its own spool: nothing after that can be told apart.
    damaged: bool,
    text: File,
    value: Option<File>,
    lines: [Lines; 3],
}

/// A line of output, without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub step: StepIx,
    /// Of which of its services; none for the step's own.
    pub service: Option<String>,
    /// Where it came from.
    pub stream: Stream,
    /// Its bytes, or as many of them as are shown of one line.
    pub bytes: Vec<u8>,
}

impl Logs {
    /// None yet.
    pub fn new(results: Results) -> Logs {
        Logs { results, logs: BTreeMap::new() }
    }

    /// Takes the next bytes of a log; gives the lines that they complete.
    ///
    /// # Errors
    /// They are not the next, or cannot be kept.
    pub fn take(&mut self, plan: &Plan, name: LogName, offset: u64, bytes: &[u8]) -> Result<(Have, Vec<Line>), Refusal> {
        if !self.logs.contains_key(&name) {
            let log = self.begin(plan, &name).map_err(|e| Refusal::Unbelieved(format!("the results cannot be written: {e}")))?;
            self.logs.insert(name.clone(), log);
        }
        let Some(log) = self.logs.get_mut(&name) else { return Err(Refusal::Stale) };
        if offset != log.length {
            return Err(Refusal::NotNext(Have { length: log.length }));
        }
        let mut found = Vec::new();
        let mut line = |stream: Stream, bytes: Vec<u8>| {
            found.push(Line { step: name.attempt.step, service: name.service.clone(), stream, bytes });
        };
        log.take(bytes, &mut line).map_err(|e| Refusal::Unbelieved(format!("the results cannot be written: {e}")))?;
        Ok((Have { length: log.length }, found))
    }

    fn begin(&self, plan: &Plan, LogName { attempt, phase, service }: &LogName) -> std::io::Result<Log> {
        let step = plan.full_name(attempt.step);
        let text = File::create(self.results.file(&step, &log_name(*phase, attempt.number, service.as_deref()))?)?;
        // What must not be seen is on no disk but the engine's.
        let shown = *phase == Phase::Run && service.is_none() && !plan.step(attempt.step).tainted;
        let value = if shown { Some(File::create(self.results.file(&step, "value")?)?) } else { None };
        Ok(Log { length: 0, sum: Sha256::new(), rest: BytesMut::new(), damaged: false, text, value, lines: Default::default() })
    }

    /// Is all here that a record names? If not, what is missing.
    pub fn missing(&self, record: &Record) -> Option<String> {
        record.logs.iter().find_map(|stored| {
            let name = LogName { attempt: stored.attempt, phase: stored.phase, service: stored.service.clone() };
            let here = self.logs.get(&name);
            let (length, sum) = here.map_or_else(|| (0, Sha256::new()), |log| (log.length, log.sum.clone()));
            let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            // A command that never wrote has no log here.
            let whole = length == stored.length && sum == stored.sha256;
            (!whole).then(|| format!("the log of step {} ({}) is {length} bytes here, or differs", stored.attempt.step, stored.phase))
        })
    }

    /// The step is over: what is left of its last lines.
    pub fn end(&mut self, step: StepIx) -> Vec<Line> {
        let mut found = Vec::new();
        for (name, log) in self.logs.iter_mut().filter(|(name, _)| name.attempt.step == step) {
            for (stream, lines) in STREAMS.into_iter().zip(&mut log.lines) {
                found.extend(lines.end().map(|bytes| Line { step, service: name.service.clone(), stream, bytes }));
            }
        }
        found
    }
}

/// In the order of [`Log::lines`].
const STREAMS: [Stream; 3] = [Stream::Stdout, Stream::Stderr, Stream::Remark];

impl Log {
    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(Stream, Vec<u8>)) -> std::io::Result<()> {
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        if self.damaged {
            return Ok(());
        }
        self.rest.extend_from_slice(bytes);
        loop {
            let taken = match frame::first(&self.rest) {
                Ok(None) => return Ok(()),
                Err(damaged) => {
                    self.damaged = true;
                    self.rest = BytesMut::new();
                    line(Stream::Remark, damaged.to_string().into_bytes());
                    return Ok(());
                }
                Ok(Some((frame, taken))) => {
                    self.text.write_all(frame.payload)?;
                    if let (Stream::Stdout, Some(value)) = (frame.stream, &mut self.value) {
                        value.write_all(frame.payload)?;
                    }
                    let stream = frame.stream;
                    let at = STREAMS.iter().position(|s| *s == stream).unwrap_or(0);
                    self.lines[at].take(frame.payload, |bytes| line(stream, bytes));
                    taken
                }
            };
            let _ = self.rest.split_to(taken);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use dockercise_pipeline::compile::compile;
    use dockercise_pipeline::ids::Attempt;
    use dockercise_pipeline::source::SourceFile;
    use dockercise_pipeline::wire::StoredLog;

    fn plan() -> Plan {
        let text = b"a: {img: alpine, run: x}\n".to_vec();
        compile("r", vec![SourceFile { path: "ci.dockercise.yaml".into(), text }]).plan.unwrap()
    }

    fn frames(pieces: &[(Stream, &str)]) -> Vec<u8> {
        let of = |(stream, text): &(Stream, &str)| [&frame::header(*stream, 0, text.len())[..], text.as_bytes()].concat();
        pieces.iter().flat_map(of).collect()
    }

    #[test]
    fn whatever_the_pieces_the_files_and_lines_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs = Logs::new(Results::at(&dir.path().join("r")).unwrap());
        let name = LogName { attempt: Attempt { step: StepIx(0), number: 1 }, phase: Phase::Run, service: None };
        let bytes = frames(&[(Stream::Stdout, "on"), (Stream::Stderr, "warn\n"), (Stream::Stdout, "e\ntwo")]);
        let mut lines = Vec::new();
        for (offset, byte) in bytes.iter().enumerate() {
            lines.extend(logs.take(&plan(), name.clone(), offset as u64, &[*byte]).unwrap().1);
        }
        assert_eq!(logs.take(&plan(), name.clone(), 3, b"x"), Err(Refusal::NotNext(Have { length: bytes.len() as u64 })));
        lines.extend(logs.end(StepIx(0)));
        let shown: Vec<String> = lines.iter().map(|l| String::from_utf8(l.bytes.clone()).unwrap()).collect();
        assert_eq!(shown, ["warn", "one", "two"]);
        assert_eq!(std::fs::read(dir.path().join("r/ci/a/run.log")).unwrap(), b"onwarn\ne\ntwo");
        assert_eq!(std::fs::read(dir.path().join("r/ci/a/value")).unwrap(), b"one\ntwo");
        let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let stored = StoredLog { attempt: name.attempt, phase: name.phase, service: None, length: bytes.len() as u64, sha256 };
        let record = Record { logs: vec![stored], value_length: 7, value_sha256: String::new(), results: Vec::new(), left_out: Vec::new() };
        assert_eq!(logs.missing(&record), None);
        logs.take(&plan(), name.clone(), bytes.len() as u64, b"no frame, surely none").unwrap();
        assert!(logs.missing(&record).unwrap().contains("differs"));
    }
}
