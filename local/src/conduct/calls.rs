//! The runner's calls, answered.

use super::Conduct;
use crate::door::{LogName, Refusal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dockercise_pipeline::ids::{Fence, JobId, StepIx};
use dockercise_pipeline::run::Event;
use dockercise_pipeline::wire::{
    AskSecrets, Have, Job, LeftOut, Order, Orders, Poll, Record, Report, Reports, Secrets, Source, StoredFile, Taken, reportable,
};

impl Conduct {
    /// Answers the question that waits, if there is something to say.
    pub(super) fn answer_poll(&mut self) {
        let Some(question) = self.poll.take() else { return };
        let orders = self.orders(&question.poll);
        if orders == Orders::default() && !question.answer.is_closed() {
            self.poll = Some(question);
        } else {
            // A runner that has hung up asks again.
            drop(question.answer.send(orders));
        }
    }

    fn orders(&self, poll: &Poll) -> Orders {
        let mut orders = Orders::default();
        let out = self.job.as_ref().filter(|job| !job.ended);
        for held in &poll.jobs {
            match self.job.as_ref().filter(|job| job.id == held.job && job.fence == held.fence) {
                Some(job) => {
                    let numbered = (1..).zip(&job.orders).filter(|(number, _)| *number > held.orders_done && !job.ended);
                    orders.orders.extend(numbered.map(|(number, stamped)| Order { job: job.id, number, stamped: stamped.clone() }));
                }
                // It has said so itself and is putting it away.
                None if self.past.contains(&held.job) => {}
                None => orders.lost.push(held.job),
            }
        }
        if let Some(job) = out
            && poll.wants_job
            && poll.jobs.iter().all(|held| held.job != job.id)
        {
            orders.jobs.push(Job {
                id: job.id,
                fence: job.fence,
                run: self.id,
                plan: (**self.machine.plan()).clone(),
                state: self.machine.state().clone(),
                about: self.about.clone(),
                source: self.source(),
                // The person's own files, on their own computer.
                trusted: true,
                images: self.images.clone(),
                kept: Vec::new(),
            });
        }
        orders
    }

    /// Of no repository: the runner has the folder itself.
    fn source(&self) -> Source {
        Source {
            repository_id: 0,
            url: String::new(),
            sha: self.about.sha.clone(),
            git_ref: self.about.git_ref.clone(),
            deploy_key: String::new(),
            known_hosts: String::new(),
        }
    }

    /// The number of the last report taken before, of the job that is out.
    fn live(&self, job: JobId, fence: Fence) -> Result<u64, Refusal> {
        let live = self.job.as_ref().filter(|here| here.id == job && here.fence == fence && !here.ended);
        live.map(|job| job.taken).ok_or(Refusal::Stale)
    }

    pub(super) fn reports(&mut self, job: JobId, reports: Reports) -> Result<Taken, Refusal> {
        let mut up_to = self.live(job, reports.fence)?;
        for report in &reports.reports {
            if report.number > up_to {
                self.report(report, up_to)?;
                up_to = report.number;
            }
        }
        Ok(Taken { up_to })
    }

    fn report(&mut self, report: &Report, last: u64) -> Result<(), Refusal> {
        let event = &report.stamped.event;
        if report.number != last + 1 || !reportable(event) {
            return Err(Refusal::Unbelieved(format!("report {} does not follow report {last}, or is not a runner's", report.number)));
        }
        if let Some(words) = report.record.as_ref().and_then(|record| self.missing(record)) {
            return Err(Refusal::Lacking(words));
        }
        if let Some(image) = report.image.as_ref().filter(|image| self.images.iter().all(|known| known.name != image.name)) {
            self.images.push(image.clone());
        }
        self.apply(report.stamped.at, event).map_err(|refused| Refusal::Unbelieved(refused.to_string()))?;
        if let (Event::StepRecorded { attempt }, Some(record)) = (event, &report.record) {
            self.keep_files(attempt.step, record);
        }
        // The next job's, where this one's end has let it out.
        if let Some(job) = self.job.as_mut().filter(|job| !matches!(event, Event::JobEnded { fence } if *fence != job.fence)) {
            job.taken = report.number;
            job.ended |= matches!(event, Event::JobEnded { .. });
        }
        Ok(())
    }

    fn missing(&self, record: &Record) -> Option<String> {
        let file = |file: &&StoredFile| !self.kept.incoming.has(file);
        let missing = || record.results.iter().find(file).map(|file| format!("the file {} is not here", file.sha256));
        self.kept.logs.missing(record).or_else(missing)
    }

    /// The files get their names; what was left out is said.
    fn keep_files(&mut self, step: StepIx, record: &Record) {
        let plan = self.plan();
        let folder = self.kept.results.file(&plan.full_name(step), "files");
        if let Err(error) = folder.and_then(|folder| self.kept.incoming.name(&record.results, &folder)) {
            self.show.say(&format!("the files of {} cannot be kept: {error}", plan.full_name(step)));
        }
        for LeftOut { path, why } in &record.left_out {
            self.show.say(&format!("{}: {path} is not kept: {why}", plan.full_name(step)));
        }
    }

    pub(super) fn secrets(&self, job: JobId, asked: &AskSecrets) -> Result<Secrets, Refusal> {
        self.live(job, asked.fence)?;
        let here = asked.names.iter().filter_map(|name| self.kept.secrets.get_key_value(name));
        Ok(Secrets { secrets: here.map(|(name, value)| (name.clone(), BASE64.encode(value))).collect() })
    }

    pub(super) fn log(&mut self, job: JobId, fence: Fence, log: LogName, offset: u64, bytes: &[u8]) -> Result<Have, Refusal> {
        self.live(job, fence)?;
        let plan = self.plan();
        if plan.steps.get(log.attempt.step.index()).is_none() {
            return Err(Refusal::Unbelieved(format!("the run has no step {}", log.attempt.step)));
        }
        let (have, lines) = self.kept.logs.take(&plan, log, offset, bytes)?;
        for line in &lines {
            self.show.line(&self.machine, line);
        }
        Ok(have)
    }
}
