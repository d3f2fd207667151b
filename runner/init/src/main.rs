//! One small static binary: PID 1 of every step, and the helper's other commands. See the library's first lines.

mod files;
mod frames;
mod hold;
mod keep;
mod signals;
mod step;
mod tree;

use std::process::exit;

/// The exit code where the helper itself failed: it could neither run the command nor say so in the spool.
const OWN_FAILURE: i32 = 125;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["step"] => step::run(),
        ["shell"] => step::shell::run(),
        ["enter", argv @ ..] => step::enter::run(argv),
        ["hold"] => hold::run(),
        ["keep"] => keep::run(),
        ["look", root] => tree::run(root),
        ["copy", from, to] => files::copy::run(from, to),
        _ => Err(std::io::Error::other("usage: init step | shell | enter PROGRAM ARGUMENT... | hold | keep | look DIR | copy FROM TO")),
    };
    match outcome {
        Ok(code) => exit(code),
        Err(error) => {
            eprintln!("dockercise init: {error}");
            exit(OWN_FAILURE);
        }
    }
}
