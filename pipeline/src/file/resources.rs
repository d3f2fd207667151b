//! What a container is given: processors, memory, a user, a directory.

use super::Problems;
use super::path;
use super::value;
use super::yaml::Node;
use crate::diagnostic::quote;

/// The engine takes no less: a hundredth of a processor.
const LEAST_CPUS: u32 = 10;
/// More than any machine has.
const MOST_CPUS: u32 = 4096 * 1000;
/// The engine takes no less.
const LEAST_MEMORY: u64 = 6 << 20;
/// More than any machine has.
const MOST_MEMORY: u64 = 64 << 40;
/// The largest id of a user that the engine takes.
const LARGEST_ID: u32 = i32::MAX as u32;

/// `cpus`, in thousandths.
pub(super) fn cpus(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<u32> {
    let text = value::text(problems, node, "cpus")?;
    let found = thousandths(&text.value).filter(|cpus| (LEAST_CPUS..=MOST_CPUS).contains(cpus));
    if found.is_none() {
        let problem = problems.error(text.span, format!("{} is no number of processors", quote(&text.value)));
        problem.help("write `2`, `0.5` or `1.25`; `0.01` is the least");
    }
    found
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(part)
}

/// `memory`, in bytes.
pub(super) fn memory(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<u64> {
    let text = value::text(problems, node, "memory")?;
    match bytes(&text.value) {
        Ok(bytes) => Some(bytes),
        Err(help) => {
            problems.error(text.span, format!("{} is no amount of memory", quote(&text.value))).help(help);
            None
        }
    }
}

fn bytes(text: &str) -> Result<u64, &'static str> {
    const FORMS: &str = "write a whole number and its unit: `512m`, `2g`, `1GiB`";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" if digits > 0 => return Err("a plain number has no unit: write `512m` or `2g`"),
        // As the engine has it: all of them are powers of 1024.
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(FORMS),
    };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(1 << shift)).ok_or(FORMS)?;
    match bytes {
        ..LEAST_MEMORY => Err("`6m` is the least that the engine takes"),
        LEAST_MEMORY..=MOST_MEMORY => Ok(bytes),
        _ => Err("`64t` is the most"),
    }
}

/// `user`
pub(super) fn user(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<String> {
    let text = value::text(problems, node, "user")?;
    let (user, group) = text.value.split_once(':').map_or((text.value.as_str(), None), |(user, group)| (user, Some(group)));
    let why = account(user).or_else(|| group.and_then(account));
    if let Some(why) = why {
        problems
            .error(text.span, format!("{} is no user: {why}", quote(&text.value)))
            .help("a user is `name`, `1000`, `name:group` or `1000:1000`, as the image knows them");
        return None;
    }
    Some(text.value)
}

/// What is wrong with the name or number of a user or group.
fn account(word: &str) -> Option<&'static str> {
    if word.is_empty() {
        return Some("a part of it is empty");
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        if word.len() > 1 && word.starts_with('0') {
            return Some("a number has no leading zero");
        }
        return word.parse::<u32>().map_or(true, |id| id > LARGEST_ID).then_some("the number is too large");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let first = word.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    (!first || word.len() > 32 || !word.bytes().all(fits)).then_some("a name is letters, digits, `_`, `-` and `.`")
}

/// `workdir`. None also for the working directory itself.
pub(super) fn workdir(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<String> {
    let text = value::text(problems, node, "workdir")?;
    (path::anywhere(problems, &text, "workdir") && text.value != ".").then_some(text.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors() {
        for (text, amount) in [("2", 2000), ("0.5", 500), ("1.25", 1250), ("0.001", 1), ("00.10", 100)] {
            assert_eq!(thousandths(text), Some(amount), "{text}");
        }
        for bad in ["", ".5", "1.", "-1", "1e3", "0.0001", "1,5", "１", "99999999999", "1.0.0", "+1"] {
            assert_eq!(thousandths(bad), None, "{bad}");
        }
    }

    #[test]
    fn amounts_of_memory() {
        for (text, amount) in
            [("512m", 512 << 20), ("2g", 2 << 30), ("1GiB", 1 << 30), ("6M", 6 << 20), ("64t", 64 << 40), ("8192kb", 8 << 20)]
        {
            assert_eq!(bytes(text), Ok(amount), "{text}");
        }
        for bad in ["", "m", "512", "5m", "1.5g", "-1g", "1 g", "1gg", "65t", "99999999999999999999t", "0g", "512b", "１g"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn s25_users_have_no_leading_zero() {
        for good in ["0", "1000", "root", "www-data", "_apt", "a.b", "2147483647"] {
            assert_eq!(account(good), None, "{good}");
        }
        for bad in [
            "",
            "00",
            "01000",
            "0x0",
            "-1",
            "+0",
            " 0",
            "0 ",
            "2147483648",
            "4294967296",
            "99999999999999999999",
            "a b",
            "-a",
            "ä",
            "a:b",
            "$UID",
            "1a",
        ] {
            assert!(account(bad).is_some(), "{bad}");
        }
    }
}
