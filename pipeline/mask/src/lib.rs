//! Takes secrets out of a stream of bytes, before they are first written.
//!
//! Two nets: the secrets that are known, in all the forms that a program is likely to print them in ([`Secrets`]), and
//! what looks like a secret whoever it belongs to (`formats`). It stops accidents, not thieves: a step that wants to
//! print a secret can always spell it backwards (`security.md`, D).
//!
//! ```
//! use dockercise_mask::{Masker, Secrets};
//!
//! let (secrets, refused) = Secrets::new(["hunter22", "x"]);
//! assert_eq!(refused[0].to_string(), "a secret of 1 byte cannot be masked: it would be found everywhere\nuse at least 6 bytes");
//! let (mut masker, mut log) = (Masker::new(&secrets), Vec::<u8>::new());
//! masker.write(b"the password is hunt", |bytes| log.extend(bytes));
//! assert_eq!(log, b"the password is ");
//! masker.write(b"er22, or aHVudGVyMjI=\n", |bytes| log.extend(bytes));
//! masker.finish(|bytes| log.extend(bytes));
//! assert_eq!(log, b"the password is ***, or ***\n");
//! ```
//!
//! # What is held back
//! What may still become a secret is held back until the next bytes tell: never more than [`LONGEST_HOLD`], mostly
//! nothing after the end of a line. It is not let go because time passes: a prefix that was let out could not be
//! called back. Nobody waits for those bytes, as a step has no stdin and so asks nobody anything; [`Masker::finish`]
//! gives them at the latest.
//!
//! # How
//! All forms lie sorted in one list. At each byte of the stream a hash of the next six is looked up in a bitmap, which
//! says "no" nearly always; then the longest form that begins here is searched for. All occurrences count, also where
//! they overlap, and each run of bytes that belong to one becomes one [`MASK`]. So the result does not depend on how
//! the stream was cut. `docs/decisions/0004` says why this is not Aho and Corasick's automaton.

mod formats;
mod forms;
mod masker;
mod parts;
mod pem;
mod secrets;
mod table;

pub use formats::LONGEST_HOLD;
pub use masker::Masker;
pub use secrets::{LONGEST, Reason, Refused, SHORTEST, Secrets};

/// What stands where a secret stood.
pub const MASK: &str = "***";
