//! Dates as `java.text.SimpleDateFormat` prints them in the US locale (Apigee: "Message templates", time functions).

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use std::fmt::Write as _;

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// A pattern letter and how often it stands there.
    Field(char, usize),
}

/// Why a pattern cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDateFormat {
    /// `SimpleDateFormat` knows no such letter.
    #[error("{0:?} is no pattern letter of SimpleDateFormat")]
    UnknownLetter(char),
    /// A quote is not closed.
    #[error("a quote in the date pattern is not closed")]
    UnclosedQuote,
    /// A letter is repeated more often than any output needs.
    #[error("a letter is repeated too often in the date pattern")]
    TooLong,
}

impl DateFormat {
    /// Parses a pattern such as `yyyy-MM-dd'T'HH:mm:ss.SSSXXX`.
    ///
    /// # Errors
    /// [`InvalidDateFormat`] where Java throws `IllegalArgumentException`, and for absurdly wide fields.
    pub fn parse(pattern: &str) -> Result<Self, InvalidDateFormat> {
        let mut parts = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\'' if rest.next_if_eq(&'\'').is_some() => push_literal(&mut parts, '\''),
                '\'' => quoted(&mut rest, &mut parts)?,
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while rest.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    parts.push(field(letter, count)?);
                }
                literal => push_literal(&mut parts, literal),
            }
        }
        Ok(Self(parts))
    }

    /// Prints an instant, given in milliseconds since 1970; `None` outside the years -9999 to 9999.
    pub fn format(&self, epoch_ms: i64, zone: &TimeZone) -> Option<String> {
        let moment = Timestamp::from_millisecond(epoch_ms).ok()?.to_zoned_datetime(zone.clone());
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Field(letter, count) => write_field(&mut text, &moment, *letter, *count),
            }
        }
        Some(text)
    }
}

fn quoted(
    rest: &mut std::iter::Peekable<std::str::Chars>,
    parts: &mut Vec<Part>,
) -> Result<(), InvalidDateFormat> {
    loop {
        match rest.next() {
            None => return Err(InvalidDateFormat::UnclosedQuote),
            Some('\'') if rest.next_if_eq(&'\'').is_none() => return Ok(()),
            Some(character) => push_literal(parts, character),
        }
    }
}

fn field(letter: char, count: usize) -> Result<Part, InvalidDateFormat> {
    match letter {
        _ if !"GyYMLwWDdFEuaHkKhmsSzZX".contains(letter) => Err(InvalidDateFormat::UnknownLetter(letter)),
        'X' if count > 3 => Err(InvalidDateFormat::UnknownLetter(letter)),
        _ if count > WIDTH_MAX => Err(InvalidDateFormat::TooLong),
        _ => Ok(Part::Field(letter, count)),
    }
}

fn push_literal(parts: &mut Vec<Part>, character: char) {
    match parts.last_mut() {
        Some(Part::Literal(literal)) => literal.push(character),
        _ => parts.push(Part::Literal(character.into())),
    }
}

fn write_field(text: &mut String, moment: &ZonedDateTime, letter: char, count: usize) {
    let hour = i32::from(moment.hour());
    match letter {
        'G' => text.push_str(if moment.year() > 0 { "AD" } else { "BC" }),
        'y' => write_year(text, year_of_era(moment.year()), count),
        'Y' => write_year(text, year_of_era(week_of_year(moment).0), count),
        'M' | 'L' if count >= 3 => {
            let month = usize::try_from(moment.month() - 1).unwrap_or(0);
            write_name(text, MONTHS.get(month).copied().unwrap_or_default(), count);
        }
        'E' => write_name(text, DAYS.get(from_sunday(moment.weekday())).copied().unwrap_or_default(), count),
        'a' => text.push_str(if hour < 12 { "AM" } else { "PM" }),
        'z' => write_zone_name(text, moment, count),
        'Z' => write_offset(text, moment, "", 2),
        'X' if moment.offset().seconds() == 0 => text.push('Z'),
        'X' if count == 3 => write_offset(text, moment, ":", 2),
        'X' => write_offset(text, moment, "", count),
        _ => {
            let number = match letter {
                'M' | 'L' => i32::from(moment.month()),
                'w' => week_of_year(moment).1,
                'W' => week_of_month(moment),
                'D' => i32::from(moment.day_of_year()),
                'd' => i32::from(moment.day()),
                'F' => (i32::from(moment.day()) - 1) / 7 + 1,
                'u' => i32::from(moment.weekday().to_monday_one_offset()),
                'H' => hour,
                'k' => (hour + 23) % 24 + 1,
                'K' => hour % 12,
                'h' => (hour + 11) % 12 + 1,
                'm' => i32::from(moment.minute()),
                's' => i32::from(moment.second()),
                _ => i32::from(moment.millisecond()),
            };
            write_padded(text, number, count);
        }
    }
}

fn write_padded(text: &mut String, number: i32, width: usize) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{number:0width$}");
}

/// `yy` is the last two digits; every other count pads the whole year.
fn write_year(text: &mut String, year: i32, count: usize) {
    if count == 2 { write_padded(text, year % 100, 2) } else { write_padded(text, year, count) }
}

/// Up to three letters give the short name, more the full one.
fn write_name(text: &mut String, name: &str, count: usize) {
    text.push_str(if count >= 4 { name } else { name.get(..3).unwrap_or(name) });
}

fn write_zone_name(text: &mut String, moment: &ZonedDateTime, count: usize) {
    let zone = moment.time_zone().to_offset_info(moment.timestamp());
    match zone.abbreviation() {
        "UTC" if count >= 4 => text.push_str("Coordinated Universal Time"),
        name => text.push_str(name),
    }
}

/// `±HH` and, with two parts, the minutes.
fn write_offset(text: &mut String, moment: &ZonedDateTime, separator: &str, parts: usize) {
    let minutes = moment.offset().seconds() / 60;
    text.push(if minutes < 0 { '-' } else { '+' });
    write_padded(text, minutes.abs() / 60, 2);
    if parts >= 2 {
        text.push_str(separator);
        write_padded(text, minutes.abs() % 60, 2);
    }
}

fn year_of_era(year: i16) -> i32 {
    let year = i32::from(year);
    if year > 0 { year } else { 1 - year }
}

/// Week year and week, with weeks from Sunday on and the week of 1 January as the first: Java's US calendar.
fn week_of_year(moment: &ZonedDateTime) -> (i16, i32) {
    let day = i32::from(moment.day_of_year()) - 1;
    let weekday = i32::try_from(from_sunday(moment.weekday())).unwrap_or(0);
    let days_left = i32::from(moment.days_in_year()) - 1 - day;
    if weekday + days_left < 6 {
        return (moment.year().saturating_add(1), 1);
    }
    (moment.year(), (day + (weekday - day).rem_euclid(7)) / 7 + 1)
}

fn week_of_month(moment: &ZonedDateTime) -> i32 {
    let day = i32::from(moment.day()) - 1;
    let weekday = i32::try_from(from_sunday(moment.weekday())).unwrap_or(0);
    (day + (weekday - day).rem_euclid(7)) / 7 + 1
}

fn from_sunday(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_sunday_zero_offset()).unwrap_or(0)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Wider fields serve nobody and would let a pattern ask for any amount of memory.
const WIDTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday, 2013-08-21T19:16:47.043Z.
    const MOMENT: i64 = 1_377_112_607_043;

    #[track_caller]
    fn check(pattern: &str, epoch_ms: i64, expected: &str) {
        let format = DateFormat::parse(pattern).expect("valid pattern");
        assert_eq!(format.format(epoch_ms, &TimeZone::UTC).as_deref(), Some(expected), "{pattern}");
    }

    // The expected texts were printed by SimpleDateFormat of JDK 17, Locale.US.
    #[test]
    fn every_letter() {
        for (pattern, expected) in [
            ("EEE, dd MMM yyyy HH:mm:ss z", "Wed, 21 Aug 2013 19:16:47 UTC"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2013-08-21T19:16:47.043Z"),
            ("G y yy yyy yyyyy Y", "AD 2013 13 2013 02013 2013"),
            ("M MM MMM MMMM LLL", "8 08 Aug August Aug"),
            ("w W D d F", "34 4 233 21 3"),
            ("E EEEE u a", "Wed Wednesday 3 PM"),
            ("H k K h m s S", "19 19 7 7 16 47 43"),
            ("zzzz Z X XX", "Coordinated Universal Time +0000 Z Z"),
            ("'o''clock' ''", "o'clock '"),
            ("HHmm'h'", "1916h"),
        ] {
            check(pattern, MOMENT, expected);
        }
    }

    #[test]
    fn borders() {
        check("k K h a", 0, "24 0 12 AM");
        check("YYYY-ww W", 1_735_603_200_000, "2025-01 5");
        check("yyyy w", 1_420_070_400_000, "2015 1");
        check("S SSS", -1, "999 999");
    }

    #[test]
    fn other_zones() {
        let zone = TimeZone::fixed(jiff::tz::Offset::constant(-3));
        let format = DateFormat::parse("HH:mm Z X XX XXX").expect("valid pattern");
        assert_eq!(format.format(MOMENT, &zone).as_deref(), Some("16:16 -0300 -03 -0300 -03:00"));
    }

    #[test]
    fn refused_patterns() {
        for (pattern, expected) in [
            ("yyyy-bb", InvalidDateFormat::UnknownLetter('b')),
            ("'open", InvalidDateFormat::UnclosedQuote),
            ("XXXX", InvalidDateFormat::UnknownLetter('X')),
            (&"y".repeat(65), InvalidDateFormat::TooLong),
        ] {
            assert_eq!(DateFormat::parse(pattern), Err(expected), "{pattern}");
        }
    }

    #[test]
    fn instants_out_of_range_have_no_text() {
        let format = DateFormat::parse("yyyy").expect("valid pattern");
        assert_eq!(format.format(i64::MAX, &TimeZone::UTC), None);
    }
}
