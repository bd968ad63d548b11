//! `Time.Format` (source followed: `time/format.go` of Go 1.26).

use std::fmt::Write as _;

use super::layout::{DAYS, MONTHS, OffsetForm, Part, next};
use super::time::{Civil, Time};

/// `time` as the layout shows it.
pub(crate) fn format(time: &Time, layout: &str) -> String {
    let civil = time.civil();
    let mut out = String::new();
    let mut rest = layout;
    while !rest.is_empty() {
        let (before, part, behind) = next(rest);
        out.push_str(before);
        let Some((part, _)) = part else { break };
        write_part(&mut out, part, &civil, time.nanoseconds);
        rest = behind;
    }
    out
}

/// The name of a month, 1 to 12.
pub(crate) fn month_name(month: i64) -> &'static str {
    named(&MONTHS, month - 1)
}

/// The name of a day of the week, 0 to 6.
pub(crate) fn day_name(weekday: i64) -> &'static str {
    named(&DAYS, weekday)
}

fn named(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// As Go's `appendInt`: the sign comes before the zeros.
fn padded(out: &mut String, number: i64, width: usize) {
    let sign = if number < 0 { "-" } else { "" };
    let written = write!(out, "{sign}{:0width$}", number.unsigned_abs());
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

fn write_part(out: &mut String, part: Part, civil: &Civil, nanoseconds: u32) {
    let twelve = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    match part {
        Part::Year => padded(out, civil.year.abs() % 100, 2),
        Part::LongYear => padded(out, civil.year, 4),
        Part::LongMonth => out.push_str(month_name(civil.month)),
        Part::Month => out.push_str(short(month_name(civil.month))),
        Part::NumMonth => padded(out, civil.month, 0),
        Part::ZeroMonth => padded(out, civil.month, 2),
        Part::LongWeekDay => out.push_str(day_name(civil.weekday)),
        Part::WeekDay => out.push_str(short(day_name(civil.weekday))),
        Part::Day => padded(out, civil.day, 0),
        Part::UnderDay => out.push_str(&format!("{:2}", civil.day)),
        Part::ZeroDay => padded(out, civil.day, 2),
        Part::UnderYearDay => out.push_str(&format!("{:3}", civil.year_day)),
        Part::ZeroYearDay => padded(out, civil.year_day, 3),
        Part::Hour => padded(out, civil.hour, 2),
        Part::Hour12 => padded(out, twelve, 0),
        Part::ZeroHour12 => padded(out, twelve, 2),
        Part::Minute => padded(out, civil.minute, 0),
        Part::ZeroMinute => padded(out, civil.minute, 2),
        Part::Second => padded(out, civil.second, 0),
        Part::ZeroSecond => padded(out, civil.second, 2),
        Part::UpperPm => out.push_str(if civil.hour >= 12 { "PM" } else { "AM" }),
        Part::LowerPm => out.push_str(if civil.hour >= 12 { "pm" } else { "am" }),
        Part::ZoneName if civil.zone.is_empty() => write_offset(out, civil.offset, OffsetForm::Plain),
        Part::ZoneName => out.push_str(&civil.zone),
        Part::Offset { zulu: true, .. } if civil.offset == 0 => out.push('Z'),
        Part::Offset { form, .. } => write_offset(out, civil.offset, form),
        Part::Fraction { digits, zeros, comma } => write_fraction(out, nanoseconds, digits, zeros, comma),
    }
}

fn write_offset(out: &mut String, offset: i64, form: OffsetForm) {
    // The sign is that of the minutes, as in Go.
    let minutes = offset / 60;
    out.push(if minutes < 0 { '-' } else { '+' });
    let colon = matches!(form, OffsetForm::Colon | OffsetForm::ColonSeconds);
    padded(out, minutes.abs() / 60, 2);
    if colon {
        out.push(':');
    }
    if form != OffsetForm::Short {
        padded(out, minutes.abs() % 60, 2);
    }
    if matches!(form, OffsetForm::Seconds | OffsetForm::ColonSeconds) {
        if colon {
            out.push(':');
        }
        padded(out, offset.abs() % 60, 2);
    }
}

fn write_fraction(out: &mut String, nanoseconds: u32, digits: usize, zeros: bool, comma: bool) {
    let mut text = format!("{nanoseconds:09}");
    text.truncate(digits);
    let kept = if zeros { text.as_str() } else { text.trim_end_matches('0') };
    if kept.is_empty() {
        return;
    }
    out.push(if comma { ',' } else { '.' });
    out.push_str(kept);
}
