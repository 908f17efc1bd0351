//! `timeFormat` and its relatives: a pattern of `SimpleDateFormat` and a moment in seconds or milliseconds.

use super::functions::{Arguments, Input, Prepared};
use crate::date_format::DateFormat;
use jiff::tz::TimeZone;

/// Compiles a literal pattern.
pub(super) fn prepare(arguments: &Arguments) -> Result<Prepared, String> {
    match arguments.literal(0) {
        Some(pattern) => DateFormat::parse(pattern).map(Prepared::Date).map_err(|error| error.to_string()),
        None => Ok(Prepared::Nothing),
    }
}

/// `timeFormat(pattern,seconds)` in the zone of the host.
pub(super) fn local_seconds(input: &Input<'_>) -> Result<String, String> {
    show(input, 1_000, &input.host.time_zone)
}

/// `timeFormatMs(pattern,milliseconds)` in the zone of the host.
pub(super) fn local_milliseconds(input: &Input<'_>) -> Result<String, String> {
    show(input, 1, &input.host.time_zone)
}

/// `timeFormatUTC(pattern,seconds)`
pub(super) fn utc_seconds(input: &Input<'_>) -> Result<String, String> {
    show(input, 1_000, &TimeZone::UTC)
}

/// `timeFormatUTCMs(pattern,milliseconds)`
pub(super) fn utc_milliseconds(input: &Input<'_>) -> Result<String, String> {
    show(input, 1, &TimeZone::UTC)
}

fn show(input: &Input<'_>, unit_ms: i64, zone: &TimeZone) -> Result<String, String> {
    let moment = input.number(1)?.and_then(|number| number.checked_mul(unit_ms));
    let parsed;
    let format = if let Prepared::Date(format) = input.prepared {
        format
    } else {
        parsed = DateFormat::parse(input.text(0)).map_err(|error| error.to_string())?;
        &parsed
    };
    moment.and_then(|moment| format.format(moment, zone)).ok_or_else(|| "the time is out of range".to_owned())
}
