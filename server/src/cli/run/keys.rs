//! Keys of the terminal, one by one and not shown: what is drawn there stays where it was drawn.

use dockercise_local::Gates;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::Read as _;
use std::sync::OnceLock;
use tokio::sync::mpsc;

/// How the terminal was found.
static FOUND: OnceLock<Termios> = OnceLock::new();

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
pub struct Keys;

impl Drop for Keys {
    fn drop(&mut self) {
        give_back();
    }
}

/// Takes the terminal, if it can be had; whoever sits there is asked at gates.
pub fn ask() -> (Gates, Keys) {
    let stdin = std::io::stdin();
    if let Ok(found) = tcgetattr(&stdin) {
        let mut keys = found.clone();
        // Signals are still made of keys: ctrl-c works.
        keys.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        if tcsetattr(&stdin, OptionalActions::Now, &keys).is_ok() {
            let _ = FOUND.set(found);
        }
    }
    let (send, keys) = mpsc::channel(1);
    // It ends with the process.
    std::thread::spawn(move || {
        for key in std::io::stdin().lock().bytes().map_while(Result::ok) {
            if send.blocking_send(char::from(key)).is_err() {
                return;
            }
        }
    });
    (Gates::Ask(keys, std::env::var("USER").unwrap_or_else(|_| "somebody at the terminal".to_owned())), Keys)
}

/// Gives the terminal back as it was found.
pub fn give_back() {
    if let Some(found) = FOUND.get() {
        // It may be gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, found);
    }
}
