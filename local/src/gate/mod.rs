//! Gates of a local run: who opens them, and what is asked.

mod words;

pub use words::words;

use crate::conduct::Conduct;
use dockercise_pipeline::ids::GateIx;
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use words::Said;

/// Who opens gates.
#[derive(Debug)]
pub enum Gates {
    /// They open by themselves.
    Open,
    /// Whoever presses these keys, with the name that stands for them.
    Ask(mpsc::Receiver<char>, String),
    /// Nobody: the run goes as far as it can without.
    Closed,
}

/// Opens gates, or has them opened.
pub struct Gatekeeper {
    gates: Gates,
    asked: Option<GateIx>,
    /// A person said no.
    refused: BTreeSet<GateIx>,
}

impl Gatekeeper {
    /// Nobody has been asked yet.
    pub fn new(gates: Gates) -> Gatekeeper {
        Gatekeeper { gates, asked: None, refused: BTreeSet::new() }
    }

    /// Is a person being asked?
    pub fn asks(&self) -> bool {
        self.asked.is_some()
    }

    /// Looks which gates wait.
    pub fn look(&mut self, conduct: &mut Conduct) {
        let waiting = conduct.gates();
        match &self.gates {
            Gates::Open => waiting.into_iter().for_each(|gate| conduct.click(gate, "--yes")),
            Gates::Closed => {}
            Gates::Ask(..) => {
                let next = waiting.iter().copied().find(|gate| !self.refused.contains(gate));
                let asked = self.asked.filter(|asked| waiting.contains(asked)).or(next);
                if asked != self.asked {
                    self.asked = asked;
                    let question = asked.map(|gate| format!("{}\n  go on? y or n", words(conduct.machine(), gate)));
                    conduct.show().question(question.as_deref());
                }
            }
        }
    }

    /// A key that was pressed; none where no more comes.
    pub async fn key(&mut self) -> Option<char> {
        match &mut self.gates {
            Gates::Ask(keys, _) => keys.recv().await,
            Gates::Open | Gates::Closed => std::future::pending().await,
        }
    }

    /// Acts on it.
    pub fn read(&mut self, conduct: &mut Conduct, key: Option<char>) {
        let (Some(key), Gates::Ask(_, name)) = (key, &self.gates) else {
            (self.gates, self.asked) = (Gates::Closed, None);
            return conduct.show().question(None);
        };
        // What was pressed before anything was asked is no answer.
        let Some(gate) = self.asked else { return };
        match words::read(key) {
            Said::Yes => {
                conduct.show().question(None);
                conduct.show().say("the gate is open");
                self.asked = None;
                conduct.click(gate, &name.clone());
            }
            Said::No => {
                conduct.show().question(None);
                self.asked = None;
                self.refused.insert(gate);
            }
            Said::Unclear => {}
        }
    }
}
