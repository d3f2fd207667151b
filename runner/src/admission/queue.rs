//! The order in which reservations are given out. Pure.
//!
//! ```text
//! next run:  the one that has the fewest processors, then the one that has waited longest
//! next step: the run's oldest; where it does not fit, a younger one, or another run's, may go before it, a few times
//! ```
//! So a run of a thousand steps does not hold up one of a single step, and a big step does not wait for ever.

use crate::engine::{About, Limits};
use dockercise_pipeline::ids::RunId;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Steps of one run that are looked at for one that fits.
const LOOK: usize = 16;
/// So often may others go before a step that does not fit yet.
const OVERTAKEN: u32 = 16;
/// A processor, in thousandths: what a step reserves that says nothing.
const ONE: u32 = 1000;

/// Stands for one reservation; they grow.
pub type Ticket = u64;

/// What a host has to give to steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Processors, in thousandths.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// How many steps may run at once, however small.
    pub steps: usize,
}

/// Kept back for the engine and the runner: a part of the memory, and at least and at most so much of it.
const RESERVED_PART: u64 = 16;
const RESERVED: (u64, u64) = (256 << 20, 1 << 30);

impl Capacity {
    /// What an engine's host has, for so many steps at once.
    pub fn of(about: &About, steps: usize) -> Capacity {
        let reserved = (about.memory / RESERVED_PART).clamp(RESERVED.0, RESERVED.1);
        Capacity { cpus: about.cpus.max(1).saturating_mul(ONE), memory: about.memory.saturating_sub(reserved), steps }
    }

    /// What a step may use that asks for so much: one processor where it says nothing, and the share of memory that goes
    /// with its processors.
    pub fn limits(&self, cpus: Option<u32>, memory: Option<u64>) -> Limits {
        let cpus = cpus.unwrap_or(ONE.min(self.cpus));
        let share = u128::from(self.memory) * u128::from(cpus.min(self.cpus)) / u128::from(self.cpus.max(1));
        Limits { cpus, memory: memory.unwrap_or(u64::try_from(share).unwrap_or(u64::MAX)) }
    }

    /// Could it ever be given?
    pub fn has(&self, need: Limits) -> Result<(), String> {
        let cpus = |thousandths: u32| f64::from(thousandths) / f64::from(ONE);
        if need.cpus > self.cpus {
            return Err(format!("the step asks for {} processors, and this host has {}", cpus(need.cpus), cpus(self.cpus)));
        }
        if need.memory > self.memory {
            let mib = |bytes: u64| bytes >> 20;
            return Err(format!(
                "the step asks for {} MiB of memory, and this host gives its steps {}",
                mib(need.memory),
                mib(self.memory)
            ));
        }
        Ok(())
    }
}

/// See the module.
#[derive(Debug)]
pub struct Queue {
    capacity: Capacity,
    cpus: u64,
    memory: u64,
    given: HashMap<Ticket, (RunId, Limits)>,
    runs: BTreeMap<RunId, Line>,
    next: Ticket,
}

/// What a run has, and what it waits for, oldest first.
#[derive(Debug, Default)]
struct Line {
    cpus: u64,
    given: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    need: Limits,
    overtaken: u32,
}

impl Queue {
    /// Nobody has anything.
    pub fn new(capacity: Capacity) -> Queue {
        Queue { capacity, cpus: 0, memory: 0, given: HashMap::new(), runs: BTreeMap::new(), next: 1 }
    }

    /// Joins the queue. Next: [`Queue::next`].
    pub fn ask(&mut self, run: RunId, need: Limits) -> Ticket {
        let ticket = self.ticket();
        self.runs.entry(run).or_default().waiting.push_back(Waiting { ticket, need, overtaken: 0 });
        ticket
    }

    /// Gives at once, whether there is room or not.
    pub fn count(&mut self, run: RunId, need: Limits) -> Ticket {
        let ticket = self.ticket();
        self.give(ticket, run, need);
        ticket
    }

    /// Gives back, or leaves the queue. Next: [`Queue::next`].
    pub fn leave(&mut self, ticket: Ticket) {
        match self.given.remove(&ticket) {
            Some((run, need)) => {
                self.cpus -= u64::from(need.cpus);
                self.memory -= need.memory;
                if let Some(line) = self.runs.get_mut(&run) {
                    line.cpus -= u64::from(need.cpus);
                    line.given -= 1;
                }
            }
            None => self.runs.values_mut().for_each(|line| line.waiting.retain(|waiting| waiting.ticket != ticket)),
        }
        self.runs.retain(|_, line| line.given > 0 || !line.waiting.is_empty());
    }

    /// Gives to the next whose turn it is, if there is room.
    pub fn next(&mut self) -> Option<Ticket> {
        if self.given.len() >= self.capacity.steps {
            return None;
        }
        let mut order: Vec<(u64, Ticket, RunId)> =
            self.runs.iter().filter_map(|(run, line)| Some((line.cpus, line.waiting.front()?.ticket, *run))).collect();
        order.sort_unstable();
        let places = order.iter().flat_map(|(_, _, run)| (0..LOOK).map(move |place| (*run, place)));
        let candidates: Vec<(RunId, usize)> = places.filter(|at| self.at(*at).is_some()).collect();
        let impatient = |at: &&(RunId, usize)| self.at(**at).is_some_and(|waiting| waiting.overtaken >= OVERTAKEN);
        let fits = |at: &&(RunId, usize)| self.at(**at).is_some_and(|waiting| self.has_room(waiting.need));
        // Room is kept for one that was overtaken too often.
        let chosen = match candidates.iter().filter(impatient).min_by_key(|at| self.at(**at).map(|waiting| waiting.ticket)) {
            Some(first) => Some(first).filter(fits),
            None => candidates.iter().find(fits),
        };
        let (run, place) = *chosen?;
        let Waiting { ticket, need, .. } = self.runs.get_mut(&run)?.waiting.remove(place)?;
        for line in self.runs.values_mut() {
            line.waiting.iter_mut().take(LOOK).take_while(|waiting| waiting.ticket < ticket).for_each(|waiting| waiting.overtaken += 1);
        }
        self.give(ticket, run, need);
        Some(ticket)
    }

    fn at(&self, (run, place): (RunId, usize)) -> Option<&Waiting> {
        self.runs.get(&run)?.waiting.get(place)
    }

    fn has_room(&self, need: Limits) -> bool {
        let capacity = self.capacity;
        self.cpus + u64::from(need.cpus) <= u64::from(capacity.cpus) && self.memory.saturating_add(need.memory) <= capacity.memory
    }

    fn give(&mut self, ticket: Ticket, run: RunId, need: Limits) {
        self.cpus += u64::from(need.cpus);
        self.memory += need.memory;
        self.given.insert(ticket, (run, need));
        let line = self.runs.entry(run).or_default();
        line.cpus += u64::from(need.cpus);
        line.given += 1;
    }

    fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOST: Capacity = Capacity { cpus: 2000, memory: 1000, steps: 3 };

    fn run(number: u128) -> RunId {
        RunId(uuid::Uuid::from_u128(number))
    }

    fn need(cpus: u32) -> Limits {
        Limits { cpus, memory: 10 }
    }

    fn all(queue: &mut Queue) -> Vec<Ticket> {
        std::iter::from_fn(|| queue.next()).collect()
    }

    #[test]
    fn a_step_gets_a_processor_and_the_memory_that_goes_with_it() {
        assert_eq!(HOST.limits(None, None), Limits { cpus: 1000, memory: 500 });
        assert_eq!(HOST.limits(Some(500), None), Limits { cpus: 500, memory: 250 });
        assert_eq!(HOST.limits(Some(2000), Some(7)), Limits { cpus: 2000, memory: 7 });
        assert_eq!(Capacity { cpus: 500, ..HOST }.limits(None, None), Limits { cpus: 500, memory: 1000 });
    }

    #[test]
    fn more_than_there_is_is_told_in_words() {
        assert_eq!(HOST.has(need(2000)), Ok(()));
        assert_eq!(HOST.has(need(2500)), Err("the step asks for 2.5 processors, and this host has 2".to_owned()));
        let much = HOST.has(Limits { cpus: 1, memory: 3 << 20 });
        assert!(much.is_err_and(|words| words.contains("asks for 3 MiB of memory")));
    }

    #[test]
    fn a_run_of_many_steps_leaves_room_for_one_of_few() {
        let mut queue = Queue::new(HOST);
        let many: Vec<Ticket> = (0..10).map(|_| queue.ask(run(1), need(1000))).collect();
        assert_eq!(all(&mut queue), many[..2]);
        let few = queue.ask(run(2), need(1000));
        queue.leave(many[0]);
        assert_eq!(all(&mut queue), [few], "the other run has one already");
        queue.leave(many[1]);
        assert_eq!(all(&mut queue), [many[2]]);
    }

    #[test]
    fn a_big_step_is_overtaken_only_so_often() {
        let mut queue = Queue::new(HOST);
        let first = queue.ask(run(1), need(500));
        assert_eq!(all(&mut queue), [first]);
        let big = queue.ask(run(1), need(2000));
        let mut last = queue.ask(run(1), need(500));
        for _ in 0..OVERTAKEN {
            assert_eq!(all(&mut queue), [last]);
            queue.leave(last);
            last = queue.ask(run(2), need(500));
        }
        assert_eq!(all(&mut queue), Vec::<Ticket>::new(), "room is kept for the big one");
        queue.leave(first);
        assert_eq!(all(&mut queue), [big]);
        queue.leave(big);
        assert_eq!(all(&mut queue), [last]);
    }

    #[test]
    fn no_more_steps_than_places() {
        let mut queue = Queue::new(HOST);
        let small: Vec<Ticket> = (0..5).map(|_| queue.ask(run(1), need(1))).collect();
        assert_eq!(all(&mut queue), small[..3]);
    }

    proptest! {
        /// Never more than there is; and whoever asks for what the host has is given it in the end.
        #[test]
        fn r38_memory_is_never_promised_twice(asks in proptest::collection::vec((0u128..4, 1u32..=2000, 0u64..=1000), 1..200), order in any::<u64>()) {
            let mut queue = Queue::new(HOST);
            let mut needs = HashMap::new();
            let mut running: Vec<Ticket> = Vec::new();
            let mut dice = order;
            let mut asks_left = asks.iter();
            loop {
                dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                if dice >> 63 == 0 && let Some((of, cpus, memory)) = asks_left.next() {
                    let need = Limits { cpus: *cpus, memory: *memory };
                    needs.insert(queue.ask(run(*of), need), need);
                } else if !running.is_empty() {
                    queue.leave(running.swap_remove((dice >> 33) as usize % running.len()));
                }
                running.extend(all(&mut queue));
                let cpus: u32 = running.iter().map(|t| needs[t].cpus).sum();
                let memory: u64 = running.iter().map(|t| needs[t].memory).sum();
                prop_assert!(cpus <= HOST.cpus && memory <= HOST.memory && running.len() <= HOST.steps);
                if running.is_empty() && asks_left.len() == 0 {
                    break;
                }
            }
            prop_assert!(queue.runs.is_empty(), "somebody waits for ever: {queue:?}");
        }
    }
}
