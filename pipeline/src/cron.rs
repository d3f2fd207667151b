//! Times at which a pipeline is started: five cron fields, read in UTC.
//!
//! Minute, hour, day of month, month, day of week; numbers, `*`, ranges, lists, steps, and the English names of months and
//! days. As everywhere, where both days are given one of them is enough.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// Each field: its name and what it takes.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12, or jan to dec"),
    ("day of week", "0 to 7 (0 and 7 are Sunday), or sun to sat"),
];

/// Longer than any sensible one.
const MAX_LENGTH: usize = 200;

/// Is it a time that comes?
///
/// # Errors
/// In words: which field is wrong and what it takes, or that the day never comes.
pub fn check(text: &str) -> Result<(), String> {
    let cron = read(text)?;
    // From any moment: within eight years every day comes that comes at all (29 February, over 2100).
    let from = DateTime::from_timestamp(0, 0).unwrap_or_default();
    if cron.find_next_occurrence(&from, true).is_err() {
        return Err(format!("`{text}` never comes: no month has that day"));
    }
    Ok(())
}

/// The first such minute after a moment; none where the text is no cron time or never comes.
pub fn next_after(text: &str, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let next = read(text).ok()?.find_next_occurrence(&moment, false).ok()?;
    debug_assert!(next > moment && next.second() == 0 && next.year() >= moment.year());
    Some(next)
}

fn read(text: &str) -> Result<Cron, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("a cron time is at most {MAX_LENGTH} bytes long"));
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        return Err(format!("a cron time has {} fields ({}), this one {}", FIELDS.len(), names.join(", "), fields.len()));
    }
    for (i, (field, (name, takes))) in fields.iter().zip(FIELDS).enumerate() {
        let mut alone = ["*"; 5];
        alone[i] = field;
        let plain = field.bytes().all(|b| b.is_ascii_alphanumeric() || b"*,-/".contains(&b));
        if !plain || field.bytes().any(|b| matches!(b, b'L' | b'l' | b'W' | b'w') && !named(field)) || parse(&alone.join(" ")).is_none() {
            return Err(format!(
                "`{}` is no {name}: it takes {takes}, `*`, ranges `1-5`, lists `1,3` and steps `*/2`",
                field.escape_debug()
            ));
        }
    }
    parse(&fields.join(" ")).ok_or_else(|| format!("`{}` is no cron time", text.escape_debug()))
}

/// Does it hold the name of a month or day? (`L` and `W` alone are other programs' extensions.)
fn named(field: &str) -> bool {
    const NAMES: [&str; 2] = ["jul", "wed"];
    let lower = field.to_ascii_lowercase();
    NAMES.iter().any(|name| lower.contains(name))
}

fn parse(text: &str) -> Option<Cron> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn next(cron: &str, from: &str) -> String {
        next_after(cron, at(from)).unwrap().format("%F %R").to_string()
    }

    #[test]
    fn what_a_crontab_takes_is_taken() {
        for good in ["* * * * *", "*/5 0-6 1,15 * *", "0 3 * * mon-fri", "0 0 1 JAN *", "0 0 * jul wed", "30 4 29 2 *", " 0  12 * * 7 "] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(check("* * * *").unwrap_err(), "a cron time has 5 fields (minute, hour, day of month, month, day of week), this one 4");
        assert!(check("61 * * * *").unwrap_err().starts_with("`61` is no minute: it takes 0 to 59"));
        assert!(check("0 24 * * *").unwrap_err().starts_with("`24` is no hour"));
        assert!(check("0 0 L * *").unwrap_err().starts_with("`L` is no day of month"));
        for bad in [
            "",
            "@daily",
            "0 0 0 * *",
            "0 0 * * 8",
            "0 0 * * fri#2",
            "* * * * * *",
            "a b c d e",
            "5-1 * * * *",
            "é * * * *",
            "*/0 * * * *",
            "? * * * *",
            "0 0 15W * *",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("0 0 30 2 *").unwrap_err(), "`0 0 30 2 *` never comes: no month has that day");
        assert!(check(&"1,".repeat(200_000)).is_err());
    }

    #[test]
    fn the_next_minute_comes_after_the_moment() {
        assert_eq!(next("* * * * *", "2027-01-01T00:00:00Z"), "2027-01-01 00:01");
        assert_eq!(next("* * * * *", "2027-01-01T00:00:59.9Z"), "2027-01-01 00:01");
        assert_eq!(next("0 3 * * mon", "2027-01-01T00:00:00Z"), "2027-01-04 03:00");
        assert_eq!(next("30 4 29 2 *", "2027-03-01T00:00:00Z"), "2028-02-29 04:30");
        // Either day is enough.
        assert_eq!(next("0 0 13 * fri", "2027-01-01T00:00:00Z"), "2027-01-08 00:00");
        assert_eq!(next("0 0 * * 7", "2027-01-01T00:00:00Z"), next("0 0 * * 0", "2027-01-01T00:00:00Z"));
    }
}
